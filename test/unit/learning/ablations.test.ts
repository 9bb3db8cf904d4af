import { expect } from 'chai'
import { ablation } from '../../../src/learning/ablations/ablation.ts'
import { hide } from '../../../src/learning/ablations/adversarial.ts'
import { augment } from '../../../src/learning/ablations/engines.ts'
import { judgeFailures } from '../../../src/learning/ablations/failures.ts'
import { fitSvm } from '../../../src/learning/ablations/svm.ts'
import type { Connection } from '../../../src/learning/connections.ts'
import { Dice } from '../../../src/learning/dice.ts'
import type { Engine } from '../../../src/learning/engines.ts'
import { fitConnections, groupOf } from '../../../src/learning/judge-connections.ts'

/** Engines whose last 40 cycles heat up, and engines that only make noise. */
function engines(seed: number, count: number, heat: number): Engine[] {
  const dice = new Dice(seed)
  return Array.from({ length: count }, (_, number) => {
    const length = 80 + dice.below(120)
    const cycles = Array.from({ length }, (_row, cycle) => {
      const warm = Math.max(0, cycle - (length - 40)) * heat
      return [dice.below(100), 500 + dice.below(50) + warm, 7]
    })
    return { number: number + 1, cycles }
  })
}

function connection(dice: Dice, group: number): Connection {
  const cells = Array.from({ length: 41 }, (_, column) => (column >= 1 && column <= 3 ? 'tcp' : '0'))
  const numbers = cells.map((_, column) => (column === 4 ? group * 1_000 + dice.below(500) : dice.below(10)))
  return { cells, numbers, name: group === 0 ? 'normal' : 'smurf', group }
}

describe('ablations', () => {
  it('find no difference where nothing differs, and count a smaller error as a gain', () => {
    const errors = Array.from({ length: 30 }, (_, place) => 5 + (place % 7))
    const mean =
      (less: number) =>
      (places: readonly number[]): number =>
        places.reduce((sum, place) => sum + (errors[place] ?? 0) - less, 0) / places.length
    const common = { technique: 't', set: 's', measure: 'm', n: errors.length, without: mean(0) }
    expect(ablation({ ...common, with: mean(0) })).include({ gain: 0, verdict: 'no difference' })
    expect(ablation({ ...common, isError: true, with: mean(1) })).include({ gain: 1, verdict: 'helps' })
    expect(ablation({ ...common, with: mean(1) })).include({ gain: -1, verdict: 'harms' })
  })

  it('a support vector machine parts what a plane parts, and nothing where labels are chance', () => {
    const dice = new Dice(3)
    const rows = Array.from({ length: 400 }, () => [dice.below(1_000), dice.below(1_000), 42])
    const right = (labels: readonly boolean[]): number => {
      const score = fitSvm(rows, labels)
      return rows.filter((row, place) => score(row) > 0 === labels[place]).length / rows.length
    }
    expect(right(rows.map(([x = 0, y = 0]) => x > y))).greaterThan(0.97)
    expect(right(rows.map(() => dice.below(2) === 1))).within(0.35, 0.65)
  })

  it('predictors of failure see engines that heat up, and are worth chance on noise', () => {
    const precision = (heat: number): Map<string, number> =>
      new Map(
        judgeFailures(engines(1, 12, heat), engines(2, 8, heat)).map((figure) => [
          figure.method,
          figure.averagePrecision,
        ]),
      )
    const [seen, noise] = [precision(10), precision(0)]
    for (const method of ['CART', 'random forest', 'support vector machine (laboratory only)'])
      expect(seen.get(method), method).greaterThan((noise.get(method) ?? 1) + 0.2)
    expect(seen.get('random')).below(0.4)
  })

  it('a copy of an engine lives nearly as long, with the same columns and other values', () => {
    const all = engines(5, 4, 3)
    for (const [seed, engine] of all.entries()) {
      const { cycles } = augment(engine, all, seed)
      expect(cycles.length / engine.cycles.length).within(0.9, 1.12)
      expect(cycles.every((row) => row.length === 3 && row[2] === 7)).equal(true)
      expect(cycles.map(([, heat]) => heat)).not.deep.equal(engine.cycles.map(([, heat]) => heat))
    }
  })

  it('an attacker hides behind numbers of normal connections, and never changes its words', () => {
    const dice = new Dice(9)
    const rows = Array.from({ length: 200 }, (_, place) => connection(dice, place % 2))
    const model = fitConnections(rows, '')
    const normal = rows.filter(({ group }) => group === 0)
    const attacks = rows.filter(({ group }) => group === 1)
    const hidden = attacks.flatMap((attack) => hide(model, attack, normal, dice) ?? [])
    expect(hidden.length).greaterThan(attacks.length / 2)
    for (const one of hidden) {
      expect(groupOf(model, one)).equal(0)
      expect(one).include({ name: 'smurf', group: 1 })
      expect(one.cells.slice(1, 4)).deep.equal(['tcp', 'tcp', 'tcp'])
    }
    const none = attacks.flatMap((attack) => hide(model, attack, attacks, dice) ?? [])
    expect(none, 'with nobody normal to copy').deep.equal([])
  })
})
