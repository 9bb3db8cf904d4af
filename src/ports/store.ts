import type { Memory } from '../protocol/standing.ts'
import type { Kept, ShareQuorum } from '../protocol/state.ts'
import type { Evidence } from '../types/evidence.ts'
import type { DecidedHeight } from '../types/frames.ts'
import type { Bitmap, Digest, Hex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Checkpoint, Signed } from '../types/objects.ts'

/** An object to sign at most once, with the log entries it announces and what justifies it. */
export interface SignRequest {
  readonly cluster: Digest
  /** `signOnceKey` of the object: at most one object is ever stored under it. */
  readonly key: string
  readonly entries: readonly LogEntry[]
  /** SHARE quorum of a CONFIRM. */
  readonly proof: ShareQuorum | null
  /** What else must outlive the process with the object: a note for ever, the rest until its height is decided. */
  readonly kept: Kept
  /** Signs. Called at most once, and only if nothing is stored under the key. */
  readonly sign: () => Signed
}

/** A decided height with everything needed to serve, publish and audit it. */
export interface StoredHeight {
  readonly decided: DecidedHeight
  readonly round: number
  readonly value: Digest
  /** Canonical bytes of ŝ*. */
  readonly state: Uint8Array
}

/** What a decided height adds to the agreed history. */
export interface HistoryEntry {
  readonly height: number
  readonly value: Digest
  readonly stateHash: Digest
  /** The decided list. */
  readonly inputs: Bitmap
  readonly eventSeq: number
}

/** What a node needs to go on with a task after a restart. Read without certificates and states of decided heights. */
export interface StoredTask {
  /** All own log entries of the epochs from the one of the last entry on, in order. */
  readonly entries: readonly LogEntry[]
  /** Own signed objects of heights above the last decided one, and CHECKPOINTs not accepted yet. */
  readonly signed: readonly Signed[]
  /** SHARE quorums behind own CONFIRMs of those heights. */
  readonly proofs: readonly ShareQuorum[]
  /** Notes to the CHECKPOINTs, by height. */
  readonly notes: ReadonlyMap<number, Hex>
  /** What was kept with own objects of those heights; objects with which nothing was are not among them. */
  readonly kept: readonly Kept[]
  readonly decidedHeight: number
  /** Decided heights, ascending. */
  readonly history: readonly HistoryEntry[]
}

/** An own CHECKPOINT with the note to it. */
export interface StoredCheckpoint {
  readonly signed: Signed<Checkpoint>
  readonly note: Hex | null
}

/**
 * How far a piece of evidence has come: `submitted` until a conviction that covers it is so deep that no re-org takes it
 * back, which is `accepted`, whoever brought it there; or `refused` by the contract.
 */
export type EvidenceStatus = 'found' | 'submitted' | 'accepted' | 'refused'

export interface StoredEvidence {
  /** Of kind, accused and objects. */
  readonly id: Digest
  readonly evidence: Evidence
  readonly status: EvidenceStatus
  /** Last transaction in which this node brought it, once mined. */
  readonly tx: Digest | null
}

/** A transaction that must reach the chain, whatever happens to the process. */
export interface OutboxEntry {
  /** Stable name of the intent, e.g. `checkpoint/3/64`; a second entry of that name is the same intent until it is settled. */
  readonly id: string
  readonly to: `0x${string}`
  readonly data: `0x${string}`
}

export type StoreVerdict = 'new' | 'whole' | 'marked' | 'lost'

/**
 * The node's durable memory: one SQLite file, exclusively locked, and a seal beside it that says how much was signed. Every write has reached the disk when the call
 * returns; a failed write throws and nothing of it is kept. Never called by two processes at once: opening a data
 * directory in use throws RsdpError E_LOCKED (exit 7); one that belongs to another key or deployment E_STORE_FOREIGN.
 */
export interface Store {
  /** Stores entries, proof, what is kept and object in one transaction and returns the object: the stored one if the key was used. */
  signOnce(request: SignRequest): Signed
  append(cluster: Digest, entries: readonly LogEntry[]): void
  /**
   * Stores a decided height and the bodies of its listed states, and drops what was kept with own objects of it and
   * of the heights before. Repeating a height changes nothing.
   */
  decide(cluster: Digest, height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>): void
  /** Decided heights from `fromHeight` on, ascending, at most `count`. */
  heights(cluster: Digest, fromHeight: number, count: number): StoredHeight[]
  /** Their states alone, without reading the certificates, which are a multiple of their size. */
  states(
    cluster: Digest,
    fromHeight: number,
    count: number,
  ): { readonly height: number; readonly state: Uint8Array }[]
  /** Body of a listed or decided state, or null. */
  body(cluster: Digest, hash: Digest): Uint8Array | null
  /** The own CHECKPOINT of a height, or null if none was signed. */
  checkpoint(cluster: Digest, height: number): StoredCheckpoint | null
  load(cluster: Digest): StoredTask
  /** Own log entries of the heights `first` … `last`, in order. */
  log(cluster: Digest, first: number, last: number): LogEntry[]
  /** Stores a piece of evidence about a member of the cluster, as `found`. False if it is there already. */
  keepEvidence(cluster: Digest, evidence: Evidence): boolean
  markEvidence(cluster: Digest, id: Digest, status: EvidenceStatus, tx: Digest | null): void
  /** All evidence of a cluster, oldest first. */
  evidence(cluster: Digest): StoredEvidence[]
  /** Block of which a node has taken in what the chain told up to it, or null before the first; it may be further. */
  cursor(): { readonly block: number; readonly hash: Digest } | null
  setCursor(block: number, hash: Digest): void
  enqueue(entry: OutboxEntry): void
  /** Entries not settled yet, oldest first. */
  outbox(): OutboxEntry[]
  settle(id: string): void
  /** The object stored under a sign-once key, or null. */
  find(cluster: Digest, key: string): Signed | null
  /** What this store was when it was opened, held against its seal; `new` if neither was there. */
  readonly verdict: StoreVerdict
  /** Block at which it began, as `setBorn` said; null: nobody has said it. In tasks drawn before, more may be signed. */
  born(): number | null
  setBorn(block: number): void
  /** What is known of a task in which more may be signed than is stored; null: nothing was ever said of it. */
  memory(cluster: Digest): Exclude<Memory, { kind: 'whole' }> | null
  setMemory(cluster: Digest, memory: Exclude<Memory, { kind: 'whole' }>): void
  /** Flushes and unlocks. May be called twice. */
  close(): void
}
