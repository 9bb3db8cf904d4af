import { expect } from 'chai'
import { WINDOW_SECONDS } from '../../../src/demo/trace.ts'
import { rateLimitTask } from '../../../src/cli/demo/rate-limit-task.ts'
import { joinBlocksFor, taskTimes } from '../../../src/cli/task-params.ts'

describe('sign-up of a published task', () => {
  it('L-join-blocks: is longer than the depth at which nodes read the chain, on every kind of chain', () => {
    for (const reorgDepth of [1, 6, 10, 11, 64, 1_000])
      for (const blockMs of [20, 250, 1_000, 12_000])
        expect(joinBlocksFor(reorgDepth, 4, blockMs)).at.least(Math.max(20, 2 * reorgDepth) + 4)
    // a deployment off local chains, with blocks of a second and of twelve
    expect(joinBlocksFor(128, 7, 1_000)).equal(263)
    expect(joinBlocksFor(128, 7, 12_000)).equal(263)
  })

  it('has a block for every node after they have seen it, and ten seconds until then', () => {
    for (const nodes of [4, 31, 128])
      for (const blockMs of [20, 250, 1_000]) {
        const blocks = joinBlocksFor(6, nodes, blockMs)
        expect(blocks - 6 - nodes).at.least(Math.ceil(10_000 / blockMs))
      }
  })
})

describe('pace of a task', () => {
  it('at factor 1 a height is as long as a window of the demo’s trace', () => {
    const size = { nodes: 4, heights: 60, epoch: 4, joinBlocks: 20, head: 1, taskBlocksMax: 1_800 }
    const { slotTicks, tickMs } = rateLimitTask({ ...size, factor: 1 })
    expect(slotTicks * tickMs).equal(WINDOW_SECONDS * 1_000)
  })
})

describe('times of a task', () => {
  const HOUR = 3_600
  const windows = {
    ...{ taskBlocksMax: 2_000, closeGrace: 10, evidence: 30, reorgDepth: 3, jail: 20, unbonding: 3_000 },
    ...{ taskSecondsMax: 40 * HOUR, graceSeconds: 900, evidenceSeconds: 2 * HOUR },
    ...{ seedDelaySeconds: 300, jailSeconds: HOUR, unbondingSeconds: 45 * HOUR },
  }
  const blocks = { ...windows, taskSecondsMax: 0 }
  const size = { joinBlocks: 20, nodes: 4 }

  it('are as asked for, or as long as blocks and windows make them', () => {
    const asked = { joinSeconds: 50, endSeconds: 5_000, stallSeconds: 901 }
    const expected = { joinTime: 1_050, endTime: 6_000, stallSeconds: 901 }
    expect(taskTimes(windows, 1_000, size, asked)).deep.equal(expected)
    const usual = { joinTime: 1_240, endTime: 1_000 + 40 * HOUR, stallSeconds: 1_800 }
    expect(taskTimes(windows, 1_000, size, {})).deep.equal(usual)
    const none = { joinTime: 0, endTime: 0, stallSeconds: 0 }
    expect(taskTimes(blocks, 1_000, size, {})).deep.equal(none)
  })

  for (const [what, of, asked] of [
    ['an end beyond the longest task', windows, { endSeconds: 40 * HOUR + 1 }],
    ['an end before the drawing', windows, { endSeconds: 1_200 }],
    ['a sign-up that leaves no time for the drawing', windows, { joinSeconds: 40 * HOUR - 1_199 }],
    ['a silence within the grace', windows, { stallSeconds: 900 }],
    ['seconds where blocks alone count', blocks, { joinSeconds: 5 }],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => taskTimes(of, 1_000, size, asked))
        .throw()
        .with.property('code', 'E_TASK_TIMES')
    })
})
