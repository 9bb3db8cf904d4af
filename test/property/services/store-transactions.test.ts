import { expect } from 'chai'
import fc from 'fast-check'
import { uint } from '../../../src/codec/hex.ts'
import { byIndex, Changes } from '../../../src/services/store/changes.ts'
import { isCommand, StoreData } from '../../../src/services/store/data.ts'
import { nameOf, TX_LIFE_MS, TX_ROWS_MAX } from '../../../src/services/store/transactions.ts'
import { STORE_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/services/store/types.ts'
import type { Command } from '../../../src/services/store/types.ts'
import { decodeRecord, encodeRecord } from '../../../src/services/store/wire.ts'
import {
  decodeStoreTx,
  decodeStoreTxReply,
  encodeStoreTx,
  encodeStoreTxReply,
} from '../../../src/services/transactions/store-message.ts'
import type { StoreTxBody, StoreTxReply } from '../../../src/services/transactions/store-message.ts'
import type { Address } from '../../../src/types/ids.ts'
import { PROTOCOLS, TX_LIMITS, TX_REFUSALS } from '../../../src/types/transaction.ts'
import type { Protocol, TxName, TxWrite } from '../../../src/types/transaction.ts'
import { holds } from '../../helpers/holds.ts'

const KEYS = ['a', 'b', 'c'] as const
const coordinator: Address = `0x${uint(9, 20)}`
const NONE = new Uint8Array()
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const tx = (number: number): TxName => ({ coordinator, number })
const put = (key: string, value: string, version: number | null = null): TxWrite => {
  return { kind: 'put', key, version, value: text(value) }
}

/** A store, one entry after the other. */
class Log {
  data = new StoreData()
  index = 0
  nowMs = 1_000

  write(command: Command): ReturnType<StoreData['apply']> {
    this.index += 1
    return this.data.apply(command, this.index)
  }

  tell(name: TxName, body: StoreTxBody): StoreTxReply {
    const { result } = this.write({
      write: { kind: 'tx', agreedMs: this.nowMs, message: { name, body } },
      id: null,
    })
    const reply = decodeStoreTxReply(result.value)
    if (reply === null) throw new Error('no reply')
    return reply
  }

  prepare(name: TxName, writes: readonly TxWrite[], protocol: Protocol = '2pc'): StoreTxReply {
    return this.tell(name, {
      kind: 'prepare',
      share: { protocol, services: [1, 2], self: 1, log: 0n, writes },
    })
  }

  put(key: string, value: string): string {
    const write = { kind: 'put', key, version: null, value: text(value) } as const
    return this.write({ write, id: null }).result.outcome
  }

  get(key: string): string {
    const { outcome, value } = this.data.get(key)
    return outcome === 'done' ? new TextDecoder().decode(value) : outcome
  }
}

const YES = { body: { kind: 'vote', isYes: true }, why: null }
const no = (why: string): unknown => ({ body: { kind: 'vote', isYes: false }, why })

describe('transactions at a store', () => {
  it('votes no, and says why: a lock, a version, too late, too early, no room', () => {
    const log = new Log()
    log.put('a', 'x')
    expect(log.prepare(tx(1_000), [put('a', 'y', 7)])).deep.equal(no('conflict'))
    expect(log.prepare(tx(1_000), [put('a', 'y', 1)])).deep.equal(YES)
    expect(log.prepare(tx(1_001), [{ kind: 'check', key: 'a', version: 1, value: NONE }])).deep.equal(
      no('locked'),
    )
    log.nowMs = 1_000 + TX_LIFE_MS
    expect(log.prepare(tx(1_000), [])).deep.equal(YES)
    expect(log.prepare(tx(999), [])).deep.equal(no('late'))
    expect(log.prepare(tx(log.nowMs + TX_LIFE_MS + 1), [])).deep.equal(no('early'))
  })

  it('keeps room for what it has voted yes to', () => {
    const log = new Log()
    const large = 'x'.repeat(VALUE_BYTES_MAX)
    const fill = Math.floor(STORE_BYTES_MAX / (VALUE_BYTES_MAX + 40)) - 1
    for (let i = 0; i < fill; i += 1) expect(log.put(`k${i}`, large)).equal('done')
    const name = tx(1_000)
    const free = STORE_BYTES_MAX - fill * (VALUE_BYTES_MAX + 17)
    expect(free).below(3 * VALUE_BYTES_MAX)
    expect(log.prepare(name, [put('p', large)])).deep.equal(YES)
    expect(log.prepare(tx(1_001), [put('q', large), put('r', large)])).deep.equal(no('full'))
    for (let i = 0; log.put(`m${i}`, large) === 'done'; i += 1) expect(i).below(3)
    expect(log.tell(name, { kind: 'outcome', outcome: 'commit' }).body).deep.equal({ kind: 'done' })
    expect(log.get('p')).equal(large)
  }).timeout(20_000)

  it('knows no more transactions than it can, and goes on once those that are over can begin no more', () => {
    const log = new Log()
    for (let i = 0; i < TX_ROWS_MAX; i += 1) log.prepare(tx(1_000 + i), [put(`k${i}`, '')])
    expect(log.data.transactions.rows()).length(TX_ROWS_MAX)
    expect(log.prepare(tx(9_000), [])).deep.equal(no('full'))
    const end = (number: number): void => {
      expect(log.tell(tx(number), { kind: 'forget' })).deep.equal({ body: null, why: null })
      log.tell(tx(number), { kind: 'outcome', outcome: 'commit' })
      expect(log.tell(tx(number), { kind: 'forget' }).body).deep.equal({ kind: 'done' })
    }
    end(1_000)
    log.nowMs = 999 + TX_LIFE_MS
    expect(log.prepare(tx(9_000), [])).deep.equal(no('full'))
    log.nowMs += 1
    expect(log.prepare(tx(9_000), [])).deep.equal(YES)
  })

  it('applies once what is told again when all are done and have forgotten it', () => {
    const log = new Log()
    const name = tx(1_000)
    log.prepare(name, [put('a', 'x')])
    log.tell(name, { kind: 'outcome', outcome: 'commit' })
    log.tell(name, { kind: 'forget' })
    log.put('a', 'y')
    expect(log.prepare(name, [put('a', 'x')]).body).deep.equal(YES.body)
    expect(log.tell(name, { kind: 'ask' }).body).deep.equal({ kind: 'outcome', outcome: 'commit' })
    log.tell(name, { kind: 'outcome', outcome: 'commit' })
    expect(log.get('a')).equal('y')
    log.nowMs += TX_LIFE_MS
    expect(log.prepare(name, [put('a', 'x')])).deep.equal(no('late'))
  })

  it('has its keys for itself until it is decided: others wait who read, and get nothing done who write', () => {
    const log = new Log()
    log.put('a', 'x')
    log.put('c', 'z')
    const name = tx(1_000)
    log.prepare(name, [put('a', 'y'), put('b', 'n'), { kind: 'check', key: 'c', version: 2, value: NONE }])
    expect(KEYS.map((key) => log.get(key))).deep.equal(['locked', 'locked', 'z'])
    expect(KEYS.map((key) => log.put(key, 'w'))).deep.equal(['locked', 'locked', 'locked'])
    const { changes } = log.write({
      write: {
        ...{ kind: 'tx', agreedMs: 1_000 },
        message: { name, body: { kind: 'outcome', outcome: 'commit' } },
      },
      id: null,
    })
    expect(changes.map(({ key, index }) => [key, index])).deep.equal([
      ['a', log.index],
      ['b', log.index],
    ])
    expect(KEYS.map((key) => log.get(key))).deep.equal(['y', 'n', 'z'])
    expect(log.put('a', 'w')).equal('done')
    // said again, nothing is written again
    log.tell(name, { kind: 'outcome', outcome: 'commit' })
    expect(log.get('a')).equal('w')
  })

  it('never votes yes to what it was asked about before, as long as anybody may ask it to', () => {
    const log = new Log()
    const name = tx(1_000)
    expect(log.tell(name, { kind: 'ask' }).body).deep.equal({ kind: 'outcome', outcome: 'abort' })
    expect(log.prepare(name, []).body).deep.equal({ kind: 'vote', isYes: false })
    log.nowMs = 1_000 + TX_LIFE_MS
    expect(log.prepare(tx(log.nowMs), [])).deep.equal(YES)
    // forgotten, and too late to be prepared
    expect(log.data.transactions.rows().map((row) => nameOf(row.name))).deep.equal([nameOf(tx(log.nowMs))])
    expect(log.prepare(name, []).body).deep.equal({ kind: 'vote', isYes: false })
  })

  it('a watch gets all of a transaction, or reads anew', () => {
    const changes = new Changes(0)
    const same = KEYS.map((key) => ({ index: 5, key, value: null }))
    changes.add([{ index: 4, key: 'a', value: null }])
    changes.add(same)
    expect(byIndex(changes.since(0) ?? []).map(({ length }) => length)).deep.equal([1, 3])
    for (let index = 6; index < 6 + 1022; index += 1) changes.add([{ index, key: 'a', value: null }])
    // one of the three had to go
    expect(changes.since(4)).equal(null)
    expect(changes.since(5)?.[0]?.index).equal(6)
  })

  it('P9: every key has the writes of committed transactions, all of them and no others, at every moment; a copy of the snapshot goes on alike', () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom(
          'prepare',
          'commit',
          'abort',
          'ask',
          'put',
          'forget',
          'collect',
          'accept',
          'copy',
        ),
        tx: fc.nat(3),
        keys: fc.subarray([...KEYS], { minLength: 1 }),
        kind: fc.constantFrom('put' as const, 'delete' as const, 'check' as const),
        stale: fc.boolean(),
        passed: fc.constantFrom(...Array.from({ length: 15 }, () => 0), 20_000),
      }),
      { maxLength: 40 },
    )
    holds(
      fc.property(steps, (list) => {
        const log = new Log()
        // the twin: values, and what open transactions are to write
        const values = new Map<string, string>()
        const open = new Map<number, readonly TxWrite[]>()
        const over = new Set<number>()
        for (const [i, step] of list.entries()) {
          log.nowMs += step.passed
          const name = tx(1_000 + step.tx)
          const taken = new Set([...open.values()].flatMap((writes) => writes.map(({ key }) => key)))
          switch (step.what) {
            case 'prepare': {
              const isKnown = open.has(step.tx) || over.has(step.tx)
              const writes = step.keys.map((key): TxWrite => {
                const version = step.stale ? 99_999 : log.data.get(key).version
                const { kind } = step
                return { kind, key, version, value: kind === 'put' ? text(`t${i}`) : NONE }
              })
              const { body } = log.prepare(name, writes)
              const isLate = log.nowMs >= name.number + TX_LIFE_MS
              const isBlocked = step.keys.some((key) => taken.has(key))
              if (!isKnown)
                expect(body).deep.equal({ kind: 'vote', isYes: !step.stale && !isLate && !isBlocked })
              if (!isKnown && !step.stale && !isLate && !isBlocked) open.set(step.tx, writes)
              break
            }
            case 'commit':
            case 'abort': {
              log.tell(name, { kind: 'outcome', outcome: step.what })
              const writes = open.get(step.tx)
              if (writes === undefined) break
              over.add(step.tx)
              open.delete(step.tx)
              if (step.what === 'abort') break
              for (const { kind, key, value } of writes) {
                if (kind === 'put') values.set(key, new TextDecoder().decode(value))
                if (kind === 'delete') values.delete(key)
              }
              break
            }
            case 'ask':
            case 'forget': {
              const before = open.has(step.tx)
              const { body } = log.tell(name, { kind: step.what })
              if (step.what === 'forget') expect(body).deep.equal(before ? null : { kind: 'done' })
              else if (before) expect(body).equal(null)
              else over.add(step.tx)
              break
            }
            case 'collect':
            case 'accept': {
              const isOpen = open.has(step.tx)
              log.tell(
                name,
                step.what === 'collect'
                  ? { kind: 'collect', ballot: 65 + i }
                  : { kind: 'accept', ballot: 65 + i, outcome: 'commit' },
              )
              if (!isOpen) over.add(step.tx)
              break
            }
            case 'put': {
              const [key = 'a'] = step.keys
              expect(log.put(key, `p${i}`)).equal(taken.has(key) ? 'locked' : 'done')
              if (!taken.has(key)) values.set(key, `p${i}`)
              break
            }
            case 'copy': {
              const bytes = log.data.encode()
              log.data = StoreData.decode(bytes)
              expect(log.data.encode()).deep.equal(bytes)
            }
          }
          const changing = new Set(
            [...open.values()].flatMap((writes) =>
              writes.flatMap(({ kind, key }) => (kind === 'check' ? [] : [key])),
            ),
          )
          for (const key of KEYS)
            expect(log.get(key), `${key} after ${i}`).equal(
              changing.has(key) ? 'locked' : (values.get(key) ?? 'missing'),
            )
        }
      }),
      500,
    )
  }).timeout(20_000)
})

describe('bytes of transactions at a store', () => {
  const outcome = fc.constantFrom('commit' as const, 'abort' as const)
  const writes = fc.array(
    fc.record({
      kind: fc.constantFrom('put' as const, 'delete' as const, 'check' as const),
      key: fc.string({ unit: 'grapheme', maxLength: 5 }),
      version: fc.option(fc.nat()),
      value: fc.uint8Array({ maxLength: 5 }),
    }),
    { maxLength: 3 },
  )
  const bodies: fc.Arbitrary<StoreTxBody> = fc.oneof(
    fc.record({
      kind: fc.constant('prepare' as const),
      share: fc.record({
        protocol: fc.constantFrom(...PROTOCOLS),
        services: fc.array(fc.nat(70_000), { maxLength: 3 }),
        self: fc.nat(9),
        log: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        writes,
      }),
    }),
    fc.record({ kind: fc.constantFrom('ask' as const, 'forget' as const) }),
    fc.record({ kind: fc.constant('outcome' as const), outcome }),
    fc.record({ kind: fc.constant('collect' as const), ballot: fc.nat() }),
    fc.record({ kind: fc.constant('accept' as const), ballot: fc.nat(), outcome }),
  )
  const replies: fc.Arbitrary<StoreTxReply['body']> = fc.oneof(
    fc.constant(null),
    fc.record({ kind: fc.constant('vote' as const), isYes: fc.boolean() }),
    fc.record({ kind: fc.constant('outcome' as const), outcome }),
    fc.constant({ kind: 'done' as const }),
    fc.record({ kind: fc.constant('accepted' as const), ballot: fc.nat() }),
    fc.record({
      ...{ kind: fc.constant('promise' as const), ballot: fc.nat(), final: fc.option(outcome) },
      accepted: fc.option(fc.record({ ballot: fc.nat(), outcome })),
    }),
  )
  const names = fc.nat().map(tx)

  it('of messages and replies read as what was written; changed and cut ones never make it fail', () => {
    holds(
      fc.property(
        names,
        bodies,
        replies,
        fc.option(fc.constantFrom(...TX_REFUSALS)),
        (name, body, said, why) => {
          const message = { name, body }
          expect(decodeStoreTx(encodeStoreTx(message))).deep.equal(message)
          const reply = { body: said, why }
          expect(decodeStoreTxReply(encodeStoreTxReply(reply))).deep.equal(reply)
        },
      ),
      500,
    )
    holds(
      fc.property(names, bodies, fc.nat(), fc.nat(255), (name, body, at, byte) => {
        const whole = encodeStoreTx({ name, body })
        expect(decodeStoreTx(whole.subarray(0, at % whole.length))).equal(null)
        whole[at % whole.length] = byte
        const read = decodeStoreTx(whole)
        if (read !== null) expect(encodeStoreTx(read)).deep.equal(whole)
        const reply = decodeStoreTxReply(whole)
        if (reply !== null) expect(encodeStoreTxReply(reply)).deep.equal(whole)
      }),
      500,
    )
  })

  it('stand in the log of a store; what cannot be meant is no command', () => {
    const command = (writes: readonly TxWrite[], more: object = {}): Command => {
      const share = { protocol: 'agreed', services: [3, 7], self: 2, log: 5n, writes, ...more } as const
      const message = { name: tx(5), body: { kind: 'prepare', share } } as const
      return { write: { kind: 'tx', agreedMs: 7, message }, id: null }
    }
    const sound = command([put('a', 'x', 4), { kind: 'check', key: 'b', version: 0, value: NONE }])
    const record = { kind: 'entries', entries: [{ epoch: 1n, index: 1, command: sound }] } as const
    expect(isCommand(sound)).equal(true)
    expect(decodeRecord(encodeRecord(record))).deep.equal(record)
    const many = Array.from({ length: TX_LIMITS.writes + 1 }, (_, i) => put(`k${i}`, ''))
    const bad: readonly Command[] = [
      command([put('', '')]),
      command([put('a', ''), put('a', '')]),
      command([{ kind: 'check', key: 'a', version: null, value: NONE }]),
      command([{ kind: 'delete', key: 'a', version: null, value: text('x') }]),
      command([put('a', 'x'.repeat(VALUE_BYTES_MAX + 1))]),
      command([put('a', 'x'.repeat(VALUE_BYTES_MAX)), put('b', 'x'.repeat(VALUE_BYTES_MAX))]),
      command(many),
      command([], { services: [7, 3] }),
      command([], { services: [0, 3] }),
      command([], { services: Array.from({ length: TX_LIMITS.stores + 1 }, (_, i) => i + 1) }),
      command([], { self: 0 }),
      command([], { self: 3 }),
      { ...sound, id: { session: 1, seq: 1 } },
    ]
    for (const [i, one] of bad.entries()) {
      expect(isCommand(one), `${i}`).equal(false)
      const entries = [{ epoch: 1n, index: 1, command: one }]
      expect(decodeRecord(encodeRecord({ kind: 'entries', entries })), `${i}`).equal(null)
    }
  })
})
