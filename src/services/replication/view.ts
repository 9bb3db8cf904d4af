import type { Address } from '../../types/ids.ts'
import { seatsIn } from '../health/codec.ts'
import { NO_SEAT } from '../placement/codec.ts'
import type { InstanceRow } from '../placement/codec.ts'
import type { GroupRow } from './codec.ts'
import type { Mode } from './terms.ts'
import type { Consistency } from '../../types/store-request.ts'

/** A group as its copies need it: by key, as seats change from task to task. */
export interface GroupView {
  readonly mode: Mode
  readonly consistency: Consistency
  readonly token: bigint
  readonly primary: Address | null
  readonly successor: Address | null
  readonly members: readonly Address[]
  /** How many members a majority is of: those who left the cluster count until they are left out. */
  readonly size: number
  /** Copies that catch up before they become members. */
  readonly learners: readonly Address[]
  readonly leaseEndMs: number
  /** Members whose word of the height has everything that was committed. */
  readonly inSync: readonly Address[]
}

/** @param keys by seat; @param copies of the service that have not failed */
export function groupView(
  row: GroupRow,
  copies: readonly Pick<InstanceRow, 'member'>[],
  keys: readonly Address[],
): GroupView {
  const keyOf = (seat: number): Address[] => {
    const key = seat === NO_SEAT ? undefined : keys[seat]
    return key === undefined ? [] : [key]
  }
  const seats = seatsIn(row.members, keys.length)
  const members = seats.flatMap(keyOf)
  return {
    mode: row.mode,
    consistency: row.consistency,
    token: row.token,
    primary: keyOf(row.primary)[0] ?? null,
    successor: keyOf(row.successor)[0] ?? null,
    members,
    size: members.length + row.absent,
    learners: copies.flatMap(({ member }) => (seats.includes(member) ? [] : keyOf(member))),
    leaseEndMs: row.leaseEndMs,
    inSync: seatsIn(row.inSync, keys.length).flatMap(keyOf),
  }
}

/**
 * Whether the copy on a seat can be reported to placement as running: it is a member, and no primary of a strong group that
 * leaves waits for it. Placement takes the old copy of a move away once the new one runs; a member of a strong group has the
 * data by then.
 */
export function isReplicaReady(
  { members, primary, consistency }: GroupRow,
  copies: readonly InstanceRow[],
  seat: number,
): boolean {
  if (((members >> BigInt(seat)) & 1n) === 0n) return false
  return (
    consistency !== 'strong' || copies.every(({ member, phase }) => member !== primary || phase !== 'leaving')
  )
}
