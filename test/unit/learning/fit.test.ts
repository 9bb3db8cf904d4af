import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { bootstrap } from '../../../src/learning/bootstrap.ts'
import { fitClusters, nearestOf } from '../../../src/learning/clusters.ts'
import { Dice } from '../../../src/learning/dice.ts'
import { eigenOf } from '../../../src/learning/eigen.ts'
import { fitLinear } from '../../../src/learning/linear.ts'
import { masquerades } from '../../../src/learning/masquerade.ts'
import { floorVerdicts } from '../../../src/learning/judge.ts'
import type { Figure } from '../../../src/learning/result.ts'
import { modelHash, readModel } from '../../../src/services/sentinel/model.ts'

const results = JSON.parse(
  readFileSync(new URL('../../../models/results.json', import.meta.url), 'utf8'),
) as {
  readonly models: Readonly<Record<string, { readonly hash: `0x${string}`; readonly bytes: number }>>
  readonly figures: Readonly<Record<string, { readonly judged: readonly Figure[] }>>
}

describe('fitting', () => {
  it('draws the same for the same seed, evenly', () => {
    const draw = (seed: number): number[] => {
      const dice = new Dice(seed)
      return Array.from({ length: 6_000 }, () => dice.below(6))
    }
    expect(draw(1)).deep.equal(draw(1)).not.deep.equal(draw(2))
    for (let face = 0; face < 6; face += 1)
      expect(draw(0).filter((drawn) => drawn === face).length).within(850, 1_150)
    expect(new Dice(3).sample(5, 9).sort()).deep.equal([0, 1, 2, 3, 4])
  })

  it('finds eigenvectors: A v = λ v, length one', () => {
    const dice = new Dice(5)
    const half = Array.from({ length: 6 }, () => Array.from({ length: 6 }, () => dice.below(200) / 100 - 1))
    const matrix = half.map((row, i) => row.map((value, j) => value + (half[j]?.[i] ?? 0)))
    for (const { value, vector } of eigenOf(matrix)) {
      matrix.forEach((row, i) => {
        const product = row.reduce((sum, cell, j) => sum + cell * (vector[j] ?? 0), 0)
        expect(product).closeTo(value * (vector[i] ?? 0), 1e-9)
      })
      expect(vector.reduce((sum, part) => sum + part * part, 0)).closeTo(1, 1e-9)
    }
  })

  it('finds a plane with a constant column, and the two clusters of two heaps', () => {
    const rows = Array.from({ length: 30 }, (_, at) => [at, (at * at) % 7, 5])
    const plane = fitLinear(
      rows,
      rows.map(([x = 0, y = 0]) => 3 * x - 2 * y + 4),
    )
    expect(plane([100, 10, 5])).closeTo(284, 1e-6)
    const dice = new Dice(2)
    const heaps = Array.from({ length: 60 }, (_, at) => [(at % 2) * 1_000 + dice.below(9), dice.below(9)])
    const centers = fitClusters(heaps, 3, 2)
    expect(new Set(heaps.map((row) => nearestOf(centers, row).place)).size).equal(2)
    for (const row of heaps) expect(nearestOf(centers, row).distance).lessThan(20)
  })

  it('draws an interval around the mean of what it draws from', () => {
    const values = Array.from({ length: 50 }, (_, at) => at)
    const mean = (places: readonly number[]): number =>
      places.reduce((sum, place) => sum + (values[place] ?? 0), 0) / places.length
    const [low, high] = bootstrap(50, 1, mean)
    expect(low).within(18, 23)
    expect(high).within(26, 31)
  })

  it('masks every third block by another person of the right exercise, and leaves out who has nobody', () => {
    const person = (file: string, exercise: string): Parameters<typeof masquerades>[0][number] => ({
      file,
      exercise,
      commands: Array.from({ length: 80 }, (_, at) => `${file} ${String(at)}`),
    })
    const people = [person('a', 'x'), person('b', 'x'), person('c', 'y')]
    const same = masquerades(people, 'same exercise')
    expect(same.map(({ isMasked }) => isMasked)).deep.equal([
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
    ])
    expect(same[1]?.commands[0]).equal('b 50')
    const other = masquerades(people, 'other exercise')
    expect(other.filter(({ isMasked, commands }) => isMasked && commands[0]?.startsWith('c')).length).equal(2)
    expect(other.length).equal(12)
  })
})

describe('committed models and results', () => {
  it('are the models that the results name, and can be read', () => {
    for (const [file, { hash, bytes }] of Object.entries(results.models)) {
      const text = readFileSync(new URL(`../../../models/${file}`, import.meta.url), 'utf8')
      expect([modelHash(text), text.length]).deep.equal([hash, bytes])
      expect(readModel(text, hash), file).an('object')
    }
  })

  it('have a verdict on each floor; what is lost is known to be lost', () => {
    const verdicts = floorVerdicts(Object.values(results.figures).flatMap(({ judged }) => judged))
    expect(verdicts.length).equal(7)
    const lost = verdicts.filter(({ isMet }) => !isMet).map(({ floor }) => floor.set)
    expect(lost).deep.equal(LOST)
  })
})

/** Floors that the committed run missed. docs/models.md says so. */
const LOST: readonly string[] = ['smd', 'nab']
