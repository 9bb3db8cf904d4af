import type { Moment } from '../../src/types/moment.ts'

/** A block, on a chain whose deployment counts blocks alone. */
export function atBlock(number: number | bigint): Moment {
  return { number: BigInt(number), time: 0n }
}
