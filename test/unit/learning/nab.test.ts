import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { nabFileScore, nabNormalized, probationRows } from '../../../src/learning/nab.ts'

interface Board {
  readonly columns: readonly string[]
  readonly board: Readonly<Record<string, number>>
  readonly files: Readonly<Record<string, readonly number[]>>
}
const published = JSON.parse(
  readFileSync(new URL('../../../models/nab-board.json', import.meta.url), 'utf8'),
) as Board

const flagsAt = (rows: number, ...places: number[]): boolean[] =>
  Array.from({ length: rows }, (_, row) => places.includes(row))

describe('scores of the Numenta Anomaly Benchmark', () => {
  it('make the published board out of the published scores of its 58 files', () => {
    const rows = Object.values(published.files)
    const windows = rows.reduce((sum, [count = 0]) => sum + count, 0)
    expect([rows.length, windows]).deep.equal([58, 116])
    expect(nabNormalized(-windows, windows)).equal(published.board['null'])
    published.columns.forEach((name, column) => {
      if (column === 0) return
      const score = rows.reduce((sum, row) => sum + (row[column] ?? 0), 0)
      expect(nabNormalized(score, windows), name).closeTo(published.board[name] ?? 0, 1e-8)
    })
  })

  it('give nothing for the rows of probation', () => {
    expect([probationRows(4_032), probationRows(10_000)]).deep.equal([604, 750])
    expect(nabFileScore(flagsAt(100, 3), [[50, 60]])).equal(-1)
  })

  it('give one for the first row of a window, less for a later one, and count a window once', () => {
    const windows = [[50, 59]] as const
    expect(nabFileScore(flagsAt(100, 50), windows)).equal(1)
    const late = nabFileScore(flagsAt(100, 58), windows)
    expect(late).within(0.1, 0.9)
    expect(nabFileScore(flagsAt(100, 50, 58), windows)).equal(1)
  })

  it('take more for a false alarm the further it is behind a window', () => {
    const windows = [[50, 59]] as const
    const near = nabFileScore(flagsAt(100, 50, 60), windows)
    const far = nabFileScore(flagsAt(100, 50, 99), windows)
    expect(near).lessThan(1).greaterThan(far)
    expect(far).equal(1 - 0.11)
    // before the first window
    expect(nabFileScore(flagsAt(100, 20, 50), windows)).equal(1 - 0.11)
  })
})
