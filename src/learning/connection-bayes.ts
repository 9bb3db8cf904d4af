import { GROUPS, RATE_COLUMNS, TEXT_COLUMNS } from './connections.ts'
import type { Connection } from './connections.ts'

/** Naive Bayes as the README of the data set has it: numbers in powers of two, shares in quarters, add-one. */
export function connectionBayes(train: readonly Connection[]): (row: Connection) => number {
  const groups = GROUPS.map((_, group) => train.filter((row) => row.group === group))
  const counts = groups.map((rows) => {
    const seen = new Map<string, number>()
    for (const row of rows) for (const event of eventsOf(row)) seen.set(event, (seen.get(event) ?? 0) + 1)
    return seen
  })
  // values that each column takes in training, for add-one
  const kinds = new Map<number, Set<string>>()
  for (const row of train)
    eventsOf(row).forEach((event, column) => {
      const seen = kinds.get(column) ?? new Set()
      kinds.set(column, seen.add(event))
    })
  return (row) => {
    const logs = groups.map((rows, group) =>
      eventsOf(row).reduce(
        (sum, event, column) =>
          sum +
          Math.log(((counts[group]?.get(event) ?? 0) + 1) / (rows.length + (kinds.get(column)?.size ?? 0))),
        Math.log(Math.max(1, rows.length) / train.length),
      ),
    )
    return logs.indexOf(Math.max(...logs))
  }
}

function eventsOf({ numbers, cells }: Connection): string[] {
  return cells.map((cell, column) => {
    if (TEXT_COLUMNS.includes(column)) return `${String(column)}=${cell}`
    const number = numbers[column] ?? 0
    const bin = RATE_COLUMNS.includes(column) ? Math.floor(number / 25) : Math.floor(Math.log2(number + 1))
    return `${String(column)}:${String(bin)}`
  })
}
