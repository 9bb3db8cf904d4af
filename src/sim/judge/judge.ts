import type { RawFrame } from '../../codec/frames.ts'
import type { Kept } from '../../protocol/state.ts'
import type { AcceptedCheckpoint } from '../../adapters/memory/chain-task.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import type { StoredHeight } from '../../ports/store.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { PostedEvent } from '../../types/ledger.ts'
import type { Signed } from '../../types/objects.ts'
import type { TaskParams } from '../../types/task.ts'
import { Accountability } from './accountability.ts'
import { Decisions } from './decisions.ts'
import { Honesty } from './honesty.ts'
import { LeftOut } from './left-out.ts'
import { PhaseLogs } from './phase-logs.ts'
import { Verdicts } from './verdict.ts'
import { WireTap } from './wire-tap.ts'
import type { Reduce } from './decisions.ts'

export interface JudgeInit {
  readonly cluster: Cluster
  readonly separator: Digest
  readonly recover: RecoverSigner
  readonly params: TaskParams
  readonly isHonest: (member: number) => boolean
  /** Liars weigh less than a third: agreement and validity are promised. Whatever they weigh, nobody honest is convictable. */
  readonly isBelowThird: boolean
  readonly violate: (kind: string, detail: string) => void
  readonly count: (what: string, times?: number) => void
  /** s* of a list, computed once more. */
  readonly reduce: Reduce
  /** The state before height 1, canonical bytes; empty if there is none. */
  readonly handedOver: Uint8Array
  /** Ledger events on chain now. */
  readonly events: () => readonly PostedEvent[]
}

/** Judges from outside, from what is on the wire, on disks and on chain: it never asks an engine. */
export class Judge {
  readonly wire: WireTap
  readonly decisions: Decisions
  readonly logs: PhaseLogs
  readonly leftOut: LeftOut
  readonly honesty: Honesty
  readonly accountability: Accountability
  readonly #init: JudgeInit

  constructor(init: JudgeInit) {
    this.#init = init
    const verdicts = new Verdicts(init)
    this.logs = new PhaseLogs(init)
    this.leftOut = new LeftOut(init)
    this.decisions = new Decisions(init)
    this.wire = new WireTap(init, this.logs)
    this.honesty = new Honesty(init, this.logs, verdicts)
    this.accountability = new Accountability(init, verdicts)
  }

  /** A frame leaves a node. */
  sent(member: number, frame: RawFrame, nowMs: number): void {
    for (const part of frame.parts) if (part.kind === 'body') this.decisions.sawBody(part.hash, part.bytes)
    this.wire.sent(member, frame, nowMs)
    // before a node runs its task it asks what it has signed, and tells others what it has of theirs
    if (frame.parts.some((part) => part.kind === 'object' && part.signed.member === member))
      this.leftOut.sent(member)
  }

  /** A key was used. */
  keyUsed(member: number, digest: Digest): void {
    if (this.#init.isHonest(member)) this.honesty.keyUsed(member, digest)
  }

  /** An object was signed in a store, which may end before it keeps it. */
  signed(signed: Signed, kept: Kept, nowMs: number): void {
    if (!this.#init.isHonest(signed.member)) return
    this.honesty.signed(signed, kept)
    this.leftOut.signed(signed, nowMs)
  }

  /** A frame arrived. Who heard what matters only where liars may fork the honest. */
  heard(member: number, frame: () => RawFrame): void {
    if (!this.#init.isBelowThird && this.#init.isHonest(member)) this.accountability.heard(frame())
  }

  /** Entries became durable. */
  logged(member: number, entries: readonly LogEntry[]): void {
    if (!this.#init.isHonest(member)) return
    this.logs.append(member, entries)
    const reset = entries.find(({ event }) => event === 'RESET')
    if (reset !== undefined) this.leftOut.waited(member, reset.height)
  }

  /** A disk went back to an older copy, which has these entries. Whoever waits for that is in no list for a while. */
  rolledBack(member: number, entries: readonly LogEntry[]): void {
    this.logs.rewound(member, entries)
    this.leftOut.excuse(member)
  }

  /** A decision became durable. */
  decided(member: number, height: StoredHeight, nowMs: number): void {
    if (!this.#init.isHonest(member)) return
    this.decisions.take(member, height, nowMs)
    this.leftOut.decided(member, height)
  }

  /** The chain accepted a checkpoint. */
  anchored(accepted: AcceptedCheckpoint): void {
    this.decisions.anchored(accepted)
  }

  /** A node holds two objects of one member that convict it. */
  accused(by: number, member: number, type: string): void {
    if (this.#init.isHonest(by) && this.#init.isHonest(member))
      this.#init.violate('honest-convicted', `${by} holds two ${type} of honest ${member}`)
  }

  /** The world is over. */
  close(): void {
    this.honesty.close()
    if (this.decisions.forked.size > 0) this.accountability.close(this.honesty)
  }
}
