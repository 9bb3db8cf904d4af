import { z } from 'zod'
import { AuditDesk } from '../desk/desk.ts'
import type { DeskCall, DeskCalls, DeskReply, DeskRequest } from '../desk/messages.ts'
import { RsdpError } from '../../types/errors.ts'

// the page's policy forbids code made of text
z.config({ jitless: true })

const desk = new AuditDesk()
const handlers: Readonly<Record<DeskCall, (ask: unknown) => Promise<unknown>>> = {
  open: (ask) => desk.open(ask as DeskCalls['open']['ask']),
  look: () => desk.look(),
  audit: (ask) => desk.audit(ask as DeskCalls['audit']['ask']),
  weigh: () => desk.weigh(),
  decode: (ask) => desk.decode(ask as DeskCalls['decode']['ask']),
}

addEventListener('message', ({ data }: MessageEvent<DeskRequest>) => {
  void answer(data).then((reply) => postMessage(reply))
})

async function answer({ id, call, ask }: DeskRequest): Promise<DeskReply> {
  try {
    const { [call]: handler } = handlers
    return { id, ok: true, answer: await handler(ask) }
  } catch (error) {
    return { id, ok: false, ...said(error, call) }
  }
}

function said(error: unknown, call: DeskCall): { code: string; message: string; hint: string } {
  if (error instanceof RsdpError) return { code: error.code, message: error.message, hint: error.hint }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'E_BUG', message: `${call}: ${message}`, hint: 'this is a fault of the page: report it' }
}
