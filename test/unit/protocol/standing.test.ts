import { expect } from 'chai'
import fc from 'fast-check'
import type { Memory } from '../../../src/protocol/standing.ts'
import { fenceOf, maySign, SIGN_NOTHING } from '../../../src/protocol/standing.ts'
import type { Cluster } from '../../../src/types/cluster.ts'
import { NIL } from '../../../src/types/ids.ts'

function clusterOf(weights: readonly number[]): Cluster {
  const members = weights.map((weight, index) => ({ index, weight, key: '0x', operator: '0x' }) as const)
  return { id: NIL, seed: NIL, members, totalWeight: weights.reduce((a, b) => a + b, 0) }
}

const LOST: Memory = { kind: 'lost' }
const weightOf = (weights: readonly number[], members: Iterable<number>): number =>
  [...new Set(members)].reduce((sum, member) => sum + weights[member]!, 0)

/**
 * A task that was running when member 0 lost its store: who had opened how much, who lies, who has answered what, and how
 * far member 0 has caught up since.
 */
const history = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 10 }).chain((weights) =>
  fc.record({
    weights: fc.constant(weights),
    /** Height that each had opened at the loss. */
    opened: fc.array(fc.integer({ min: 1, max: 9 }), {
      minLength: weights.length,
      maxLength: weights.length,
    }),
    /** How far each has come since. */
    since: fc.array(fc.nat(4), { minLength: weights.length, maxLength: weights.length }),
    liars: fc.uniqueArray(fc.nat(weights.length - 1)),
    claims: fc.array(fc.integer({ min: 0, max: 99 }), {
      minLength: weights.length,
      maxLength: weights.length,
    }),
    answered: fc.uniqueArray(fc.nat(weights.length - 1)),
    decided: fc.nat(14),
  }),
)

describe('what a node may sign', () => {
  it('nothing before anybody has answered, whatever it remembers', () => {
    for (const memory of [LOST, { kind: 'whole' }, { kind: 'marked', mark: 3 }] as const)
      expect(fenceOf(clusterOf([1, 1, 1, 1]), 0, memory, new Map(), 5)).to.equal(SIGN_NOTHING)
  })

  it('with a whole store everything, once members of more than a third have answered; its own answer is none', () => {
    const cluster = clusterOf([1, 1, 1, 1, 1, 1])
    const answers = (...members: number[]) => new Map(members.map((member) => [member, 1]))
    expect(fenceOf(cluster, 0, { kind: 'whole' }, answers(0, 1, 2), 5)).to.equal(SIGN_NOTHING)
    expect(fenceOf(cluster, 0, { kind: 'whole' }, answers(1, 2, 3), 5)).to.equal(0)
    expect(fenceOf(cluster, 0, { kind: 'marked', mark: 9 }, answers(1, 2, 3), 5)).to.equal(9)
  })

  it('after a loss nothing while those who have caught up with are no more than two thirds', () => {
    const cluster = clusterOf([1, 1, 1, 1])
    const at = (...heights: number[]) => new Map(heights.map((height, i) => [i + 1, height]))
    expect(fenceOf(cluster, 0, LOST, at(6, 6), 5)).to.equal(SIGN_NOTHING)
    expect(fenceOf(cluster, 0, LOST, at(6, 6, 7), 5)).to.equal(SIGN_NOTHING)
    expect(fenceOf(cluster, 0, LOST, at(6, 2, 6), 5)).to.equal(7)
  })

  it('after a loss nothing that it can have signed before, whatever liars below a third say', () => {
    let bounded = 0
    const property = fc.property(history, ({ weights, opened, since, liars, claims, answered, decided }) => {
      const total = weightOf(weights, weights.keys())
      const below = liars.filter((member) => member !== 0)
      fc.pre(3 * weightOf(weights, below) < total)
      // the highest height that this node can have signed at: the one below is decided, so more than two thirds had opened it
      const members = [...weights.keys()]
      const hadOpened = (height: number): number =>
        weightOf(
          weights,
          members.filter((member) => below.includes(member) || opened[member]! >= height),
        )
      const signedUpTo = Math.max(
        ...[...Array(12).keys()].filter((x) => x <= 1 || 3 * hadOpened(x - 1) > 2 * total),
      )
      fc.pre(opened[0]! <= signedUpTo)
      const answers = new Map(
        answered.map((member) => [
          member,
          below.includes(member) ? claims[member]! : opened[member]! + since[member]!,
        ]),
      )
      const fence = fenceOf(clusterOf(weights), 0, LOST, answers, decided)
      if (fence !== SIGN_NOTHING) bounded += 1
      return fence >= signedUpTo
    })
    fc.assert(property, { numRuns: 5_000 })
    expect(bounded).to.be.greaterThan(50)
  })

  it('what it may sign lies above the fence; a CLOSE has one form, and passes any but the highest', () => {
    const confirm = (height: number) => ({ type: 'confirm', height, round: 0, value: NIL }) as const
    expect(maySign(4, confirm(4))).to.equal(false)
    expect(maySign(4, confirm(5))).to.equal(true)
    expect(maySign(4, { type: 'close' })).to.equal(true)
    expect(maySign(SIGN_NOTHING, { type: 'close' })).to.equal(false)
  })
})
