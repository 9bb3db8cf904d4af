import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { AgreedLog } from '../../../src/agents/transactions/agreed-log.ts'
import { Book } from '../../../src/agents/transactions/book.ts'
import type { BookRow } from '../../../src/agents/transactions/book.ts'
import { mayTell } from '../../../src/agents/transactions/foreign.ts'
import { NodeTransactions } from '../../../src/agents/transactions/node-transactions.ts'
import type { TxLine } from '../../../src/agents/transactions/node-transactions.ts'
import type { Copy } from '../../../src/agents/kind.ts'
import type { RecordJournal } from '../../../src/ports/record-journal.ts'
import type { ReplicationState } from '../../../src/services/replication/codec.ts'
import { encodeAsk } from '../../../src/services/store/requests.ts'
import type { StoreTxBody } from '../../../src/services/transactions/store-message.ts'
import {
  decodeStoreTx,
  encodeStoreTx,
  encodeStoreTxReply,
} from '../../../src/services/transactions/store-message.ts'
import { KEEP_MS, decisions } from '../../../src/services/transactions/decisions.ts'
import type { Address } from '../../../src/types/ids.ts'
import type { StoreAnswer } from '../../../src/types/store-request.ts'
import { refusedAs } from '../../../src/types/store-request.ts'
import type { TxAnswer, TxAsk, TxWrite } from '../../../src/types/transaction.ts'
import { begunStore, emptyState } from '../../helpers/services-node.ts'
import { healthOf, IDLE } from '../../helpers/services-placement.ts'
import { DecisionLog, LOG } from '../../helpers/transactions/log.ts'

const SEATS = [1, 2, 3, 4].map((byte): Address => `0x${`0${byte}`.repeat(20)}`)
const [self] = SEATS as [Address]
const TASK = 7n
const UNIX_MS = 1_700_000_000_000

class Memory implements RecordJournal {
  records: Uint8Array[] = []
  isBroken = false

  read(): readonly Uint8Array[] {
    return [...this.records]
  }

  append(records: readonly Uint8Array[]): void {
    if (this.isBroken) throw new Error('the disk is full')
    this.records.push(...records)
  }

  replace(records: readonly Uint8Array[]): void {
    this.records = [...records]
  }

  close(): void {
    // nothing is open
  }
}

const row = (number: number, more: Partial<BookRow> = {}): BookRow => ({
  ...{
    number,
    task: TASK,
    protocol: '2pc',
    log: 0n,
    services: [1, 3],
    request: null,
    decided: null,
    isOver: false,
  },
  ...more,
})

describe('book of a coordinator', () => {
  it('finds again what it has written, and never gives a number twice', () => {
    const journal = new Memory()
    const book = new Book(journal)
    expect(book.next(1_000.7)).equal(1_000)
    const rows = [
      row(1_000, { request: 'mine', log: 2n ** 63n, protocol: 'agreed' }),
      row(1_001, { decided: { outcome: 'abort', cause: 'locked', service: 3 } }),
      row(1_002, { decided: { outcome: 'commit', cause: null, service: 0 }, isOver: true }),
    ]
    for (const one of rows) book.write(one)
    const again = new Book(journal)
    expect(again.rows).deep.equal(rows)
    expect(again.named('mine')).deep.equal(rows[0])
    // a clock that was set back
    expect(again.next(5)).equal(1_003)
    journal.records.push(Uint8Array.of(1, 2, 3))
    expect(() => new Book(journal)).throw('a record of no coordinator')
  })

  it('keeps the last of those that are over, all that are not, and a file that does not grow for good', () => {
    const journal = new Memory()
    const book = new Book(journal)
    book.write(row(1))
    for (let number = 2; number < 12_000; number += 1) book.write(row(number, { isOver: true }))
    expect(book.rows).length.most(1_024)
    expect(book.row(1)).not.equal(null)
    expect(book.row(11_999)).not.equal(null)
    expect(journal.records).length.below(6_000)
    expect(new Book(journal).next(0)).equal(12_000)
  })
})

describe('transactions at a node', () => {
  const clock = new VirtualClock()
  let journal: Memory
  let log: DecisionLog
  let line: TxLine | null
  let told: StoreTxBody[]
  let answer: (body: StoreTxBody) => StoreAnswer
  let open: NodeTransactions[] = []

  const start = (logKeys: readonly Address[] = SEATS): NodeTransactions => {
    const silent = (): void => undefined
    const node = new NodeTransactions({
      ...{
        key: self,
        book: new Book(journal),
        lineOf: (task) => (task === TASK ? line : null),
        rows: () => [],
      },
      stores: {
        ask: (_, __, ask) => {
          const message = ask.kind === 'tx' ? decodeStoreTx(ask.message) : null
          if (message === null) throw new Error('a store is told what it cannot read')
          told.push(message.body)
          return Promise.resolve(answer(message.body))
        },
      },
      remote: { ask: () => Promise.resolve({ outcome: 'unhandled' }) },
      log: new AgreedLog(log.at(self, logKeys, { isOver: false })),
      ...{
        clock,
        unixMs: () => UNIX_MS + clock.nowMs(),
        logger: { info: silent, warn: silent, error: silent },
      },
    })
    open.push(node)
    return node
  }
  const said = (body: Parameters<typeof encodeStoreTxReply>[0]): StoreAnswer => ({
    ...{ code: 'ok', consistency: 'strong', height: 1, index: 1, outcome: 'done', version: 1 },
    ...{ values: [encodeStoreTxReply(body)], context: null, clock: null },
  })
  const put = (more: Partial<TxWrite> = {}): TxWrite => {
    return { kind: 'put', key: 'k', version: null, value: Uint8Array.of(1), ...more }
  }
  const ask = (more: Partial<TxAsk> = {}): TxAsk => ({
    ...{ protocol: '2pc', ttlMs: 1_000, request: null, parts: [{ service: 1, writes: [put()] }] },
    ...more,
  })
  /** What it answers, while time passes. */
  const outcomeOf = async (asked: Promise<TxAnswer>): Promise<string> => {
    const answers: TxAnswer[] = []
    void asked.then((one) => answers.push(one))
    for (let i = 0; i < 400 && answers.length === 0; i += 1) {
      clock.advance(50)
      log.turn(UNIX_MS + clock.nowMs())
      await setImmediate()
    }
    const [one] = answers
    if (one === undefined) return 'none'
    if (one.code === 'decided') return `${one.outcome} ${String(one.cause)} ${one.service}`
    return one.code === 'refused' ? one.refusal : one.code
  }
  const stateOf = (replication: ReplicationState): TxLine['state'] => {
    const { header } = emptyState(SEATS)
    const health = healthOf(
      SEATS.map(() => IDLE),
      false,
    )
    return { header: { ...header, agreedMs: UNIX_MS + clock.nowMs() }, health, replication }
  }

  beforeEach(() => {
    journal = new Memory()
    log = new DecisionLog()
    log.turn(UNIX_MS)
    told = []
    const { replication } = begunStore(3, 'strong')
    const members = SEATS.map((key) => ({ key, weight: 1 }))
    line = { task: TASK, self: 0, members, state: stateOf(replication) }
    answer = (body) =>
      said({ body: body.kind === 'prepare' ? { kind: 'vote', isYes: true } : { kind: 'done' }, why: null })
  })
  afterEach(() => {
    for (const node of open) node.stop()
    open = []
  })

  it('begins nothing that cannot be meant, and nothing where nobody can be asked', async () => {
    const node = start()
    const bad: readonly Partial<TxAsk>[] = [
      { parts: [] },
      { parts: [{ service: 1, writes: [] }] },
      { parts: [{ service: 0, writes: [put()] }] },
      { parts: [{ service: 1, writes: [put(), put()] }] },
      { parts: [{ service: 1, writes: [put({ key: '' })] }] },
      { parts: [1, 1].map((service) => ({ service, writes: [put()] })) },
      { parts: Array.from({ length: 9 }, (_, i) => ({ service: i + 1, writes: [put()] })) },
      { parts: [{ service: 1, writes: [put({ value: new Uint8Array(32_769) })] }] },
      {
        parts: [{ service: 1, writes: ['a', 'b'].map((key) => put({ key, value: new Uint8Array(30_000) })) }],
      },
      { ttlMs: 99 },
      { ttlMs: 20_001 },
      { request: '' },
      { request: 'x'.repeat(65) },
    ]
    for (const more of bad)
      expect(await outcomeOf(node.begin(TASK, ask(more))), JSON.stringify(more).slice(0, 90)).equal(
        'bad-request',
      )
    expect(await outcomeOf(node.begin(8n, ask()))).equal('no-store')
    expect(await outcomeOf(node.begin(TASK, ask({ parts: [{ service: 2, writes: [put()] }] })))).equal(
      'no-store',
    )
    const { replication } = begunStore(3, 'causal')
    line = { ...(line as TxLine), state: stateOf(replication) }
    expect(await outcomeOf(node.begin(TASK, ask()))).equal('no-store')
    expect([told, journal.records]).deep.equal([[], []])
  })

  it('agreed asks for a log that those who lead the stores are members of', async () => {
    const without = SEATS.slice(1)
    expect(await outcomeOf(start(without).begin(TASK, ask({ protocol: 'agreed' })))).equal('no-log')
    expect(await outcomeOf(start(without).begin(TASK, ask()))).equal('commit null 0')
  })

  it('3PC is not begun in a minority, nor when nothing was decided for long', async () => {
    const node = start()
    expect(await outcomeOf(node.begin(TASK, ask({ protocol: '3pc' })))).not.equal('no-quorum')
    clock.advance(10_001)
    expect(await outcomeOf(node.begin(TASK, ask({ protocol: '3pc' })))).equal('no-quorum')
    const { replication } = begunStore(3, 'strong')
    const cut = {
      ...stateOf(replication),
      health: healthOf(
        SEATS.map(() => IDLE),
        true,
      ),
    }
    line = { ...(line as TxLine), state: cut }
    expect(await outcomeOf(node.begin(TASK, ask({ protocol: '3pc' })))).equal('no-quorum')
    expect(await outcomeOf(node.begin(TASK, ask()))).equal('commit null 0')
  })

  it('the same request is the same transaction; another life answers for it, too', async () => {
    const node = start()
    const request = 'mine'
    expect(await outcomeOf(node.begin(TASK, ask({ request })))).equal('commit null 0')
    const count = told.length
    expect(await outcomeOf(node.begin(TASK, ask({ request, protocol: 'agreed' })))).equal('commit null 0')
    expect(told).length(count)
    node.stop()
    const again = start()
    expect(await outcomeOf(again.begin(TASK, ask({ request })))).equal('commit null 0')
    const name = { coordinator: self, number: new Book(journal).named(request)?.number ?? 0 }
    expect(await outcomeOf(again.outcome(TASK, name))).equal('commit null 0')
    expect(await outcomeOf(again.outcome(TASK, { ...name, number: 1 }))).equal('unknown')
    expect(await outcomeOf(again.outcome(TASK, { ...name, coordinator: SEATS[1] ?? self }))).equal('unknown')
  })

  it('says which store has voted no and why, and which has not voted at all', async () => {
    answer = (body) =>
      body.kind === 'prepare'
        ? said({ body: { kind: 'vote', isYes: false }, why: 'full' })
        : said({ body: { kind: 'done' }, why: null })
    for (const protocol of ['agreed', '2pc', '3pc'] as const)
      expect(await outcomeOf(start().begin(TASK, ask({ protocol }))), protocol).equal('abort full 1')
    answer = () => refusedAs('not-primary', '')
    for (const protocol of ['agreed', '2pc'] as const)
      expect(await outcomeOf(start().begin(TASK, ask({ protocol }))), protocol).equal('abort silent 1')
  })

  it('an earlier life of 2PC has aborted what it has not decided, and is told so', async () => {
    journal.records = []
    new Book(journal).write(row(UNIX_MS, { services: [1] }))
    const node = start()
    const name = { coordinator: self, number: UNIX_MS }
    expect(await outcomeOf(node.outcome(TASK, name))).equal('abort interrupted 0')
    await outcomeOf(new Promise<TxAnswer>(() => undefined))
    expect(told.map(({ kind }) => kind)).deep.equal(['outcome', 'forget'])
    expect(node.open()).deep.equal([])
  })

  it('of an earlier life in the agreed log, what is not begun is aborted, and what is long over nobody knows', async () => {
    for (const [ageMs, expected] of [
      [1_000, 'abort interrupted 0'],
      [Number(KEEP_MS), 'unknown'],
    ] as const) {
      journal = new Memory()
      const number = UNIX_MS + clock.nowMs() - ageMs
      new Book(journal).write(row(number, { services: [1], protocol: 'agreed', log: LOG }))
      const node = start()
      await outcomeOf(new Promise<TxAnswer>(() => undefined))
      expect(await outcomeOf(node.outcome(TASK, { coordinator: self, number })), String(ageMs)).equal(
        expected,
      )
      expect(node.open()).deep.equal([])
    }
    expect(told).deep.equal([])
  })

  it('begins nothing any more once the disk fails, and tells no store of what is not on it', async () => {
    const node = start()
    journal.isBroken = true
    expect(await outcomeOf(node.begin(TASK, ask()))).equal('busy')
    journal.isBroken = false
    expect(await outcomeOf(node.begin(TASK, ask()))).equal('busy')
    expect(told).deep.equal([])
  })

  it('answers who asks: what it has decided, and that what is on no record has aborted', async () => {
    const node = start()
    expect(await outcomeOf(node.begin(TASK, ask({ request: 'mine' })))).equal('commit null 0')
    const number = new Book(journal).named('mine')?.number ?? 0
    const heard = (coordinator: Address, of: number, body: StoreTxBody): unknown => {
      const bytes = node.heard(encodeStoreTx({ name: { coordinator, number: of }, body }))
      return bytes === null ? null : Buffer.from(bytes).toString('hex')
    }
    const outcome = (one: 'commit' | 'abort'): string =>
      Buffer.from(encodeStoreTxReply({ body: { kind: 'outcome', outcome: one }, why: null })).toString('hex')
    expect(heard(self, number, { kind: 'ask' })).equal(outcome('commit'))
    expect(heard(self, 5, { kind: 'ask' })).equal(outcome('abort'))
    expect(heard(SEATS[1] ?? self, number, { kind: 'ask' })).equal(null)
    expect(heard(self, number, { kind: 'forget' })).equal(null)
    expect(node.heard(Uint8Array.of(1))).equal(null)
  })
})

describe('words of other members to a store', () => {
  it('say no outcome of the agreed log: that the store’s own node reads', () => {
    const name = { coordinator: self, number: 5 }
    const rowOf = (protocol: 'agreed' | '2pc') => ({
      name,
      share: { protocol, services: [1], self: 1, log: LOG, writes: [] },
      state: { terms: null, promised: 0, accepted: null, final: null },
    })
    const copy = (protocol: 'agreed' | '2pc'): Copy =>
      ({ transactions: () => [rowOf(protocol)] }) as unknown as Copy
    const word = (body: StoreTxBody): Uint8Array =>
      encodeAsk({ kind: 'tx', message: encodeStoreTx({ name, body }) })
    for (const body of [{ kind: 'outcome', outcome: 'commit' }, { kind: 'forget' }] as const) {
      expect(mayTell(copy('agreed'), word(body))).equal(false)
      expect(mayTell(copy('2pc'), word(body))).equal(true)
    }
    expect(mayTell(copy('agreed'), word({ kind: 'ask' }))).equal(true)
    expect(mayTell(copy('agreed'), encodeAsk({ kind: 'session' }))).equal(true)
  })
})

describe('the agreed log at a node', () => {
  const parties = (groups: readonly (readonly Address[])[], keys = SEATS) => {
    const log = new DecisionLog()
    log.turn(1)
    return new AgreedLog(log.at(self, keys, { isOver: false })).find(groups)
  }

  it('hears those of a group who are its members, the one that leads above all', () => {
    const [a, b, c, d] = SEATS as [Address, Address, Address, Address]
    expect(parties([[c, a], [b]], [a, b])).equal(null)
    expect(parties([[b, a, d]], [a, b])).deep.equal({ log: LOG, parties: [[a, b]] })
    expect(
      parties([
        [d, a],
        [b, c],
      ]),
    ).deep.equal({
      log: LOG,
      parties: [
        [a, d],
        [b, c],
      ],
    })
  })

  it('has room for sixteen speakers: leaders first', () => {
    const many = Array.from({ length: 24 }, (_, i): Address => `0x${(i + 16).toString(16)}${'0'.repeat(38)}`)
    const groups = Array.from({ length: 8 }, (_, i) => [
      many[23 - i] ?? self,
      ...many.slice(2 * i, 2 * i + 2),
    ])
    const found = parties(groups, many)?.parties ?? []
    expect(new Set(found.flat()).size).equal(16)
    for (const [i, [leader]] of groups.entries()) expect(found[i]).include(leader)
  })

  it('goes on where a task of its line ends', async () => {
    const state = decisions.state.encode([])
    const told: bigint[] = []
    const tasks = [
      { task: 3n, predecessor: 0n, keys: SEATS, isOpen: false },
      { task: 5n, predecessor: 3n, keys: SEATS, isOpen: true },
    ]
    const log = new AgreedLog({
      tasks: () => tasks,
      propose: (task) => {
        told.push(task)
        return Promise.resolve(task === 3n ? { refused: 'over' } : { result: Uint8Array.of(1) })
      },
      machineState: (task) => (task === 5n ? state : null),
      onDecided: () => () => undefined,
    })
    const tx = { coordinator: self, number: 1 }
    expect(await log.submit(3n, { kind: 'read', tx })).equal('commit')
    expect(told).deep.equal([3n, 5n])
    expect(log.decisionOf(3n, tx)).equal('none')
    expect(log.find([[self]])?.log).equal(5n)
  })
})
