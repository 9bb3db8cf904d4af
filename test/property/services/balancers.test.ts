import { expect } from 'chai'
import fc from 'fast-check'
import { balanceOf, squareRoot } from '../../../src/services/placement/balance.ts'
import {
  leastConnections,
  mostFree,
  nextInTurn,
  powerOfTwo,
} from '../../../src/services/placement/balancers.ts'
import type { Backend, Turns } from '../../../src/services/placement/balancers.ts'
import { chooseHost, scoresOf } from '../../../src/services/placement/strategies.ts'
import type { Candidate } from '../../../src/services/placement/strategies.ts'
import { STRATEGY_NAMES } from '../../../src/services/placement/codec.ts'
import { hostsOf, utilisation, plus } from '../../../src/services/placement/hosts.ts'
import { holds } from '../../helpers/holds.ts'
import { POLICY } from '../../helpers/services-inputs.ts'
import { capacities, healthOf, IDLE, metricsOf, needs, specOf } from '../../helpers/services-placement.ts'
import { placement } from '../../../src/services/placement/slice.ts'

const backends = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), connections: fc.nat(20), use: fc.nat(1000) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list) => list.map((one, member): Backend => ({ member, ...one })))

/** Hosts that could get a copy of a service with these needs, in any order. */
const candidates = fc
  .array(fc.record({ capacity: capacities, copies: fc.nat(9), load: fc.nat(500), part: fc.nat(1000) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list) => {
    const facts = list.map(({ capacity }) => ({ ...IDLE, capacity }))
    const hosts = hostsOf(
      [],
      { metrics: metricsOf(placement.empty, facts), health: healthOf(facts), trust: { rows: [] } },
      POLICY.placement,
    )
    return list.map(({ copies, load, part }, member): Candidate => {
      const host = hosts.get(member)!
      const of = (amount: number): number => Math.floor((amount * part) / 1000)
      const { cpu, memory, transactions } = host.capacity
      const used = { cpu: of(cpu), memory: of(memory), transactions: of(transactions) }
      return { host, used, copies, load }
    })
  })

const tie = (service: number, member: number): string => `${(service * 7 + member * 5) % 11}/${member}`

describe('data-plane balancers', () => {
  it('P18: smooth weighted round robin: over k cycles each is chosen k times its weight, and never far off in between', () => {
    holds(
      fc.property(backends, fc.integer({ min: 1, max: 4 }), (list, cycles) => {
        const total = list.reduce((sum, { weight }) => sum + weight, 0)
        const counts = new Map<number, number>()
        let turns: Turns = new Map()
        for (let i = 1; i <= cycles * total; i += 1) {
          const next = nextInTurn(list, turns)!
          turns = next.turns
          counts.set(next.chosen, (counts.get(next.chosen) ?? 0) + 1)
          // the share of each after i calls is i · weight / total, and it is less than one cycle's neighbours away
          for (const { member, weight } of list) {
            const off = (counts.get(member) ?? 0) * total - i * weight
            expect(Math.abs(off)).below(total * list.length)
          }
        }
        for (const { member, weight } of list) expect(counts.get(member)).equal(cycles * weight)
      }),
      1000,
    )
  })

  it('P19: least connections never takes a backend that has more connections for its weight than another', () => {
    holds(
      fc.property(backends, fc.array(fc.nat(7), { maxLength: 8 }), (list, order) => {
        const chosen = list.find(({ member }) => member === leastConnections(list))!
        for (const { connections, weight } of list)
          expect(chosen.connections * weight).most(connections * chosen.weight)
        const shuffled = list.toSorted((a, b) => (order[a.member] ?? 0) - (order[b.member] ?? 0))
        expect(leastConnections(shuffled)).equal(chosen.member)
      }),
      1000,
    )
  })

  it('power of two takes the better of the two drawn, and most free the one with most room for its queue', () => {
    holds(
      fc.property(backends, fc.nat(), fc.nat(), (list, a, b) => {
        const drawn = [list[a % list.length]!, list[b % list.length]!]
        const chosen = drawn.find(({ member }) => member === powerOfTwo(list, [a, b]))!
        for (const { connections, weight } of drawn)
          expect(chosen.connections * weight).most(connections * chosen.weight)
        const freest = list.find(({ member }) => member === mostFree(list))!
        const room = ({ weight, use, connections }: Backend): number =>
          (weight * (1000 - use)) / (connections + 1)
        for (const one of list) expect(room(freest) + 1e-9).least(room(one))
      }),
      1000,
    )
  })

  it('choose nothing of nothing', () => {
    expect([
      nextInTurn([], new Map()),
      leastConnections([]),
      powerOfTwo([], [1, 2]),
      mostFree([]),
    ]).deep.equal([null, null, null, null])
  })
})

describe('placement strategies', () => {
  it('P20: the choice is maximal, and the order of the candidates does not matter', () => {
    holds(
      fc.property(
        candidates,
        needs,
        fc.constantFrom(...STRATEGY_NAMES),
        fc.infiniteStream(fc.nat(1000)),
        (list, wants, strategy, order) => {
          const spec = specOf(3, { needs: wants })
          const chosen = chooseHost(strategy, list, spec, tie)!.member
          const shuffled = list
            .map((one) => ({ one, rank: order.next().value as number }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ one }) => one)
          expect(chooseHost(strategy, shuffled, spec, tie)!.member).equal(chosen)
          if (strategy === 'power-of-two') {
            const byTie = list.toSorted((a, b) => (tie(3, a.host.member) < tie(3, b.host.member) ? -1 : 1))
            const use = ({ used, host }: Candidate): number => utilisation(plus(used, wants), host.capacity)
            const [first, second] = byTie
            const isSecond = second !== undefined && use(second) < use(first!)
            expect(chosen).equal((isSecond ? second : first)!.host.member)
            return
          }
          const scores = scoresOf(strategy, list, spec)
          const top = scores.filter(({ score }) => score === scores[0]!.score).map(({ member }) => member)
          // of equals the first by the tie-break
          const first = top.toSorted((a, b) => (tie(3, a) < tie(3, b) ? -1 : 1))[0]
          expect(chosen).equal(first)
        },
      ),
      1000,
    )
  })

  it('no candidates, no host', () => {
    for (const strategy of STRATEGY_NAMES) expect(chooseHost(strategy, [], specOf(1), tie)).equal(null)
  })
})

describe('balance', () => {
  it('LBI is 1 − CV and Jain is (Σx)² / n Σx², to a thousandth', () => {
    holds(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 }), (uses) => {
        const { lbi, cv, jain } = balanceOf(uses)
        const sum = uses.reduce((a, b) => a + b, 0)
        if (sum === 0) {
          expect([lbi, cv, jain]).deep.equal([1000, 0, 1000])
          return
        }
        const mean = sum / uses.length
        const variance = uses.reduce((a, x) => a + (x - mean) ** 2, 0) / uses.length
        expect(cv).closeTo((1000 * Math.sqrt(variance)) / mean, 1.001)
        expect(lbi).equal(Math.max(0, 1000 - cv))
        const squares = uses.reduce((a, x) => a + x * x, 0)
        expect(jain).closeTo((1000 * sum * sum) / (uses.length * squares), 1.001)
      }),
      1000,
    )
  })

  it('F19: "LBI > 0.85" and "CV < 0.15" are one target; Jain is then at least 0.978', () => {
    holds(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 12 }), (uses) => {
        const { lbi, cv, jain } = balanceOf(uses)
        expect(lbi > 850).equal(cv < 150)
        if (lbi > 850) expect(jain).least(977)
      }),
      1000,
    )
  })

  it('the square root is the largest integer whose square is not larger', () => {
    holds(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 120n }), (value) => {
        const root = squareRoot(value)
        expect(root * root <= value && value < (root + 1n) * (root + 1n)).equal(true)
      }),
      500,
    )
  })
})
