import type { Moment } from '../types/moment.ts'

/** A unix second for people. */
export function showTime(seconds: number | bigint): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

/** When something begins, seen from `at`: its block, and its second if that has not come. */
export function showMoment({ number, time }: Moment, at: Moment): string {
  return time > at.time ? `block ${number} and ${showTime(time)}` : `block ${number}`
}

/** What is missing of a moment that has not come: blocks, seconds, or both. */
export function showWait({ number, time }: Moment, at: Moment): string {
  const [blocks, seconds] = [number - at.number, time - at.time]
  if (seconds <= 0n) return `${blocks} blocks`
  return blocks <= 0n ? `${seconds} s` : `${blocks} blocks and ${seconds} s`
}

/** A least number of blocks, and of seconds where they count. */
export function showWindow(blocks: number, seconds: number): string {
  return seconds === 0 ? `${blocks} blocks` : `${blocks} blocks and ${seconds} s`
}
