import { expect } from 'chai'
import { Agreements } from '../../../src/agreement/agreements.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import { toHex } from '../../../src/codec/hex.ts'
import type { CommandJournal } from '../../../src/ports/command-journal.ts'
import { reducerHash } from '../../../src/reducers/catalog.ts'
import { paramsCodec } from '../../../src/reducers/command-log/reducer.ts'
import { kvConfig } from '../../../src/reducers/machines/kv-config.ts'
import { STATE_BYTES_MAX } from '../../../src/reducers/run.ts'
import { HeldWorld } from '../../helpers/held-world.ts'

const SEATS = 4
const SHORT = { heights: 2, epochHeights: 2 }
const KV = {
  ...{ reducer: reducerHash(kvConfig.id), usesPrevious: true, calldataInputs: false },
  ...{ stateCap: STATE_BYTES_MAX, inputCap: 9_000 },
  reducerParams: toHex(paramsCodec.encode({ minHeightTicks: 5, sessionIdleMs: 60_000, generation: 0n })),
}

describe('what nodes hold of tasks that are over', () => {
  let journals: number
  let world: HeldWorld

  /** Without commands: the next read fails if somebody reads a closed one. */
  function journal(): CommandJournal {
    journals += 1
    const nothing = (): void => undefined
    return {
      ...{ add: nothing, settle: nothing, drop: nothing, pending: () => [], last: () => null },
      answered: () => null,
      close: () => void (journals -= 1),
    }
  }

  beforeEach(async () => {
    journals = 0
    world = new HeldWorld(() => {
      const feed = new TaskFeed(() => Promise.resolve(true))
      const machines = new Agreements({ journal, clockMs: () => 5_000_000, chance: () => 7 })
      return [feed.follow({ reducers: machines.reducers, open: (request) => machines.open(request) })]
    })
    await world.start()
  })
  afterEach(() => world.stop())

  it('after 40 is what it was after 20: no task, no timer, and the last 16 journals of commands', async () => {
    const before = await world.held()
    expect(before.sources).equal(0)
    for (let batch = 0; batch < 2; batch += 1) {
      await world.comeAndGo(20, { ...SHORT, ...KV })
      expect(await world.held()).deep.equal(before)
      expect(journals).equal(16 * SEATS)
    }
  })
})
