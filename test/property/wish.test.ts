import { expect } from 'chai'
import fc from 'fast-check'
import { keccak } from '../../src/codec/hex.ts'
import { WISHES_MAX } from '../../src/protocol/wish.ts'
import type { Part } from '../../src/types/frames.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import { EngineCluster, signAs } from '../helpers/engine-cluster.ts'
import { doubleSigning, violations } from '../helpers/engine-cluster-checks.ts'

const TICKS = { debateTicks: 8, shareTicks: 8, confirmTicks: 12, helloTicks: 12, slotTicks: 60 }
const FACTOR = Number(process.env['RSDP_RUNS_FACTOR'] ?? 1)
const LIAR = 1

interface World {
  readonly n: number
  readonly pace: number
  readonly ticks: number
  readonly delayMax: number
  /** To whom the liar shows its wish at a height: bit i of the number at `height mod length` is member i. */
  readonly shown: readonly number[]
}

const world: fc.Arbitrary<World> = fc.record({
  n: fc.constantFrom(4, 7),
  pace: fc.integer({ min: 4, max: 12 }),
  ticks: fc.integer({ min: 100, max: 300 }),
  delayMax: fc.integer({ min: 1, max: 3 }),
  shown: fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 8 }),
})

/** Runs a cluster in which the liar wishes for every height, before anybody else has opened it. */
function runWith({ n, pace, ticks, delayMax, shown }: World): {
  readonly cluster: EngineCluster
  /** Tick of the first honest opening, by height. */
  readonly firsts: ReadonlyMap<number, number>
  /** Heights that opened sooner than any slot could have. */
  readonly early: number
} {
  const firsts = new Map<number, number>()
  let toss = 1
  const cluster = new EngineCluster({
    n,
    heights: 500,
    config: { ...TICKS, minHeightTicks: pace },
    liars: new Map([[LIAR, () => []]]),
    fate: () => [1 + (toss++ % delayMax)],
    onEffect: (tick, member, effect) => {
      if (effect.kind !== 'observe' || member === LIAR) return
      if (!firsts.has(effect.height)) firsts.set(effect.height, tick)
    },
  })
  cluster.start()
  for (let i = 0; i < ticks; i += 1) {
    for (const member of cluster.honest) wish(cluster, member, shown)
    cluster.tick()
  }
  const gaps = [...firsts].map(([height, tick]) => tick - (firsts.get(height - 1) ?? -Infinity))
  // the owner of the next slot is heard a quarter of a slot early
  return { cluster, firsts, early: gaps.filter((gap) => gap < (3 * TICKS.slotTicks) / 4).length }
}

function wish(cluster: EngineCluster, to: MemberIndex, shown: readonly number[]): void {
  const { box, chain, log } = cluster.engine(to)
  const { height } = box
  if (height < 2 || log.height === height || (((shown[height % shown.length] ?? 0) >> to) & 1) === 0) return
  const state = Uint8Array.of(LIAR, height)
  const status = {
    ...({ type: 'status', height, parent: chain.root } as const),
    stateHash: keccak(state),
    eventSeq: 0,
  }
  const parts: Part[] = [
    { kind: 'ask', height, wish: true },
    { kind: 'object', signed: signAs(cluster.cluster, LIAR, status) },
    { kind: 'body', hash: status.stateHash, bytes: state },
  ]
  cluster.input(to, { kind: 'message', from: LIAR, parts })
}

describe('wishes of a liar', () => {
  it('add at most its budget with each member that it turns to, at the pace of the task, and nothing else', () => {
    let most = 0
    fc.assert(
      fc.property(world, (drawn) => {
        const { cluster, firsts, early } = runWith(drawn)
        const budget = WISHES_MAX + Math.floor(drawn.ticks / TICKS.slotTicks)
        const towards = new Set(
          cluster.honest.filter((member) => drawn.shown.some((bits) => (bits >> member) & 1)),
        )
        expect(early, 'early heights').to.be.at.most(towards.size * budget)
        // the slower the network, the more members have opened a height before a wish reaches them: it costs those nothing
        if (drawn.shown.every((bits) => cluster.honest.every((member) => (bits >> member) & 1)))
          expect(early, 'early heights, shown to all alike').to.be.at.most(budget + drawn.delayMax)
        for (const [height, tick] of firsts) {
          if (height === 1) continue
          const gap = tick - (firsts.get(height - 1) ?? 0)
          // what comes in between two ticks of a node counts for the one before
          expect(gap, `from height ${height - 1} to ${height}`).to.be.at.least(drawn.pace - 1)
        }
        expect(violations(cluster)).to.deep.equal([])
        expect(doubleSigning(cluster)).to.deep.equal([])
        most = Math.max(most, early)
      }),
      {
        numRuns: Math.ceil(30 * FACTOR),
        examples: [
          [{ n: 4, pace: 4, ticks: 600, delayMax: 1, shown: [127] }],
          [{ n: 4, pace: 9, ticks: 100, delayMax: 3, shown: [45] }],
        ],
      },
    )
    expect(most, 'early heights of the busiest run').to.be.at.least(WISHES_MAX)
  })
})

describe('wishes of honest members', () => {
  it('of many at once open heights as fast as the task allows, and every height holds all of them', () => {
    const pace = 6
    const cluster = new EngineCluster({
      n: 4,
      heights: 60,
      config: { ...TICKS, slotTicks: 20, minHeightTicks: pace },
    })
    cluster.start()
    const wanted = 24
    for (let i = 0; i < 600 && cluster.engine(0).chain.height < wanted; i += 1) {
      for (const member of cluster.honest) cluster.input(member, { kind: 'wish' })
      cluster.tick()
    }
    const { decisions } = cluster.memory(0)
    expect(decisions.length).to.be.at.least(wanted)
    // four members, each with one wish in 20 ticks: five ticks a height are there, the pace takes six
    expect(cluster.now).to.be.at.most(wanted * (pace + 4))
    for (const { decided, round } of decisions) expect([decided.inputs.length, round]).to.deep.equal([4, 0])
    expect(violations(cluster)).to.deep.equal([])
  })
})
