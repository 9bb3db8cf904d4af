import type { Clock } from '../../ports/clock.ts'
import { invariant } from '../../types/errors.ts'

/** Longest delay Node's timers know; a longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1

/** The machine's monotonic clock: unmoved by NTP and by whoever sets the wall clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  every: (periodMs, callback) => {
    invariant(periodMs >= 1 && periodMs <= DELAY_MS_MAX, `no timer has a period of ${periodMs} ms`)
    const timer = setInterval(callback, periodMs)
    return () => clearInterval(timer)
  },
  after: (delayMs, callback) => {
    invariant(delayMs >= 0 && delayMs <= DELAY_MS_MAX, `no timer has a delay of ${delayMs} ms`)
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
