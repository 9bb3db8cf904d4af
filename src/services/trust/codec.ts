import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { MemberRow } from '../../reducers/fixed-width.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import { oneOf, u16 } from '../fields.ts'
import { NO_HEAD, tablesCodec } from '../tables.ts'

/** Full trust, ‰. */
export const LEVEL_MAX = 1000

/**
 * What an observer holds against a member.
 *
 * - `silent`: it was awaited and did not answer
 * - `outlier`: what it brought is far from what the others brought
 * - `conflict`: it signed different objects for different members
 * - `wrong`: what it shared is not what its inputs reduce to
 * - `anomaly`: a detector's score
 */
export const CAUSES = ['none', 'silent', 'outlier', 'conflict', 'wrong', 'anomaly'] as const
export type Cause = (typeof CAUSES)[number]

/**
 * Why a level is what it is.
 *
 * - `new`: the first height of this member in the line
 * - `unseen`: too few observers; it stays
 * - `steady`, `rises`, `falls`: against the height before
 * - `convicted`: the board has convicted it; it falls to the floor
 */
export const WHYS = ['new', 'unseen', 'steady', 'rises', 'falls', 'convicted'] as const
export type Why = (typeof WHYS)[number]

/** What one member says of a peer. */
export interface Sighting extends MemberRow {
  /** ‰; 1,000: nothing against it. */
  readonly score: number
  /** What speaks against it most. */
  readonly cause: Cause
}

export interface TrustObservation {
  /** By member; who was not observed is not in it. */
  readonly peers: readonly Sighting[]
}

export interface TrustRow extends MemberRow {
  /** ‰, `floor` … 1,000. */
  readonly level: number
  readonly why: Why
  /** Of the last fall; `none` at full trust. */
  readonly cause: Cause
}

export interface TrustState {
  readonly rows: readonly TrustRow[]
}

export interface TrustPolicy {
  /** Where everybody begins, and below which nobody falls, ‰. */
  readonly floor: number
  /** Most that a level falls or rises in one height, ‰. */
  readonly fallMax: number
  readonly riseMax: number
  /** Fewer observers than this change nothing. */
  readonly observersMin: number
}

export const trustPolicy = struct<TrustPolicy>({ floor: u16, fallMax: u16, riseMax: u16, observersMin: u8 })

/** Nobody falls to nothing, trust is lost no slower than it is won, and two observers are never enough. */
export function isTrustPolicy({ floor, fallMax, riseMax, observersMin }: TrustPolicy): boolean {
  return floor >= 1 && floor <= LEVEL_MAX && riseMax >= 1 && fallMax >= riseMax && observersMin >= 3
}

export const trustState = tablesCodec<object, { rows: TrustRow }>(
  NO_HEAD,
  {
    rows: {
      row: struct<TrustRow>({ member: u8, level: u16, why: oneOf(WHYS), cause: oneOf(CAUSES) }),
      rowsMax: MEMBERS_MAX,
      keyOf: ({ member }) => member,
    },
  },
  ({ rows }) => rows.every(({ member, level }) => member < MEMBERS_MAX && level <= LEVEL_MAX),
)

export const trustObservation = tablesCodec<object, { peers: Sighting }>(
  NO_HEAD,
  {
    peers: {
      row: struct<Sighting>({ member: u8, score: u16, cause: oneOf(CAUSES) }),
      rowsMax: MEMBERS_MAX,
      keyOf: ({ member }) => member,
    },
  },
  ({ peers }) => peers.every(({ member, score }) => member < MEMBERS_MAX && score <= LEVEL_MAX),
)
