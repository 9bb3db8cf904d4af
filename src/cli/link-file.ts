import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import type { LinkShape } from '../node/shaped-transport.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'

const schema = z.record(
  z.string().regex(/^0x[0-9a-f]{40}$/, 'expected 0x and 40 lower-case hex digits'),
  z.strictObject({ delayMs: z.number().min(0).max(10_000), isCut: z.boolean() }),
)

/** By key of the peer; who is not in it has a link as it is. */
export type LinkShapes = Readonly<Record<Address, LinkShape>>

const AS_IT_IS: LinkShape = { delayMs: 0, isCut: false }
/** How often the file is looked at. */
const LOOK_MS = 100

/**
 * Links as a file says, and as it says later: it is read again when it has changed. While it holds nothing usable the
 * last shapes stay.
 *
 * @throws RsdpError E_LINKS if it is not usable at first
 */
export function linksIn(path: string, nowMs: () => number): (peer: Address) => LinkShape {
  let [shapes, changedMs] = read(path)
  let lookedMs = nowMs()
  return (peer) => {
    const now = nowMs()
    if (now - lookedMs >= LOOK_MS) {
      lookedMs = now
      try {
        if (statSync(path).mtimeMs !== changedMs) [shapes, changedMs] = read(path)
      } catch {
        // being written
      }
    }
    return shapes[peer] ?? AS_IT_IS
  }
}

function read(path: string): [LinkShapes, number] {
  try {
    const { mtimeMs } = statSync(path)
    return [schema.parse(JSON.parse(readFileSync(path, 'utf8'))), mtimeMs]
  } catch (cause) {
    throw new RsdpError({
      code: 'E_LINKS',
      message: `${path} says nothing about links: ${(cause as Error).message.split('\n')[0]}`,
      hint: '{ "0x…key": { "delayMs": 4, "isCut": false } }',
      exit: EXIT.usage,
      details: { path },
    })
  }
}
