import type { Address } from './ids.ts'

/** Names a write over its retries: it is applied once. */
export interface StoreRequestId {
  readonly session: number
  /** 1, 2, …: a client asks one thing at a time. */
  readonly seq: number
}

/**
 * What a client asks of a store. `version` and `id` are for strong stores, `after` and `context` for causal and eventual ones:
 * bytes that an answer had as `clock` and `context`, for what the client has seen so far, and of this key.
 */
export type StoreAsk =
  /** Begins a session; its number is the version of the answer. */
  | { readonly kind: 'session' }
  | { readonly kind: 'get'; readonly key: string; readonly after: Uint8Array | null }
  | {
      readonly kind: 'put' | 'delete'
      readonly key: string
      /** Empty if it is deleted. */
      readonly value: Uint8Array
      /** Only if the key has this version, 0: only if there is none; null: whatever it has. */
      readonly version: number | null
      readonly id: StoreRequestId | null
      readonly context: Uint8Array | null
      readonly after: Uint8Array | null
    }

/** What a store is asked by clients, or told by those who run a transaction: `message`, which one value answers. */
export type StoreWord = StoreAsk | { readonly kind: 'tx'; readonly message: Uint8Array }

/**
 * - `not-primary`: nothing was done; ask `primary`, if it is known
 * - `no-quorum`: nothing was done: it leads, and must not or cannot act now; `why` says for what reason
 * - `unknown-outcome`: it may have been done; ask again with the same id
 * - `bad-request`, `wrong-terms`: it cannot be meant, or not of a store of this consistency; `why` says for what reason
 * - `behind`: this copy has not seen what the client has
 * - `full`: there is no room
 * - `not-begun`: the copies of the group are not all there yet
 * - `no-store`: the node that was asked knows of no such store
 * - `no-copy`: it has no copy, and could not ask one
 * - `gone`: the changes that a watch has to go on with are not kept any more
 */
export const STORE_REFUSALS = [
  'not-primary',
  'no-quorum',
  'unknown-outcome',
  'bad-request',
  'wrong-terms',
  'behind',
  'full',
  'not-begun',
  'no-store',
  'no-copy',
  'gone',
] as const
export type StoreRefusal = (typeof STORE_REFUSALS)[number]

/**
 * - `strong`: linearizable; a write is acknowledged when a majority of the group has it on disk
 * - `causal`: no effect before its cause; a write is acknowledged when one copy has it on disk
 * - `eventual`: copies that exchange what they have become equal; acknowledged as causal
 */
export const CONSISTENCIES = ['strong', 'causal', 'eventual'] as const
export type Consistency = (typeof CONSISTENCIES)[number]

/**
 * - `done`: the version is the one that the key has now, 0: none
 * - `conflict`: the key has another version, which this is
 * - `missing`: there is no such key
 * - `full`: no room
 * - `over`: the session is not known any more, or has gone on
 * - `locked`: a transaction that is not decided yet has the key; nothing was done
 */
export const OUTCOMES = ['done', 'conflict', 'missing', 'full', 'over', 'locked'] as const
export type StoreOutcome = (typeof OUTCOMES)[number]

export type StoreAnswer =
  | {
      readonly code: 'ok'
      readonly consistency: Consistency
      /** Heights of the line that the copy knew of. */
      readonly height: number
      /** Of a strong store: number of the last entry of its log that the copy has applied. */
      readonly index: number
      readonly outcome: StoreOutcome
      /** Of a strong store: number of the entry that wrote the key last, 0: none. */
      readonly version: number
      /** One at most of a strong store; of others all that stand side by side. */
      readonly values: readonly Uint8Array[]
      /** Null of a strong store. */
      readonly context: Uint8Array | null
      readonly clock: Uint8Array | null
    }
  | {
      readonly code: 'refused'
      readonly refusal: StoreRefusal
      readonly why: string
      readonly primary: Address | null
    }

export type StoreRefused = Extract<StoreAnswer, { readonly code: 'refused' }>

export function refusedAs(
  refusal: StoreRefusal,
  why: string,
  primary: Address | null = null,
): StoreRefused {
  return { code: 'refused', refusal, why, primary }
}

/** A put or delete that a strong store has applied, in the order of its log. Those of one transaction have one index. */
export interface StoreChange {
  readonly index: number
  readonly key: string
  /** Null: deleted. */
  readonly value: Uint8Array | null
}
