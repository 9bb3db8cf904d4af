import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { MemberRow } from '../../reducers/fixed-width.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import { oneOf, seats, u16, u32, u48 } from '../fields.ts'
import { NO_HEAD, tablesCodec } from '../tables.ts'

/**
 * What the cluster holds about a member.
 *
 * - `up`: nothing against it
 * - `suspect`: most observers find its silence long; nothing happens yet
 * - `omission`: it lives, but much of what it says or hears is lost
 * - `crash`: silent for most observers beyond the detection time, and not listed
 * - `byzantine`: convicted by the chain; stays so
 */
export const VERDICTS = ['up', 'suspect', 'omission', 'crash', 'byzantine'] as const
export type Verdict = (typeof VERDICTS)[number]

export const FLAGS = ['no', 'yes'] as const
export type Flag = (typeof FLAGS)[number]

export interface HealthRow extends MemberRow {
  readonly verdict: Verdict
  /** Agreed ms of the last change between in service and out of service. */
  readonly sinceMs: number
  /** Whole periods in service and out of service, ms; the present one is not in them. */
  readonly upMs: number
  readonly downMs: number
  /** Changes from in service to out of service. */
  readonly failures: number
  /** Rises with every failure, decays in time (flap damping); 1,000 a failure. */
  readonly penalty: number
  /** Whether the penalty keeps it from new work. */
  readonly isDamped: Flag
  /** It wants to leave: no new work, and what it has goes elsewhere. */
  readonly isDraining: Flag
  /** How often its process has started; largest that it has said. */
  readonly incarnation: number
  /** Heights in a row that speak for `crash`. */
  readonly accusedHeights: number
  /** Seats that hear it and that it hears, as far as both are listed. */
  readonly reach: bigint
}

export interface HealthState {
  readonly rows: readonly HealthRow[]
}

/** What a member has to say about a peer. */
export interface Suspicion extends MemberRow {
  /** ‰ */
  readonly phi: number
  /** Saturates. */
  readonly silenceMs: number
}

export interface HealthObservation {
  readonly incarnation: number
  readonly isDraining: Flag
  /** By member; who was never heard is not in it. */
  readonly peers: readonly Suspicion[]
}

export interface HealthPolicy {
  /** Phi above which most observers make a suspect, ‰; twice that makes a crash. */
  readonly phiSuspect: number
  /** Silence below which nobody is crashed, ms. */
  readonly detectionMs: number
  /** Silence below which a peer counts as heard, ms. */
  readonly reachMs: number
  /** Loss from which on a living member is `omission`, ‰. */
  readonly lossOmission: number
  /** Heights in a row that a crash takes. */
  readonly crashHeights: number
  /** Penalty from which on a member is damped, and below which it no longer is. */
  readonly dampAt: number
  readonly reuseAt: number
  /** Time in which a penalty falls by half, ms. */
  readonly halfLifeMs: number
}

export const healthPolicy = struct<HealthPolicy>({
  phiSuspect: u16,
  detectionMs: u16,
  reachMs: u16,
  lossOmission: u16,
  crashHeights: u8,
  dampAt: u16,
  reuseAt: u16,
  halfLifeMs: u32,
})

/** Times that something divides by are not 0, and who is damped can be so no longer. */
export function isHealthPolicy({ crashHeights, reuseAt, dampAt, halfLifeMs }: HealthPolicy): boolean {
  return crashHeights >= 1 && reuseAt >= 1 && dampAt > reuseAt && halfLifeMs >= 1
}

const flag = oneOf(FLAGS)

export const healthState = tablesCodec<object, { rows: HealthRow }>(NO_HEAD, {
  rows: {
    row: struct<HealthRow>({
      member: u8,
      verdict: oneOf(VERDICTS),
      sinceMs: u48,
      upMs: u48,
      downMs: u48,
      failures: u16,
      penalty: u16,
      isDamped: flag,
      isDraining: flag,
      incarnation: u32,
      accusedHeights: u8,
      reach: seats,
    }),
    rowsMax: MEMBERS_MAX,
    keyOf: ({ member }) => member,
  },
})

export const healthObservation = tablesCodec<Omit<HealthObservation, 'peers'>, { peers: Suspicion }>(
  struct<Omit<HealthObservation, 'peers'>>({ incarnation: u32, isDraining: flag }),
  {
    peers: {
      row: struct<Suspicion>({ member: u8, phi: u16, silenceMs: u16 }),
      rowsMax: MEMBERS_MAX,
      keyOf: ({ member }) => member,
    },
  },
  ({ peers }) => peers.every(({ member }) => member < MEMBERS_MAX),
)

/** The seats of a set. */
export function seatsIn(set: bigint, members: number): MemberIndex[] {
  return Array.from({ length: members }, (_, seat) => seat).filter(
    (seat) => ((set >> BigInt(seat)) & 1n) === 1n,
  )
}

/** Whether a member is in service: it answers, however badly. */
export function isInService(verdict: Verdict): boolean {
  return verdict !== 'crash' && verdict !== 'byzantine'
}
