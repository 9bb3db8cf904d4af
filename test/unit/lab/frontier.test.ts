import { expect } from 'chai'
import type { CellFigures } from '../../../src/lab/analyse.ts'
import { tradesOf } from '../../../src/lab/frontier.ts'

const ROLES = { throughput: 'goodput', latency: 'latency_mean', cost: 'bytes' }

function cell(name: string, values: readonly (number | null)[]): CellFigures {
  const figures = Object.values(ROLES).map((measure, i) => [
    measure,
    { n: 2, value: values[i] ?? null, ci95: null },
  ])
  return { cell: name, levels: {}, seeds: 2, figures: Object.fromEntries(figures) as CellFigures['figures'] }
}

describe('ways to run a system, traded off', () => {
  it('nothing is asked, nothing is said; a cell without one of the figures is left out', () => {
    expect(tradesOf([cell('a', [1, 1, 1])], undefined)).deep.equal([])
    expect(tradesOf([cell('a', [1, 1, 1]), cell('b', [9, null, 1])], ROLES)).length(1)
  })

  it('names those that no other dominates, and the third in which each figure is', () => {
    const cells = [
      cell('fast and dear', [9, 1, 9]),
      cell('slow and cheap', [1, 9, 1]),
      cell('between', [5, 5, 5]),
      cell('worse than between', [5, 6, 5]),
    ]
    const trades = tradesOf(cells, ROLES)
    expect(trades.map(({ isOnFrontier }) => isOnFrontier)).deep.equal([true, true, true, false])
    expect(trades.map(({ terciles }) => terciles['latency_mean'])).deep.equal([
      'low',
      'high',
      'low',
      'medium',
    ])
    // equal figures are in one third
    expect(trades[2]?.terciles['goodput']).equal(trades[3]?.terciles['goodput'])
  })
})
