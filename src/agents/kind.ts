import type { Clock } from '../ports/clock.ts'
import type { StoreWatcher } from '../ports/stores.ts'
import type { InstanceRow } from '../services/placement/codec.ts'
import type { Kind, ServiceSpec } from '../services/placement/spec.ts'
import type { GroupRow, ReplicaReport } from '../services/replication/codec.ts'
import type { TxRow } from '../services/store/transactions.ts'
import type { TxNumber } from '../services/transactions/locks.ts'
import type { SaidWait } from '../services/transactions/slice.ts'
import type { Address } from '../types/ids.ts'

/** Where a copy stands in its service, from the placement that was decided last. */
export interface Assignment {
  readonly spec: ServiceSpec
  /** Heights of the line until then, and agreed time, ms since 1970. */
  readonly height: number
  readonly agreedMs: number
  /** Keys of the members, by seat. */
  readonly keys: readonly Address[]
  readonly self: Address
  /** Null: no copy leads. */
  readonly primary: Address | null
  /** Copies that have not failed, by seat; the own one is among them. */
  readonly copies: readonly InstanceRow[]
  /** Transactions that have to abort, as the members agree. */
  readonly victims: readonly TxNumber[]
  /** Of a store, once its group has begun. */
  readonly group: GroupRow | null
}

export interface CopyInit {
  readonly assignment: Assignment
  /** Of this copy alone; it may not exist yet, and stays when the copy stops. */
  readonly folder: string
  readonly clock: Clock
  /** To the copy of the service on another member: at most 60,000 bytes, may be lost, late, doubled. */
  readonly send: (to: Address, bytes: Uint8Array) => void
  /** It cannot go on: stopped, and started again after a pause. Call at most once. */
  readonly onCrash: (error: unknown) => void
}

/** A copy of a service on this node. */
export interface Copy {
  /** At every decided height, also when nothing has changed. */
  assigned(assignment: Assignment): void
  /** From the copy of the service on another member. Must not throw. */
  receive(from: Address, bytes: Uint8Array): void
  /** A client's request and its reply. @throws RsdpError */
  request(bytes: Uint8Array): Promise<Uint8Array>
  /**
   * Of a store: its changes behind an index, then each as it comes; null: those are not kept, or it has none.
   *
   * @param after null: from now on
   */
  watch?(after: number | null, watcher: StoreWatcher): (() => void) | null
  /** Requests answered since its start. */
  served(): number
  /** Whether placement may be told that it runs. */
  isReady(): boolean
  /** What a store says of its data in the next input of this member; others: null. */
  report(): Omit<ReplicaReport, 'service'> | null
  /** Of a strong store that leads: transactions that it knows of. */
  transactions?(): readonly TxRow[]
  /** Who waits for whom at locks here. */
  waits?(): readonly SaidWait[]
  /**
   * Takes no more requests, and ends when those that it has taken are answered.
   *
   * @param isLeaving the copy is placed here no more: what it alone has is elsewhere first
   */
  drain(isLeaving: boolean): Promise<void>
  /** Ends at once. */
  stop(): Promise<void>
}

/** How a node runs the services of one kind. */
export interface ServiceKind {
  readonly kind: Kind
  open(init: CopyInit): Promise<Copy>
}
