import { expect } from 'chai'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema, MODELS } from '../../../src/lab/scenario.ts'
import type { Cell } from '../../../src/lab/scenario.ts'

const trace = loadTrace()

function figures(model: Cell['model'], more: object, seed = 1): Readonly<Record<string, number>> {
  return playCell(cellSchema.parse({ name: 'test', model, seeds: 1, ...more }), seed, trace).figures
}

describe('models of the laboratory', function () {
  this.timeout(60_000)

  for (const model of MODELS.filter((name) => name !== 'frames'))
    it(`${model}: the same seed gives the same bytes`, () => {
      const more = {
        duration: 1,
        warmup: 1,
        workload: { load: 0.1 },
        search: { to: 0.3, step: 0.1 },
        years: { span: 1 },
        cluster: { preset: 'telecom-5' },
        day: { machines: 8 },
        scaling: { nodes: [2, 3, 4] },
      }
      const once = JSON.stringify(
        playCell(cellSchema.parse({ name: 'test', model, seeds: 1, ...more }), 5, trace),
      )
      expect(
        JSON.stringify(playCell(cellSchema.parse({ name: 'test', model, seeds: 1, ...more }), 5, trace)),
      ).equal(once)
    })

  describe('years', () => {
    const alone = { mechanisms: { redundancy: false, detection: false } }

    it('a node is up as long as its mean times say, and a service of one copy as long as its node', () => {
      const {
        node_failures = 0,
        failures,
        mtbf_h,
        mttr_s,
        availability,
      } = figures('years', { ...alone, years: { span: 60, correlated: 0 } })
      // ten nodes, 720 h up and 272 min down on average
      expect(node_failures).closeTo((10 * 60 * 8766) / (720 + 272 / 60), 0.05 * node_failures)
      // a repair within ten seconds is no failure
      expect(failures).closeTo(node_failures, 20)
      expect(mtbf_h).closeTo(720, 36)
      expect(mttr_s).closeTo(272 * 60, 0.1 * 272 * 60)
      expect(availability).closeTo(720 / (720 + 272 / 60), 0.001)
    })

    it('two copies that wait for their nodes are away as often as both are: the product', () => {
      const { availability = 0 } = figures('years', {
        mechanisms: { detection: false },
        years: { span: 250, correlated: 0, services: 20 },
      })
      const down = 272 / 60 / (720 + 272 / 60)
      expect(1 - availability).within(0.5 * down ** 2, 2 * down ** 2)
    })

    it('hazard that does not depend on load: balancing changes nothing, to the bit', () => {
      const of = (balancer: string, beta: number) =>
        figures('years', { ...alone, balancer, workload: { load: 0.28 }, years: { span: 10, beta } })
      expect(of('random', 0)).deep.equal(of('resource-aware', 0))
      expect(of('random', 10)['node_failures']).greaterThan(
        1.2 * (of('resource-aware', 10)['node_failures'] ?? 0),
      )
    })
  })

  describe('votes', () => {
    const of = (members: number, liars: number, rule: string) =>
      figures('votes', { votes: { members, liars, rule, heights: 200 } })

    it('2f + 1 of five splits under one liar, and of twenty under six; the rule of the protocol does not', () => {
      for (const [members, liars] of [
        [5, 1],
        [20, 6],
      ] as const) {
        expect(of(members, liars, '2f+1')['violations'], `${members}`).greaterThan(10)
        expect(of(members, liars, 'protocol')['violations'], `${members}`).equal(0)
      }
    })

    it('where n = 3f + 1 both rules are one', () => {
      for (const [members, liars] of [
        [4, 1],
        [7, 2],
        [10, 3],
      ] as const)
        expect(of(members, liars, '2f+1')).deep.equal(of(members, liars, 'protocol'))
    })

    it('nobody lies: one round, three delays; above the bound nothing is promised', () => {
      expect(of(7, 0, 'protocol')).deep.include({ violations: 0, rounds: 1, delays: 3, messages: 6 + 84 })
      expect(of(4, 2, 'protocol')['violations']).greaterThan(10)
    })
  })

  describe('commits', () => {
    const of = (protocol: string, death: string, more: object = {}) =>
      figures('commits', { protocol, commits: { death, count: 20, repair_ms: 5000, ...more } })

    it('every protocol is atomic wherever its coordinator dies', () => {
      for (const protocol of ['2pc', '3pc', 'agreed'])
        for (const death of ['never', 'preparing', 'prepared', 'committing'])
          expect(of(protocol, death, { contention: 0.3 }), `${protocol} ${death}`).deep.include({
            atomic: 1,
            undecided: 0,
          })
    })

    it('2pc waits for its coordinator; 3pc and the agreed log do not', () => {
      expect(of('2pc', 'committing')['blocked_max_ms']).within(4900, 5600)
      expect(of('3pc', 'committing')['blocked_max_ms']).below(600)
      expect(of('agreed', 'preparing')['blocked_max_ms']).below(150)
    })

    it('who cannot commit aborts all', () => {
      expect(of('2pc', 'never', { contention: 1 })['aborts']).equal(1)
      expect(of('2pc', 'never')['aborts']).equal(0)
    })
  })

  it('prevention never lets more nodes go down, and pays with load', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const of = (prevention: boolean) =>
        figures('cascade', { cluster: { preset: 'C10' }, cascade: { headroom: 0.1, prevention } }, seed)
      expect(of(true)['nodes_down'], `seed ${seed}`).at.most(of(false)['nodes_down'] ?? 0)
      expect(of(true)['lost_load'], `seed ${seed}`).at.most(of(false)['lost_load'] ?? 0)
    }
  })

  it('a forecast holds what it says where nodes surprise by themselves, and less where all do together', () => {
    const of = (shared: number) =>
      figures('forecast', { forecast: { shared, repetitions: 40 } })['coverage'] ?? 0
    expect(of(0)).within(0.85, 1)
    expect(of(1)).below(0.7)
  })
})
