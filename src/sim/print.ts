import type { RawFrame } from '../codec/frames.ts'
import { decodeFrame } from '../codec/frames.ts'
import { NIL } from '../types/ids.ts'
import { objectsOf } from './judge/wire-tap.ts'

/** A frame on the wire. */
export interface Print {
  readonly text: string
  /** Greatest height for which its sender has signed something in it; 0: none. */
  readonly spoken: number
  /** Signed objects in it. */
  readonly objects: number
}

/** Whether a frame holds a CONFIRM of a value by this member. */
export function confirmsValue(frame: RawFrame, member: number): boolean {
  return frame.parts.some(
    (part) =>
      part.kind === 'object' &&
      part.signed.member === member &&
      part.signed.object.type === 'confirm' &&
      part.signed.object.value !== NIL,
  )
}

function spokenBy(frame: RawFrame, member: number): number {
  return frame.parts.reduce((greatest, part) => {
    if (part.kind !== 'object' || part.signed.member !== member) return greatest
    const { object } = part.signed
    return 'height' in object ? Math.max(greatest, object.height) : greatest
  }, 0)
}

/** A frame that a node has sent: it is one. */
export function frameOf(bytes: Uint8Array): RawFrame {
  const frame = decodeFrame(bytes)
  if (frame === null) throw new Error('a node sent what is no frame')
  return frame
}

/** What is in a frame that a member sends, in a few letters, and a sum over its bytes. */
export function printOf(bytes: Uint8Array, frame: RawFrame, sender: number): Print {
  let sum = bytes.length
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0
  const parts = frame.parts.map((part) => {
    if (part.kind !== 'object') return part.kind
    const { object, member } = part.signed
    const round = 'round' in object ? `/${object.round}` : ''
    return `${object.type}${'height' in object ? object.height : ''}${round}@${member}`
  })
  const text = `${parts.join(' ')} ${(sum >>> 0).toString(16)}`
  const objects = frame.parts.reduce((count, part) => count + objectsOf(part).length, 0)
  return { text, spoken: spokenBy(frame, sender), objects }
}
