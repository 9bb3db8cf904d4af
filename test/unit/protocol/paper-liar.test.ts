import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import type { Profile } from '../../../src/protocol/paper/profile.ts'
import type { Part } from '../../../src/types/frames.ts'
import { violations } from '../../helpers/engine-cluster-checks.ts'
import type { Liar } from '../../helpers/engine-cluster.ts'
import { aggregateOf, EngineCluster, signAs } from '../../helpers/engine-cluster.ts'

/** Another STATUS for every peer, and back to each the hash that it arrived at itself. */
const echo: Liar = (delivery, world) => {
  const { from, to } = delivery
  const state = Uint8Array.of(200, to)
  const lie: Part[] = delivery.parts.flatMap((part): Part[] => {
    if (part.kind === 'body') return []
    if (part.kind !== 'object') return [part]
    const { object } = part.signed
    if (object.type === 'status') {
      const signed = signAs(world.cluster, from, { ...object, stateHash: keccak(state) })
      return [
        { kind: 'object', signed },
        { kind: 'body', hash: keccak(state), bytes: state },
      ]
    }
    if (object.type !== 'share') return [part]
    // the liar knows what it told this peer, and what all others told everybody
    const inputs = world.cluster.members.map(({ index }) => ({
      member: index,
      state: index === from ? state : Uint8Array.of(index, object.height),
    }))
    const stateHash = keccak(aggregateOf(inputs))
    return [{ kind: 'object', signed: signAs(world.cluster, from, { ...object, stateHash }) }]
  })
  return [{ ...delivery, parts: lie }]
}

/** Share of heights at which honest members finalise different states, with one liar among n. */
function splitHeights(n: number, heights: number, profile: Profile): number {
  const world = new EngineCluster({
    n,
    heights,
    config: { profile },
    liars: new Map([[n - 1, echo]]),
  }).start()
  expect(world.run(heights, 200 * heights)).to.equal(true)
  const finals = world.honest.map((member) =>
    profile.kind === 'paper'
      ? world.memory(member).settled.map(({ stateHash }) => stateHash)
      : world.memory(member).decisions.map(({ value }) => value),
  )
  if (profile.kind === 'bft') expect(violations(world)).to.deep.equal([])
  const split = finals[0]!.filter((_, i) => new Set(finals.map((list) => list[i])).size > 1)
  return split.length / heights
}

describe('one liar among n', () => {
  for (const n of [4, 7]) {
    it(`makes n = ${n} members of profile paper finalise different states at every height`, () => {
      expect(splitHeights(n, 30, { kind: 'paper', selection: 'popular' })).to.equal(1)
    })

    it(`cannot do so to n = ${n} members of profile bft`, () => {
      expect(splitHeights(n, 10, { kind: 'bft' })).to.equal(0)
    })
  }
})
