import { expect } from 'chai'
import { joinBlocksFor, taskTimes } from '../../../src/cli/task-params.ts'

describe('sign-up of a published task', () => {
  it('L: is longer than the depth at which nodes read the chain, on every kind of chain', () => {
    for (const reorgDepth of [1, 6, 10, 11, 64, 1_000])
      expect(joinBlocksFor(reorgDepth)).at.least(Math.max(20, 2 * reorgDepth))
    // a deployment off local chains
    expect(joinBlocksFor(64)).equal(128)
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
