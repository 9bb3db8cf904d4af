import { expect } from 'chai'
import fc from 'fast-check'
import { maxMinSplit } from '../../src/reducers/max-min.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import type { RateLimitState } from '../../src/reducers/rate-limit-codec.ts'
import type { Input } from '../../src/reducers/reducer.ts'
import { runReducer } from '../../src/reducers/run.ts'
import { toHex } from '../../src/codec/hex.ts'
import { BARE_CONTEXT } from '../helpers/context.ts'

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const small = fc.bigInt({ min: 0n, max: 40n })
const members = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 31 })
const claims = members.chain((ids) => fc.tuple(...ids.map((member) => fc.tuple(fc.constant(member), u64))))
const state: fc.Arbitrary<RateLimitState> = fc
  .tuple(u64, members, fc.array(fc.tuple(u64, u64), { minLength: 31, maxLength: 31 }))
  .map(([budget, ids, amounts]) => ({
    budget,
    rows: ids
      .toSorted((a, b) => a - b)
      .map((member, i) => ({ member, demand: amounts[i]![0], share: amounts[i]![1] })),
  }))

/** Dumb twin: pours one unit at a time, round after round, to each who still wants one. */
function pour(budget: bigint, demands: readonly bigint[]): bigint[] {
  const shares = demands.map(() => 0n)
  let left = budget
  while (left > 0n && shares.some((share, i) => share < demands[i]!)) {
    shares.forEach((share, i) => {
      if (left === 0n || share === demands[i]) return
      shares[i] = share + 1n
      left -= 1n
    })
  }
  return shares
}

const input = ([member, demand]: readonly [number, bigint]): Input<RateLimitState> => ({
  member,
  state: { budget: 0n, rows: [{ member: 0, demand, share: 0n }] },
})

describe('rate-limit properties', () => {
  it('share ≤ demand and Σ share = min(budget, Σ demand), up to u64', () => {
    fc.assert(
      fc.property(u64, fc.array(u64, { maxLength: 31 }), (budget, demands) => {
        const shares = maxMinSplit(budget, demands)
        expect(shares).to.have.length(demands.length)
        shares.forEach((share, i) => expect(share >= 0n && share <= demands[i]!).to.equal(true))
        expect(sum(shares)).to.equal(min(budget, sum(demands)))
      }),
      { numRuns: 1000 },
    )
  })

  it('equals pouring unit by unit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 400n }),
        fc.array(small, { maxLength: 12 }),
        (budget, demands) => {
          expect(maxMinSplit(budget, demands)).to.deep.equal(pour(budget, demands))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('is max-min fair: who is not satisfied has at most one unit less than anybody', () => {
    fc.assert(
      fc.property(u64, fc.array(u64, { maxLength: 31 }), (budget, demands) => {
        const shares = maxMinSplit(budget, demands)
        shares.forEach((share, i) => {
          if (share === demands[i]) return
          shares.forEach((other) => expect(other <= share + 1n).to.equal(true))
        })
      }),
      { numRuns: 300 },
    )
  })

  it('does not depend on the order of inputs; runReducer takes the ascending one only', () => {
    const ordered = claims.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    const params = { budget: 1000n, demandMax: 2n ** 64n - 1n }
    fc.assert(
      fc.property(ordered, ([list, shuffled]) => {
        const aggregate = (from: typeof list): RateLimitState =>
          rateLimit.aggregateStatus(from.map(input), params, BARE_CONTEXT)
        expect(aggregate(shuffled)).to.deep.equal(aggregate(list))
        const inputs = shuffled
          .map(input)
          .map(({ member, state }) => ({ member, state: rateLimit.state.encode(state) }))
        const paramsHex = toHex(rateLimit.params.encode(params))
        const result = runReducer({ reducer: rateLimit.id, params: paramsHex, context: BARE_CONTEXT, inputs })
        const isAscending = shuffled.every(([member], i) => i === 0 || shuffled[i - 1]![0] < member)
        expect(result.ok ? 'ok' : result.code).to.equal(isAscending ? 'ok' : 'badInput')
      }),
    )
  })

  it('merges shares to the same state whatever is received first, or twice', () => {
    fc.assert(
      fc.property(fc.array(state, { minLength: 2, maxLength: 4 }), (states) => {
        const params = { budget: 0n, demandMax: 0n }
        const merge = (list: readonly RateLimitState[]): RateLimitState =>
          rateLimit.aggregateShare(
            list[0]!,
            list.slice(1).map((one, member) => ({ member, state: one })),
            params,
          )
        const merged = merge(states)
        expect(merge(states.toReversed())).to.deep.equal(merged)
        expect(merge([merged, ...states])).to.deep.equal(merged)
        expect(rateLimit.state.decode(rateLimit.state.encode(merged))).to.deep.equal(merged)
      }),
    )
  })

  it('decodes what it encodes, and nothing of any other length', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: -60, max: 60 }), (value, change) => {
        const bytes = rateLimit.state.encode(value)
        expect(rateLimit.state.decode(bytes)).to.deep.equal(value)
        const length = bytes.length + change
        if (change === 0 || length < 0) return
        const mutated = new Uint8Array(length)
        mutated.set(bytes.subarray(0, length))
        expect(rateLimit.state.decode(mutated)).to.equal(null)
      }),
      { numRuns: 500 },
    )
  })

  it('has one encoding for each state: whatever decodes encodes to the same bytes', () => {
    const mutated = fc.tuple(state, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([value, at, flip]) => {
      const bytes = rateLimit.state.encode(value)
      const i = at % bytes.length
      bytes[i] = bytes[i]! ^ flip
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const value = rateLimit.state.decode(bytes)
        if (value !== null) expect(rateLimit.state.encode(value)).to.deep.equal(bytes)
      }),
      { numRuns: 1000 },
    )
  })
})
