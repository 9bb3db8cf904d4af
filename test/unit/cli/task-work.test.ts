import { expect } from 'chai'
import { taskWork } from '../../../src/cli/app/task-work.ts'
import { hasTwin, reducerIds } from '../../../src/reducers/catalog.ts'
import { DEFAULT_POLICY } from '../../../src/services/policy.ts'

/** Most bytes of the inputs of a checkpoint (ITaskBoard.TaskParams). */
const PUBLISHED_BYTES_MAX = 31_744
const EXAMPLES: Readonly<Record<string, string>> = {
  'rate-limit@1': '{"budget":100,"demandMax":60}',
  'rate-lease@1': '{"budget":100,"demandMax":100,"floor":10,"leaseWindows":5}',
  'time-slots@1': '{"slots":8}',
  'popular-value@1': '{}',
  'median@1': '{"min":-40000,"max":85000}',
  'weighted-vote@1': '{"weightMin":1,"weightMax":10}',
  'services@1': JSON.stringify(DEFAULT_POLICY),
  'federated-mean@1': '{"dimensions":209,"clip":1000000,"trim":2}',
}
const MACHINE = '{"minHeightTicks":5,"sessionIdleMs":60000,"generation":0}'

describe('work of a task that is published by name', () => {
  for (const reducer of reducerIds())
    it(`${reducer}: inputs are on chain where they are small, and with members where they are long`, async () => {
      const work = await taskWork({ reducer, params: EXAMPLES[reducer] ?? MACHINE })
      const isLong = !hasTwin(reducer)
      expect(work).include({
        calldataInputs: !isLong,
        usesPrevious: isLong && reducer !== 'federated-mean@1',
      })
      // the board would refuse long inputs in the smallest of clusters and epochs
      expect(4 * (work?.inputCap ?? 0) > PUBLISHED_BYTES_MAX).equal(isLong)
      expect(work?.inputCap).at.most(PUBLISHED_BYTES_MAX)
    })
})
