/** What checkpoints cost before lists were signed and members paid by them (version 2), and what they may cost now. */
import { readFileSync } from 'node:fs'
import type { Snapshot } from './costs.ts'

type Costs = Readonly<Record<string, Readonly<Record<number, number>>>>

/** Measured the same way, with the contracts of version 2: case → n → gas. */
const FORMER = JSON.parse(
  readFileSync(new URL('../vectors/gas-former.json', import.meta.url), 'utf8'),
) as Costs

const MORE = 0.1
/** A list's share of a height, in bytes of call data (EIP-2028). */
const LIST_GAS = 4 * 16
/** Counters of a task get their storage then: once a task, and not under the bound. */
const ONCE = 'checkpoint, first'

export interface Compared {
  readonly name: string
  readonly n: number
  readonly former: number
  readonly now: number
  /** Null: without a bound. */
  readonly most: number | null
}

export function comparedWithFormer({ gas }: Snapshot): Compared[] {
  return Object.entries(FORMER).flatMap(([name, costs]) =>
    Object.entries(costs).map(([n, former]) => {
      const heights = Number(/\d+/.exec(name)?.[0] ?? 1)
      const most = name === ONCE ? null : former * (1 + MORE) + LIST_GAS * heights
      return { name, n: Number(n), former, now: gas[name]?.[Number(n)] ?? NaN, most }
    }),
  )
}
