import { isInService } from './codec.ts'
import type { HealthRow } from './codec.ts'

/** What a member's counters say up to now, all in agreed time. */
export interface Reliability {
  /** Time in service per failure, ms; null before the first. */
  readonly mtbfMs: number | null
  /** Time out of service per repair, ms; null before the first. This is a node's repair, not a service's recovery. */
  readonly mttrMs: number | null
  /** Part of the time in service, millionths, rounded down; 1,000,000 before any time has passed. */
  readonly availabilityPpm: number
}

export function reliability(row: HealthRow, agreedMs: number): Reliability {
  const isUp = isInService(row.verdict)
  const present = Math.max(0, agreedMs - row.sinceMs)
  const up = row.upMs + (isUp ? present : 0)
  const down = row.downMs + (isUp ? 0 : present)
  const repairs = row.failures - (isUp ? 0 : 1)
  const all = up + down
  return {
    mtbfMs: row.failures === 0 ? null : Math.floor(up / row.failures),
    mttrMs: repairs <= 0 ? null : Math.floor(row.downMs / repairs),
    // a u48 of ms times a million is beyond 2^53
    availabilityPpm: all === 0 ? 1_000_000 : Number((BigInt(up) * 1_000_000n) / BigInt(all)),
  }
}
