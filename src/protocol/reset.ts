import { concatHex, keccak, uint } from '../codec/hex.ts'
import type { Work } from './work.ts'
import { logEvent, own, recordEntries } from './work.ts'

/** Resets within the window after which a node only listens until the window has passed. */
const BREAKER_RESETS = 5
/** Window of the breaker, and longest back-off, in share time-outs: the task's own pace. */
const WINDOW_PHASES = 600
const BACKOFF_PHASES_MAX = 60

/**
 * The timed mutex expired (paper, section 3, "timeout exception"): RESET to INITIAL, t1 again after a back-off that
 * doubles and is jittered, so that nodes which lost it together do not come back together. After five resets in the
 * window the node opens nothing until it has passed; it still follows what the others decide.
 */
export function resetAfterTimeout(w: Work, token: number): void {
  const { s } = w
  if (s.pending?.token !== token) return
  s.pending = null
  for (const name of ['debate', 'hello', 'share', 'confirm', 'resend'] as const)
    own(w, s, 'timers').delete(name)
  logEvent(w, 'RESET', s.round, s.chain.value)
  recordEntries(w)
  const window = WINDOW_PHASES * s.config.shareTicks
  s.resets = [...s.resets.filter((tick) => s.tick - tick < window), s.tick]
  s.backoffUntil = s.tick + backoffTicks(w, window)
}

function backoffTicks(w: Work, window: number): number {
  const { resets, tick, config } = w.s
  if (resets.length >= BREAKER_RESETS) return window - (tick - (resets[0] ?? tick))
  const phases = Math.min(2 ** (resets.length - 1), BACKOFF_PHASES_MAX)
  return Math.ceil(phases * config.shareTicks * (1 + jitter(w)))
}

/** In [0, 1), differs by member and by reset, and needs no dice: nobody gains by knowing it. */
function jitter(w: Work): number {
  const { cluster, self } = w.s.config
  const digest = keccak(concatHex(cluster.seed, uint(self, 1), uint(w.s.tick, 8)))
  return Number.parseInt(digest.slice(2, 10), 16) / 2 ** 32
}
