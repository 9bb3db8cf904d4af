import { expect } from 'chai'
import { ONE, weightedVote } from '../../../src/reducers/weighted-vote.ts'
import type { WeightedVoteState } from '../../../src/reducers/weighted-vote.ts'
import type { Input } from '../../../src/reducers/reducer.ts'
import { seedRank } from '../../../src/reducers/seed-order.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const digest = (digit: number): Digest => `0x${String(digit).repeat(64)}`
const [A, B] = [digest(1), digest(2)]
const seed = digest(7)
const params = { weightMin: 2n, weightMax: 9n }
const own = (choice: Digest, weight: bigint): WeightedVoteState => ({
  seed: NIL,
  choice: NIL,
  share: 0n,
  rows: [{ member: 0, choice, weight }],
})
const input = (member: number, choice: Digest, weight: bigint): Input<WeightedVoteState> => ({
  member,
  state: own(choice, weight),
})
const aggregate = (inputs: Input<WeightedVoteState>[]): WeightedVoteState =>
  weightedVote.aggregateStatus(inputs, params, { ...BARE_CONTEXT, seed })

describe('weighted-vote@1', () => {
  const refused: [name: string, state: WeightedVoteState][] = [
    ['a seed', { ...own(A, 5n), seed: A }],
    ['an elected choice', { ...own(A, 5n), choice: A }],
    ['a share', { ...own(A, 5n), share: 1n }],
    ['no row', { ...own(A, 5n), rows: [] }],
    ['a member', { ...own(A, 5n), rows: [{ member: 1, choice: A, weight: 5n }] }],
    ['too little weight', own(A, 1n)],
    ['too much weight', own(A, 10n)],
  ]
  for (const [name, state] of refused) {
    it(`refuses an input with ${name}`, () => expect(weightedVote.validate(state, params)).to.equal(false))
  }

  it('refuses params without positive weights, or with none between', () => {
    const decode = (weightMin: bigint, weightMax: bigint): unknown =>
      weightedVote.params.decode(weightedVote.params.encode({ weightMin, weightMax }))
    expect(decode(0n, 5n)).to.equal(null)
    expect(decode(6n, 5n)).to.equal(null)
    expect(decode(5n, 5n)).to.deep.equal({ weightMin: 5n, weightMax: 5n })
  })

  it('elects nothing of nothing', () => {
    expect(aggregate([])).to.deep.equal({ seed, choice: NIL, share: 0n, rows: [] })
  })

  it('elects the heaviest, not the most frequent, and says its part of the whole, rounded down', () => {
    const state = aggregate([input(0, A, 2n), input(1, A, 2n), input(3, B, 5n)])
    expect(state).to.deep.include({ choice: B, share: (5n * ONE) / 9n })
    expect(state.rows[2]).to.deep.equal({ member: 3, choice: B, weight: 5n })
  })

  it('gives a tie to the least keccak(seed ‖ choice)', () => {
    const { choice, share } = aggregate([input(0, A, 4n), input(1, B, 4n)])
    expect(choice).to.equal(seedRank(seed, A) < seedRank(seed, B) ? A : B)
    expect(share).to.equal(ONE / 2n)
  })

  it('merges rows of states with its seed: of two weights the smaller counts', () => {
    const [a, b] = [aggregate([input(0, A, 8n)]), aggregate([input(0, A, 3n), input(1, B, 4n)])]
    const merged = weightedVote.aggregateShare(a, [{ member: 1, state: b }], params)
    expect(merged).to.deep.equal(b)
    expect(weightedVote.aggregateShare(a, [{ member: 1, state: { ...b, seed: A } }], params)).to.deep.equal(a)
  })

  it('closes without the rows of those who left', () => {
    const current = aggregate([input(0, A, 2n), input(1, B, 9n)])
    const closed = weightedVote.aggregateClose(current, [input(0, A, 2n)], params, BARE_CONTEXT)
    expect(closed).to.deep.include({ choice: A, share: ONE })
  })
})
