import { expect } from 'chai'
import type { ChainEvent, EventPage } from '../../../src/ports/chain.ts'
import { Predecessors } from '../../../src/node/predecessors.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Outcome, TaskStatus } from '../../../src/types/task.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { recordingLogger } from '../../helpers/runner-cluster.ts'

const TASK = 7n
const RESULT = Uint8Array.of(1, 2, 3)

/** A chain whose events are read up to `read`, and whose head is further. */
class World {
  status: TaskStatus = 'Active'
  outcome: Outcome = 'pending'
  readonly events: ChainEvent[] = []
  readonly lines: LogLine[] = []
  readonly predecessors = new Predecessors({
    chain: {
      eventsAfter: (after, _hash, blocksMax): Promise<EventPage> => {
        const events = this.events.filter(({ block }) => block > after && block <= after + blocksMax)
        return Promise.resolve({ events, block: after + blocksMax, hash: NIL, time: 0 })
      },
      taskStatus: () => Promise.resolve(this.status),
      outcomeOf: () => Promise.resolve(this.outcome),
    },
    logger: recordingLogger(this.lines),
  })

  happen(event: ChainEvent): void {
    this.events.push(event)
    this.predecessors.take(event)
  }

  handedOver = (read: number, head = read + 6): Promise<Uint8Array | null> =>
    this.predecessors.handedOver(TASK, read, head)
}

const finalized = (block: number, taskId = TASK, result = RESULT): ChainEvent => ({
  ...{ kind: 'taskFinalized', block, taskId, height: 3, result },
})
const accepted = { kind: 'checkpointed', block: 12, taskId: TASK } as unknown as ChainEvent

describe('what a task hands over', () => {
  let world: World
  beforeEach(() => (world = new World()))

  for (const status of ['Open', 'Active', 'Finalizing'] as const)
    it(`${status}: nothing is settled, however long it takes`, async () => {
      world.status = status
      for (const read of [10, 1_000, 100_000]) expect(await world.handedOver(read)).equal(null)
    })

  it('its result, of two in one block its own', async () => {
    world.happen(finalized(20, TASK + 1n, Uint8Array.of(9)))
    world.happen(finalized(20))
    expect(await world.handedOver(20)).deep.equal(RESULT)
  })

  it('nothing while it has an accepted height and no result, even when it is over', async () => {
    world.happen(accepted)
    world.status = 'NoQuorum'
    for (const read of [20, 2_000]) expect(await world.handedOver(read)).equal(null)
    world.happen(finalized(2_010))
    expect(await world.handedOver(2_010)).deep.equal(RESULT)
  })

  for (const status of ['Expired', 'Closed', 'NoQuorum'] as const)
    it(`${status} without an accepted height: an empty state, once that is as deep as what this node acts on`, async () => {
      world.status = status
      expect(await world.handedOver(14, 20)).equal(null)
      expect(await world.handedOver(19, 25)).equal(null)
      expect(await world.handedOver(20, 26)).deep.equal(new Uint8Array())
    })

  it('a re-org that brings it back to life, or a height that it accepted, is heard of before', async () => {
    world.status = 'NoQuorum'
    expect(await world.handedOver(14, 20)).equal(null)
    world.status = 'Active'
    expect(await world.handedOver(20, 26)).equal(null)
    world.status = 'NoQuorum'
    expect(await world.handedOver(21, 27)).equal(null)
    world.happen(accepted)
    expect(await world.handedOver(27, 33)).equal(null)
  })

  it('LN-2: not a tainted result; says so once', async () => {
    world.happen(finalized(20))
    world.outcome = 'tainted'
    for (let read = 20; read < 25; read += 1) expect(await world.handedOver(read)).equal(null)
    expect(world.lines.map(({ event }) => event)).deep.equal(['predecessor.tainted'])
    world.outcome = 'final'
    expect(await world.handedOver(25)).deep.equal(RESULT)
  })
})
