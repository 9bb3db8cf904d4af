import { invariant } from '../types/errors.ts'

/** Most that the clock of an honest member may be off the agreed time, ms. */
export const SKEW_MS_MAX = 500n

/**
 * A lease ends in agreed time. Its holder stops at `endMs − SKEW_MS_MAX` of its own clock; the next one is granted at
 * `endMs + SKEW_MS_MAX` of the agreed time. Two honest holders never overlap while clocks keep within the skew; a resource
 * is safe beyond that by its fence.
 */
export function mayGrantNext(endMs: bigint, agreedMs: bigint): boolean {
  return agreedMs >= endMs + SKEW_MS_MAX
}

/** Whether the holder may still act. */
export function mayHolderAct(endMs: bigint, clockMs: bigint): boolean {
  return clockMs + SKEW_MS_MAX < endMs
}

/**
 * Fencing token of a grant: `u64 generation ‖ u32 task ‖ u32 height`, compared as one number. A later grant has a greater
 * one: heights rise within a task, tasks within a line, and the generation when a line was lost for good.
 */
export function fencingToken(generation: bigint, task: number, height: number): bigint {
  const fits = generation >= 0n && generation < 2n ** 64n && task >= 0 && task < 2 ** 32
  invariant(fits && height >= 0 && height < 2 ** 32, 'no parts of a fencing token')
  return (generation << 64n) | (BigInt(task) << 32n) | BigInt(height)
}
