import { z } from 'zod'

/** Bytes of an API: 0x and hex. */
export const bytes = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/, 'expected 0x and two lower-case hex digits a byte')

export const height = z.int().min(0).max(65_535)

/** What a client calls a command of its own. */
export const REQUEST_NAME = z.string().min(1).max(64)

/** A command for a machine. */
export const proposal = z.strictObject({ command: bytes, request: REQUEST_NAME.optional() })

/** What became of a command that some height holds. */
export const outcomeFields = {
  outcome: z.enum(['decided', 'anchored', 'superseded']),
  height,
  result: bytes,
}
