import type { Completeness } from '../ports/completeness.ts'
import type { Validity } from '../protocol/validity.ts'
import type { Cluster } from '../types/cluster.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address, Digest, MemberIndex } from '../types/ids.ts'
import type { LogEntry, PhaseEvent } from '../types/log.ts'
import type { Ended } from './end.ts'
import type { Offence } from './evidence/verdict.ts'
import type { Judged } from './outcome.ts'
import type { Seam } from './seam.ts'
import type { Money } from './settle.ts'

/** Exactly four. `unavailable` is not `mismatch`: a hash is on chain, the bytes behind it were not found. */
export const VERDICTS = ['verified', 'mismatch', 'unavailable', 'pending'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What is judged, in the order of a task's life. */
export type StepKind =
  | 'identity'
  | 'task'
  | 'cluster'
  | 'events'
  | 'seam'
  | 'checkpoint'
  | 'penalty'
  | 'result'
  | 'end'
  | 'money'
  | 'state'
  | 'complete'

/** Two things that had to be equal are not. */
export interface Finding {
  readonly step: StepKind
  /**
   * The fact that does not fit: `Event.argument`, `call().argument`, `view().field` or `Contract.code`, with a path
   * into structs, lists and packed bytes, e.g. `Checkpointed.batch.stateHash[3]`, `checkpoint().signatures[2]`.
   */
  readonly field: string
  /** Which of several, e.g. `task 1, heights 1–8`; '' if there is only one. */
  readonly where: string
  /** What was recomputed, or what a better bound source says. */
  readonly expected: string
  readonly actual: string
  /** Why the expected is expected. */
  readonly why: string
  readonly height?: number
  readonly member?: MemberIndex
}

/** Something that could not be checked because its bytes are not there. */
export interface Unavailable {
  readonly step: StepKind
  readonly field: string
  readonly where: string
  readonly why: string
  readonly height?: number
  readonly member?: MemberIndex
}

/** Heights whose checkpoint a member did not sign, or, as it was convicted of, signed twice: nothing is known of its transitions there. */
export interface Gap {
  readonly member: MemberIndex
  readonly first: number
  readonly last: number
}

/** How many of each kind were verified. */
export interface Counts {
  /** Transactions whose hash and sender were recomputed. */
  transactions: number
  /** Events compared field by field. */
  events: number
  signups: number
  registrationSignatures: number
  checkpoints: number
  checkpointSignatures: number
  /** Heights whose value, inputs and history more than 2/3 of W attest. */
  heightsAttested: number
  /** Transitions of members that signed the log head which they fold to; each is in the table. */
  transitionsSigned: number
  readonly transitionsByEvent: Record<PhaseEvent, number>
  /** Published inputs that the attested inputsRoot commits to. */
  inputs: number
  /** Aggregates that the reducer gives again from published inputs. */
  aggregatesRecomputed: number
  ledgerEvents: number
  /** Convictions whose evidence was judged again, and movements of stake that were computed again. */
  convictions: number
  penalties: number
}

/** A conviction that the evidence bears out. */
export interface Conviction {
  readonly member: MemberIndex
  readonly offence: Offence
  readonly height: bigint
  /** hashStruct of the convicting objects; NIL where one is enough. */
  readonly first: Digest
  readonly second: Digest
  /** Base share of the lock, per cent. */
  readonly percent: number
  /** Why no honest member signs that. */
  readonly because: string
  readonly reporter: Address
  readonly block: number
  readonly transaction: Digest
}

/** Stake that a penalty moved, token wei. */
export interface Penalty {
  readonly member: MemberIndex
  readonly operator: Address
  /** Share of the lock due by then, per cent. */
  readonly percent: number
  readonly amount: bigint
  /** Part of it that the reporter is credited; null: due because of the convictions of others, at release. */
  readonly credited: { readonly reporter: Address; readonly amount: bigint } | null
  readonly block: number
  readonly transaction: Digest
}

export interface HeightReport {
  readonly height: number
  readonly value: Digest
  readonly stateHash: Digest
  readonly inputsRoot: Digest
  readonly eventSeq: number
  /** Deciding round of the shared log. */
  readonly round: number
  readonly attested: boolean
  /** The aggregate was recomputed from published inputs and has the attested hash. */
  readonly recomputed: boolean
  /** Over the t4 values of the deciding round that signers logged; null if no log could be rebuilt. */
  readonly transitional: Validity | null
  /** Over the t6 values. */
  readonly operational: Validity | null
}

/** A line of the table. */
export interface Step {
  readonly kind: StepKind
  readonly label: string
  readonly block: number | null
  readonly logged: string
  readonly recomputed: string
  readonly signatures: string
  readonly verdict: Verdict
}

/** Heights that a report is about, whole checkpoints, and what was left out of it. */
export interface HeightRange {
  readonly first: number
  readonly last: number
  readonly findingsOutside: number
  readonly unavailableOutside: number
}

export interface AuditReport {
  readonly verdict: Verdict
  readonly taskId: bigint
  readonly chainId: bigint
  /** Block up to which was read. */
  readonly head: number
  readonly reducer: string | null
  readonly client: string | null
  /** Heights anchored, and heights the task may have. */
  readonly heightsAnchored: number
  readonly heightsMax: number
  readonly cluster: Cluster | null
  readonly steps: readonly Step[]
  readonly counts: Readonly<Counts>
  readonly findings: readonly Finding[]
  readonly unavailable: readonly Unavailable[]
  readonly gaps: readonly Gap[]
  readonly convictions: readonly Conviction[]
  readonly penalties: readonly Penalty[]
  /** Where the task stands, derived from its events; null if it was never published. */
  readonly end: Ended | null
  /** What may be built on the result. */
  readonly outcome: Judged
  /** The task that this one goes on from; null if none handed it anything. */
  readonly seam: Seam | null
  /** Every movement of money, and what has not been taken. */
  readonly money: Money | null
  readonly heights: readonly HeightReport[]
  /** What was proved about the logs, where that was asked for. */
  readonly complete?: Completeness
  /** What the report was cut to, where a range was asked for. */
  readonly range?: HeightRange
  /** Every rebuilt log, by member: only entries under a head which that member signed. */
  readonly logs: ReadonlyMap<MemberIndex, readonly LogEntry[]>
}

/** 6 on a mismatch. `unavailable` and `pending` are no failure of the check: scripts read the verdict. */
export function auditExitCode(report: Pick<AuditReport, 'verdict'>): ExitCode {
  return report.verdict === 'mismatch' ? EXIT.mismatch : EXIT.ok
}

/** The field with its place: `Checkpointed[task 1, heights 1–8].batch.stateHash[3]`. */
export function fieldPath({ field, where }: Pick<Finding, 'field' | 'where'>): string {
  if (where === '') return field
  const dot = field.indexOf('.')
  return dot < 0 ? `${field}[${where}]` : `${field.slice(0, dot)}[${where}]${field.slice(dot)}`
}
