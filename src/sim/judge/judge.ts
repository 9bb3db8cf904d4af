import type { RawFrame } from '../../codec/frames.ts'
import type { AcceptedCheckpoint } from '../../adapters/memory/chain.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import type { StoredHeight } from '../../ports/store.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import { Decisions } from './decisions.ts'
import { PhaseLogs } from './phase-logs.ts'
import { WireTap } from './wire-tap.ts'
import type { Reduce } from './decisions.ts'

export interface JudgeInit {
  readonly cluster: Cluster
  readonly separator: Digest
  readonly recover: RecoverSigner
  readonly epochHeights: number
  readonly isHonest: (member: number) => boolean
  readonly violate: (kind: string, detail: string) => void
  /** s* of a list, computed once more. */
  readonly reduce: Reduce
  /** Ledger events on chain now. */
  readonly eventsPosted: () => number
}

/** Judges from outside, from what is on the wire, on disks and on chain: it never asks an engine. */
export class Judge {
  readonly wire: WireTap
  readonly decisions: Decisions
  readonly logs: PhaseLogs
  readonly #init: JudgeInit

  constructor(init: JudgeInit) {
    this.#init = init
    this.logs = new PhaseLogs(init)
    this.decisions = new Decisions(init)
    this.wire = new WireTap(init, this.logs)
  }

  /** A frame leaves a node. */
  sent(member: number, frame: RawFrame, nowMs: number): void {
    for (const part of frame.parts) if (part.kind === 'body') this.decisions.sawBody(part.hash, part.bytes)
    this.wire.sent(member, frame, nowMs)
  }

  /** Entries became durable. */
  logged(member: number, entries: readonly LogEntry[]): void {
    if (this.#init.isHonest(member)) this.logs.append(member, entries)
  }

  /** A decision became durable. */
  decided(member: number, height: StoredHeight, nowMs: number): void {
    if (this.#init.isHonest(member)) this.decisions.take(member, height, nowMs)
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
}
