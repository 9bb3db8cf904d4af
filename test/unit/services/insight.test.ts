import { expect } from 'chai'
import type { HealthRow } from '../../../src/services/health/codec.ts'
import type { BottleneckMode } from '../../../src/services/insight/bottlenecks.ts'
import { bottlenecks } from '../../../src/services/insight/bottlenecks.ts'
import { cascadeOf, cascades } from '../../../src/services/insight/cascade.ts'
import { estimateGain } from '../../../src/services/insight/estimate.ts'
import { paretoFrontier } from '../../../src/services/insight/pareto.ts'
import { planCapacity } from '../../../src/services/insight/planning.ts'
import {
  classOf,
  failureOf,
  riskOf,
  riskTerms,
  STRATEGY_OF_CLASS,
} from '../../../src/services/insight/risk.ts'
import { suggestions } from '../../../src/services/insight/suggest.ts'
import type { InstanceRow, PlacementState } from '../../../src/services/placement/codec.ts'
import { NO_SEAT } from '../../../src/services/placement/codec.ts'
import { hostsOf } from '../../../src/services/placement/hosts.ts'
import type { ServiceSpec } from '../../../src/services/placement/spec.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { TrustState } from '../../../src/services/trust/codec.ts'
import { POLICY } from '../../helpers/services-inputs.ts'
import { healthOf, IDLE, metricsOf, specOf } from '../../helpers/services-placement.ts'
import type { HostFacts } from '../../helpers/services-placement.ts'

const NAMES = ['Edge1', 'Edge2', 'Core1', 'Core2', 'Cloud1']
/** The document's table: latency ms, throughput, cpu %, memory GB, transactions, locks %. */
const TABLE = [
  [12, 500, 45, 8, 150, 8],
  [15, 470, 50, 4.5, 100, 12],
  [8, 1000, 60, 12, 250, 5],
  [10, 950, 55, 10, 200, 10],
  [22, 1250, 72, 16, 300, 15],
] as const
const rows = TABLE.map(([latency, throughput, cpu, memory, transactions, locks], member) => ({
  member,
  capacity: { cpu: 800, memory: 1600, throughput: 1250, transactions: 300 },
  latency: latency * 10,
  throughput,
  cpu: cpu * 10,
  memory: memory * 100,
  transactions,
  lockContention: locks * 10,
  loss: 0,
  age: 0,
}))

const FOUR: readonly HostFacts[] = Array.from({ length: 4 }, () => IDLE)

/** Copies as [service, host, load]. */
function placedAs(
  services: readonly ServiceSpec[],
  copies: readonly (readonly [number, number, number])[],
): PlacementState {
  const first = (service: number): number => copies.find(([of]) => of === service)?.[1] ?? NO_SEAT
  return {
    moveCount: 0,
    refused: 0,
    hosts: [],
    moves: [],
    services: services.map((spec) => {
      return { ...spec, wanted: spec.copiesMin, standing: 'placed', primary: first(spec.service) }
    }),
    instances: copies.map(([service, member, load]): InstanceRow => {
      return { service, member, load, phase: 'running', sinceMs: 0, target: NO_SEAT }
    }),
  }
}
const situation = (
  placement: PlacementState,
  hosts = FOUR,
): {
  placement: PlacementState
  metrics: ReturnType<typeof metricsOf>
  health: ReturnType<typeof healthOf>
  trust: TrustState
} => ({
  placement,
  metrics: metricsOf(placement, hosts),
  health: healthOf(hosts),
  trust: { rows: [] },
})

describe('bottlenecks of the document', () => {
  const ranking = (mode: BottleneckMode): [string, number][] =>
    bottlenecks(rows, mode).map(({ member, score }) => [NAMES[member]!, Math.round(score / 10_000)])

  it('F4: as written, the node with the best latency ranks second worst', () => {
    expect(ranking('as-written')).deep.equal([
      ['Cloud1', 100],
      ['Core1', 42],
      ['Core2', 40],
      ['Edge2', 23],
      ['Edge1', 18],
    ])
  })

  it('F4: with throughput and transactions the other way round it is the best', () => {
    expect(ranking('inverted')).deep.equal([
      ['Cloud1', 70],
      ['Edge2', 53],
      ['Edge1', 41],
      ['Core2', 36],
      ['Core1', 30],
    ])
  })

  it('by load: what is used of the capacity', () => {
    expect(ranking('load').map(([name]) => name)).deep.equal(['Cloud1', 'Core1', 'Core2', 'Edge2', 'Edge1'])
    const [idle] = rows
    const none = { ...idle!, throughput: 0, cpu: 0, memory: 0, transactions: 0, lockContention: 0 }
    expect(bottlenecks([none], 'load')).deep.equal([{ member: 0, score: 0 }])
    expect(bottlenecks([{ ...none, cpu: 500 }], 'load')[0]!.score).equal(100_000)
  })

  it('a latency that nobody has measured counts for nothing', () => {
    const unseen = rows.map((row) => (row.member === 4 ? { ...row, latency: 65_535 } : row))
    const score = bottlenecks(unseen, 'as-written').find(({ member }) => member === 4)!.score
    expect(score).equal(750_000)
  })
})

describe('risk', () => {
  it('F14: classes are half-open and leave no gap', () => {
    const classes = [1_000_000, 850_000, 849_999, 700_000, 699_999, 500_000, 499_999, 0].map(classOf)
    expect(classes).deep.equal(['critical', 'critical', 'high', 'high', 'medium', 'medium', 'low', 'low'])
    expect(classes.map((one) => STRATEGY_OF_CLASS[one])).include('geographic')
    expect(STRATEGY_OF_CLASS.medium).equal('geographic')
    expect(STRATEGY_OF_CLASS.low).equal('eventual')
  })

  it('is the weighted sum', () => {
    const terms = {
      failure: 100_000,
      criticality: 950_000,
      cascade: 500_000,
      dependents: 2,
      dependentsMax: 4,
    }
    expect(riskOf(terms)).deep.equal({ score: 515_000, riskClass: 'medium' })
    expect(riskOf({ ...terms, dependentsMax: 0 }).score).equal(415_000)
  })

  it('chance of a failure is the agreed history for the next hour', () => {
    const [row] = healthOf(FOUR).rows as [HealthRow]
    expect(failureOf(row, 9e9)).equal(0)
    expect(failureOf({ ...row, failures: 1, upMs: 36_000_000, sinceMs: 36_000_000 }, 36_000_000)).equal(
      100_000,
    )
    expect(failureOf({ ...row, failures: 1, sinceMs: 0 }, 1000)).equal(1_000_000)
    expect(failureOf({ ...row, verdict: 'crash' }, 0)).equal(1_000_000)
  })

  it('dependents are services led elsewhere that call one led here', () => {
    const calls = (...called: number[]): number[] => [...called, 0, 0, 0].slice(0, 4)
    const placement = placedAs(
      [
        specOf(1, { criticality: 950 }),
        specOf(2, { calls: calls(1) }),
        specOf(3, { calls: calls(1, 2) }),
        specOf(4, { calls: calls(1) }),
      ],
      [
        [1, 0, 0],
        [2, 1, 0],
        [3, 2, 0],
        [4, 0, 0],
      ],
    )
    const terms = riskTerms(healthOf(FOUR).rows, placement.services, new Map([[0, 250_000]]), 0)
    expect(terms.map(({ terms: { dependents } }) => dependents)).deep.equal([2, 1, 0, 0])
    expect(terms[0]!.terms).include({ criticality: 950_000, cascade: 250_000, dependentsMax: 2 })
  })
})

describe('cascade', () => {
  const half = { cpu: 45, memory: 1, transactions: 1 }

  it('isolate: the others take over', () => {
    const state = situation(placedAs([specOf(1)], [[1, 0, 10]]))
    expect(cascadeOf(state, POLICY.placement, [0])).deep.equal({
      overloaded: [],
      rounds: 0,
      lostServices: [1],
      measure: 'isolate',
    })
  })

  it('shed: a less urgent service has to lose a copy above its fewest', () => {
    const extra = specOf(2, { priority: 1, copiesMin: 1, copiesMax: 3, needs: { ...half, cpu: 80 } })
    const placement = placedAs(
      [specOf(1, { priority: 9, needs: half }), extra],
      [
        [1, 0, 0],
        [2, 1, 0],
        [2, 2, 0],
        [2, 3, 0],
      ],
    )
    expect(cascadeOf(situation(placement), POLICY.placement, [0]).measure).equal('shed')
  })

  it('emergency: there is no room', () => {
    const placement = placedAs(
      [1, 2, 3, 4].map((service) => specOf(service, { needs: { ...half, cpu: 80 } })),
      [1, 2, 3, 4].map((service) => [service, service - 1, 0] as const),
    )
    expect(cascadeOf(situation(placement), POLICY.placement, [0]).measure).equal('emergency')
  })

  it('load of the lost goes to who is left, and knocks over who has no room for it', () => {
    const placement = placedAs(
      [specOf(1, { copiesMin: 3, copiesMax: 3 }), specOf(2)],
      [
        [1, 0, 90],
        [1, 1, 60],
        [1, 2, 40],
        [2, 3, 10],
      ],
    )
    // 90 go to 1 and 2 in halves: 105 > 100 and 85; then all 190 to 2
    expect(cascadeOf(situation(placement), POLICY.placement, [0])).deep.include({
      overloaded: [1, 2],
      rounds: 2,
      lostServices: [1],
    })
    expect(cascades(situation(placement), POLICY.placement).get(0)).equal(500_000)
    expect(cascades(situation(placement), POLICY.placement).get(3)).equal(0)
  })
})

describe('cascade at the limit', () => {
  it('what exactly fits knocks nobody over, and an odd transaction counts', () => {
    const placement = placedAs(
      [specOf(1, { copiesMin: 3, copiesMax: 3 })],
      [
        [1, 0, 81],
        [1, 1, 59],
        [1, 2, 60],
      ],
    )
    // 81 in halves is 41 each: 100 and 101; then host 1 would get all of it, but it is the only one left
    expect(cascadeOf(situation(placement), POLICY.placement, [0])).deep.include({
      overloaded: [1, 2],
      rounds: 2,
    })
    const even = placedAs(
      [specOf(1, { copiesMin: 3, copiesMax: 3 })],
      [
        [1, 0, 80],
        [1, 1, 60],
        [1, 2, 60],
      ],
    )
    expect(cascadeOf(situation(even), POLICY.placement, [0]).rounds).equal(0)
  })
})

describe('throughput and capacity', () => {
  it("keeps the document's three configurations, and drops one that is worse", () => {
    const three = [
      { throughput: 1200, latency: 18, cost: 3 },
      { throughput: 950, latency: 12, cost: 2 },
      { throughput: 700, latency: 9, cost: 1 },
    ]
    expect(paretoFrontier([...three, { throughput: 900, latency: 12, cost: 2 }])).deep.equal(three)
    expect(paretoFrontier([three[0]!, { ...three[0]! }]).length).equal(2)
  })

  it('draws evenly: σ of one node is that of the uniform distribution', () => {
    const { delta, sd } = estimateGain(NIL, [{ throughput: 1000, use: 500, spread: 100 }], 400, 20_000)
    expect(delta).closeTo(100_000, 1500)
    // spread · 1,000 / √3 = 57,735
    expect(sd).closeTo(57_735, 1200)
  })

  it('plans days, nodes and the loss of the largest', () => {
    const hosts = [...hostsOf([], situation(placedAs([], [])), POLICY.placement).values()]
    const used = [{ cpu: 200, memory: 0, transactions: 0 }]
    expect(planCapacity(hosts, used, { growth: 100, days: 10 }, POLICY.placement)).deep.equal({
      use: { cpu: 500, memory: 0, transactions: 0 },
      // 200 · 1.1⁵ = 322, above 320
      daysLeft: 5,
      // 200 · 1.1¹⁰ ≈ 522: 800 ‰ of seven hosts are 560
      nodesToAdd: 3,
      survivesLargest: true,
    })
    const full = [{ cpu: 301, memory: 0, transactions: 0 }]
    expect(planCapacity(hosts, full, { growth: 0, days: 0 }, POLICY.placement)).deep.include({
      daysLeft: null,
      nodesToAdd: 0,
      survivesLargest: false,
    })
  })
})

describe('suggestions', () => {
  it('one for each rule, with its evidence', () => {
    const hosts = FOUR.map((host, i) => (i === 3 ? { ...host, verdict: 'crash' as const } : host))
    const state = situation(placedAs([specOf(1, { criticality: 900 })], [[1, 2, 0]]), hosts)
    const busy = state.metrics.rows.map((row) =>
      row.member === 1 ? { ...row, memory: 95, cpu: 900, lockContention: 150, loss: 30 } : row,
    )
    const waiting = { ...specOf(2), wanted: 1, standing: 'full' as const, primary: NO_SEAT }
    const placement = { ...state.placement, services: [...state.placement.services, waiting] }
    const all = suggestions({ ...state, placement, metrics: { rows: busy } }, 800)
    expect(
      all.map(({ rule, member, service, measured, limit }) => [rule, member, service, measured, limit]),
    ).deep.equal([
      ['move-to-fast-host', 2, 1, 30, 20],
      ['spread-load', 1, null, 900, 800],
      ['check-locks', 1, null, 150, 100],
      ['fail-over', 3, null, 1, 0],
      ['free-memory', 1, null, 950, 900],
      ['check-links', 1, null, 30, 20],
      ['add-capacity', null, 2, 0, 1],
      ['add-copy', null, 1, 1, 2],
    ])
  })
})
