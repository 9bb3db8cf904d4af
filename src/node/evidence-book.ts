import {
  accusedOf,
  basePercent,
  convictingObject,
  evidenceId,
  hashesOf,
  heightOf,
  isProof,
} from '../codec/evidence.ts'
import type { JudgedTask } from '../codec/evidence.ts'
import type { EvidenceStatus, Store, StoredEvidence } from '../ports/store.ts'
import type { Evidence } from '../types/evidence.ts'
import type { Digest } from '../types/ids.ts'

/** Proofs of one kind against one member that are kept; beyond them only graver ones: the gravest counts. */
const ALIKE_MAX = 8

/** The evidence of one task: durable when `keep` returns, and known without asking the disk again. */
export class EvidenceBook {
  readonly #store: Store
  readonly #task: JudgedTask
  readonly #known: Map<Digest, StoredEvidence>

  constructor(store: Store, task: JudgedTask) {
    this.#store = store
    this.#task = task
    this.#known = new Map(store.evidence(task.cluster.id).map((stored) => [stored.id, stored]))
  }

  get all(): readonly StoredEvidence[] {
    return [...this.#known.values()]
  }

  /** Stores what convinces the contract. False if it does not, is there already, or adds nothing to many of its kind. */
  keep(evidence: Evidence): boolean {
    const { cluster } = this.#task
    const id = evidenceId(evidence)
    if (this.#known.has(id) || !isProof(this.#task, evidence)) return false
    const alike = this.all.filter(
      (other) => other.evidence.kind === evidence.kind && accusedOf(other.evidence) === accusedOf(evidence),
    )
    const gravest = Math.max(0, ...alike.map((other) => basePercent(cluster, other.evidence)))
    if (alike.length >= ALIKE_MAX && basePercent(cluster, evidence) <= gravest) return false
    this.#store.keepEvidence(cluster.id, evidence)
    this.#known.set(id, { id, evidence, status: 'found', tx: null })
    return true
  }

  mark(id: Digest, status: EvidenceStatus, tx: Digest | null): void {
    const known = this.#known.get(id)
    if (known === undefined || (known.status === status && known.tx === tx)) return
    this.#store.markEvidence(this.#task.cluster.id, id, status, tx)
    this.#known.set(id, { ...known, status, tx })
  }

  /** How many there are of each status. */
  get counts(): Readonly<Record<EvidenceStatus, number>> {
    const counts = { found: 0, submitted: 0, accepted: 0, refused: 0 }
    for (const { status } of this.#known.values()) counts[status] += 1
    return counts
  }
}

/** What the log says of a piece of evidence. */
export function factsOf(evidence: Evidence): Readonly<Record<string, unknown>> {
  const [first, second] = hashesOf(evidence)
  const { type } = convictingObject(evidence).object
  return { member: accusedOf(evidence), kind: evidence.kind, type, height: heightOf(evidence), first, second }
}
