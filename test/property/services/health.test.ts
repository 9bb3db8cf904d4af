import { expect } from 'chai'
import fc from 'fast-check'
import { healthObservation, healthState, isInService, seatsIn } from '../../../src/services/health/codec.ts'
import type { HealthObservation, HealthState } from '../../../src/services/health/codec.ts'
import { reliability } from '../../../src/services/health/history.ts'
import { arrived, lived, phi, silenceMs, watched } from '../../../src/services/health/phi.ts'
import { components } from '../../../src/services/health/reach.ts'
import { linkCost, routesFrom } from '../../../src/services/health/routes.ts'
import { health } from '../../../src/services/health/slice.ts'
import { reseatRows } from '../../../src/services/slice.ts'
import { holds } from '../../helpers/holds.ts'
import { healthObservations } from '../../helpers/services-arbitraries.ts'
import { clusters, foldContext, membersOf, u16s } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'

const policy = POLICY.health
const NO_METRICS = { metrics: { rows: [] } }
const gaps = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 30 })

/** Whole heights: who is listed, and what each says. */
const stories = clusters.chain(({ members, liars }) =>
  fc.record({
    members: fc.constant(members),
    liars: fc.constant(liars),
    heights: fc.array(
      fc.record({
        passed: fc.integer({ min: 0, max: 90_000 }),
        said: fc.array(fc.option(healthObservations(members.length), { freq: 5 }), {
          minLength: members.length,
          maxLength: members.length,
        }),
        convicted: fc.option(fc.nat(members.length - 1), { freq: 9 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
)
type Story = typeof stories extends fc.Arbitrary<infer T> ? T : never

function tell(
  { members, heights }: Story,
  check: (state: HealthState, agreedMs: number) => void,
): HealthState {
  let state = health.empty
  let agreedMs = 0
  for (const { passed, said, convicted } of heights) {
    const news =
      convicted === null ? [] : [{ seq: 1, kind: 'system' as const, data: Uint8Array.of(convicted, 1, 5) }]
    const context = foldContext(members, { previousMs: agreedMs, agreedMs: (agreedMs += passed), news })
    const observations = said.flatMap((one, member) => (one === null ? [] : [{ member, state: one }]))
    const next = health.fold(state, observations, context, policy, NO_METRICS)
    expect(health.fold(state, observations.toReversed(), context, policy, NO_METRICS)).deep.equal(next)
    check((state = next), agreedMs)
  }
  return state
}

describe('phi accrual', () => {
  it('P10: a peer that stays silent is suspected in bounded time, and never less the longer it is silent', () => {
    holds(
      fc.property(
        gaps,
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer({ min: 0, max: 200_000 }),
        (beats, a, b) => {
          let arrivals = watched(0)
          let now = 0
          for (const gap of beats) arrivals = arrived(arrivals, (now += gap))
          const [early, late] = [Math.min(a, b), Math.max(a, b)]
          expect(phi(arrivals, now + early)).most(phi(arrivals, now + late))
          // scale ≤ mean + 2 · deviation ≤ 5 · longest interval, with one unit of rounding
          const longest = Math.max(...arrivals.intervals, 500)
          expect(phi(arrivals, arrivals.lastMs + 12 * longest)).least(1000)
        },
      ),
      1000,
    )
  })

  it('P10: a peer that is heard at intervals that do not grow is never at phi 1', () => {
    holds(
      fc.property(
        fc.integer({ min: 100, max: 5000 }),
        fc.integer({ min: 2, max: 60 }),
        fc.nat(1000),
        (beat, count, at) => {
          let arrivals = watched(0)
          for (let i = 1; i <= count; i += 1) arrivals = arrived(arrivals, i * beat)
          expect(phi(arrivals, count * beat + Math.floor((beat * at) / 1000))).below(1000)
        },
      ),
      1000,
    )
  })

  it('own stalls accuse nobody: a stall of any length moves no silence by more than one step', () => {
    const steps = fc.array(fc.integer({ min: -50, max: 200 }), { maxLength: 40 })
    holds(
      fc.property(steps, fc.integer({ min: 0, max: 10 ** 9 }), (before, stall) => {
        let time = { livedMs: 0, seenAtMs: 0 }
        let now = 0
        for (const step of before) time = lived(time, Math.max(0, (now += step)))
        const arrivals = watched(0)
        const after = lived(time, time.seenAtMs + stall)
        expect(silenceMs(arrivals, after.livedMs) - silenceMs(arrivals, time.livedMs)).within(0, 250)
      }),
      1000,
    )
  })
})

describe('health', () => {
  it('takes any story: canonical, one row per seat, reach symmetric, byzantine exactly by conviction', () => {
    holds(
      fc.property(stories, (story) => {
        const convicted = new Set<number>()
        let height = 0
        tell(story, (state) => {
          const now = story.heights[height]!.convicted
          height += 1
          if (now !== null) convicted.add(now)
          expect(healthState.decode(healthState.encode(state))).deep.equal(state)
          expect(state.rows.map(({ member }) => member)).deep.equal(story.members.map((_, seat) => seat))
          for (const { member, reach, verdict } of state.rows) {
            for (const other of seatsIn(reach, 128))
              expect(seatsIn(state.rows[other]!.reach, 128)).include(member).not.include(other)
            expect(verdict === 'byzantine').equal(convicted.has(member))
          }
        })
      }),
      300,
    )
  })

  it('liars crash nobody whom the honest hear, and save nobody whom they do not', () => {
    holds(
      fc.property(stories, fc.nat(12), ({ members, liars, heights }, pick) => {
        const honest = members.map((_, seat) => seat).slice(liars)
        const dead = honest[pick % honest.length]!
        let state = health.empty
        const lies = heights.map(({ said }) => said)
        for (let i = 0; i <= policy.crashHeights; i += 1) {
          const observations = members.flatMap(
            (_, member): { member: number; state: HealthObservation }[] => {
              const lie = lies[i % lies.length]![member]
              if (member < liars) return lie === null || lie === undefined ? [] : [{ member, state: lie }]
              if (member === dead) return []
              const peers = members.flatMap((__, peer) => {
                if (peer === member) return []
                return [
                  {
                    member: peer,
                    ...(peer === dead ? { phi: 5000, silenceMs: 8000 } : { phi: 300, silenceMs: 900 }),
                  },
                ]
              })
              return [{ member, state: { incarnation: 1, isDraining: 'no', peers } }]
            },
          )
          const context = foldContext(members, { previousMs: 1000 * i, agreedMs: 1000 * i + 1000 })
          state = health.fold(state, observations, context, policy, NO_METRICS)
          for (const seat of honest)
            if (seat !== dead) expect(state.rows[seat]!.verdict, `seat ${seat}`).equal('up')
        }
        // enough observers are left if those who speak weigh more than twice the liars
        const { faultWeight } = foldContext(members)
        const observers = honest.filter((seat) => seat !== dead)
        const weight = observers.reduce((sum, seat) => sum + members[seat]!.weight, 0)
        if (weight > 2 * faultWeight) expect(state.rows[dead]!.verdict).equal('crash')
      }),
      500,
    )
  })

  it('counters equal the history written out', () => {
    holds(
      fc.property(stories, (story) => {
        const history: { at: number; isUp: boolean[] }[] = []
        let end = 0
        const last = tell(story, ({ rows }, at) => {
          end = at
          history.push({ at, isUp: rows.map(({ verdict }) => isInService(verdict)) })
        })
        for (const row of last.rows) {
          let [up, failures, repairs, down] = [0, 0, 0, 0]
          // before the first height everybody counts as up, for no time
          let before = { at: history[0]!.at, isUp: true }
          for (const { at, isUp } of history) {
            if (before.isUp) up += at - before.at
            else down += at - before.at
            const now = isUp[row.member]!
            if (before.isUp && !now) failures += 1
            if (!before.isUp && now) repairs += 1
            before = { at, isUp: now }
          }
          const { mtbfMs, mttrMs, availabilityPpm } = reliability(row, end)
          expect(row.failures).equal(failures)
          expect(mtbfMs).equal(failures === 0 ? null : Math.floor(up / failures))
          expect(mttrMs === null).equal(repairs === 0)
          if (repairs > 0 && before.isUp) expect(mttrMs).equal(Math.floor(down / repairs))
          expect(availabilityPpm).equal(
            up + down === 0 ? 1_000_000 : Math.floor((up * 1_000_000) / (up + down)),
          )
        }
      }),
      300,
    )
  })

  it('rows follow their members: other seats and back again is as before', () => {
    holds(
      fc.property(stories, fc.infiniteStream(fc.nat(1000)), (story, order) => {
        const state = tell(story, () => undefined)
        const seats = story.members.map((_, seat) => ({ seat, rank: order.next().value as number }))
        const to = seats.toSorted((a, b) => a.rank - b.rank || a.seat - b.seat).map(({ seat }) => seat)
        const there = health.reseat(state, (seat) => to[seat] ?? null)
        expect(there.rows.map(({ member }) => member)).deep.equal(story.members.map((_, seat) => seat))
        expect(health.reseat(there, (seat) => to.indexOf(seat))).deep.equal(state)
        const half = reseatRows(state.rows, (seat) => (seat % 2 === 0 ? seat / 2 : null))
        expect(half).length(Math.ceil(story.members.length / 2))
      }),
      200,
    )
  })
})

describe('routes', () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      links: fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { maxLength: 2 * n }),
      latencies: fc.array(fc.oneof(fc.nat(20), u16s), { minLength: n, maxLength: n }),
      down: fc.array(fc.nat(n - 1), { maxLength: 2 }),
    }),
  )

  it('P28: the route is the cheapest alive path of the agreed links (as Floyd and Warshall find it)', () => {
    holds(
      fc.property(graphs, ({ n, links, latencies, down }) => {
        const reach = Array.from({ length: n }, () => 0n)
        for (const [a, b] of links)
          if (a !== b) {
            reach[a] = reach[a]! | (1n << BigInt(b))
            reach[b] = reach[b]! | (1n << BigInt(a))
          }
        const blank = health.fold(
          health.empty,
          [],
          foldContext(membersOf(reach.map(() => 1))),
          policy,
          NO_METRICS,
        )
        const rows = blank.rows.map((row, seat) => ({
          ...row,
          reach: reach[seat]!,
          verdict: down.includes(seat) ? ('crash' as const) : ('up' as const),
        }))
        const none = { cpu: 0, memory: 0, throughput: 0, transactions: 0 }
        const metrics = latencies.map((latency, member) => {
          return { member, capacity: none, ...none, lockContention: 0, latency, loss: 0, age: 0 }
        })
        const cost = linkCost(metrics)
        const isAlive = (seat: number): boolean => !down.includes(seat)
        const isLinked = (a: number, b: number): boolean =>
          isAlive(a) && isAlive(b) && ((reach[a]! >> BigInt(b)) & 1n) === 1n
        const best = Array.from({ length: n }, (_, a) =>
          Array.from({ length: n }, (__, b) => (a === b ? 0 : isLinked(a, b) ? cost(a, b) : Infinity)),
        )
        for (let k = 0; k < n; k += 1)
          for (let a = 0; a < n; a += 1)
            for (let b = 0; b < n; b += 1) best[a]![b] = Math.min(best[a]![b]!, best[a]![k]! + best[k]![b]!)
        const parts = components(rows)
        for (let a = 0; a < n; a += 1) {
          const routes = routesFrom(a, rows, metrics)
          for (let b = 0; b < n; b += 1) {
            const route = routes.get(b)
            expect(route?.cost ?? Infinity).equal(a === b || !isAlive(a) ? Infinity : best[a]![b])
            expect(parts.some((part) => part.includes(a) && part.includes(b))).equal(
              isAlive(a) && isAlive(b) && best[a]![b]! < Infinity,
            )
            if (route === undefined) continue
            const path = [a, ...route.hops]
            expect(path.at(-1)).equal(b)
            path.slice(1).forEach((seat, i) => expect(isLinked(path[i]!, seat)).equal(true))
            expect(path.slice(1).reduce((sum, seat, i) => sum + cost(path[i]!, seat), 0)).equal(route.cost)
          }
        }
      }),
      500,
    )
  })
})

describe('codec of health', () => {
  it('takes any bytes without a throw, and has one encoding per value', () => {
    const said = healthObservations(5).map((one) => healthObservation.encode(one))
    const mutated = fc.tuple(said, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
      const index = at % bytes.length
      bytes[index] = bytes[index]! ^ flip
      return bytes
    })
    holds(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        for (const codec of [healthObservation, healthState]) {
          const value = codec.decode(bytes)
          if (value !== null) expect((codec.encode as (from: unknown) => Uint8Array)(value)).deep.equal(bytes)
        }
      }),
      1000,
    )
  })
})
