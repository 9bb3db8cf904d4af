import { expect } from 'chai'
import fc from 'fast-check'
import { createEngine } from '../../src/protocol/create.ts'
import { step, stepInPlace } from '../../src/protocol/engine.ts'
import type { EngineInput } from '../../src/protocol/io.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import type { Fate } from '../helpers/engine-cluster.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'
import type { LiarName } from '../helpers/engine-cluster-liars.ts'
import { LIARS } from '../helpers/engine-cluster-liars.ts'
import { holds } from '../helpers/holds.ts'

const TICKS = { debateTicks: 8, shareTicks: 8, confirmTicks: 12, helloTicks: 12, slotTicks: 10 }
const OBSERVED: MemberIndex = 0

/** A cluster that writes down what one of its engines is told. */
class Recorded extends EngineCluster {
  readonly inputs: EngineInput[] = []

  override input(member: MemberIndex, input: EngineInput): void {
    if (member === OBSERVED) this.inputs.push(input)
    super.input(member, input)
  }
}

/** Loses and delays by a sum over what was sent so far. */
function rough(seed: number, lossPercent: number): Fate {
  let sum = seed
  return () => {
    sum = (Math.imul(sum, 1_103_515_245) + 12_345) >>> 8
    return sum % 100 < lossPercent ? [] : [1 + (sum % 6)]
  }
}

describe('a step in place', () => {
  it('does what the pure step does, input by input, and leaves the same state', () => {
    const names = Object.keys(LIARS) as LiarName[]
    let decided = 0
    holds(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 30 }),
        fc.constantFrom(...names),
        (seed, loss, name) => {
          const liars = new Map([[2, LIARS[name]]])
          const world = new Recorded({ n: 4, heights: 3, liars, fate: rough(seed, loss), config: TICKS })
          world.start().run(3, 300)
          let pure = createEngine(world.engine(OBSERVED).config)
          const written = createEngine(world.engine(OBSERVED).config)
          for (const input of world.inputs) {
            const { state, effects } = step(pure, input)
            expect(stepInPlace(written, input)).to.deep.equal(effects)
            pure = state
          }
          expect(written).to.deep.equal(pure)
          decided += pure.chain.height
        },
      ),
      25,
    )
    expect(decided).to.be.above(25)
  })
})
