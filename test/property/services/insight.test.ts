import { expect } from 'chai'
import fc from 'fast-check'
import { keccak, uint } from '../../../src/codec/hex.ts'
import { BOTTLENECK_MODES, bottlenecks, MICRO } from '../../../src/services/insight/bottlenecks.ts'
import { cascadeOf } from '../../../src/services/insight/cascade.ts'
import { estimateGain } from '../../../src/services/insight/estimate.ts'
import { dominates, paretoFrontier } from '../../../src/services/insight/pareto.ts'
import { planCapacity } from '../../../src/services/insight/planning.ts'
import { classOf, riskOf } from '../../../src/services/insight/risk.ts'
import { suggestions } from '../../../src/services/insight/suggest.ts'
import { NO_SEAT } from '../../../src/services/placement/codec.ts'
import type { InstanceRow, PlacementState } from '../../../src/services/placement/codec.ts'
import { fitsInto, hostsOf, plus, NOTHING } from '../../../src/services/placement/hosts.ts'
import { holds } from '../../helpers/holds.ts'
import { ownSamples } from '../../helpers/services-arbitraries.ts'
import { u16s } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'
import { healthOf, hostFacts, metricsOf, needs, specs } from '../../helpers/services-placement.ts'

const permille = fc.nat(1000)
const micro = fc.nat(MICRO)
const rows = fc
  .array(fc.record({ own: ownSamples, latency: u16s, loss: permille }), { minLength: 1, maxLength: 9 })
  .map((list) => list.map(({ own, ...seen }, member) => ({ member, ...own, ...seen, age: 0 })))

/** Any placement: services, and copies on any hosts, whether they fit or not. */
const situations = fc
  .record({
    hosts: fc.array(hostFacts, { minLength: 1, maxLength: 7 }),
    services: fc.uniqueArray(specs(6), { selector: ({ service }) => service, maxLength: 6 }),
    copies: fc.array(fc.record({ on: fc.nat(6), load: fc.nat(150) }), { minLength: 18, maxLength: 18 }),
  })
  .map(({ hosts, services, copies }) => {
    const instances = services.flatMap(({ service }, i): InstanceRow[] => {
      const seats = new Map(copies.slice(3 * i, 3 * i + 3).map(({ on, load }) => [on % hosts.length, load]))
      return [...seats].map(([member, load]) => {
        return { service, member, load, phase: 'running', sinceMs: 0, target: NO_SEAT }
      })
    })
    const placement: PlacementState = {
      moveCount: 0,
      refused: 0,
      hosts: hosts.map(({ tier, region }, member) => ({ member, tier, region })),
      services: services
        .map((spec) => ({ ...spec, wanted: spec.copiesMin, standing: 'placed' as const, primary: NO_SEAT }))
        .sort((a, b) => a.service - b.service),
      instances: instances.sort((a, b) => a.service - b.service || a.member - b.member),
      moves: [],
    }
    return {
      hosts,
      situation: {
        placement,
        metrics: metricsOf(placement, hosts),
        health: healthOf(hosts),
        trust: { rows: [] },
      },
    }
  })

describe('bottlenecks', () => {
  it('scores are from 0 to 1, do not depend on the order of nodes, and are 0 where all nodes are alike', () => {
    holds(
      fc.property(rows, fc.constantFrom(...BOTTLENECK_MODES), (list, mode) => {
        const ranked = bottlenecks(list, mode)
        expect(bottlenecks(list.toReversed(), mode)).deep.equal(ranked)
        ranked.forEach(({ score }, i) => {
          if (mode !== 'load') expect(score).within(0, MICRO)
          if (i > 0) expect(score).most(ranked[i - 1]!.score)
        })
        const alike = list.map(({ member }) => ({ ...list[0]!, member }))
        if (mode !== 'load') for (const { score } of bottlenecks(alike, mode)) expect(score).equal(0)
      }),
      1000,
    )
  })
})

describe('risk', () => {
  it('is from 0 to 1, grows with every term, and has exactly one class', () => {
    const terms = fc.record({
      failure: micro,
      criticality: micro,
      cascade: micro,
      dependents: fc.nat(9),
      dependentsMax: fc.constant(9),
    })
    holds(
      fc.property(terms, terms, (a, b) => {
        const higher = {
          failure: Math.max(a.failure, b.failure),
          criticality: Math.max(a.criticality, b.criticality),
          cascade: Math.max(a.cascade, b.cascade),
          dependents: Math.max(a.dependents, b.dependents),
          dependentsMax: 9,
        }
        expect(riskOf(a).score).within(0, MICRO).most(riskOf(higher).score)
      }),
      1000,
    )
    const order = ['low', 'medium', 'high', 'critical']
    holds(
      fc.property(micro, micro, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        expect(order.indexOf(classOf(less))).most(order.indexOf(classOf(more)))
      }),
      1000,
    )
  })
})

describe('cascade', () => {
  it('P14: cascades stop: waves end, whoever is overloaded would be so again, and nobody else', () => {
    holds(
      fc.property(situations, fc.nat(6), ({ hosts, situation }, pick) => {
        const failed = pick % hosts.length
        const { overloaded, rounds, lostServices } = cascadeOf(situation, POLICY.placement, [failed])
        expect(rounds).most(overloaded.length)
        expect(rounds === 0).equal(overloaded.length === 0)
        // by hand: with all of them down nobody else has more than it can carry
        const down = (seat: number): boolean =>
          seat === failed ||
          overloaded.includes(seat) ||
          ['crash', 'byzantine'].includes(hosts[seat]!.verdict)
        expect(overloaded).not.include(failed)
        hosts.forEach(({ capacity }, seat) => {
          if (down(seat)) return
          let load = 0
          for (const { service } of situation.placement.services) {
            const copies = situation.placement.instances.filter((row) => row.service === service)
            const own = copies.find(({ member }) => member === seat)
            if (own === undefined) continue
            const left = copies.filter(({ member }) => !down(member)).length
            const lost = copies.filter(({ member }) => down(member)).reduce((sum, row) => sum + row.load, 0)
            load += own.load + Math.ceil(lost / left)
          }
          expect(load).most(capacity.transactions)
        })
        for (const service of lostServices)
          for (const row of situation.placement.instances)
            if (row.service === service) expect(down(row.member)).equal(true)
      }),
      1000,
    )
  })

  it('says isolate where every service has its fewest copies left', () => {
    holds(
      fc.property(situations, ({ hosts, situation }) => {
        const { measure } = cascadeOf(situation, POLICY.placement, [])
        const up = (seat: number): boolean => !['crash', 'byzantine'].includes(hosts[seat]!.verdict)
        const isServed = situation.placement.services.every(
          ({ service, copiesMin }) =>
            situation.placement.instances.filter((row) => row.service === service && up(row.member)).length >=
            copiesMin,
        )
        if (isServed) expect(measure).equal('isolate')
      }),
      1000,
    )
  })
})

describe('pareto', () => {
  it('keeps what nothing dominates, and everything else is dominated by something kept', () => {
    const points = fc.array(fc.record({ throughput: fc.nat(9), latency: fc.nat(9), cost: fc.nat(9) }), {
      maxLength: 14,
    })
    holds(
      fc.property(points, (all) => {
        const kept = paretoFrontier(all)
        for (const one of all) expect(kept.includes(one)).equal(!kept.some((other) => dominates(other, one)))
        for (const one of kept) for (const other of kept) expect(dominates(one, other)).equal(false)
      }),
      1000,
    )
  })
})

describe('estimate', () => {
  it('is the same for the same seed, exact without spread, and its interval holds the mean of use ± spread', () => {
    const nodes = fc.array(
      fc.record({
        throughput: fc.nat(2000),
        use: fc.integer({ min: 200, max: 800 }),
        spread: fc.nat(200),
      }),
      { minLength: 1, maxLength: 6 },
    )
    holds(
      fc.property(nodes, fc.nat(5000), fc.nat(), (list, current, number) => {
        const seed = keccak(`0x${uint(number, 32)}`)
        const one = estimateGain(seed, list, current, 60)
        expect(estimateGain(seed, list, current, 60)).deep.equal(one)
        const mean = list.reduce((sum, { throughput, use }) => sum + throughput * use, 0) - 1000 * current
        const widest = list.reduce((sum, { throughput, spread }) => sum + throughput * spread, 0)
        expect(Math.abs(one.delta - mean)).most(widest + 1)
        expect(one.ci95[1] - one.ci95[0]).equal(2 * Math.ceil((196 * one.sd) / 100))
        const sure = list.map((node) => ({ ...node, spread: 0 }))
        expect(estimateGain(seed, sure, current, 7)).deep.equal({ delta: mean, sd: 0, ci95: [mean, mean] })
      }),
      300,
    )
  })
})

describe('capacity', () => {
  it('the nodes to add are the fewest that bring the planned demand below the threshold', () => {
    const demand = fc.array(needs, { minLength: 1, maxLength: 7 })
    holds(
      fc.property(
        fc.array(hostFacts, { minLength: 1, maxLength: 7 }),
        demand,
        fc.nat(30),
        (facts, used, days) => {
          const state = { moveCount: 0, refused: 0, hosts: [], services: [], instances: [], moves: [] }
          const hosts = [
            ...hostsOf(
              [],
              { metrics: metricsOf(state, facts), health: healthOf(facts), trust: { rows: [] } },
              POLICY.placement,
            ).values(),
          ]
          const plan = planCapacity(hosts, used, { growth: 10, days }, POLICY.placement)
          const now = planCapacity(hosts, used, { growth: 0, days: 0 }, POLICY.placement)
          expect(plan.nodesToAdd).least(now.nodesToAdd)
          const capacity = hosts.reduce((sum, host) => plus(sum, host.capacity), NOTHING)
          const sum = used.reduce(plus, NOTHING)
          const mean = {
            cpu: Math.floor(capacity.cpu / hosts.length),
            memory: Math.floor(capacity.memory / hosts.length),
            transactions: Math.floor(capacity.transactions / hosts.length),
          }
          if (Math.min(mean.cpu, mean.memory, mean.transactions) === 0) return
          const withNodes = (nodes: number): boolean =>
            fitsInto(
              sum,
              Array.from({ length: nodes }).reduce<typeof capacity>((total) => plus(total, mean), capacity),
              POLICY.placement.threshold,
            )
          expect(withNodes(now.nodesToAdd)).equal(true)
          if (now.nodesToAdd > 0) expect(withNodes(now.nodesToAdd - 1)).equal(false)
          expect(now.daysLeft === 0).equal(
            Math.max(now.use.cpu, now.use.memory, now.use.transactions) > POLICY.placement.threshold,
          )
        },
      ),
      1000,
    )
  })
})

describe('suggestions', () => {
  it('each carries the figure that passed its limit', () => {
    const below = new Set(['add-capacity', 'add-copy'])
    holds(
      fc.property(situations, ({ situation }) => {
        for (const { rule, measured, limit, member, service } of suggestions(situation, 800)) {
          if (below.has(rule)) expect(measured, rule).below(limit)
          else if (rule === 'check-locks') expect(measured, rule).least(limit)
          else expect(measured, rule).above(limit)
          expect(member !== null || service !== null).equal(true)
        }
      }),
      500,
    )
  })
})
