import { expect } from 'chai'
import fc from 'fast-check'
import { rateLimitTask } from '../../../src/cli/demo/rate-limit-task.ts'
import type { Pace } from '../../../src/cli/task-timing.ts'
import { checkTiming, fitTiming, timingOf } from '../../../src/cli/task-timing.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { holds } from '../../helpers/holds.ts'

const DEPTH = 6
const pace = (blockMs: number, roundTripMs: number | null = null): Pace => ({
  blockMsMin: blockMs,
  blockMsMax: blockMs,
  roundTripMs,
  reached: 7,
  asked: 7,
})
const task = (factor: number, changes: { heights?: number; taskBlocksMax?: number } = {}) =>
  rateLimitTask({
    ...{ nodes: 7, heights: 24, epoch: 8, factor, joinBlocks: 20, head: 0, taskBlocksMax: 2_000 },
    ...changes,
  })

describe('time-outs of a published task', () => {
  it('factor 1 with blocks of 300 ms: a checkpoint takes longer than the task lived without one', () => {
    const wanted = task(1)
    const { checkpointBlocks } = timingOf(wanted, pace(300), DEPTH)
    expect(wanted.stallBlocks).lessThan(checkpointBlocks)
    expect(fitTiming(wanted, pace(300), DEPTH).stallBlocks).greaterThan(2 * checkpointBlocks)
  })

  it('of any pace: two checkpoints may fail, phases leave room for four round trips, nothing gets shorter', () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.double({ min: 50, max: 20_000, noNaN: true }))
    holds(
      fc.property(cases, fc.option(fc.integer({ min: 1, max: 4_000 })), ([factor, blockMs], roundTripMs) => {
        const wanted = task(factor)
        const fitted = fitTiming(wanted, pace(blockMs, roundTripMs), DEPTH)
        const { checkpointMs } = timingOf(fitted, pace(blockMs, roundTripMs), DEPTH)
        expect(fitted.stallBlocks * blockMs).at.least(2 * checkpointMs)
        for (const phase of ['debateTicks', 'shareTicks', 'confirmTicks', 'helloTicks'] as const) {
          expect(fitted[phase] * fitted.tickMs).at.least(4 * (roundTripMs ?? 0))
          expect(fitted[phase]).at.least(wanted[phase])
        }
        expect(fitted.stallBlocks).at.least(wanted.stallBlocks)
      }),
    )
  })

  it('a task that cannot end in time is refused with the numbers, before anything is paid', () => {
    const long = fitTiming(task(1, { heights: 60 }), pace(250), DEPTH)
    const refuse = (): unknown => checkTiming(long, pace(250), DEPTH)
    expect(refuse).throw(RsdpError, /60 heights of 10 s take 2452 blocks of 0.25 s.*1980 blocks/)
    expect(refuse).throw(RsdpError).with.property('code', 'E_TIMEOUTS')
    expect(checkTiming(task(2, { heights: 60 }), pace(250), DEPTH).warnings).deep.equal([])
  })

  it('warns where it may not end, and where too few nodes are reached', () => {
    const doubtful: Pace = { ...pace(250), blockMsMin: 100 }
    const fitted = fitTiming(task(2, { heights: 60 }), doubtful, DEPTH)
    expect(checkTiming(fitted, doubtful, DEPTH).warnings.join()).match(/before its last height/)
    const lonely = checkTiming(task(10), { ...pace(250), reached: 2 }, DEPTH).warnings
    expect(lonely).deep.equal(['2 of 7 nodes take a connection from here; a cluster takes 5'])
  })

  it('says what it has worked out', () => {
    const { effect } = checkTiming(fitTiming(task(1), pace(300, 20), DEPTH), pace(300, 20), DEPTH)
    expect(effect.join('\n')).match(/a block each 300 ms, nodes 20.0 ms apart; a height each 10 s/)
    expect(effect.join('\n')).match(/due after 90 s \(306 blocks\); without one for 946 blocks/)
  })
})
