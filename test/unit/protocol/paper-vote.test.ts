import { expect } from 'chai'
import fc from 'fast-check'
import { uint } from '../../../src/codec/hex.ts'
import { countVotes, electHash, equalWeight } from '../../../src/protocol/paper/vote.ts'
import type { Vote } from '../../../src/protocol/paper/vote.ts'
import {
  capacity,
  listedWeights,
  ONE,
  resourceWeights,
  trustWeights,
} from '../../../src/protocol/paper/weights.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Digest } from '../../../src/types/ids.ts'

const hash = (n: number): Digest => `0x${uint(n, 32)}`
const votesFor = (...choices: readonly number[]): Vote[] =>
  choices.map((choice, member) => ({ member, stateHash: hash(choice) }))

/** Says the same with sorting and nothing clever. */
function electSimply(choices: readonly number[], weights: readonly number[]): number {
  const sums = [0, 1, 2, 3].map((candidate) =>
    choices.reduce((sum, choice, i) => sum + (choice === candidate ? weights[i]! : 0), 0),
  )
  return [0, 1, 2, 3]
    .filter((candidate) => choices.includes(candidate))
    .sort((a, b) => sums[b]! - sums[a]! || a - b)[0]!
}

describe('votes of profile paper (eq. 5 and 7)', () => {
  it('counts how often each hash was shared', () => {
    const counts = countVotes(votesFor(5, 7, 5, 9, 5), equalWeight)
    expect([...counts]).to.deep.equal([
      [hash(5), 3n],
      [hash(7), 1n],
      [hash(9), 1n],
    ])
  })

  it('elects the most frequent hash, wherever it stands in the order', () => {
    expect(electHash(votesFor(9, 5, 9), equalWeight)).to.equal(hash(9))
  })

  it('resolves a tie to the least hash, in whatever order the votes came', () => {
    expect(electHash(votesFor(9, 5, 5, 9), equalWeight)).to.equal(hash(5))
    expect(electHash(votesFor(5, 9, 9, 5), equalWeight)).to.equal(hash(5))
    expect(electHash(votesFor(7, 9, 5), equalWeight)).to.equal(hash(5))
  })

  it('has nothing to elect without votes', () => {
    expect(electHash([], equalWeight)).to.equal(null)
  })

  it('multiplies each vote by its weight: one heavy member beats two light ones', () => {
    const weightOf = listedWeights([1n, 1n, 3n])
    expect([...countVotes(votesFor(5, 5, 9), weightOf).values()]).to.deep.equal([2n, 3n])
    expect(electHash(votesFor(5, 5, 9), weightOf)).to.equal(hash(9))
  })

  it('resolves a tie of weights to the least hash too, also of nothing but weightless votes', () => {
    expect(electHash(votesFor(9, 5, 9), listedWeights([1n, 2n, 1n]))).to.equal(hash(5))
    expect(electHash(votesFor(9, 5, 9), listedWeights([]))).to.equal(hash(5))
  })

  it('is what a sort by (count, hash) says, for any votes and weights', () => {
    const ballot = fc.array(fc.tuple(fc.nat(3), fc.nat(4)), { minLength: 1, maxLength: 31 })
    fc.assert(
      fc.property(ballot, (pairs) => {
        const choices = pairs.map(([choice]) => choice)
        const weights = pairs.map(([, weight]) => weight)
        const elected = electHash(votesFor(...choices), listedWeights(weights.map(BigInt)))
        expect(elected).to.equal(hash(electSimply(choices, weights)))
      }),
    )
  })
})

describe('trust-based weights (eq. 6)', () => {
  it('sums the rows, each normalised to 1', () => {
    const trust = [
      [0n, 1n, 1n],
      [2n, 0n, 2n],
      [0n, 5n, 0n],
    ]
    expect(trustWeights(trust)).to.deep.equal([ONE / 2n, ONE / 2n + ONE, ONE])
  })

  it('rounds down, so that nothing is made out of nothing', () => {
    const weights = trustWeights([
      [1n, 1n, 1n],
      [0n, 0n, 0n],
      [0n, 0n, 0n],
    ])
    expect(weights).to.deep.equal([ONE / 3n, ONE / 3n, ONE / 3n])
  })

  it('refuses negative trust', () => {
    expect(() => trustWeights([[-1n]])).to.throw(InvariantError)
  })

  it('an owner gains nothing by k identities, whatever they say of each other', () => {
    const owners = fc.integer({ min: 2, max: 5 })
    const setting = owners.chain((count) =>
      fc.tuple(
        fc.array(fc.array(fc.nat(9), { minLength: count, maxLength: count }), {
          minLength: count,
          maxLength: count,
        }),
        fc.integer({ min: 2, max: 6 }),
      ),
    )
    fc.assert(
      fc.property(setting, ([matrix, k]) => {
        const trust = matrix.map((row) => row.map(BigInt))
        const alone = trustWeights(trust)[0]!
        // owner 0 as k members with the same row, trusted like it by everybody
        const split = (row: readonly bigint[]): bigint[] => [
          ...Array<bigint>(k).fill(row[0]!),
          ...row.slice(1),
        ]
        const rows = [...Array<readonly bigint[]>(k).fill(trust[0]!), ...trust.slice(1)].map(split)
        const names = rows.map((_, i) => (i < k ? 'many' : `other ${i}`))
        const together = trustWeights(rows, names)
          .slice(0, k)
          .reduce((a, b) => a + b)
        expect(together <= alone).to.equal(true)
        expect(alone - together < 100n).to.equal(true)
      }),
    )
  })

  it('without owners k identities that trust each other would gain: that is why they are told', () => {
    const rows = [
      [1n, 1n, 0n],
      [1n, 1n, 0n],
      [1n, 1n, 0n],
    ]
    const [, , other] = trustWeights(rows, ['many', 'many', 'other'])
    expect(other).to.equal(0n)
    const sum = (weights: readonly bigint[]): bigint => weights.reduce((a, b) => a + b)
    expect(sum(trustWeights(rows))).to.equal(3n * ONE)
    expect(sum(trustWeights(rows, ['many', 'many', 'other']))).to.equal(2n * ONE)
  })
})

describe('resource-based weights', () => {
  const node = (bandwidth: bigint, cpu: bigint, memory: bigint) => ({ bandwidth, cpu, memory })

  it('f_res is the geometric mean, rounded down', () => {
    expect(capacity(node(8n, 27n, 64n))).to.equal(24n)
    expect(capacity(node(10n, 10n, 9n))).to.equal(9n)
  })

  it('is positive also for a node that has nothing', () => {
    expect(resourceWeights([node(0n, 5n, 5n)])).to.deep.equal([1n])
  })

  it('takes another f_res, and refuses one that is not positive', () => {
    expect(resourceWeights([node(1n, 2n, 3n)], ({ cpu }) => 10n * cpu)).to.deep.equal([20n])
    expect(() => resourceWeights([node(1n, 2n, 3n)], () => 0n)).to.throw(InvariantError)
  })

  it('⌊∛n⌋ is the largest integer whose cube is at most n', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 200n }), (n) => {
        const root = capacity(node(n, 1n, 1n))
        expect(root ** 3n <= n && (root + 1n) ** 3n > n).to.equal(true)
      }),
    )
  })
})
