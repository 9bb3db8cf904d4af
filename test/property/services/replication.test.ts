import { expect } from 'chai'
import fc from 'fast-check'
import { seatsIn, VERDICTS } from '../../../src/services/health/codec.ts'
import { NO_SEAT, PHASES } from '../../../src/services/placement/codec.ts'
import type { Phase } from '../../../src/services/placement/codec.ts'
import { replicationState, STAGES, STANDINGS } from '../../../src/services/replication/codec.ts'
import type { GroupRow, ReplicaReport } from '../../../src/services/replication/codec.ts'
import { holdersOf } from '../../../src/services/replication/rendezvous.ts'
import { encodeTerms, MODES } from '../../../src/services/replication/terms.ts'
import { runHeight, clusters } from '../../helpers/services-cluster.ts'
import { holds } from '../../helpers/holds.ts'
import { observed, POLICY } from '../../helpers/services-inputs.ts'
import { GroupWorld, storesOn } from '../../helpers/services-replication.ts'
import { CONSISTENCIES } from '../../../src/types/store-request.ts'

const SEATS = 5

const reports = fc.record({
  isListed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.boolean()),
  /** What an able copy says, or anything. */
  isTrue: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()),
  token: fc.nat(40),
  index: fc.nat(40),
  standing: fc.constantFrom(...STANDINGS),
})

const stories = fc.array(
  fc.record({
    passed: fc.constantFrom(0, 1000, 1000, 4000, 4000),
    verdicts: fc.array(
      fc.oneof({ weight: 4, arbitrary: fc.constant('up' as const) }, fc.constantFrom(...VERDICTS)),
      { minLength: SEATS, maxLength: SEATS },
    ),
    phases: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant<Phase>('running') },
        fc.constantFrom(...PHASES),
        fc.constant(null),
      ),
      { minLength: SEATS, maxLength: SEATS },
    ),
    reports: fc.array(reports, { minLength: SEATS, maxLength: SEATS }),
    isCut: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
    preferred: fc.nat(SEATS - 1),
  }),
  { minLength: 5, maxLength: 30 },
)

interface Change {
  readonly before: GroupRow
  readonly after: GroupRow
  readonly atMs: number
  readonly said: ReadonlyMap<number, Omit<ReplicaReport, 'service'>>
  readonly isBlamed: boolean
  readonly isCut: boolean
}

/** Plays a story and hands out what each height changed. */
function play(
  story: readonly (typeof stories extends fc.Arbitrary<infer S> ? S : never)[number][],
): Change[] {
  const world = new GroupWorld(SEATS)
  return story.map(({ passed, verdicts, phases, reports: told, isCut, preferred }) => {
    const before = world.state.groups[0]
    const said = new Map(
      told.flatMap(({ isListed, isTrue, token, index, standing }, seat) => {
        if (!isListed) return []
        const word = world.word(seat)
        const any = { token: BigInt(token), epoch: BigInt(token), index, committed: index, standing }
        return [[seat, isTrue ? word : any] as const]
      }),
    )
    const copies = new Map(phases.flatMap((phase, seat) => (phase === null ? [] : [[seat, phase] as const])))
    const placement = storesOn(copies, [{ copiesMin: 2, primary: preferred }])
    const spoken = new Map([...said].filter(([seat]) => copies.has(seat) && copies.get(seat) !== 'failed'))
    const down = verdicts.map((verdict) => verdict === 'crash' || verdict === 'byzantine')
    const primary = before?.primary ?? NO_SEAT
    const isBlamed = down[primary] === true || !copies.has(primary) || copies.get(primary) === 'failed'
    world.step({ passed, verdicts: new Map(verdicts.entries()), reports: said, placement, isCut })
    const bytes = replicationState.encode(world.state)
    expect(replicationState.decode(bytes)).deep.equal(world.state)
    const after = world.row
    return {
      before: before ?? { ...after, members: 0n, token: 0n },
      after,
      atMs: world.agreedMs,
      said: spoken,
      isBlamed,
      isCut,
    }
  })
}

describe('replication', () => {
  it('P31: never two leases at once: another is granted after the end, or when the primary gave it back', () => {
    let granted = 0
    holds(
      fc.property(stories, (story) => {
        for (const { before, after, atMs, said } of play(story)) {
          expect(after.token >= before.token).equal(true)
          if (before.members === 0n || after.primary === before.primary) continue
          granted += 1
          expect(after.token > before.token).equal(true)
          const word = said.get(before.primary)
          const isGivenBack = word?.standing === 'released' && word.token === before.token
          if (!isGivenBack) expect(atMs).least(before.leaseEndMs + 500)
        }
      }),
    )
    expect(granted).above(30)
  })

  it('a primary goes by a verdict, by its copy, or by its own word, and the next is a member in sync', () => {
    holds(
      fc.property(stories, (story) => {
        for (const { before, after, said, isBlamed } of play(story)) {
          if (before.members === 0n || after.primary === before.primary) continue
          expect(isBlamed || said.get(before.primary)?.standing === 'released').equal(true)
          expect(seatsIn(before.members, SEATS)).include(after.primary)
          const word = said.get(after.primary)
          expect(word).not.equal(undefined)
          const { epoch, index } = word as ReplicaReport
          expect(epoch > before.epoch || (epoch === before.epoch && index >= before.committed)).equal(true)
        }
      }),
    )
  })

  it('members change by one, with a token, and only when the primary served under the last one', () => {
    let changed = 0
    holds(
      fc.property(stories, (story) => {
        for (const { before, after, said } of play(story)) {
          if (before.members === 0n || after.members === before.members) continue
          changed += 1
          expect(seatsIn(before.members ^ after.members, SEATS).length).equal(1)
          expect(after.token > before.token).equal(true)
          expect(said.get(before.primary)).include({ token: before.token, standing: 'serving' })
        }
      }),
    )
    expect(changed).above(50)
  })

  it('while nobody has a quorum of reach, nothing but what copies say changes', () => {
    holds(
      fc.property(stories, (story) => {
        for (const { before, after, isCut } of play(story))
          if (isCut && before.members !== 0n) expect({ ...after, inSync: before.inSync }).deep.equal(before)
      }),
    )
  })

  it('stages go through all steps in order, or back to steady, or begin again', () => {
    holds(
      fc.property(stories, (story) => {
        for (const { before, after } of play(story)) {
          const [from, to] = [STAGES.indexOf(before.stage), STAGES.indexOf(after.stage)]
          expect(to >= from || after.stage === 'steady' || after.stage === 'classify').equal(true)
        }
      }),
    )
  })

  it('P23: all members have one registry at a height: the order of inputs does not matter', () => {
    const report = (seat: number): ReplicaReport => ({
      ...{ service: 1, token: 0n, epoch: 0n, index: seat, committed: 0, standing: 'following' },
    })
    holds(
      fc.property(clusters, fc.array(fc.nat(), { minLength: 13 }), ({ members }, order) => {
        const inputs = members.map((_, seat) => {
          return [seat, observed({ replication: { reports: [report(seat)] } })] as const
        })
        const height = { members, height: 1, previous: new Uint8Array() }
        const shuffled = inputs
          .map((one) => ({ one, rank: order[one[0]] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ one }) => one)
        expect(runHeight(height, new Map(shuffled), POLICY)).deep.equal(
          runHeight(height, new Map(inputs), POLICY),
        )
      }),
      20,
    )
  })

  it('holds what it may hold at most: posts of any kind for 64 stores', () => {
    holds(
      fc.property(fc.constantFrom(...MODES), fc.constantFrom(...CONSISTENCIES), (mode, consistency) => {
        const world = new GroupWorld(SEATS)
        const placement = storesOn(
          new Map([0, 1, 2].map((seat) => [seat, 'running'])),
          Array.from({ length: 64 }, () => ({})),
        )
        const news = placement.services.map(({ service }, i) => {
          return { seq: i + 1, kind: 'posted' as const, data: encodeTerms({ service, mode, consistency }) }
        })
        for (let i = 0; i < 3; i += 1)
          world.step({ reports: world.words(0, 1, 2), placement, news: i === 0 ? news : [] })
        expect(replicationState.encode(world.state).length).equal(replicationState.bytesMax)
      }),
      12,
    )
  })
})

describe('rendezvous hashing', () => {
  const keys = Array.from({ length: 400 }, (_, i) => `0x${i.toString(16).padStart(8, '0')}` as const)
  const sets = fc.uniqueArray(fc.integer({ min: 1, max: 60_000 }), { minLength: 2, maxLength: 9 })

  it('moves the keys of a service that goes, and no others', () => {
    holds(
      fc.property(sets, ([gone = 0, ...others]) => {
        for (const key of keys.slice(0, 60)) {
          const [before] = holdersOf(key, [gone, ...others])
          const [after] = holdersOf(key, others)
          if (before !== gone) expect(after).equal(before)
          // the order of the rest does not change either
          expect(holdersOf(key, [gone, ...others], 99).filter((one) => one !== gone)).deep.equal(
            holdersOf(key, others.toReversed(), 99),
          )
        }
      }),
      20,
    )
  })

  it('gives each of five services about a fifth of the keys', () => {
    const counts = new Map<number, number>()
    for (const key of keys) {
      const [service = 0] = holdersOf(key, [1, 2, 3, 4, 5])
      counts.set(service, (counts.get(service) ?? 0) + 1)
    }
    // 80 ± 4 standard deviations
    for (const count of counts.values()) expect(count).within(48, 112)
  })
})
