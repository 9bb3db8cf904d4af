/**
 * Phi accrual failure detection (Hayashibara, Défago, Yared, Katayama, SRDS 2004) of one peer, from the arrivals of
 * everything that the peer has signed. Pure: the caller says when something arrived and how much time has passed.
 *
 * Time is what the own event loop has lived through (`livedTime`): while the own process stalls nobody is silent.
 */
export interface Arrivals {
  /** Lived ms of the last beat; before the first one, of the moment from which on the peer is watched. */
  readonly lastMs: number
  /** The latest intervals between beats, ms, oldest first. */
  readonly intervals: readonly number[]
}

/** A peer that is watched from now on: it has as long as others to be heard. */
export function watched(livedMs: number): Arrivals {
  return { lastMs: livedMs, intervals: [] }
}

/** Intervals that are remembered. */
const WINDOW = 100
/** Messages closer together are one beat: a burst says no more about the peer than its first message. */
const BEAT_MS_MIN = 100
/** Least scale: below it a single lost beat would accuse. */
const SCALE_MS_MIN = 500
/** 1000 / ln 10, in 1/1000: what turns t / scale into phi in ‰. */
const PHI_FACTOR = 434
/** Largest phi, ‰. */
export const PHI_MAX = 0xffff

/** The arrivals after one more message. */
export function arrived({ lastMs, intervals }: Arrivals, livedMs: number): Arrivals {
  const interval = livedMs - lastMs
  if (interval < BEAT_MS_MIN) return { lastMs, intervals }
  return { lastMs: livedMs, intervals: [...intervals, interval].slice(-WINDOW) }
}

/** How long the peer has been silent, lived ms. */
export function silenceMs({ lastMs }: Arrivals, livedMs: number): number {
  return Math.max(0, livedMs - lastMs)
}

/**
 * Suspicion: −log₁₀ of the chance that a living peer is silent for so long, with an exponential tail over mean plus twice
 * the mean deviation of the intervals.
 *
 * @returns phi in ‰, 0 … 65,535; never falls while the peer is silent
 */
export function phi(arrivals: Arrivals, livedMs: number): number {
  const { intervals } = arrivals
  const count = Math.max(1, intervals.length)
  const mean = Math.floor(intervals.reduce((sum, interval) => sum + interval, 0) / count)
  const spread = intervals.reduce((sum, interval) => sum + Math.abs(interval - mean), 0)
  const scale = Math.max(SCALE_MS_MIN, mean + 2 * Math.floor(spread / count))
  return Math.min(PHI_MAX, Math.floor((silenceMs(arrivals, livedMs) * PHI_FACTOR) / scale))
}

/** The own clock of the detector. */
export interface LivedTime {
  /** Time lived through, ms. */
  readonly livedMs: number
  /** Monotonic clock at the last look at it. */
  readonly seenAtMs: number
}

/** Longest step between two looks that counts; the timer looks several times as often. */
const STEP_MS_MAX = 250

/** Lived time after another look at the monotonic clock. Of a longer step, a stall, only this much counts. */
export function lived({ livedMs, seenAtMs }: LivedTime, nowMs: number): LivedTime {
  const step = Math.min(STEP_MS_MAX, Math.max(0, nowMs - seenAtMs))
  return { livedMs: livedMs + step, seenAtMs: Math.max(nowMs, seenAtMs) }
}
