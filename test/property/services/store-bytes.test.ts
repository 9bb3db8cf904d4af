import { expect } from 'chai'
import fc from 'fast-check'
import { uint } from '../../../src/codec/hex.ts'
import { Random } from '../../../src/faults/random.ts'
import { Bulk } from '../../../src/services/store/bulk.ts'
import type { BulkFrame } from '../../../src/services/store/bulk.ts'
import { ReplicaLog } from '../../../src/services/store/log.ts'
import { decodeOpenMessage, encodeOpenMessage } from '../../../src/services/store/open-wire.ts'
import { OpenReplica } from '../../../src/services/store/open-replica.ts'
import { decodeAnswer, decodeAsk, encodeAnswer, encodeAsk } from '../../../src/services/store/requests.ts'
import type { Entry } from '../../../src/services/store/types.ts'
import { MESSAGE_BYTES_MAX } from '../../../src/services/store/wire.ts'
import type { Address } from '../../../src/types/ids.ts'
import { CONSISTENCIES, OUTCOMES, STORE_REFUSALS } from '../../../src/types/store-request.ts'
import type { StoreAnswer, StoreAsk } from '../../../src/types/store-request.ts'
import { holds } from '../../helpers/holds.ts'

const [alice, bob] = [1, 2].map((number): Address => `0x${uint(number, 20)}`) as [Address, Address]
const bytes = fc.uint8Array({ maxLength: 40 })
const maybe = fc.option(bytes)
const key = fc.string({ unit: 'grapheme', maxLength: 20 })

const asks: fc.Arbitrary<StoreAsk> = fc.oneof(
  fc.constant({ kind: 'session' as const }),
  fc.record({ kind: fc.constant('get' as const), key, after: maybe }),
  fc.record({
    kind: fc.constantFrom('put' as const, 'delete' as const),
    ...{ key, value: bytes, version: fc.option(fc.nat()), context: maybe, after: maybe },
    id: fc.option(fc.record({ session: fc.nat(), seq: fc.nat() })),
  }),
)
const answers: fc.Arbitrary<StoreAnswer> = fc.oneof(
  fc.record({
    code: fc.constant('ok' as const),
    consistency: fc.constantFrom(...CONSISTENCIES),
    outcome: fc.constantFrom(...OUTCOMES),
    ...{ height: fc.nat(), index: fc.nat(), version: fc.nat(), values: fc.array(bytes, { maxLength: 3 }) },
    ...{ context: maybe, clock: maybe },
  }),
  fc.record({
    code: fc.constant('refused' as const),
    refusal: fc.constantFrom(...STORE_REFUSALS),
    why: key,
    primary: fc.constantFrom(null, alice),
  }),
)

describe('bytes of stores', () => {
  it('of requests and answers read as what was written; changed ones never make it fail', () => {
    holds(fc.property(asks, (ask) => void expect(decodeAsk(encodeAsk(ask))).deep.equal(ask)))
    holds(fc.property(answers, (one) => void expect(decodeAnswer(encodeAnswer(one))).deep.equal(one)))
    holds(
      fc.property(asks, answers, fc.nat(), fc.nat(255), (ask, answer, at, byte) => {
        const [a, b] = [encodeAsk(ask), encodeAnswer(answer)]
        a[at % a.length] = byte
        b[at % b.length] = byte
        const [readAsk, readAnswer] = [decodeAsk(a), decodeAnswer(b)]
        if (readAsk !== null) expect(encodeAsk(readAsk)).deep.equal(a)
        if (readAnswer !== null) expect(encodeAnswer(readAnswer)).deep.equal(b)
      }),
    )
  })

  it('of copies of causal and eventual stores: changed and cut ones never make it fail', () => {
    const copy = new OpenReplica({ self: alice, consistency: 'causal', records: [] })
    const group = {
      ...({
        mode: 'active-active',
        consistency: 'causal',
        token: 1n,
        primary: null,
        successor: null,
      } as const),
      ...{ members: [alice, bob], size: 2, learners: [], leaseEndMs: 0, inSync: [] },
    }
    copy.step({ kind: 'group', group })
    const none = new Map<string, number>()
    const request = {
      kind: 'write',
      key: 'a',
      value: Uint8Array.of(1, 2),
      context: none,
      after: none,
    } as const
    const sent = [
      ...copy.step({ kind: 'request', id: 1, request }).sends,
      ...copy.step({ kind: 'tick' }).sends,
      ...copy.step({
        kind: 'message',
        from: bob,
        message: { kind: 'digest', buckets: copy.digest.map((hash) => hash ^ 1n) },
      }).sends,
    ].map(({ message }) => message)
    expect(sent.map(({ kind }) => kind)).deep.equal(['write', 'digest', 'keys'])
    holds(
      fc.property(fc.constantFrom(...sent), fc.nat(), fc.nat(255), fc.nat(), (message, at, byte, cut) => {
        const whole = encodeOpenMessage(message)
        expect(decodeOpenMessage(whole)).deep.equal(message)
        expect(decodeOpenMessage(whole.subarray(0, cut % whole.length))).equal(null)
        whole[at % whole.length] = byte
        const read = decodeOpenMessage(whole)
        if (read !== null) expect(encodeOpenMessage(read)).deep.equal(whole)
      }),
    )
  })

  it('long messages come whole or not at all, over loss and doubles, in frames that fit; the last one comes in the end', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 260_000 }), { minLength: 1, maxLength: 4 })
    holds(
      fc.property(sizes, fc.nat(), (lengths, seed) => {
        const random = new Random(seed)
        const dice = (): number => random.int(0, 99)
        const [from, to] = [new Bulk(), new Bulk()]
        const sent = lengths.map((length, i) => new Uint8Array(length).fill(i + 1))
        const got: Uint8Array[] = []
        const mail: BulkFrame[] = []
        let isRough = true
        const say = (frame: BulkFrame | null): void => {
          if (frame === null) return
          expect(frame.frame.length).most(MESSAGE_BYTES_MAX)
          const roll = isRough ? dice() : 99
          if (roll >= 20) mail.push(frame)
          if (roll < 40 && roll >= 20) mail.push(frame)
        }
        const turn = (): void => {
          for (const { to: receiver, frame } of mail.splice(0)) {
            const sender = receiver === bob ? alice : bob
            const { message, send } = (receiver === bob ? to : from).receive(sender, frame)
            if (message !== null) got.push(message)
            say(send)
          }
          mail.push(...from.tick().filter(() => !isRough || dice() >= 20))
        }
        for (const message of sent) {
          say(from.send(bob, message))
          for (let i = 0; i < 10; i += 1) turn()
        }
        isRough = false
        // what is on its way is given up or whole by now
        for (let i = 0; i < 60; i += 1) turn()
        say(from.send(bob, Uint8Array.of(7)))
        for (let i = 0; i < 3; i += 1) turn()
        expect(got.at(-1)).deep.equal(Uint8Array.of(7))
        for (const one of got.slice(0, -1))
          expect(sent.some((message) => Buffer.compare(message, one) === 0)).equal(true)
      }),
      20,
    )
  })

  it('frames of nobody never make it fail', () => {
    holds(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (frames) => {
        const bulk = new Bulk()
        for (const frame of frames) bulk.receive(alice, frame)
      }),
    )
  })

  it('a log goes on from its fewest records as if it had gone on', () => {
    const steps = fc.array(fc.record({ add: fc.nat(3), commit: fc.nat(3), epoch: fc.nat(2) }), {
      maxLength: 30,
    })
    holds(
      fc.property(steps, (list) => {
        const log = new ReplicaLog()
        let epoch = 1n
        for (const { add, commit, epoch: more } of list) {
          epoch += BigInt(more)
          const { index } = log.last
          const entries = Array.from({ length: add }, (_, i): Entry => {
            const write = { kind: 'put', key: `k${i}`, version: null, value: Uint8Array.of(add) } as const
            return { epoch, index: index + 1 + i, command: { write, id: null } }
          })
          log.record({ kind: 'entries', entries })
          log.commit(log.committed + commit, () => undefined)
        }
        const again = new ReplicaLog()
        for (const record of log.whole()) again.record(record)
        expect(again.last).deep.equal(log.last)
        again.commit(log.committed, () => undefined)
        expect(again.data.encode()).deep.equal(log.data.encode())
      }),
    )
  })
})
