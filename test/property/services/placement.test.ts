import { expect } from 'chai'
import fc from 'fast-check'
import {
  instanceKey,
  NO_SEAT,
  placementObservation,
  placementState,
  STRATEGY_NAMES,
} from '../../../src/services/placement/codec.ts'
import type { InstanceRow, PlacementPolicy, PlacementState } from '../../../src/services/placement/codec.ts'
import { fitsInto, NOTHING, plus, utilisation } from '../../../src/services/placement/hosts.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { encodeOrder, orderIn } from '../../../src/services/placement/spec.ts'
import type { ServiceSpec } from '../../../src/services/placement/spec.ts'
import { holds } from '../../helpers/holds.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'
import {
  healthOf,
  hostFacts,
  IDLE,
  metricsOf,
  reportsOf,
  reservedOn,
  specs,
  upSeats,
} from '../../helpers/services-placement.ts'
import type { HostFacts } from '../../helpers/services-placement.ts'

const SERVICES = 8

interface Step {
  readonly passed: number
  readonly hosts: readonly HostFacts[]
  readonly puts: readonly ServiceSpec[]
  readonly removed: number
  readonly isCut: boolean
  readonly loads: readonly number[]
}

const policies: fc.Arbitrary<PlacementPolicy> = fc.record({
  strategy: fc.constantFrom(...STRATEGY_NAMES),
  threshold: fc.integer({ min: 300, max: 900 }),
  hysteresis: fc.integer({ min: 1, max: 200 }),
  movesMax: fc.nat(6),
  windowMs: fc.constant(60_000),
  settleMs: fc.constantFrom(0, 10_000, 60_000),
  actMs: fc.constantFrom(1000, 10_000),
  staleHeights: fc.nat(3),
  reserve: fc.constantFrom(0, 200),
  targetLoad: fc.integer({ min: 100, max: 1000 }),
})

const stories = fc.integer({ min: 4, max: 7 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    policy: policies,
    steps: fc.array(
      fc.record({
        passed: fc.constantFrom(0, 1000, 1000, 5000, 20_000),
        hosts: fc.array(hostFacts, { minLength: n, maxLength: n }),
        puts: fc.array(specs(SERVICES), { maxLength: 4 }),
        removed: fc.nat(4 * SERVICES),
        isCut: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
        loads: fc.array(fc.nat(120), { minLength: 5, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 7 },
    ),
  }),
)
type Story = typeof stories extends fc.Arbitrary<infer T> ? T : never

interface Told {
  readonly before: PlacementState
  readonly after: PlacementState
  readonly step: Step
  readonly agreedMs: number
  readonly policy: PlacementPolicy
}

function fold(
  before: PlacementState,
  step: Step,
  policy: PlacementPolicy,
  times: { readonly previousMs: number; readonly agreedMs: number },
  isReversed = false,
): PlacementState {
  const orders = [
    ...step.puts.map((spec) => encodeOrder({ order: 'put', spec })),
    encodeOrder({ order: 'remove', service: step.removed }),
  ]
  const news = orders.map((data, i) => ({ seq: i + 1, kind: 'posted' as const, data }))
  const said = step.hosts.flatMap((host, member) => {
    if (!host.isListed) return []
    const reports = reportsOf(before, member, host, (row) => step.loads[instanceKey(row) % 5] ?? 0)
    return [{ member, state: { tier: host.tier, region: host.region, reports } }]
  })
  return placement.fold(
    before,
    isReversed ? said.toReversed() : said,
    foldContext(membersOf(step.hosts.map(() => 1)), { ...times, news }),
    policy,
    { metrics: metricsOf(before, step.hosts), health: healthOf(step.hosts, step.isCut), trust: { rows: [] } },
  )
}

function tell({ policy, steps }: Story, check: (told: Told) => void): PlacementState {
  let state = placement.empty
  let agreedMs = 0
  for (const step of steps) {
    const before = state
    const previousMs = agreedMs
    agreedMs += step.passed
    state = fold(before, step, policy, { previousMs, agreedMs })
    check({ before, after: state, step, agreedMs, policy })
  }
  return state
}

/** A quorum is up and everybody reaches everybody. */
function isActive({ hosts, isCut }: Step): boolean {
  return !isCut && 3 * upSeats(hosts).length > 2 * hosts.length
}

const keys = (state: PlacementState): number[] => state.instances.map(instanceKey)

describe('placement', () => {
  it('takes any story: canonical, the order of observations does not matter, rows belong together', () => {
    holds(
      fc.property(stories, (story) => {
        let previousMs = 0
        tell(story, ({ before, after, step, agreedMs, policy }) => {
          expect(placementState.decode(placementState.encode(after))).deep.equal(after)
          expect(fold(before, step, policy, { previousMs, agreedMs }, true)).deep.equal(after)
          previousMs = agreedMs
          for (const { service } of after.instances)
            expect(after.services.map((row) => row.service)).include(service)
          for (const row of after.services) {
            const own = after.instances.filter(({ service }) => service === row.service)
            const leaving = own.filter(({ phase }) => phase === 'leaving')
            expect(leaving.length).most(1)
            for (const { target } of leaving) expect(own.map(({ member }) => member)).include(target)
          }
        })
      }),
      300,
    )
  })

  it('P15, P16: no host gets a copy beyond its processor, memory and transactions, nor one that it may not have', () => {
    holds(
      fc.property(stories, (story) => {
        tell(story, ({ before, after, step }) => {
          const old = new Set(keys(before))
          const fresh = after.instances.filter((row) => !old.has(instanceKey(row)))
          for (const row of fresh) {
            const host = step.hosts[row.member]!
            const spec = after.services.find(({ service }) => service === row.service)!
            expect(fitsInto(reservedOn(after, row.member), host.capacity), 'room').equal(true)
            expect(host).include({ verdict: 'up', isDraining: false, isDamped: false })
            if (spec.tier !== 'any') {
              const said = after.hosts.find(({ member }) => member === row.member)
              expect(said?.tier).equal(spec.tier)
            }
          }
        })
      }),
      1000,
    )
  })

  it('P14: shedding and shrinking leave every service its fewest copies, and no copy goes for want of data', () => {
    holds(
      fc.property(stories, (story) => {
        tell(story, ({ before, after, step }) => {
          const up = new Set(upSeats(step.hosts))
          const there = new Set(keys(after))
          const successors = new Set(
            before.instances.flatMap(({ phase, service, target }) =>
              phase === 'leaving' ? [instanceKey({ service, member: target })] : [],
            ),
          )
          for (const row of after.services) {
            const live = after.instances.filter(
              ({ service, phase, member }) =>
                service === row.service && phase !== 'failed' && phase !== 'leaving' && up.has(member),
            )
            if (live.length >= row.copiesMin) continue
            // fewer than the fewest: nothing that could have served was taken away
            for (const one of before.instances) {
              if (one.service !== row.service || one.phase === 'failed' || !up.has(one.member)) continue
              const hasFailed = step.hosts[one.member]!.isListed && !there.has(instanceKey(one))
              const isAbandoned = successors.has(instanceKey(one)) || one.phase === 'leaving'
              if (!isAbandoned && !hasFailed) expect(there.has(instanceKey(one)), 'kept').equal(true)
              if (!isAbandoned && hasFailed)
                expect(step.hosts[one.member]!.refuses.includes(one.service), 'failed').equal(true)
            }
          }
        })
      }),
      1000,
    )
  })

  it('missing data never stops a healthy service: silence alone changes no copy', () => {
    holds(
      fc.property(stories, fc.nat(200_000), (story, passed) => {
        let at = 0
        const state = tell(story, ({ agreedMs }) => (at = agreedMs))
        const last = story.steps.at(-1)!
        const healthy = last.hosts.map((host) => ({ ...host, verdict: 'up' as const, isDraining: false }))
        const settled = fold(
          state,
          { ...last, puts: [], removed: 0, isCut: false, hosts: healthy },
          story.policy,
          { previousMs: at, agreedMs: at },
        )
        const silent = healthy.map((host) => ({ ...host, isListed: false, isDamped: true }))
        const after = fold(
          settled,
          { ...last, puts: [], removed: 0, isCut: false, hosts: silent },
          { ...story.policy, staleHeights: 0 },
          { previousMs: at, agreedMs: at + passed },
        )
        expect(after.instances.map(({ service, member }) => [service, member])).deep.equal(
          settled.instances
            .filter(({ phase, target, service }) => !isDone(settled, phase, service, target))
            .map(({ service, member }) => [service, member]),
        )
      }),
      500,
    )
  })

  it('while nobody has a quorum nothing is placed, moved or dropped', () => {
    holds(
      fc.property(stories, (story) => {
        tell(story, ({ before, after, step }) => {
          if (isActive(step)) return
          const refused = new Set(
            before.instances
              .filter(({ phase, member, service }) => {
                const host = step.hosts[member]!
                return phase === 'failed' && host.isListed && !host.refuses.includes(service)
              })
              .map(instanceKey),
          )
          const known = new Set(after.services.map(({ service }) => service))
          expect(keys(after)).deep.equal(
            before.instances
              .filter((row) => known.has(row.service) && !refused.has(instanceKey(row)))
              .map(instanceKey),
          )
          expect(after.moves).deep.equal(before.moves)
        })
      }),
      500,
    )
  })

  it('P21: moves in any window are within the budget, and no service moves twice at once', () => {
    holds(
      fc.property(stories, (story) => {
        const made: number[] = []
        tell(story, ({ before, after, agreedMs, policy }) => {
          const name = (row: InstanceRow): string => `${instanceKey(row)} to ${row.target}`
          const already = new Set(before.instances.map(name))
          const begun = after.instances.filter((row) => row.phase === 'leaving' && !already.has(name(row)))
          expect(after.moveCount - before.moveCount).equal(begun.length)
          made.push(...begun.map(() => agreedMs))
          expect(made.filter((at) => at + policy.windowMs > agreedMs).length).most(policy.movesMax)
        })
      }),
      1000,
    )
  })

  it('a primary is a copy that serves, as soon as one serves', () => {
    holds(
      fc.property(stories, (story) => {
        tell(story, ({ after, step }) => {
          if (!isActive(step)) return
          const up = new Set(upSeats(step.hosts))
          for (const { service, primary } of after.services) {
            const serving = after.instances.filter(
              (row) =>
                row.service === service &&
                (row.phase === 'running' || row.phase === 'leaving') &&
                up.has(row.member),
            )
            if (serving.length === 0) expect(primary).equal(NO_SEAT)
            else expect(serving.map(({ member }) => member)).include(primary)
          }
        })
      }),
      500,
    )
  })

  it('P17: after a change of demand the loop comes to rest where no move helps by more than the hysteresis', () => {
    const worlds = fc.record({
      hosts: fc.array(fc.record({ cpu: fc.integer({ min: 50, max: 200 }), background: fc.nat(40) }), {
        minLength: 3,
        maxLength: 6,
      }),
      sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
      hysteresis: fc.integer({ min: 1, max: 100 }),
      threshold: fc.integer({ min: 100, max: 900 }),
    })
    holds(
      fc.property(worlds, ({ hosts, sizes, hysteresis, threshold }) => {
        const facts = hosts.map(({ cpu, background }): HostFacts => {
          const capacity = { cpu, memory: 1000, transactions: 1000 }
          return { ...IDLE, capacity, background: { ...NOTHING, cpu: Math.min(cpu, background) } }
        })
        const puts = sizes.map((cpu, i): ServiceSpec => {
          const needs = { cpu, memory: 0, transactions: 1 }
          const base = { kind: 'counter', tier: 'any', spread: 'node', criticality: 0 } as const
          return {
            ...base,
            service: i + 1,
            priority: 5,
            copiesMin: 1,
            copiesMax: 1,
            needs,
            calls: [0, 0, 0, 0],
          }
        })
        const policy: PlacementPolicy = {
          ...POLICY.placement,
          strategy: 'weighted-round-robin',
          threshold,
          hysteresis,
          movesMax: 32,
          windowMs: 1,
          settleMs: 0,
          actMs: 1000,
        }
        const step = { hosts: facts, puts: [], removed: 0, isCut: false, loads: [0], passed: 1000 }
        let at = 1000
        let state = fold(placement.empty, { ...step, puts }, policy, { previousMs: 0, agreedMs: at })
        let quiet = 0
        for (let i = 0; quiet < 3; i += 1) {
          expect(i, 'comes to rest').below(200)
          const next = fold(state, step, policy, { previousMs: at, agreedMs: (at += 1000) })
          quiet = next.moveCount === state.moveCount ? quiet + 1 : 0
          state = next
        }
        // by hand: no single move from a host above the threshold makes its fuller end emptier by more than the hysteresis
        const cpuOf = (member: number): number =>
          facts[member]!.background.cpu + reservedOn(state, member).cpu
        const useOf = (member: number, more = 0): number => {
          // processors are measured in ‰, rounded up
          const capacity = facts[member]!.capacity.cpu
          return Math.floor((1000 * (cpuOf(member) + more)) / capacity)
        }
        for (const { service, member, phase } of state.instances) {
          expect(phase).equal('running')
          if (useOf(member) <= threshold) continue
          const cpu = sizes[service - 1]!
          facts.forEach(({ capacity }, other) => {
            if (other === member || cpuOf(other) + cpu > capacity.cpu) return
            const worst = Math.max(useOf(member, -cpu), useOf(other, cpu))
            expect(useOf(member) - worst).most(hysteresis + 1)
          })
        }
      }),
      300,
    )
  })

  it('rows follow their members: other seats and back again is as before', () => {
    holds(
      fc.property(stories, fc.infiniteStream(fc.nat(1000)), (story, order) => {
        const state = tell(story, () => undefined)
        const to = Array.from({ length: story.n }, (_, seat) => ({
          seat,
          rank: order.next().value as number,
        }))
          .toSorted((a, b) => a.rank - b.rank || a.seat - b.seat)
          .map(({ seat }) => seat)
        const there = placement.reseat(state, (seat) => to[seat] ?? null)
        expect(placement.reseat(there, (seat) => to.indexOf(seat))).deep.equal(state)
        const gone = placement.reseat(state, (seat) => (seat === 0 ? null : seat))
        for (const { member, target } of gone.instances) expect([member, target]).not.include(0)
      }),
      200,
    )
  })
})

/** Whether a copy goes at the next height because its successor runs. */
function isDone(state: PlacementState, phase: string, service: number, target: number): boolean {
  return (
    phase === 'leaving' &&
    state.instances.some((row) => row.service === service && row.member === target && row.phase === 'running')
  )
}

describe('codec of placement', () => {
  it('takes any bytes without a throw, and has one encoding per value', () => {
    const put = specs(SERVICES).map((spec) => encodeOrder({ order: 'put', spec }))
    const mutated = fc.tuple(put, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
      const index = at % bytes.length
      bytes[index] = bytes[index]! ^ flip
      return bytes
    })
    holds(
      fc.property(fc.oneof(put, mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const order = orderIn({ seq: 1, kind: 'posted', data: bytes })
        if (order !== null) expect(encodeOrder(order)).deep.equal(bytes)
        for (const codec of [placementObservation, placementState]) {
          const value = codec.decode(bytes)
          if (value !== null) expect((codec.encode as (from: unknown) => Uint8Array)(value)).deep.equal(bytes)
        }
      }),
      1000,
    )
  })
})

describe('use of a host', () => {
  it('is the fullest resource, and grows with what is added', () => {
    const amounts = fc.record({ cpu: fc.nat(300), memory: fc.nat(300), transactions: fc.nat(300) })
    holds(
      fc.property(amounts, amounts, amounts, (used, more, capacity) => {
        expect(utilisation(plus(used, more), capacity)).least(utilisation(used, capacity))
        if (fitsInto(used, capacity)) expect(utilisation(used, capacity)).most(1000)
        else expect(utilisation(used, capacity)).least(1000)
      }),
      500,
    )
  })
})
