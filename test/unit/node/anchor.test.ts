import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { Anchor } from '../../../src/node/anchor.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { CheckpointBox } from '../../../src/protocol/state.ts'
import { emptyCheckpoint } from '../../../src/protocol/state.ts'
import { chainFault, ScriptedChain } from '../../helpers/runner-cluster-chain.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { realCluster, recordingLogger, taskParams } from '../../helpers/runner-cluster.ts'
import { decidedHeight, digestOf, OWNER, signed } from '../../helpers/store-kit.ts'

const SELF = 1
const CLUSTER = realCluster(4)
const HEIGHTS = 4

function box(height: number, members: readonly number[]): CheckpointBox {
  const object = {
    type: 'checkpoint',
    height,
    root: digestOf('root'),
    logSeq: 4,
    logHead: digestOf('head'),
    inputsHash: digestOf('inputs'),
  } as const
  return {
    ...emptyCheckpoint(height),
    root: digestOf('root'),
    signed: new Map(members.map((member) => [member, signed(object, member)])),
  }
}

describe('Anchor', () => {
  let chain: ScriptedChain
  let store: Store
  let lines: LogLine[]
  let anchor: Anchor

  beforeEach(() => {
    chain = new ScriptedChain()
    chain.log.turn = SELF
    store = new MemoryDisk().open(OWNER)
    lines = []
    anchor = new Anchor({
      taskId: 1n,
      cluster: CLUSTER,
      self: SELF,
      params: taskParams({ heights: HEIGHTS, epochHeights: 2 }),
      chain,
      store,
      outbox: new Outbox(store, chain),
      logger: recordingLogger(lines),
    })
  })

  function decide(...heights: number[]): void {
    for (const height of heights) {
      const { stored, bodies } = decidedHeight(height)
      store.decide(CLUSTER.id, stored, bodies)
    }
  }

  const poll = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) await anchor.poll()
  }

  describe('a checkpoint', () => {
    beforeEach(() => decide(1, 2))

    it('is nothing to do before there is one', async () => {
      await poll(5)
      expect(chain.sent).to.be.empty
    })

    it('of all members is sent at once, one of a quorum after waiting for the others', async () => {
      anchor.certified(box(2, [0, 1, 2]))
      await poll(2)
      expect(chain.sent).to.be.empty
      await poll(1)
      expect(chain.sent).to.deep.equal(['checkpoint 1 from 1'])
    })

    it('is sent with the signatures that came meanwhile', async () => {
      anchor.certified(box(2, [0, 1, 2]))
      await poll(1)
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(1)
      expect(chain.checkpoints.map(({ bitmap }) => bitmap)).to.deep.equal([0b1111n])
    })

    it('is sent only on the own turn', async () => {
      chain.log.turn = 2
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(5)
      expect(chain.sent).to.be.empty
      chain.log.turn = SELF
      await poll(1)
      expect(chain.sent).to.have.length(1)
    })

    it('is not sent again: not while it is mined, not once the chain has it, not after its event', async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      chain.before = (method) => (method === 'send' ? promise : undefined)
      anchor.certified(box(2, [0, 1, 2, 3]))
      const first = anchor.poll()
      const second = anchor.poll()
      for (let i = 0; i < 10; i += 1) await Promise.resolve()
      chain.log.last = 2
      resolve(undefined)
      await Promise.all([first, second])
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(20)
      anchor.anchored(2)
      await poll(20)
      expect(chain.sent).to.have.length(1)
    })

    it('is not sent where somebody else was quicker', async () => {
      anchor.certified(box(2, [0, 1, 2, 3]))
      chain.log.last = 2
      await poll(5)
      expect(chain.sent).to.be.empty
    })

    it('that was mined when the turn had passed on is sent again with the next turn, without a pause', async () => {
      chain.outcome = () => ({ kind: 'reverted', error: 'NotYourTurn' })
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(1)
      chain.log.turn = 2
      await poll(2)
      chain.log.turn = SELF
      await poll(1)
      expect(chain.sent).to.have.length(2)
    })

    it('that the contract refuses is tried again, but not at every poll', async () => {
      chain.outcome = () => ({ kind: 'reverted', error: 'WrongFirst' })
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(8)
      expect(chain.sent).to.have.length(1)
      await poll(8)
      expect(chain.sent).to.have.length(2)
      expect(lines.map(({ event }) => event)).to.deep.equal(['checkpoint.refused', 'checkpoint.refused'])
    })

    it('that could not be sent is tried again at the next poll', async () => {
      chain.before = (method) => {
        if (method === 'send') throw chainFault('E_RPC_DOWN')
      }
      anchor.certified(box(2, [0, 1, 2, 3]))
      expect(await anchor.poll().catch((error: unknown) => error)).to.deep.include({ code: 'E_RPC_DOWN' })
      chain.before = () => undefined
      await poll(1)
      expect(chain.sent).to.have.length(1)
    })

    it('goes before the next one, which need not wait for the event', async () => {
      decide(3, 4)
      anchor.certified(box(4, [0, 1, 2, 3]))
      anchor.certified(box(2, [0, 1, 2, 3]))
      await poll(1)
      chain.log.last = 2
      await poll(1)
      expect(chain.sent).to.deep.equal(['checkpoint 1 from 1', 'checkpoint 1 from 3'])
    })

    it('waits where this node has not decided all its heights', async () => {
      chain.log.last = 2
      anchor.certified(box(4, [0, 1, 2, 3]))
      await poll(5)
      expect(chain.sent).to.be.empty
    })
  })

  describe('the result', () => {
    beforeEach(() => {
      decide(1, 2, 3, 4)
      chain.log.last = HEIGHTS
    })

    it('is published once, after the last checkpoint, on the own turn', async () => {
      chain.log.turn = 3
      await poll(3)
      expect(chain.sent).to.be.empty
      chain.log.turn = SELF
      await poll(20)
      expect(chain.sent).to.deep.equal(['finalize 1'])
    })

    it('waits until the chain has all heights', async () => {
      chain.log.last = 2
      await poll(5)
      expect(chain.sent).to.be.empty
    })

    it('of a task that is over before its last height is that of the last accepted one', async () => {
      chain.log.last = 2
      // certified, and too late
      anchor.certified(box(4, [0, 1, 2, 3]))
      await poll(1)
      expect(chain.sent).to.deep.equal(['checkpoint 1 from 3'])
      anchor.over()
      await poll(5)
      expect(chain.sent).to.deep.equal(['checkpoint 1 from 3', 'finalize 1'])
      expect(chain.results.map(({ state }) => state)).to.deep.equal([decidedHeight(2).stored.state])
    })

    it('of a task that is over without an accepted height is none', async () => {
      chain.log.last = 0
      anchor.over()
      await poll(5)
      expect(chain.sent).to.be.empty
    })

    it('is not published where somebody did', async () => {
      anchor.finalized()
      await poll(5)
      expect(chain.sent).to.be.empty
    })

    it('is tried again after a refusal, until it is published', async () => {
      chain.outcome = () => ({ kind: 'reverted', error: 'NotFinal' })
      await poll(8)
      chain.outcome = () => ({ kind: 'mined', block: 9, hash: digestOf('tx'), gasUsed: 1n })
      await poll(30)
      expect(chain.sent).to.deep.equal(['finalize 1', 'finalize 1'])
    })

    it('is published again if a re-org took it back: it is deep, and its event did not come', async () => {
      await poll(5)
      chain.mine(chain.reorgDepth - 1)
      await poll(5)
      expect(chain.sent).to.deep.equal(['finalize 1'])
      chain.mine(1)
      await poll(5)
      expect(chain.sent).to.deep.equal(['finalize 1', 'finalize 1'])
      anchor.finalized()
      chain.mine()
      await poll(5)
      expect(chain.sent).to.have.length(2)
    })
  })
})
