import type { ReplicaReport } from '../replication/codec.ts'
import type { GroupView } from '../replication/view.ts'
import type { Address } from '../../types/ids.ts'
import type { StoreChange, StoreOutcome, StoreRequestId } from '../../types/store-request.ts'
import type { StoreTxMessage } from '../transactions/store-message.ts'

/** Limits of a key (UTF-8 bytes, ≥ 1), of a value, of all keys and values of a copy, and of sessions that are kept. */
export const KEY_BYTES_MAX = 256
export const VALUE_BYTES_MAX = 32_768
export const STORE_BYTES_MAX = 4_194_304
export const SESSIONS_MAX = 1024

/** `version`: only if the key has this version, 0: only if there is none. Null: whatever it has. */
export type Write =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly version: number | null
      readonly value: Uint8Array
    }
  | { readonly kind: 'delete'; readonly key: string; readonly version: number | null }
  /** Begins a session; its number is the version of the answer. */
  | { readonly kind: 'open' }
  /** First entry of a primary. */
  | { readonly kind: 'begin' }
  /** A word of a transaction, and agreed time as its primary knew it. The answer is the value of the result. */
  | { readonly kind: 'tx'; readonly agreedMs: number; readonly message: StoreTxMessage }

export interface Command {
  readonly write: Write
  readonly id: StoreRequestId | null
}

export interface Entry {
  /** Token of the primary that wrote it. */
  readonly epoch: bigint
  /** 1, 2, … */
  readonly index: number
  readonly command: Command
}

/** Where a log ends. */
export interface Position {
  readonly epoch: bigint
  readonly index: number
}

/** Everything up to an entry. */
export interface Snapshot extends Position {
  readonly data: Uint8Array
}

export interface Result {
  readonly outcome: StoreOutcome
  readonly version: number
  /** Of a read, or what a transaction is answered; empty otherwise. */
  readonly value: Uint8Array
}

export type StoreRequest =
  { readonly kind: 'get'; readonly key: string } | { readonly kind: 'write'; readonly command: Command }

/**
 * - `E_NOT_PRIMARY`: ask `primary`, if it is known
 * - `E_NO_QUORUM`: it leads, but nothing was done
 * - `E_BAD_REQUEST`: no key, value or number within the limits
 * - `E_UNKNOWN_OUTCOME`: it led when the request came and does not lead now: ask again with the same id
 */
export type StoreReply =
  | { readonly code: 'ok'; readonly result: Result }
  | { readonly code: 'E_NOT_PRIMARY'; readonly primary: Address | null }
  | { readonly code: 'E_NO_QUORUM'; readonly why: NoQuorum }
  | { readonly code: 'E_BAD_REQUEST' | 'E_UNKNOWN_OUTCOME' }

/**
 * - `taking-over`: it has not read yet what a majority has
 * - `handing-over`: it gives its lease to a successor
 * - `lease-over`: another one may hold the lease
 * - `busy`: too many requests wait for a majority
 */
export type NoQuorum = 'taking-over' | 'handing-over' | 'lease-over' | 'busy'

/** Between copies. All carry the token under which the sender acts. */
export type Message =
  | {
      readonly kind: 'append'
      readonly token: bigint
      readonly previous: Position
      readonly entries: readonly Entry[]
      readonly commit: number
    }
  /** Everything up to `index` is on disk. */
  | { readonly kind: 'stored'; readonly token: bigint; readonly index: number }
  /** `append` does not fit: all up to `index` does. */
  | { readonly kind: 'missing'; readonly token: bigint; readonly index: number }
  /** `token`: a greater one that the sender has seen. */
  | { readonly kind: 'refused'; readonly token: bigint }
  | { readonly kind: 'query'; readonly token: bigint }
  | { readonly kind: 'position'; readonly token: bigint; readonly last: Position }
  | { readonly kind: 'pull'; readonly token: bigint; readonly after: number }
  | {
      readonly kind: 'tail'
      readonly token: bigint
      readonly previous: Position
      readonly entries: readonly Entry[]
    }
  | {
      readonly kind: 'snapshot'
      readonly token: bigint
      readonly last: Position
      readonly part: number
      readonly parts: number
      readonly bytes: Uint8Array
    }
  /** The next part of the snapshot up to `index`. */
  | { readonly kind: 'next-part'; readonly token: bigint; readonly index: number; readonly part: number }

/** What has to be on disk before anything else of the step leaves. A restart folds them in order. */
export type StoreRecord =
  | { readonly kind: 'seen'; readonly token: bigint }
  | { readonly kind: 'released'; readonly token: bigint }
  /** All from the first one's index on is replaced. */
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  /** All entries up to it go; if `isWhole`, all others too. */
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly isWhole: boolean }

/** `clockMs`: the latest that agreed time can be, ms since 1970, as far as the node knows. */
export type StoreEvent = { readonly clockMs: number } & (
  | { readonly kind: 'group'; readonly group: GroupView }
  | { readonly kind: 'message'; readonly from: Address; readonly message: Message }
  | { readonly kind: 'request'; readonly id: number; readonly request: StoreRequest }
  | { readonly kind: 'tick' }
)

/** What a step asks for: the records are durable before anything is sent, answered or told. */
export interface StoreEffects {
  readonly records: readonly StoreRecord[]
  readonly sends: readonly { readonly to: Address; readonly message: Message }[]
  readonly replies: readonly { readonly id: number; readonly reply: StoreReply }[]
  readonly changes: readonly StoreChange[]
}

export type ReplicaWord = Omit<ReplicaReport, 'service'>
