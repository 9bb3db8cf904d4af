import { expect } from 'chai'
import fc from 'fast-check'
import { uint } from '../../../src/codec/hex.ts'
import { Changes } from '../../../src/services/store/changes.ts'
import { StoreData } from '../../../src/services/store/data.ts'
import { LOG_ENTRIES_KEPT, LOG_ENTRIES_MAX, ReplicaLog } from '../../../src/services/store/log.ts'
import { Replica } from '../../../src/services/store/replica.ts'
import type { GroupView } from '../../../src/services/replication/view.ts'
import {
  KEY_BYTES_MAX,
  SESSIONS_MAX,
  STORE_BYTES_MAX,
  VALUE_BYTES_MAX,
} from '../../../src/services/store/types.ts'
import type {
  Command,
  Entry,
  Message,
  StoreEffects,
  StoreRecord,
  Write,
} from '../../../src/services/store/types.ts'
import {
  decodeMessage,
  decodeRecord,
  encodeMessage,
  encodeRecord,
  MESSAGE_BYTES_MAX,
} from '../../../src/services/store/wire.ts'
import { holds } from '../../helpers/holds.ts'
import type { Address } from '../../../src/types/ids.ts'

const [alice, bob, carol] = [1, 2, 3].map((number): Address => `0x${uint(number, 20)}`) as [
  Address,
  Address,
  Address,
]
const value = (text: string): Uint8Array => new TextEncoder().encode(text)
const put = (key: string, text: string, version: number | null = null): Write => ({
  ...{ kind: 'put', key, version },
  value: value(text),
})
const plain = (write: Write): Command => ({ write, id: null })
const groupOf = (more: Partial<GroupView> = {}): GroupView => ({
  ...{ mode: 'active-passive', consistency: 'strong', token: 1n, primary: alice, successor: null },
  ...{ members: [alice, bob, carol], size: 3, learners: [], leaseEndMs: 10_000, inSync: [] },
  ...more,
})

describe('store: data', () => {
  it('keeps conditions, and says which version stands against them', () => {
    const data = new StoreData()
    expect(data.apply(plain(put('a', 'x', 1)), 1).result).include({ outcome: 'conflict', version: 0 })
    expect(data.apply(plain(put('a', 'x', 0)), 2).result).include({ outcome: 'done', version: 2 })
    expect(data.apply(plain(put('a', 'y', 0)), 3).result).include({ outcome: 'conflict', version: 2 })
    expect(data.apply(plain({ kind: 'delete', key: 'a', version: 1 }), 4).result.outcome).equal('conflict')
    expect(data.apply(plain({ kind: 'delete', key: 'a', version: 2 }), 5).result.version).equal(0)
    expect(data.apply(plain({ kind: 'delete', key: 'a', version: null }), 6).result.outcome).equal('missing')
    expect(data.get('a').outcome).equal('missing')
  })

  it('P5: applies a command of a session once, and answers its retries alike, whatever came of it', () => {
    const data = new StoreData()
    data.apply(plain({ kind: 'open' }), 1)
    const id = { session: 1, seq: 1 }
    const refused = { write: put('a', 'x', 7), id }
    expect(data.apply(refused, 2).result.outcome).equal('conflict')
    data.apply(plain(put('a', 'z')), 7)
    // the condition would hold now
    expect(data.apply(refused, 8)).deep.equal({
      ...{ result: { outcome: 'conflict', version: 0, value: new Uint8Array() }, changes: [] },
    })
    const next = { write: put('a', 'y'), id: { session: 1, seq: 2 } }
    expect(data.apply(next, 9).changes[0]).include({ index: 9, key: 'a' })
    expect(data.apply(next, 10)).deep.include({ changes: [] })
    expect(data.apply(refused, 11).result.outcome).equal('over')
    expect(data.apply({ write: put('a', 'y'), id: { session: 5, seq: 1 } }, 12).result.outcome).equal('over')
  })

  it('forgets the session that was used least recently, and applies nothing of it any more', () => {
    const data = new StoreData()
    for (let i = 1; i <= SESSIONS_MAX; i += 1) data.apply(plain({ kind: 'open' }), i)
    data.apply({ write: put('a', 'x'), id: { session: 1, seq: 1 } }, 5000)
    data.apply(plain({ kind: 'open' }), 5001)
    const outcome = (session: number): string =>
      data.apply({ write: put('a', 'x'), id: { session, seq: 2 } }, 5002).result.outcome
    expect([outcome(1), outcome(2), outcome(3)]).deep.equal(['done', 'over', 'done'])
  })

  it('refuses what does not fit, and lets go of what was replaced', () => {
    const data = new StoreData()
    const big = new Uint8Array(VALUE_BYTES_MAX)
    const fits = Math.floor(STORE_BYTES_MAX / (VALUE_BYTES_MAX + 20))
    for (let i = 0; i < fits; i += 1) {
      const key = `k${String(i).padStart(3, '0')}`
      expect(data.apply(plain({ kind: 'put', key, version: null, value: big }), i + 1).result.outcome).equal(
        'done',
      )
    }
    const more = plain({ kind: 'put', key: 'more', version: null, value: big })
    expect(data.apply(more, 999).result.outcome).equal('full')
    data.apply(plain({ kind: 'delete', key: 'k000', version: null }), 1000)
    expect(data.apply(more, 1001).result.outcome).equal('done')
  })

  it('goes on from a snapshot as if it had gone on', () => {
    const commands = fc.array(
      fc.record({
        kind: fc.constantFrom('put', 'delete', 'open'),
        key: fc.constantFrom('a', 'b', 'ö'),
        version: fc.option(fc.nat(12)),
        text: fc.string({ maxLength: 4 }),
        id: fc.option(
          fc.record({ session: fc.integer({ min: 1, max: 12 }), seq: fc.integer({ min: 1, max: 3 }) }),
        ),
      }),
      { maxLength: 24 },
    )
    holds(
      fc.property(commands, fc.nat(24), (list, cut) => {
        const one = new StoreData()
        let other = new StoreData()
        list.forEach(({ kind, key, version, text, id }, i) => {
          if (i === cut) other = StoreData.decode(other.encode())
          const command: Command =
            kind === 'open'
              ? plain({ kind })
              : { id, write: kind === 'put' ? put(key, text, version) : { kind: 'delete', key, version } }
          expect(other.apply(command, i + 1)).deep.equal(one.apply(command, i + 1))
        })
        expect(StoreData.decode(other.encode()).encode()).deep.equal(one.encode())
      }),
    )
  })
})

describe('store: log', () => {
  it('takes a snapshot when it is long, and keeps entries for those who are a little late', () => {
    const log = new ReplicaLog()
    const entry = (index: number): Entry => ({ epoch: 1n, index, command: plain(put('a', String(index))) })
    for (let i = 1; i <= LOG_ENTRIES_MAX; i += 1) {
      expect(log.compacted()).equal(null)
      log.record({ kind: 'entries', entries: [entry(i)] })
      log.commit(i, () => undefined)
    }
    const snapshot = log.compacted()
    if (snapshot === null) throw new Error('no snapshot')
    log.record(snapshot)
    expect(log.compacted()).equal(null)
    expect(log.at(LOG_ENTRIES_MAX - LOG_ENTRIES_KEPT)).equal(null)
    expect(log.at(LOG_ENTRIES_MAX - LOG_ENTRIES_KEPT + 1)).deep.equal(entry(769))
    expect(log.last).include({ epoch: 1n, index: LOG_ENTRIES_MAX })
    const again = new ReplicaLog()
    again.record(snapshot)
    again.record({ kind: 'entries', entries: [entry(LOG_ENTRIES_MAX + 1)] })
    again.commit(LOG_ENTRIES_MAX + 1, () => undefined)
    expect(again.data.get('a').version).equal(LOG_ENTRIES_MAX + 1)
  })

  it('a watch goes back as far as it can miss nothing', () => {
    const changes = new Changes(5)
    for (let index = 6; index < 1032; index += 1) changes.add([{ index, key: 'a', value: null }])
    expect(changes.since(6)).equal(null)
    expect(changes.since(7)?.[0]?.index).equal(8)
    expect(changes.since(1031)).deep.equal([])
    changes.restart(2000)
    expect([changes.since(1999), changes.since(2000)]).deep.equal([null, []])
  })
})

describe('store: one copy', () => {
  const start = (records: readonly StoreRecord[] = []): Replica => new Replica({ self: alice, records })
  const group = (more: Partial<GroupView> = {}, clockMs = 0) => ({
    kind: 'group' as const,
    group: groupOf(more),
    clockMs,
  })
  const from = (sender: Address, message: Message, clockMs = 0) => ({
    ...{ kind: 'message' as const, from: sender, message, clockMs },
  })
  const get = (clockMs: number) => ({
    ...{ kind: 'request' as const, id: 1, request: { kind: 'get' as const, key: 'a' }, clockMs },
  })
  const codeOf = ({ replies }: StoreEffects): string | undefined => replies[0]?.reply.code

  /** Alice leads: bob has promised, and has her first entry. */
  function leading(): Replica {
    const copy = start()
    copy.step(group())
    expect(codeOf(copy.step(get(0)))).equal('E_NO_QUORUM')
    copy.step(from(bob, { kind: 'position', token: 1n, last: { epoch: 0n, index: 0 } }))
    expect(codeOf(copy.step(get(0)))).equal('E_NO_QUORUM')
    copy.step(from(bob, { kind: 'stored', token: 1n, index: 1 }))
    expect(copy.report().standing).equal('serving')
    return copy
  }

  it('refuses requests as long as nobody has named it, and says who was named', () => {
    const copy = start()
    expect(copy.step(get(0)).replies[0]?.reply).deep.equal({ code: 'E_NOT_PRIMARY', primary: null })
    copy.step(group({ primary: bob }))
    expect(copy.step(get(0)).replies[0]?.reply).deep.equal({ code: 'E_NOT_PRIMARY', primary: bob })
  })

  it('refuses keys, values and numbers beyond the limits', () => {
    const copy = leading()
    const ask = (write: Write, id: Command['id'] = null): string | undefined =>
      codeOf(
        copy.step({ kind: 'request', id: 2, request: { kind: 'write', command: { write, id } }, clockMs: 0 }),
      )
    for (const key of ['', 'x'.repeat(KEY_BYTES_MAX + 1), 'ö'.repeat(KEY_BYTES_MAX / 2 + 1)])
      expect(ask(put(key, 'x')), key).equal('E_BAD_REQUEST')
    expect(ask({ ...put('a', ''), value: new Uint8Array(VALUE_BYTES_MAX + 1) } as Write)).equal(
      'E_BAD_REQUEST',
    )
    for (const version of [-1, 0.5, 2 ** 53]) expect(ask(put('a', 'x', version))).equal('E_BAD_REQUEST')
    expect(ask(put('a', 'x'), { session: 1, seq: 0 })).equal('E_BAD_REQUEST')
    expect(ask({ kind: 'begin' })).equal('E_BAD_REQUEST')
  })

  it('answers reads until its own clock is half a second before the end of the lease', () => {
    const copy = leading()
    expect(codeOf(copy.step(get(9_499)))).equal('ok')
    expect(codeOf(copy.step(get(9_500)))).equal('E_NO_QUORUM')
    copy.step(group({ leaseEndMs: 11_000 }, 9_600))
    expect(codeOf(copy.step(get(9_600)))).equal('ok')
  })

  it('answers a write when a majority has it on disk, its own record first', () => {
    const copy = leading()
    const asked = copy.step({
      ...{ kind: 'request', id: 7, clockMs: 0 },
      request: { kind: 'write', command: plain(put('a', 'x')) },
    })
    expect(asked.replies).deep.equal([])
    expect(asked.records.map(({ kind }) => kind)).deep.equal(['entries'])
    expect(asked.sends.map(({ to }) => to)).deep.equal([bob, carol])
    const { replies, changes } = copy.step(from(carol, { kind: 'stored', token: 1n, index: 2 }))
    expect(replies).deep.equal([
      { id: 7, reply: { code: 'ok', result: { outcome: 'done', version: 2, value: new Uint8Array() } } },
    ])
    expect(changes).deep.equal([{ index: 2, key: 'a', value: value('x') }])
  })

  it('steps down when it hears a greater token, and does not know what became of those who wait', () => {
    const copy = leading()
    copy.step({
      ...{ kind: 'request', id: 7, clockMs: 0 },
      request: { kind: 'write', command: plain(put('a', 'x')) },
    })
    const { records, replies } = copy.step(from(bob, { kind: 'refused', token: 2n }))
    expect(records).deep.equal([{ kind: 'seen', token: 2n }])
    expect(replies).deep.equal([{ id: 7, reply: { code: 'E_UNKNOWN_OUTCOME' } }])
    expect(codeOf(copy.step(get(0)))).equal('E_NOT_PRIMARY')
    // the state that named it is old
    copy.step(group())
    expect(codeOf(copy.step(get(0)))).equal('E_NOT_PRIMARY')
  })

  it('refuses a smaller token than it has seen, over a restart, too', () => {
    const records: StoreRecord[] = []
    const copy = start()
    const query: Message = { kind: 'query', token: 9n }
    const promised = copy.step(from(carol, query))
    records.push(...promised.records)
    const last = { epoch: 0n, index: 0 }
    expect(promised.sends).deep.equal([{ to: carol, message: { kind: 'position', token: 9n, last } }])
    const old: Message = {
      kind: 'append',
      token: 8n,
      previous: { epoch: 0n, index: 0 },
      entries: [],
      commit: 0,
    }
    for (const one of [copy, start(records)])
      expect(one.step(from(bob, old)).sends).deep.equal([
        { to: bob, message: { kind: 'refused', token: 9n } },
      ])
  })

  it('takes the longest log of a majority before it begins', () => {
    const copy = start()
    copy.step(group({ token: 5n }))
    const { sends } = copy.step(from(carol, { kind: 'position', token: 5n, last: { epoch: 3n, index: 1 } }))
    expect(sends).deep.equal([{ to: carol, message: { kind: 'pull', token: 5n, after: 0 } }])
    const entries = [{ epoch: 3n, index: 1, command: plain(put('a', 'x')) }]
    const { records } = copy.step(
      from(carol, { kind: 'tail', token: 5n, previous: { epoch: 0n, index: 0 }, entries }),
    )
    expect(
      records.map((record) => (record.kind === 'entries' ? record.entries : []).map(({ epoch }) => epoch)),
    ).deep.equal([[3n], [5n]])
    copy.step(from(carol, { kind: 'stored', token: 5n, index: 2 }))
    expect(copy.step(get(0)).replies[0]?.reply).deep.equal({
      ...{ code: 'ok', result: { outcome: 'done', version: 1, value: value('x') } },
    })
  })

  it('gives its lease back for good when a successor is named, over a restart, too', () => {
    const copy = leading()
    const { records } = copy.step(group({ successor: bob }))
    expect(records).deep.equal([{ kind: 'released', token: 1n }])
    expect(copy.report().standing).equal('released')
    const again = start([{ kind: 'seen', token: 1n }, ...records])
    again.step(group())
    expect(again.report().standing).equal('released')
    expect(codeOf(again.step(get(0)))).equal('E_NOT_PRIMARY')
  })

  it('waits with that for those who have asked, but not beyond the lease', () => {
    const copy = leading()
    copy.step({
      ...{ kind: 'request', id: 7, clockMs: 0 },
      request: { kind: 'write', command: plain(put('a', 'x')) },
    })
    expect(copy.step(group({ successor: bob })).records).deep.equal([])
    expect(copy.step({ kind: 'tick', clockMs: 9_000 }).records).deep.equal([])
    const { records, replies } = copy.step({ kind: 'tick', clockMs: 9_500 })
    expect(records).deep.equal([{ kind: 'released', token: 1n }])
    expect(replies).deep.equal([{ id: 7, reply: { code: 'E_UNKNOWN_OUTCOME' } }])
  })
})

describe('store: bytes', () => {
  const tokens = fc.bigInt(0n, 2n ** 128n - 1n)
  const positions = fc.record({ epoch: tokens, index: fc.nat() })
  const ids = fc.option(fc.record({ session: fc.nat(), seq: fc.integer({ min: 1, max: 99 }) }))
  const keys = fc
    .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
    .filter((key) => new TextEncoder().encode(key).length <= KEY_BYTES_MAX)
  const writes = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      key: keys,
      version: fc.option(fc.nat()),
      value: fc.uint8Array({ maxLength: 50 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), key: keys, version: fc.option(fc.nat()) }),
  )
  const commands: fc.Arbitrary<Command> = fc.oneof(
    fc.record({ write: writes, id: ids }),
    fc.constantFrom(plain({ kind: 'open' }), plain({ kind: 'begin' })),
  )
  const entriesBehind = (index: number): fc.Arbitrary<Entry[]> =>
    fc
      .array(fc.record({ epoch: tokens, command: commands }), { maxLength: 5 })
      .map((list) => list.map((one, i) => ({ ...one, index: index + 1 + i })))
  const messages: fc.Arbitrary<Message> = fc.record({ token: tokens, at: positions }).chain(({ token, at }) =>
    fc.oneof(
      entriesBehind(at.index).map((entries): Message => ({
        kind: 'append',
        token,
        previous: at,
        entries,
        commit: at.index,
      })),
      entriesBehind(at.index).map((entries): Message => ({ kind: 'tail', token, previous: at, entries })),
      fc.constantFrom<Message>(
        { kind: 'stored', token, index: at.index },
        { kind: 'missing', token, index: at.index },
        { kind: 'refused', token },
        { kind: 'query', token },
        { kind: 'position', token, last: at },
        { kind: 'pull', token, after: at.index },
        { kind: 'next-part', token, index: at.index, part: 3 },
        { kind: 'snapshot', token, last: at, part: 1, parts: 2, bytes: Uint8Array.of(1, 2) },
      ),
    ),
  )

  it('of messages and records read as what was written', () => {
    holds(
      fc.property(messages, (message) => {
        expect(decodeMessage(encodeMessage(message))).deep.equal(message)
      }),
    )
    holds(
      fc.property(entriesBehind(3), tokens, fc.uint8Array(), (entries, token, data) => {
        const records: StoreRecord[] = [
          { kind: 'seen', token },
          { kind: 'released', token },
          { kind: 'entries', entries },
          { kind: 'snapshot', snapshot: { epoch: token, index: 9, data }, isWhole: true },
        ]
        for (const record of records) expect(decodeRecord(encodeRecord(record))).deep.equal(record)
      }),
    )
  })

  it('of nobody, changed and cut ones never make it fail', () => {
    holds(
      fc.property(messages, fc.nat(), fc.nat(255), fc.nat(), (message, at, byte, cut) => {
        const bytes = encodeMessage(message)
        bytes[at % bytes.length] = byte
        const read = decodeMessage(bytes)
        if (read !== null) expect(encodeMessage(read)).deep.equal(bytes)
        expect(decodeMessage(bytes.subarray(0, cut % bytes.length))).equal(null)
      }),
      1000,
    )
    expect(decodeMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1))).equal(null)
  })

  it('a snapshot of four megabytes comes in parts, whatever is lost on its way', () => {
    const records: StoreRecord[] = []
    const data = new StoreData()
    for (let i = 1; i <= 100; i += 1)
      data.apply(
        plain({ kind: 'put', key: `k${i}`, version: null, value: new Uint8Array(VALUE_BYTES_MAX) }),
        i,
      )
    records.push({ kind: 'seen', token: 1n })
    records.push({
      kind: 'snapshot',
      snapshot: { epoch: 1n, index: 100, data: data.encode() },
      isWhole: false,
    })
    const copies = new Map([
      [alice, new Replica({ self: alice, records })],
      [bob, new Replica({ self: bob, records: [] })],
    ])
    const mail: { from: Address; to: Address; message: Message }[] = []
    const take = (self: Address, effects: StoreEffects | undefined): void =>
      void mail.push(...(effects?.sends ?? []).map((one) => ({ from: self, ...one })))
    const view = groupOf({ token: 2n, members: [alice, bob], size: 2 })
    for (const [self, copy] of copies) take(self, copy.step({ kind: 'group', group: view, clockMs: 0 }))
    let sent = 0
    for (let i = 0; i < 4000 && copies.get(bob)?.report().committed !== 101; i += 1) {
      const next = mail.shift()
      if (next === undefined) {
        for (const [self, copy] of copies) take(self, copy.step({ kind: 'tick', clockMs: 0 }))
        continue
      }
      expect(encodeMessage(next.message).length).most(MESSAGE_BYTES_MAX)
      sent += 1
      if (sent % 5 === 0) continue
      const { from, to, message } = next
      take(to, copies.get(to)?.step({ kind: 'message', from, message, clockMs: 0 }))
    }
    expect(copies.get(bob)?.report()).include({ committed: 101, epoch: 2n })
  })
})
