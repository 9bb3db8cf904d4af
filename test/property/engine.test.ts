import { expect } from 'chai'
import fc from 'fast-check'
import { step } from '../../src/protocol/engine.ts'
import type { EngineInput } from '../../src/protocol/io.ts'
import { isQuorum, weightOf } from '../../src/protocol/quorum.ts'
import type { EngineState } from '../../src/protocol/state.ts'
import type { Fate } from '../helpers/engine-cluster.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'
import { doubleSigning, violations } from '../helpers/engine-cluster-checks.ts'
import type { LiarName } from '../helpers/engine-cluster-liars.ts'
import { LIARS } from '../helpers/engine-cluster-liars.ts'

const TICKS = { debateTicks: 8, shareTicks: 8, confirmTicks: 12, helloTicks: 12, slotTicks: 10 }
/** Ticks of disorder; afterwards every frame arrives within two ticks. */
const DISORDER_TICKS = 150
/** From then on: rounds have grown by then, and every member convenes within n of them. */
const LIVE_TICKS = 1_500

/** More runs than a commit needs: RSDP_RUNS_FACTOR=50. A failure prints fast-check's seed and path. */
const FACTOR = Number(process.env['RSDP_RUNS_FACTOR'] ?? 1)
const runs = (count: number): { numRuns: number } => ({ numRuns: Math.ceil(count * FACTOR) })

/** A deterministic source of numbers in [0, 1) from a seed (mulberry32). */
function dice(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Weather {
  readonly seed: number
  readonly loss: number
  readonly duplication: number
  readonly delayMax: number
}

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.nat(),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delayMax: fc.integer({ min: 1, max: 9 }),
})

/** Loses, doubles, delays and reorders until the disorder ends. */
function disorder({ seed, loss, duplication, delayMax }: Weather): Fate {
  const roll = dice(seed)
  const delay = (max: number): number => 1 + Math.floor(roll() * max)
  return (_, now) => {
    if (now >= DISORDER_TICKS) return [delay(2)]
    if (roll() < loss) return []
    return roll() < duplication ? [delay(delayMax), delay(delayMax)] : [delay(delayMax)]
  }
}

/** Cluster shapes; the members of `faulty` weigh less than a third, in every combination that is listed. */
const shapes = fc.constantFrom(
  { n: 4, weights: [1, 1, 1, 1], faulty: [2] },
  { n: 4, weights: [3, 4, 2, 4], faulty: [1] },
  { n: 7, weights: [1, 1, 1, 1, 1, 1, 1], faulty: [1, 4] },
  { n: 7, weights: [5, 1, 4, 2, 3, 3, 4], faulty: [0, 3] },
)

function settle(world: EngineCluster, heights: number): void {
  const lively = world.run(heights, DISORDER_TICKS + LIVE_TICKS)
  expect(violations(world)).to.deep.equal([])
  expect(lively, `height ${heights} decided by tick ${world.now}`).to.equal(true)
}

describe('engine under disorder', () => {
  it('agrees, convicts nobody, logs legally, and decides once messages flow', () => {
    fc.assert(
      fc.property(shapes, weather, fc.boolean(), ({ n, weights, faulty }, sky, silent) => {
        const world = new EngineCluster({
          n,
          weights,
          heights: 3,
          epochHeights: 2,
          config: TICKS,
          fate: disorder(sky),
        })
        if (silent) for (const member of faulty) world.silent.add(member)
        settle(world.start(), 3)
        expect(doubleSigning(world)).to.deep.equal([])
      }),
      runs(80),
    )
  })

  it('goes on without a member that leaves: in no later list, its weight still counts, and it hears the end', () => {
    let departures = 0
    fc.assert(
      fc.property(shapes, weather, fc.nat(20), ({ n, weights, faulty: [leaver = 0] }, sky, at) => {
        const options = { n, weights, heights: 4, epochHeights: 2, config: TICKS, fate: disorder(sky) }
        const world = new EngineCluster(options).start()
        for (let i = 0; i < at; i += 1) world.tick()
        world.input(leaver, { kind: 'close' })
        settle(world, 4)
        const [first = 0] = world.honest.filter((member) => member !== leaver)
        const lists = world.memory(first).decisions.map(({ decided }) => decided.inputs)
        const last = lists.findIndex((list) => list.some(({ object }) => object.type === 'close'))
        if (last >= 0) departures += 1
        for (const list of last < 0 ? [] : lists.slice(last + 1))
          expect(list.map(({ member }) => member)).not.to.include(leaver)
        for (const list of lists) {
          const weight = weightOf(
            world.cluster,
            list.map(({ member }) => member),
          )
          expect(isQuorum(world.cluster, weight)).to.equal(true)
        }
        expect(doubleSigning(world)).to.deep.equal([])
      }),
      runs(25),
    )
    expect(departures, 'runs in which the member has left').to.be.above(0)
  })

  it('survives members that die between record and send, and come back', () => {
    fc.assert(
      fc.property(
        shapes,
        weather,
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        ({ n, weights }, sky, risk) => {
          const roll = dice(sky.seed + 1)
          const world = new EngineCluster({
            n,
            weights,
            heights: 3,
            epochHeights: 2,
            config: TICKS,
            fate: disorder(sky),
            dies: (_member, _object, now) => now > 0 && now < DISORDER_TICKS && roll() < risk,
          }).start()
          for (let i = 0; i < DISORDER_TICKS; i += 1) {
            world.tick()
            for (const member of [...world.silent]) if (roll() < 0.1) world.restart(member)
          }
          for (const member of [...world.silent]) world.restart(member)
          settle(world, 3)
        },
      ),
      runs(40),
    )
  })

  for (const name of Object.keys(LIARS) as LiarName[]) {
    it(`holds against liars below a third: ${name}`, () => {
      fc.assert(
        fc.property(shapes, weather, ({ n, weights, faulty }, sky) => {
          const liars = new Map(faulty.map((member) => [member, LIARS[name]]))
          const config = {
            n,
            weights,
            heights: 2,
            epochHeights: 2,
            config: TICKS,
            fate: disorder(sky),
            liars,
          }
          const world = new EngineCluster(config).start()
          settle(world, 2)
          expect(doubleSigning(world)).to.deep.equal([])
        }),
        runs(15),
      )
    })
  }
})

describe('an undisturbed height', () => {
  it('has the same values whatever the order and number of messages', () => {
    const values = (world: EngineCluster): string[] => world.memory(0).decisions.map(({ value }) => value)
    const calm = new EngineCluster({ n: 4, heights: 3 }).start()
    expect(calm.run(3, 400)).to.equal(true)
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const roll = dice(seed)
        const fate: Fate = () =>
          Array.from({ length: 1 + Math.floor(roll() * 3) }, () => 1 + Math.floor(roll() * 4))
        const world = new EngineCluster({ n: 4, heights: 3, fate }).start()
        expect(world.run(3, 800)).to.equal(true)
        expect(values(world)).to.deep.equal(values(calm))
        const heads = world.engines.map((engine) => engine.log.head)
        expect(new Set(heads)).to.deep.equal(new Set([calm.engine(0).log.head]))
      }),
      runs(40),
    )
  })
})

describe('step', () => {
  /** Inputs as the harness gives them to one member in a stormy run with a liar. */
  function inputsOf(sky: Weather): { first: EngineState; inputs: EngineInput[] } {
    const inputs: EngineInput[] = []
    const world = new (class extends EngineCluster {
      override input(member: number, input: EngineInput): void {
        if (member === 0) inputs.push(input)
        super.input(member, input)
      }
    })({ n: 4, heights: 3, config: TICKS, fate: disorder(sky), liars: new Map([[2, LIARS.twoFacedShare]]) })
    const first = world.engine(0)
    world.start()
    for (let i = 0; i < 120; i += 1) world.tick()
    return { first, inputs }
  }

  it('is pure: a frozen state stays what it was, and the same input gives the same result', () => {
    fc.assert(
      fc.property(weather, (sky) => {
        const { first, inputs } = inputsOf(sky)
        let state = first
        for (const input of inputs) {
          const before = print(state)
          const once = step(deepFreeze(state), deepFreeze(input))
          const twice = step(state, input)
          expect(print(state)).to.equal(before)
          expect(print(twice)).to.equal(print(once))
          state = once.state
        }
        expect(state.chain.height).to.be.at.least(0)
      }),
      runs(4),
    )
  })
})

/** Everything in a state or result as text: maps and sets included, the fixed configuration left out. */
function print(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (key === 'config') return undefined
    if (part instanceof Map) return { map: [...part] }
    if (part instanceof Set) return { set: [...part] }
    return typeof part === 'bigint' ? `${part}n` : part
  })
}

/** Freezes objects and arrays all the way down, and makes maps and sets refuse writing. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  if (value instanceof Map || value instanceof Set) {
    const refuse = (): never => {
      throw new Error('the input state was written to')
    }
    Object.assign(value, { set: refuse, add: refuse, delete: refuse, clear: refuse })
    for (const item of value instanceof Map ? value.values() : value) deepFreeze(item)
  } else {
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return Object.freeze(value)
}
