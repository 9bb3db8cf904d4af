import { expect } from 'chai'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { machinesOf } from '../../../src/lab/day/demand.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'
import { mean } from '../../../src/lab/statistics/summary.ts'

const trace = loadTrace()

function figures(more: object, seed = 1): Readonly<Record<string, number>> {
  const cell = cellSchema.parse({
    name: 'test',
    model: 'day',
    seeds: 1,
    cluster: { preset: 'telecom-5' },
    ...more,
  })
  return playCell(cell, seed, trace).figures
}

describe('a day of virtual machines', function () {
  this.timeout(60_000)

  it('refuses more machines than there are numbers, a cluster that is asked for nothing or twice', () => {
    for (const day of [{ machines: 65 }, { machines: 0 }, { fill: 0 }, { fill: 1.1 }, { swing: -1 }])
      expect(
        cellSchema.safeParse({ name: 'test', model: 'day', seeds: 1, day }).success,
        JSON.stringify(day),
      ).equal(false)
  })

  it('machines order the part of the cores that is asked for, and follow a day of the record around it', () => {
    const whole = { machines: 40, fill: 0.5, swing: 1 }
    const machines = machinesOf(1, trace.uses, 40, whole)
    const ordered = machines.reduce((sum, one) => sum + one.ordered, 0)
    expect(ordered).closeTo(100 * 40 * 0.5, 40)
    for (const { ordered: own, demand } of machines) {
      expect(demand).length(288)
      expect(Math.max(...demand)).at.most(4 * own)
      expect(Math.min(...demand)).at.least(0)
    }
    expect(new Set(machines.map(({ demand, ordered: own }) => (demand[0] ?? 0) / own)).size).greaterThan(20)
    // halfway to the record is halfway between
    const half = machinesOf(1, trace.uses, 40, { ...whole, swing: 0.5 })
    half.forEach(({ ordered: own, demand }, i) =>
      expect(mean(demand)).closeTo((own + mean(machines[i]?.demand ?? [])) / 2, 1e-6),
    )
  })

  it('without swing nothing moves, all is served, and permission to move changes nothing to the bit', () => {
    const still = { day: { machines: 30, fill: 0.5, swing: 0 } }
    const moving = figures(still)
    expect(moving).deep.include({ migrations: 0, served: 1, overloaded: 0, allocated: 1 })
    expect(figures({ ...still, mechanisms: { adaptability: false } })).deep.equal(moving)
  })

  it('moves keep to their budget, and need adaptability', () => {
    const full = { day: { machines: 30, fill: 0.7 } }
    const free = figures(full)
    const fixed = figures({ ...full, mechanisms: { adaptability: false } })
    const few = figures({ ...full, placement: { movesMax: 2 } })
    expect(free['migrations_per_min']).within(3, 10)
    expect(few['migrations_per_min']).equal(2)
    expect(fixed['migrations']).equal(0)
    // whether they help is what E-T1 asks
    expect(free['served']).not.equal(fixed['served'])
  })

  it('a reserve changes nothing where there is room, and leaves nodes idle where there is none', () => {
    const of = (reserve: number, fill: number): Readonly<Record<string, number>> =>
      figures({ day: { machines: 60, fill, swing: 0 }, placement: { reserve } })
    expect(of(100, 0.5)).deep.include({ allocated: 1, served: 1, overloaded: 0 })
    expect(of(0, 0.95)['allocated']).equal(1)
    const kept = of(400, 0.95)
    // of priority 5, half of the reserve: four fifths of the cores
    expect(kept['allocated']).within(0.75, 0.86)
    expect(kept['cpu_p95']).at.most(0.8)
    expect(of(0, 0.95)['cpu_p95']).greaterThan(0.9)
  })

  it('what does not fit has no host', () => {
    const { allocated = 1 } = figures({ day: { machines: 12, fill: 1, swing: 0 } })
    expect(allocated).within(0.3, 0.95)
  })
})
