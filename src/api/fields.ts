import { z } from 'zod'

/** Bytes of an API: 0x and hex. */
export const bytes = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/, 'expected 0x and two lower-case hex digits a byte')
