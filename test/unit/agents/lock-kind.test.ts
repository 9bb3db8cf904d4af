import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { lockKind } from '../../../src/agents/kinds/lock.ts'
import type { Assignment, Copy } from '../../../src/agents/kind.ts'
import { NodeLocks } from '../../../src/agents/node-locks.ts'
import { ApiError } from '../../../src/api/call.ts'
import { RsdpClient } from '../../../src/api/client.ts'
import { nodeHandlers } from '../../../src/api/node-handlers.ts'
import { startApi } from '../../../src/api/server.ts'
import type { ApiServer } from '../../../src/api/server.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import { EMPTY_HEADER } from '../../../src/services/header.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { deadlock } from '../../../src/services/transactions/slice.ts'
import type { DeadlockState } from '../../../src/services/transactions/slice.ts'
import type { Address } from '../../../src/types/ids.ts'
import type { LockAnswer } from '../../../src/types/lock-request.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'
import { assignment } from '../../helpers/fake-kind.ts'
import { NO_TRANSACTIONS } from '../../helpers/no-transactions.ts'
import { storesOn } from '../../helpers/services-replication.ts'
import { NO_COMMANDS, NO_LINES } from '../../helpers/no-commands.ts'

const SEATS = ['11', '22', '33'].map((byte): Address => `0x${byte.repeat(20)}`)
const TASK = 7n
const GATE = 2

/** Two services of locks, each on a node of its own, and a third node; heights of the slice that finds deadlocks. */
class LockWorld {
  readonly clock = new VirtualClock()
  readonly copies = new Map<number, Copy>()
  height = 1
  state: DeadlockState = deadlock.empty

  async start(service: number): Promise<void> {
    const kind = lockKind(() => 1_000)
    const init = { assignment: this.assignmentOf(service), folder: '', clock: this.clock }
    const copy = await kind.open({ ...init, send: () => undefined, onCrash: () => undefined })
    // its supervisor tells it where it stands, at once
    copy.assigned(this.assignmentOf(service))
    this.copies.set(service, copy)
  }

  assignmentOf(service: number): Assignment {
    const victims = this.state.victims.map(({ tx }) => tx)
    return { ...assignment(service, 'lock'), height: this.height, victims }
  }

  /** The next height. */
  decide(): void {
    this.height += 1
    const said = [...this.copies].map(([service, copy]) => {
      return { member: service - 1, state: { waits: [...(copy.waits?.() ?? [])] } }
    })
    const context = foldContext(membersOf(SEATS.map(() => 1)), { height: this.height })
    this.state = deadlock.fold(this.state, said, context, { victim: 'least-work' }, {})
    for (const [service, copy] of this.copies) copy.assigned(this.assignmentOf(service))
  }

  at(self: number): NodeLocks {
    const services = storesOn(new Map(), [{}, {}, {}]).services.map((row, i) => {
      return { ...row, kind: i < 2 ? ('lock' as const) : ('store' as const), primary: i }
    })
    const header = { ...EMPTY_HEADER, seats: SEATS.map((key, member) => ({ member, key })) }
    return new NodeLocks({
      lineOf: (task) =>
        task !== TASK
          ? null
          : {
              ...{ task: TASK, self, state: { header, placement: { ...placement.empty, services } } },
              copyOf: (service) => (service === self + 1 ? (this.copies.get(service) ?? null) : null),
            },
      remote: {
        ask: async (to, { service }, body) => {
          const copy = SEATS[service - 1] === to ? this.copies.get(service) : undefined
          return copy === undefined
            ? { outcome: 'unhandled' }
            : { outcome: 'handled', reply: await copy.request(body) }
        },
      },
    })
  }
}

describe('locks on nodes', () => {
  let world: LockWorld
  let server: ApiServer | null
  beforeEach(async () => {
    world = new LockWorld()
    server = null
    await world.start(1)
    await world.start(2)
  })
  afterEach(async () => {
    for (const copy of world.copies.values()) await copy.stop()
    await server?.close()
  })

  /** What a request is answered, once it is. */
  const ask = (service: number, tx: number, key: string, work = 0, at = GATE): { code: string | null } => {
    const asked: { code: string | null } = { code: null }
    const what = { kind: 'acquire', tx, key, mode: 'write', work, priority: 0 } as const
    void world
      .at(at)
      .ask(TASK, service, what)
      .then(({ code }: LockAnswer) => (asked.code = code))
    return asked
  }
  const codeOf = async (asked: { code: string | null }): Promise<string | null> => {
    for (let i = 0; i < 5; i += 1) await setImmediate()
    return asked.code
  }

  it('grants nothing before a height is decided after its start, as a copy before it may have', async () => {
    expect(await codeOf(ask(1, 1, 'a'))).equal('not-ready')
    world.decide()
    expect(await codeOf(ask(1, 1, 'a'))).equal('granted')
    const before = await world
      .at(0)
      .ask(TASK, 1, { kind: 'acquire', tx: 1, key: 'a', mode: 'write', work: 0, priority: 0 })
    await world.start(1)
    world.decide()
    const after = await world
      .at(0)
      .ask(TASK, 1, { kind: 'acquire', tx: 9, key: 'a', mode: 'write', work: 0, priority: 0 })
    expect([before.code, after.code]).deep.equal(['granted', 'granted'])
    expect(after.token > before.token).equal(true)
  })

  for (const what of ['another copy led', 'it missed heights'])
    it(`has no locks of before, and greater tokens, once ${what}`, async () => {
      world.decide()
      const take = (tx: number): Promise<LockAnswer> =>
        world.at(0).ask(TASK, 1, { kind: 'acquire', tx, key: 'a', mode: 'write', work: 0, priority: 0 })
      const before = await take(1)
      const waits = ask(1, 2, 'a')
      if (what === 'another copy led') {
        world.height += 1
        world.copies.get(1)?.assigned({ ...world.assignmentOf(1), primary: SEATS[1] ?? null })
        expect((await take(1)).code).equal('not-ready')
      } else {
        world.height += 5
      }
      world.decide()
      expect(await codeOf(waits)).equal('not-ready')
      const after = await take(3)
      expect([before.code, after.code]).deep.equal(['granted', 'granted'])
      expect(after.token > before.token).equal(true)
    })

  it('finds and breaks a deadlock over two nodes within two heights: the one with the least work gives way', async () => {
    world.decide()
    expect(await codeOf(ask(1, 10, 'a', 5))).equal('granted')
    expect(await codeOf(ask(2, 20, 'b', 3))).equal('granted')
    const first = ask(2, 10, 'b', 5)
    const second = ask(1, 20, 'a', 3)
    world.decide()
    expect([await codeOf(first), await codeOf(second)]).deep.equal([null, null])
    expect(world.state.victims).deep.equal([])
    world.decide()
    expect(world.state.victims).deep.equal([{ tx: 20 }])
    expect([await codeOf(first), await codeOf(second)]).deep.equal(['granted', 'victim'])
    expect(await codeOf(ask(2, 20, 'c'))).equal('victim')
    world.decide()
    expect(world.state).deep.equal(deadlock.empty)
  })

  it('aborts nobody who only waits', async () => {
    world.decide()
    await codeOf(ask(1, 10, 'a'))
    const waits = ask(1, 20, 'a')
    for (let i = 0; i < 3; i += 1) world.decide()
    expect(await codeOf(waits)).equal(null)
    expect(world.state.victims).deep.equal([])
    world.clock.advance(4_000)
    expect(await codeOf(waits)).equal('waiting')
    const again = ask(1, 20, 'a')
    await world.at(0).ask(TASK, 1, { kind: 'release', tx: 10 })
    expect(await codeOf(again)).equal('granted')
  })

  it('over the API: says by its status what became of a request', async () => {
    world.decide()
    const refused = { code: 'refused', refusal: 'no-store', why: '', primary: null } as const
    server = await startApi(
      0,
      'a'.repeat(64),
      nodeHandlers({
        node: {
          health: () => ({ ready: true, tasks: [] }),
          leave: () => '',
          trust: () => true,
          resume: () => true,
          ...NO_LINES,
        },
        feed: new TaskFeed(() => Promise.resolve(true)),
        commands: NO_COMMANDS,
        stores: {
          ask: () => Promise.resolve(refused),
          ...{ watch: () => refused, kept: () => [], purge: () => 'nothing' },
        },
        locks: world.at(GATE),
        transactions: NO_TRANSACTIONS,
        ...{ bundleOf: () => null, version: '', pid: 1, stop: () => undefined },
      }),
    )
    const client = new RsdpClient({ port: server.port, token: 'a'.repeat(64) })
    const refusal = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => 'none',
        (error: unknown) => (error instanceof ApiError ? `${error.status} ${error.error}` : String(error)),
      )
    expect(await refusal(client.acquire(8n, 1, 'a', { tx: 1 }))).equal('404 no-service')
    expect(await refusal(client.acquire(TASK, 3, 'a', { tx: 1 }))).equal('404 no-service')
    expect(await refusal(client.acquire(TASK, 1, 'k'.repeat(257), { tx: 1 }))).equal('400 bad-request')
    expect(await refusal(client.acquire(TASK, 1, 'a', { tx: 0 }))).equal('400 body')
    const token = await client.acquire(TASK, 1, 'a', { tx: 1 })
    expect(token > 0n).equal(true)
    const waits = refusal(client.acquire(TASK, 1, 'a', { tx: 2 }))
    // until it waits
    while (world.copies.get(1)?.waits?.().length === 0) await setImmediate()
    world.clock.advance(4_000)
    expect(await waits).equal('504 waiting')
    await client.release(TASK, 1, 1)
    expect((await client.acquire(TASK, 1, 'a', { tx: 2 })) > token).equal(true)
    world.copies.delete(1)
    expect(await refusal(client.acquire(TASK, 1, 'a', { tx: 2 }))).equal('503 no-host')
  })
})
