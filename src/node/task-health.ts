import type { Validity } from '../protocol/validity.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Difference, Frozen } from '../types/frozen.ts'
import type { EvidenceBook } from './evidence-book.ts'
import type { Membership } from './membership.ts'
import type { SigningHealth } from './signing-watch.ts'

/** What people may want to know about a running task. */
export interface TaskHealth {
  readonly taskId: string
  readonly height: number
  readonly heights: number
  readonly round: number
  readonly status: string
  /** The task that this one goes on from, while that has not come to an end; null otherwise. */
  readonly waitsFor: string | null
  readonly membership: Membership
  readonly signing: SigningHealth
  readonly decidedHeight: number
  readonly anchoredHeight: number
  /** Provable tasks: height up to which each state was held against the twin; null in others. */
  readonly vettedHeight: number | null
  readonly transitional: Validity | null
  readonly operational: Validity | null
  readonly signatureChecks: number
  /** Members isolated for flooding, by seat. */
  readonly isolated: readonly MemberIndex[]
  /** Why this node votes NIL alone; null: it does not. */
  readonly frozen: Frozen | null
  /** Its own state and the decided one, where it votes NIL because they differ. */
  readonly difference: Difference | null
  /** Proofs against members, by what became of them. */
  readonly evidence: EvidenceBook['counts']
  readonly ignored: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
}
