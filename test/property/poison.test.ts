import { expect } from 'chai'
import fc from 'fast-check'
import { leftOutFirst } from '../../src/protocol/poison.ts'
import type { Decision } from '../helpers/engine-cluster.ts'
import { EngineCluster, reduceByHash } from '../helpers/engine-cluster.ts'
import { doubleSigning, violations } from '../helpers/engine-cluster-checks.ts'
import { holds } from '../helpers/holds.ts'

const HEIGHTS = 2

/** Two of seven members, whose inputs no list can hold. */
const pairs = fc.uniqueArray(fc.nat(6), { minLength: 2, maxLength: 2 })

/** A cluster whose reducer has a state for exactly the lists without these members. */
function poisoned(n: number, poisoners: readonly number[], dead: readonly number[] = []): EngineCluster {
  const world = new EngineCluster({
    n,
    heights: HEIGHTS,
    reduce: (inputs, own) =>
      inputs.some(({ member }) => poisoners.includes(member)) ? null : reduceByHash(inputs, own),
  })
  for (const member of dead) world.silent.add(member)
  return world.start()
}

const listed = ({ decided }: Decision): number[] => decided.inputs.map(({ member }) => member)

describe('inputs over which the reducer fails', () => {
  it('of one member: each height is decided within n rounds, without that member and with all others', () => {
    holds(
      fc.property(
        fc.integer({ min: 4, max: 10 }).chain((n) => fc.tuple(fc.constant(n), fc.nat(n - 1))),
        ([n, poisoner]) => {
          const world = poisoned(n, [poisoner])
          expect(world.run(HEIGHTS, 3_000)).to.equal(true)
          const others = world.cluster.members.map(({ index }) => index).filter((index) => index !== poisoner)
          for (const decision of world.memory(0).decisions) {
            expect(listed(decision)).to.deep.equal(others)
            expect(decision.round).to.be.within(1, n)
          }
        },
      ),
      15,
    )
  })

  it('of two in seven: every height is decided, by all of them, and nobody can be accused', () => {
    holds(
      fc.property(pairs, (poisoners) => {
        const world = poisoned(7, poisoners)
        expect(world.run(HEIGHTS, 20_000)).to.equal(true)
        for (const decision of world.memory(0).decisions)
          expect(listed(decision).filter((member) => poisoners.includes(member))).to.deep.equal([])
        expect(world.evidence).to.deep.equal([])
        expect(violations(world)).to.deep.equal([])
        expect(doubleSigning(world)).to.deep.equal([])
      }),
      8,
    )
  })

  it('of everybody: no height is decided, no list is tried twice in 2 n rounds, and nobody can be accused', () => {
    const tried = new Map<number, string[]>()
    const world: EngineCluster = new EngineCluster({
      n: 4,
      heights: 1,
      reduce: () => null,
      onEffect: (_, member, effect) => {
        if (effect.kind !== 'aggregate' || member !== 0) return
        const span = Math.floor(world.engine(0).round / 8)
        tried.set(span, [...(tried.get(span) ?? []), effect.inputs.map((input) => input.member).join()])
      },
    }).start()
    expect(world.run(1, 3_000)).to.equal(false)
    expect(tried.get(0)?.toSorted()).to.deep.equal(['0,1,2', '0,1,2,3', '0,1,3', '0,2,3', '1,2,3'])
    expect(tried.size, 'spans of 2 n rounds').to.be.above(1)
    for (const lists of tried.values()) expect(new Set(lists).size).to.equal(lists.length)
    expect(world.evidence).to.deep.equal([])
    expect(violations(world)).to.deep.equal([])
  })

  it('where a dead member leaves no list but the failing one: the height waits and goes on with that member', () => {
    const world = poisoned(4, [1], [2])
    expect(world.run(1, 500)).to.equal(false)
    world.restart(2)
    expect(world.run(HEIGHTS, 5_000)).to.equal(true)
  })
})

describe('a machine that took its own fault for the reducer’s', () => {
  it('does not stall a height for which there is one list only: it is tried again', () => {
    let calls = 0
    const world = new EngineCluster({
      n: 4,
      heights: 1,
      reduce: (inputs, own) => {
        calls += 1
        // once for each of the three that run
        return calls <= 3 ? null : reduceByHash(inputs, own)
      },
    })
    world.silent.add(3)
    world.start([0, 1, 2])
    expect(world.run(1, 3_000)).to.equal(true)
    expect(world.memory(0).decisions[0]?.round).to.be.within(8, 16)
  })
})

describe('leftOutFirst', () => {
  it('names everybody once in n rounds, never the convener first, and one more each n rounds', () => {
    const { config } = new EngineCluster({ n: 7 }).engine(0)
    const { order } = config
    for (const height of [1, 2, 70_000]) {
      const first = order.map((_, i) => leftOutFirst(config, height, 5 + i, 1 + i))
      expect(first.flat().toSorted()).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
      first.forEach((members, i) => expect(members[0]).not.to.equal(order[(height + 5 + i) % 7]))
      expect(leftOutFirst(config, height, 12, 8)).to.have.length(2)
      expect(new Set(leftOutFirst(config, height, 60, 56))).to.have.property('size', 6)
    }
  })
})
