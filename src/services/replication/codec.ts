import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { Field } from '../../reducers/fixed-width.ts'
import { SKEW_MS_MAX } from '../../reducers/lease.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { oneOf, seats, u128, u16, u32, u48 } from '../fields.ts'
import { SERVICES_MAX } from '../placement/codec.ts'
import { NO_HEAD, tablesCodec } from '../tables.ts'
import { MODES } from './terms.ts'
import type { Terms } from './terms.ts'
import { CONSISTENCIES } from '../../types/store-request.ts'

/**
 * How far a failover is: the eight steps of the document, in its order.
 *
 * - `detect`, `classify`: health has a verdict against the primary
 * - `isolate`: its lease is not renewed and runs out
 * - `select`: the state names a new primary, with a token and a lease
 * - `migrate`: the new primary reads what a majority has
 * - `update-registry`, `resume`: it serves under its token
 * - `watch`: it has served for less than `watchMs`
 */
export const STAGES = [
  'steady',
  'detect',
  'classify',
  'isolate',
  'select',
  'migrate',
  'update-registry',
  'resume',
  'watch',
] as const
export type Stage = (typeof STAGES)[number]

/** The copies of a service that hold its data together. */
export interface GroupRow extends Terms {
  readonly service: number
  readonly stage: Stage
  /** Fencing token of the last grant: `u64 generation ‖ u64 height of the line`; 0 before the first. */
  readonly token: bigint
  /** Seat that may write; NO_SEAT: nobody. */
  readonly primary: MemberIndex
  /** Seat that the primary hands over to; NO_SEAT: none. */
  readonly successor: MemberIndex
  /** Seats whose acknowledgements count; 0n: the group has not begun. */
  readonly members: bigint
  /** Members that left the cluster with their copies; a majority is one of `members` and them. */
  readonly absent: number
  /** Members that have reported everything that the primary had reported as committed. */
  readonly inSync: bigint
  /** Agreed ms at which the lease of the primary ends; 0 in causal and eventual groups. */
  readonly leaseEndMs: number
  /** Last committed entry that a primary has reported: token under which it was written, and number. */
  readonly epoch: bigint
  readonly committed: number
  /** Agreed ms of the last change of stage. */
  readonly sinceMs: number
  /** Seat of the primary that the failover is about; NO_SEAT: none. */
  readonly failed: MemberIndex
}

export interface ReplicationState {
  readonly groups: readonly GroupRow[]
}

export const STANDINGS = ['following', 'recovering', 'serving', 'released'] as const

/** What a member says of its copy of a store. */
export interface ReplicaReport {
  readonly service: number
  /** Greatest token that it holds durably. */
  readonly token: bigint
  /** Its last entry: token under which it was written, and number. */
  readonly epoch: bigint
  readonly index: number
  /** Number of the last entry that it knows to be committed. */
  readonly committed: number
  readonly standing: (typeof STANDINGS)[number]
}

export interface ReplicationObservation {
  readonly reports: readonly ReplicaReport[]
}

export interface ReplicationPolicy {
  /** First part of all tokens; rises when a line was lost for good. */
  readonly generation: number
  /** Length of a lease, ms. */
  readonly leaseMs: number
  /** How long a new primary is watched, ms. */
  readonly watchMs: number
  /** Most primaries that are replaced at one height; the most critical services come first. */
  readonly failoversMax: number
}

export const replicationPolicy: Field<ReplicationPolicy> = struct<ReplicationPolicy>({
  generation: u48,
  leaseMs: u32,
  watchMs: u32,
  failoversMax: u8,
})

/** A holder stops `SKEW_MS_MAX` before the end: a lease has to be longer than that by some heights. */
export function isReplicationPolicy({ leaseMs, failoversMax }: ReplicationPolicy): boolean {
  return leaseMs >= 4 * Number(SKEW_MS_MAX) && leaseMs <= 60_000 && failoversMax >= 1
}

export const replicationState = tablesCodec<object, { groups: GroupRow }>(NO_HEAD, {
  groups: {
    row: struct<GroupRow>({
      service: u16,
      mode: oneOf(MODES),
      consistency: oneOf(CONSISTENCIES),
      stage: oneOf(STAGES),
      token: u128,
      primary: u8,
      successor: u8,
      members: seats,
      absent: u8,
      inSync: seats,
      leaseEndMs: u48,
      epoch: u128,
      committed: u48,
      sinceMs: u48,
      failed: u8,
    }),
    rowsMax: SERVICES_MAX,
    keyOf: ({ service }) => service,
  },
})

export const replicationObservation = tablesCodec<object, { reports: ReplicaReport }>(
  NO_HEAD,
  {
    reports: {
      row: struct<ReplicaReport>({
        service: u16,
        token: u128,
        epoch: u128,
        index: u48,
        committed: u48,
        standing: oneOf(STANDINGS),
      }),
      rowsMax: SERVICES_MAX,
      keyOf: ({ service }) => service,
    },
  },
  ({ reports }) => reports.every(({ index, committed }) => committed <= index),
)
