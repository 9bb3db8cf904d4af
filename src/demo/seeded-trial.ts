import { Random } from '../faults/random.ts'
import { leaseParams } from './budget.ts'
import type { Request } from './request-queue.ts'
import { loadTrace, WINDOWS } from './trace.ts'
import { requestsOf } from './traffic.ts'
import type { Trial } from './trial.ts'

/** Members of a trial, as many as nodes of the demo. */
export const MEMBERS = 7

/** DEBATE lasts this long while a member is slow, windows. */
const DEBATE_WINDOWS = 2.5
/** What a round lost to a liar costs, windows. */
const ROUND_WINDOWS = 0.6
/** When the demo's slow node is slow, and its liar lies. */
const SLOW_HEIGHT = 3
const LIES: readonly number[] = [3, 4, 9, 10, 11]

/**
 * The demo's story with other requests: a seed turns the trace by some windows, deals its rows to the members by Zipf's law,
 * and draws the later budget (0.75 to 0.9 of the first), how long each height takes and who hears of it when.
 *
 * @param isDisturbed whether there are the demo's liar and slow node
 */
export function seededTrial(seed: number, heights: number, isDisturbed: boolean): Trial {
  const dice = new Random(seed)
  const params = leaseParams(MEMBERS)
  const requests = deal(dice, heights)
  const slow = dice.int(0, MEMBERS - 1)
  const liar = (slow + dice.int(1, MEMBERS - 1)) % MEMBERS
  const laterBudget = Math.round(Number(params.budget) * (0.75 + 0.15 * dice.fraction()))
  const perHeight = Array.from({ length: heights + 1 }, () => ({
    deciding: 0.1 + 0.4 * dice.fraction(),
    telling: Array.from({ length: MEMBERS }, () => 0.1 * dice.fraction()),
    isLiarLeftOut: dice.chance(0.5),
  }))
  return {
    ...{ requests, heights, params, laterBudget },
    loweredAfter: Math.floor(heights / 2),
    eventHeights: 2,
    deciding(height) {
      const usual = perHeight[height]?.deciding ?? 0
      if (!isDisturbed) return usual
      if (height === SLOW_HEIGHT) return usual + DEBATE_WINDOWS
      return LIES.includes(height) ? usual + ROUND_WINDOWS : usual
    },
    telling: (height, member) => perHeight[height]?.telling[member] ?? 0,
    isListed(height, member) {
      if (!isDisturbed) return true
      if (height === SLOW_HEIGHT && member === slow) return false
      return !(member === liar && LIES.includes(height) && perHeight[height]?.isLiarLeftOut === true)
    },
  }
}

function deal(dice: Random, heights: number): readonly (readonly Request[])[] {
  const shift = dice.int(0, WINDOWS - 1)
  const weights = dice.shuffled(Array.from({ length: MEMBERS }, (_, k) => 1 / (k + 1)))
  const total = weights.reduce((a, b) => a + b)
  const queues = weights.map((): Request[] => [])
  for (const request of requestsOf(loadTrace(), WINDOWS)) {
    let point = dice.fraction() * total
    const member = weights.findIndex((weight) => (point -= weight) < 0)
    const arrival = (request.arrival + shift) % WINDOWS
    // what is lost to rounding is the last one's
    if (arrival < heights) queues.at(member)?.push({ ...request, arrival })
  }
  for (const queue of queues) queue.sort((a, b) => a.arrival - b.arrival)
  return queues
}
