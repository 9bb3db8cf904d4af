import type { LogRow } from '../desk/log-rows.ts'

export interface LogFilter {
  /** Name of an event; null: all. */
  readonly name: string | null
  /** Words that a row has to have, in any case: `member 2`, an address, a transaction, `height 7`. */
  readonly text: string
}

/** Rows that a filter lets through, the newest first. */
export function filterLog(rows: readonly LogRow[], { name, text }: LogFilter): LogRow[] {
  const wanted = text.trim().toLowerCase()
  return rows
    .filter((row) => (name === null || row.name === name) && (wanted === '' || wordsOf(row).includes(wanted)))
    .reverse()
}

/** Names of events, each once, by how often they come. */
export function namesIn(rows: readonly LogRow[]): readonly (readonly [name: string, count: number])[] {
  const counts = new Map<string, number>()
  for (const { name } of rows) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

/** Arguments in one line, as rows show and filters search them. */
export const argsLine = ({ args }: LogRow): string =>
  args.map(([name, value]) => `${name} ${value}`).join(' · ')

function wordsOf(row: LogRow): string {
  const { block, contract, name, transaction } = row
  return `block ${block} ${contract} ${name} ${transaction} ${argsLine(row)}`.toLowerCase()
}
