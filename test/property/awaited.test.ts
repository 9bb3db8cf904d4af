import { expect } from 'chai'
import fc from 'fast-check'
import { Random } from '../../src/faults/random.ts'
import { PATIENCE } from '../../src/protocol/awaited.ts'
import type { Delivery, Fate, Liar } from '../helpers/engine-cluster.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'
import { violations } from '../helpers/engine-cluster-checks.ts'
import { holds } from '../helpers/holds.ts'

const SIZES = [4, 7, 13, 31] as const
const DEBATE_TICKS = 20
/**
 * Most ticks by which the line of a slow member is slow, in each direction. Who was left out is four lines behind: it
 * hears the decision, asks for the state that it did not compute, gets it, and only then sends its next STATUS.
 */
const SLOW_MAX = 4
/** As slow as a member may be that is never late: it hears of the height, and answers. */
const SLOWEST = 8

/** Height of the sender's own STATUS in a frame; null if there is none. */
function statusHeight({ from, parts }: Delivery): number | null {
  for (const part of parts) {
    if (part.kind !== 'object' || part.signed.member !== from) continue
    if (part.signed.object.type === 'status') return part.signed.object.height
  }
  return null
}

/** A line that is slow in both directions; STATUS of one height comes after `debateTimeout` on top. */
function slowLine(slow: number, by: number, late: { height: number; by: number }): Fate {
  return (delivery) => {
    const { from, to } = delivery
    if (from !== slow && to !== slow) return [1 + ((from + 2 * to) % 3)]
    return [statusHeight(delivery) === late.height && from === slow ? DEBATE_TICKS + late.by : by]
  }
}

/** Of each decided height: who is in its list. */
function listsOf(world: EngineCluster): number[][] {
  const [first = 0] = world.honest.filter((member) => !world.silent.has(member))
  return world.memory(first).decisions.map(({ decided }) => decided.inputs.map(({ member }) => member))
}

describe('a slow member', () => {
  for (const n of SIZES) {
    it(`that is late once is in the next list, and in all after it (n = ${n})`, () => {
      const heights = n === 31 ? 4 : 6
      let left = 0
      holds(
        fc.property(
          fc.nat(n - 1),
          fc.integer({ min: 1, max: SLOW_MAX }),
          fc.record({ height: fc.integer({ min: 1, max: 3 }), by: fc.integer({ min: 1, max: 4 }) }),
          (slow, by, late) => {
            const world = new EngineCluster({ n, heights, fate: slowLine(slow, by, late) }).start()
            expect(world.run(heights, 400)).to.equal(true)
            expect(violations(world)).to.deep.equal([])
            const without = listsOf(world).flatMap((list, i) => (list.includes(slow) ? [] : [i + 1]))
            if (without.length > 0) left += 1
            expect(without.filter((height) => height !== late.height)).to.deep.equal([])
          },
        ),
        n === 31 ? 5 : 30,
      )
      expect(left, 'runs in which it was left out once').to.be.above(0)
    })
  }

  for (const n of [4, 7, 13]) {
    it(`that is slower still is back within n heights, once it has tried the patience of all (n = ${n})`, () => {
      holds(
        fc.property(fc.nat(n - 1), fc.integer({ min: SLOW_MAX + 1, max: SLOWEST }), (slow, by) => {
          const late = { height: 1, by: 1 }
          const world = new EngineCluster({ n, heights: n + 3, fate: slowLine(slow, by, late) }).start()
          expect(world.run(n + 3, 40 * (n + 3))).to.equal(true)
          expect(violations(world)).to.deep.equal([])
          for (const list of listsOf(world).slice(n)) expect(list).to.include(slow)
        }),
        10,
      )
    })
  }
})

/** A world with random delays, and what can be known of it: whose STATUS of a height reached all before their time-out. */
class TimedWorld {
  readonly world: EngineCluster
  readonly #opened = new Map<string, number>()
  readonly #arrived = new Map<string, number>()

  constructor(n: number, heights: number, isLate: (member: number, height: number) => boolean, dice: Random) {
    const fate: Fate = (delivery, now) => {
      const height = statusHeight(delivery)
      const late = height !== null && isLate(delivery.from, height) ? DEBATE_TICKS : 0
      const delay = late + dice.int(1, 3)
      const key = `${delivery.from}/${height}/${delivery.to}`
      if (height !== null && !this.#arrived.has(key)) this.#arrived.set(key, now + delay)
      return [delay]
    }
    this.world = new EngineCluster({
      n,
      heights,
      fate,
      onEffect: (tick, member, effect) => {
        if (effect.kind === 'record' && effect.object.type === 'status')
          this.#opened.set(`${member}/${effect.object.height}`, tick)
      },
    })
  }

  isInTime(member: number, height: number): boolean {
    return this.world.honest.every((to) => {
      if (to === member) return true
      const arrived = this.#arrived.get(`${member}/${height}/${to}`) ?? Infinity
      return arrived < (this.#opened.get(`${to}/${height}`) ?? Infinity) + DEBATE_TICKS - 1
    })
  }
}

describe('members that are late at random', () => {
  it('are in the next list, if their next STATUS is in time', () => {
    let left = 0
    const lates = fc.array(fc.record({ member: fc.nat(12), height: fc.integer({ min: 1, max: 5 }) }), {
      maxLength: 8,
    })
    holds(
      fc.property(fc.constantFrom(4, 7, 13), lates, fc.nat(), (n, late, seed) => {
        const isLate = (member: number, height: number): boolean =>
          late.some((one) => one.member % n === member && one.height === height)
        const timed = new TimedWorld(n, 6, isLate, new Random(seed))
        const { world } = timed
        expect(world.start().run(6, 1_500)).to.equal(true)
        expect(violations(world)).to.deep.equal([])
        const lists = listsOf(world)
        world.memory(0).decisions.forEach(({ round }, i) => {
          const before = lists[i - 1]
          if (before === undefined || round !== 0) return
          for (const member of world.honest) {
            if (before.includes(member) || !timed.isInTime(member, i + 1)) continue
            left += 1
            expect(lists[i], `${member} at ${i + 1}`).to.include(member)
          }
        })
      }),
      60,
    )
    expect(left, 'members that were left out and not late again').to.be.above(0)
  })
})

/** Sends everything but its STATUS, when `harms` says so. */
function withholding(harms: (world: EngineCluster, delivery: Delivery) => boolean): Liar {
  return (delivery, world) => {
    if (statusHeight(delivery) === null || !harms(world, delivery)) return [delivery]
    return [{ ...delivery, parts: delivery.parts.filter((part) => part.kind === 'ask') }]
  }
}

const STRATEGIES = {
  'at every height': withholding(() => true),
  // in the list at every second height, so that it is waited for at the others: two of them by turns
  'by turns': withholding((world, { from }) => world.engine(from).chain.height % 2 === from % 2),
  'whenever it is in the last list': withholding(
    (world, { from }) => ((world.engine(from).chain.inputs >> BigInt(from)) & 1n) === 1n,
  ),
} as const

/** Heights in which DEBATE of round 0 ran to its time-out at a member. */
function timeouts(
  n: number,
  heights: number,
  liars: ReadonlyMap<number, Liar>,
): { world: EngineCluster; count: number } {
  const opened = new Map<number, number>()
  let count = 0
  const world = new EngineCluster({
    n,
    heights,
    epochHeights: heights,
    liars,
    onEffect: (tick, member, effect) => {
      if (member !== 0 || effect.kind !== 'record') return
      const { object } = effect
      if (object.type === 'status') opened.set(object.height, tick)
      if (object.type !== 'share' || object.round !== 0) return
      if (tick - (opened.get(object.height) ?? tick) >= DEBATE_TICKS - 1) count += 1
    },
  }).start()
  expect(world.run(heights, 60 * heights)).to.equal(true)
  return { world, count }
}

describe('liars that vote and withhold their STATUS', () => {
  for (const [name, liar] of Object.entries(STRATEGIES)) {
    for (const [n, heights] of [
      [4, 40],
      [7, 60],
      [13, 52],
    ] as const) {
      it(`cost ${PATIENCE} time-outs each, and one in n heights: ${name} (n = ${n})`, () => {
        const members = Array.from({ length: Math.ceil(n / 3) - 1 }, (_, i) => n - 1 - i)
        const { world, count } = timeouts(n, heights, new Map(members.map((member) => [member, liar])))
        expect(violations(world)).to.deep.equal([])
        expect(count).to.be.at.least(PATIENCE)
        expect(count).to.be.at.most(members.length * (PATIENCE + Math.floor(heights / n)))
      })
    }
  }

  it('cost no honest member its place', () => {
    const n = 7
    const liars = new Map([5, 6].map((member) => [member, STRATEGIES['by turns']]))
    const { world } = timeouts(n, 30, liars)
    for (const list of listsOf(world)) expect(list).to.include.members([0, 1, 2, 3, 4])
  })

  it('a dead member costs one time-out', () => {
    for (const n of SIZES) {
      const world = new EngineCluster({ n, heights: 4 })
      world.silent.add(n - 1)
      world.start()
      expect(world.run(1, 100)).to.equal(true)
      const since = world.now
      expect(world.run(4, 400)).to.equal(true)
      // three heights of at most a slot and a half each: none of them waits for debateTimeout
      expect(world.now - since).to.be.below(3 * (DEBATE_TICKS + DEBATE_TICKS / 2))
    }
  })
})
