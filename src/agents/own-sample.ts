import type { MachineSample } from '../ports/sampler.ts'
import { U16_MAX } from '../services/fields.ts'
import type { Capacity, OwnSample } from '../services/metrics/codec.ts'
import { PERMILLE } from '../services/metrics/codec.ts'

/** What an operator says that the place has, over what is measured. */
export type DeclaredCapacity = Partial<Capacity>

/** What this node's services do. */
export interface ServiceUse {
  /** Served per second. */
  readonly transactions: number
  /** Part of lock requests that had to wait, ‰. */
  readonly lockContention: number
}

const GB = 1e9
/** Of a link that does not say how fast it is, Mbit/s, and of a node whose operator does not say how much it serves, per second. */
const UNKNOWN = { throughput: 1000, transactions: 1000 } as const

/** The own word of a node, in the units of the table. */
export function ownSample(
  machine: MachineSample,
  declared: DeclaredCapacity,
  { transactions, lockContention }: ServiceUse,
): OwnSample {
  return {
    capacity: {
      cpu: declared.cpu ?? whole(100 * machine.cores),
      memory: declared.memory ?? whole((100 * machine.memoryBytes) / GB),
      throughput: declared.throughput ?? whole(machine.linkMbits ?? UNKNOWN.throughput),
      transactions: declared.transactions ?? UNKNOWN.transactions,
    },
    cpu: Math.min(PERMILLE, whole(PERMILLE * machine.coresUsed)),
    memory: whole((100 * machine.memoryUsedBytes) / GB),
    throughput: whole(machine.networkMbits),
    transactions: whole(transactions),
    lockContention: Math.min(PERMILLE, whole(lockContention)),
  }
}

/** A measure as u16: rounded down, what is larger stands at the top. */
export function whole(value: number): number {
  return Math.min(U16_MAX, Math.max(0, Math.floor(value)))
}
