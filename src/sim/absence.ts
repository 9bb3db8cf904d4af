import type { Random } from '../faults/random.ts'
import type { Scenario } from './scenario.ts'
import { drawSpareNode } from './scenario.ts'

/** When worlds begin, unix seconds. */
export const START_SECONDS = 1_800_000_000
const HOUR_MS = 3_600_000
const STOP_MS = 6 * HOUR_MS
const AWAY_MS = 24 * HOUR_MS
/** From the opening of a height to that of the next: the slot of a member. */
const HEIGHT_MS = HOUR_MS / 2
/** As on a chain with blocks of twelve seconds. */
const PACE = { blockMs: 12_000, pollMs: 12_000 } as const
const TICK_MS = 10_000
const EPOCH_HEIGHTS_MAX = 4
/** More seconds than the stop takes blocks for: only blocks keep the task alive. */
const STALL = { blocks: 1_500, seconds: 5 * 3_600 } as const
/** From the start to the end of a task that nothing ends before. */
const END_SECONDS = 30 * 24 * 3_600
/** Shorter than the stop, in seconds. */
export const WINDOWS = { graceSeconds: 600, evidenceBlocks: 600, evidenceSeconds: 2 * 3_600 } as const

/**
 * The same world at the pace of a real chain, for longer than a day: the chain makes no block for six hours, an honest node
 * is down for a day, and there are no other faults. Both begin at some moment of the task, or right after its end.
 */
export function withAbsence(scenario: Scenario, random: Random): Scenario {
  const { params, weights, liars } = scenario
  const lastsMs = params.heights * HEIGHT_MS
  const absence = {
    stopFromMs: random.int(0, lastsMs + HEIGHT_MS),
    stopMs: STOP_MS,
    away: drawSpareNode(random, weights, liars),
    awayFromMs: random.int(0, lastsMs),
    awayMs: AWAY_MS,
  }
  return {
    ...scenario,
    pace: PACE,
    absence,
    faults: new Set(),
    ...{ loss: 0, duplication: 0, lost: new Set<number>(), leavers: new Map<number, number>(), eventMs: 0 },
    delayMs: { min: 50, max: 150 },
    chaosMs: Math.max(absence.stopFromMs + absence.stopMs, absence.awayFromMs + absence.awayMs) + HEIGHT_MS,
    params: {
      ...params,
      epochHeights: Math.min(params.epochHeights, EPOCH_HEIGHTS_MAX),
      tickMs: TICK_MS,
      slotTicks: HEIGHT_MS / TICK_MS,
      ...{ stallBlocks: STALL.blocks, stallSeconds: STALL.seconds },
      endTime: START_SECONDS + END_SECONDS,
    },
  }
}
