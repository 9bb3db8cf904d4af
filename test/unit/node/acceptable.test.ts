import { expect } from 'chai'
import { leaseParams } from '../../../src/demo/budget.ts'
import { leaseTask } from '../../../src/demo/paced-task.ts'
import { rateLimitTask } from '../../../src/cli/demo/rate-limit-task.ts'
import type { TaskRefusal } from '../../../src/node/acceptable.ts'
import { taskRefusal } from '../../../src/node/acceptable.ts'
import type { TaskParams } from '../../../src/types/task.ts'
import { taskParams } from '../../helpers/runner-cluster.ts'
import { digestOf } from '../../helpers/store-kit.ts'

describe('taskRefusal', () => {
  const refused: Readonly<Record<TaskRefusal, readonly Partial<TaskParams>[]>> = {
    'unknown-reducer': [{ reducer: digestOf('somebody’s reducer') }, { reducer: '0x' }],
    'reducer-params': [
      { reducerParams: '0x' },
      { reducerParams: `0x${'00'.repeat(15)}` },
      { reducerParams: `0x${'00'.repeat(17)}` },
      { reducerParams: `0x${'00'.repeat(1_025)}` },
      { reducerParams: `0x${'0'.repeat(31)}` },
      { reducerParams: `0x${'AB'.repeat(16)}` },
    ],
    seats: [
      { minNodes: 3 },
      { maxNodes: 129 },
      { minNodes: 8, maxNodes: 7 },
      { maxNodes: Number.NaN },
      { minNodes: 4.5 },
    ],
    heights: [{ heights: 0 }, { heights: -1 }, { heights: 65_536 }, { heights: 1.5 }],
    epoch: [{ epochHeights: 0 }, { epochHeights: 257 }, { epochHeights: Number.POSITIVE_INFINITY }],
    'state-cap': [{ stateCap: 0 }, { stateCap: 31 * 1024 + 1 }],
    'input-cap': [{ inputCap: 0 }, { inputCap: 31 * 1024 + 1 }, { inputCap: 1.5 }],
    previous: [{ usesPrevious: true }],
    history: [{ heights: 65_535, stateCap: 31 * 1024 }],
    events: [{ maxEvents: -1 }, { maxEvents: 65_535 }],
    timing: [
      { tickMs: 0 },
      { tickMs: 1 },
      { tickMs: 9 },
      { tickMs: 65_535 },
      { slotTicks: 0 },
      { slotTicks: 2 ** 32 - 1 },
      { debateTicks: 0 },
      { shareTicks: 0 },
      { confirmTicks: 0 },
      { helloTicks: 0 },
      { debateTicks: 2 ** 32 - 1 },
      { shareTicks: 2 ** 32 - 1 },
      { confirmTicks: 2 ** 32 - 1 },
      { helloTicks: 2 ** 32 - 1 },
      { tickMs: 10, shareTicks: 1 },
      { tickMs: 10, slotTicks: 0.5 },
    ],
  }
  for (const [reason, cases] of Object.entries(refused)) {
    for (const changes of cases) {
      const shown = Object.entries(changes).map(([name, value]) => `${name} ${String(value).slice(0, 12)}`)
      it(`refuses ${shown.join(', ')}: ${reason}`, () => {
        expect(taskRefusal(taskParams(changes))).to.equal(reason)
      })
    }
  }

  it('takes the tasks of the tests', () => {
    expect(taskRefusal(taskParams())).to.equal(null)
  })

  for (const nodes of [4, 7, 31, 128]) {
    for (const factor of [1, 10, 100]) {
      it(`takes the demo's tasks with ${nodes} nodes at ${factor} times its pace`, () => {
        const size = { nodes, heights: 60, epoch: 4, joinBlocks: 10, head: 100, taskBlocksMax: 10_000 }
        const task = rateLimitTask({ ...size, factor })
        expect(taskRefusal(task)).to.equal(null)
        expect(taskRefusal(leaseTask(task, 10_000 / factor, leaseParams(nodes)))).to.equal(null)
      })
    }
  }

  it('takes the largest of everything that goes together', () => {
    const largest = { maxNodes: 128, heights: 65_535, stateCap: 1_024, epochHeights: 256, maxEvents: 4_096 }
    expect(taskRefusal(taskParams(largest))).to.equal(null)
    expect(taskRefusal(taskParams({ heights: 1, stateCap: 31 * 1024 }))).to.equal(null)
    expect(taskRefusal(taskParams({ heights: 65_535, inputCap: 31 * 1024 }))).to.equal(null)
  })
})
