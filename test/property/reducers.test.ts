import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '../../src/codec/hex.ts'
import { findReducer } from '../../src/reducers/catalog.ts'
import { ROWS_MAX } from '../../src/reducers/fixed-width.ts'
import { assignSlots } from '../../src/reducers/fair-slots.ts'
import { median } from '../../src/reducers/median.ts'
import { popularValue } from '../../src/reducers/popular-value.ts'
import { isValidInput, runReducer } from '../../src/reducers/run.ts'
import { ONE, weightedVote } from '../../src/reducers/weighted-vote.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Digest } from '../../src/types/ids.ts'
import { holds } from '../helpers/holds.ts'
import { TWINNED_IDS, twinCase } from '../helpers/twin-cases.ts'
import { BARE_CONTEXT } from '../helpers/context.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes): Digest => toHex(bytes))
const i128 = fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n })
const caseNumber = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('every stock reducer', () => {
  for (const id of TWINNED_IDS) {
    const reducer = findReducer(id)!

    it(`${id} takes any bytes without a throw, and one encoding per value`, () => {
      holds(
        fc.property(fc.uint8Array({ maxLength: 140 }), fc.uint8Array({ maxLength: 34 }), (bytes, params) => {
          expect(isValidInput(id, toHex(params), bytes)).to.be.a('boolean')
          const value = reducer.state.decode(bytes)
          if (value !== null) expect(reducer.state.encode(value)).to.deep.equal(bytes)
          const decoded = reducer.params.decode(params)
          if (decoded !== null) expect(reducer.params.encode(decoded)).to.deep.equal(params)
        }),
        1000,
      )
    })

    it(`${id} answers or refuses, never throws, and gives what its codec reads`, () => {
      holds(
        fc.property(caseNumber, (number) => {
          const { params, seed, inputs: any } = twinCase(id, number)
          const inputs = any.filter(({ member }) => member < ROWS_MAX)
          const context = { ...BARE_CONTEXT, seed }
          const result = runReducer({ reducer: id, params: toHex(params), context, inputs })
          if (result.ok) return
          expect(['badParams', 'badInput']).to.include(result.code)
        }),
        300,
      )
    })

    it(`${id} does not depend on the order of inputs, and merging with itself or closing with all changes nothing`, () => {
      holds(
        fc.property(caseNumber, fc.integer({ min: 0, max: 30 }), (number, turn) => {
          const { params: bytes, seed, inputs: raw } = twinCase(id, number)
          const params = reducer.params.decode(bytes)
          if (params === null || raw.some(({ state }) => !isValidInput(id, toHex(bytes), state))) return
          const inputs = [...new Map(raw.map((input) => [input.member, input])).values()].map(
            ({ member, state }) => ({ member, state: reducer.state.decode(state) }),
          )
          const context = { ...BARE_CONTEXT, seed }
          const aggregate = (list: typeof inputs): unknown => reducer.aggregateStatus(list, params, context)
          const state = aggregate(inputs)
          expect(aggregate([...inputs.slice(turn), ...inputs.slice(0, turn)].toReversed())).to.deep.equal(
            state,
          )
          expect(reducer.aggregateShare(state, [{ member: 0, state }], params)).to.deep.equal(state)
          expect(reducer.aggregateClose(state, inputs, params, context)).to.deep.equal(state)
        }),
      )
    })
  }
})

describe('median@1', () => {
  it('stays within the true values while fewer than half are false', () => {
    holds(
      fc.property(
        fc.array(i128, { minLength: 1, maxLength: 15 }),
        fc.array(i128, { maxLength: 14 }),
        (honest, liars) => {
          const values = [...liars.slice(0, honest.length - 1), ...honest]
          const inputs = values.map((value, member) => ({
            member,
            state: { median: 0n, rows: [{ member: 0, value }] },
          }))
          const result = median.aggregateStatus(inputs, { min: 0n, max: 0n }, BARE_CONTEXT).median
          expect(honest.some((value) => value <= result) && honest.some((value) => value >= result)).to.equal(
            true,
          )
        },
      ),
      1000,
    )
  })
})

describe('popular-value@1', () => {
  it('elects what more than half hold, whatever the others bring', () => {
    holds(
      fc.property(digest, digest, fc.array(digest, { maxLength: 14 }), (seed, popular, others) => {
        const values = [...others, ...Array.from({ length: others.length + 1 }, () => popular)]
        const inputs = values.map((value, member) => ({
          member,
          state: { seed: NIL, value: NIL, count: 0, rows: [{ member: 0, value }] },
        }))
        const state = popularValue.aggregateStatus(inputs, {}, { ...BARE_CONTEXT, seed })
        expect(state.value).to.equal(popular)
      }),
    )
  })
})

describe('weighted-vote@1', () => {
  it('elects the choice of h members while f · weightMax < h · weightMin; shares are at most 1', () => {
    const bounds = fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 63n }), fc.bigInt({ min: 0n, max: 2n ** 62n }))
    const counts = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 11 }))
    holds(
      fc.property(digest, digest, digest, bounds, counts, (seed, good, bad, [weightMin, extra], [h, f]) => {
        const weightMax = weightMin + extra
        const inputs = Array.from({ length: h + f }, (_, member) => {
          const [choice, weight] = member < h ? [good, weightMin] : [bad, weightMax]
          return {
            member,
            state: { seed: NIL, choice: NIL, share: 0n, rows: [{ member: 0, choice, weight }] },
          }
        })
        const context = { ...BARE_CONTEXT, seed }
        const state = weightedVote.aggregateStatus(inputs, { weightMin, weightMax }, context)
        expect(state.share > 0n && state.share <= ONE).to.equal(true)
        if (BigInt(f) * weightMax < BigInt(h) * weightMin) expect(state.choice).to.equal(good)
      }),
      500,
    )
  })
})

describe('time-slots@1', () => {
  const bids = fc.array(fc.bigInt({ min: 0n, max: 127n }), { maxLength: 5 })
  const counts = (owners: readonly (number | null)[], bidders: number): number[] =>
    Array.from({ length: bidders }, (_, bidder) => owners.filter((owner) => owner === bidder).length)

  /** Dumb twin: every assignment there is; the fairest has the greatest numbers of slots, the least first. */
  function fairest(slots: number, wanted: readonly bigint[]): string {
    const all: (number | null)[][] = [[]]
    for (let slot = 0; slot < slots; slot += 1) {
      const takers = wanted.flatMap((set, bidder) => (((set >> BigInt(slot)) & 1n) === 1n ? [bidder] : []))
      const next = all.splice(0)
      for (const owners of next)
        for (const taker of takers.length > 0 ? takers : [null]) all.push([...owners, taker])
    }
    const sorted = all.map((owners) =>
      counts(owners, wanted.length)
        .sort((a, b) => a - b)
        .join(),
    )
    return sorted.reduce((best, one) => (one > best ? one : best), '')
  }

  it('gives each wanted slot one owner that wants it, and is as fair as the fairest of all assignments', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 5 }), bids, (slots, wanted) => {
        const owners = assignSlots(slots, wanted)
        owners.forEach((owner, slot) => {
          const takers = wanted.flatMap((set, bidder) =>
            ((set >> BigInt(slot)) & 1n) === 1n ? [bidder] : [],
          )
          if (owner === null) expect(takers).to.deep.equal([])
          else expect(takers).to.include(owner)
        })
        const own = counts(owners, wanted.length)
          .sort((a, b) => a - b)
          .join()
        expect(own).to.equal(fairest(slots, wanted))
      }),
      300,
    )
  })
})
