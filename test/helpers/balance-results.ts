import { readFileSync } from 'node:fs'
import type { Balancer, BalanceOutcome } from './balance-world.ts'
import { BALANCERS } from './balance-world.ts'
import { meanOf } from './trust-results.ts'

/** Outcomes by seed. */
export interface BalanceRow {
  readonly load: number
  readonly balancer: Balancer
  readonly runs: readonly BalanceOutcome[]
}

export const BALANCE_FILE = new URL('../../docs/balance-results.json', import.meta.url)
export const BALANCE_PAGE = new URL('../../docs/balancing.md', import.meta.url)
export const TABLE_FILE = new URL('../../models/balancer.json', import.meta.url)
const BEGIN = '<!-- generated: scripts/train/balancer.ts -->'
const END = '<!-- end -->'
const RIVALS = ['least connections', 'power of two', 'resource-aware'] as const

/** The page with the tables of the results file. */
export function withBalance(page: string): string {
  const rows = JSON.parse(readFileSync(BALANCE_FILE, 'utf8')) as BalanceRow[]
  const text = ({ runs }: BalanceRow, name: keyof BalanceOutcome, scale: number, digits: number): string => {
    const { mean, half } = meanOf(runs.map((run) => scale * run[name]))
    return `${mean.toFixed(digits)} ± ${(half ?? 0).toFixed(digits)}`
  }
  const lines = rows.map((row) => {
    const cells = [
      text(row, 'meanMs', 0.001, 2),
      text(row, 'p95Ms', 0.001, 1),
      text(row, 'throughput', 1, 3),
      text(row, 'energy', 1, 1),
      text(row, 'use', 100, 1),
      text(row, 'bottleneck', 100, 1),
    ]
    return `| ${row.load} | ${row.balancer} | ${cells.join(' | ')} |`
  })
  const of = (load: number, name: Balancer): BalanceRow | undefined =>
    rows.find((row) => row.load === load && row.balancer === name)
  const pairs = [...new Set(rows.map(({ load }) => load))].flatMap((load) =>
    BALANCERS.slice(4).flatMap((name) =>
      RIVALS.map((rival) => {
        const cells = (['meanMs', 'p95Ms'] as const).map((measure) => {
          const [learned, other] = [of(load, name)?.runs ?? [], of(load, rival)?.runs ?? []]
          const gains = learned.map((run, i) => ((other[i]?.[measure] ?? 0) - run[measure]) / 1000)
          const { mean, half } = meanOf(gains)
          const bound = half ?? Infinity
          const word = mean > bound ? 'won' : mean < -bound ? '**lost**' : 'no difference'
          return `${mean.toFixed(2)} ± ${bound.toFixed(2)}: ${word}`
        })
        return `| ${load} | ${name} | ${rival} | ${cells.join(' | ')} |`
      }),
    ),
  )
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  return `${before}${BEGIN}

| Load | Balancer | mean, s | p95, s | answered / s | J a request | use, % | used above 0.7, % |
|---:|---|---:|---:|---:|---:|---:|---:|
${lines.join('\n')}

Seconds that a request is faster, on the same seeds:

| Load | Balancer | against | mean | p95 |
|---:|---|---|---|---|
${pairs.join('\n')}

${END}${after}`
}
