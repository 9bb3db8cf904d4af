import type { Address } from './ids.ts'

/**
 * - `agreed`: votes are commands in the agreed log, and the decision is a fold of the log. No coordinator is needed for it
 * - `2pc`: two-phase commit, presumed abort. Who has voted yes waits for the coordinator
 * - `3pc`: with a pre-commit to a majority of the participants, who can finish without the coordinator; a minority waits
 */
export const PROTOCOLS = ['agreed', '2pc', '3pc'] as const
export type Protocol = (typeof PROTOCOLS)[number]

export type Outcome = 'commit' | 'abort'

/** A transaction by its coordinator and that one's number for it: nobody else can take the name. */
export interface TxName {
  readonly coordinator: Address
  /** Rises; ms since 1970 at its beginning by the coordinator's clock, or a little later. */
  readonly number: number
}

/**
 * A change of a key, or with `check` a condition alone. `version`: only if the key has it, 0: if there is none; null: whatever
 * it has.
 */
export interface TxWrite {
  readonly kind: 'put' | 'delete' | 'check'
  readonly key: string
  readonly version: number | null
  /** Of a put; else empty. */
  readonly value: Uint8Array
}

/**
 * Why a store votes no.
 *
 * - `locked`: another transaction that is not decided yet holds a key
 * - `conflict`: a key has another version
 * - `full`: no room for the values, or too many transactions are open
 * - `late`: the transaction is too old, or its coordinator's clock is behind agreed time
 * - `early`: its coordinator's clock is far ahead of agreed time
 */
export const TX_REFUSALS = ['locked', 'conflict', 'full', 'late', 'early'] as const
export type TxRefusal = (typeof TX_REFUSALS)[number]

/** Stores in one transaction, changes at one store, and bytes of all that one store is told. */
export const TX_LIMITS = { stores: 8, writes: 64, bytes: 48_000 } as const

/** What a client wants done by several stores, or by none of them. */
export interface TxAsk {
  readonly protocol: Protocol
  /** For how long stores may take to vote, ms. */
  readonly ttlMs: number
  readonly parts: readonly TxPart[]
  /** Given again at the same node, the same transaction is meant. */
  readonly request: string | null
}

export interface TxPart {
  readonly service: number
  readonly writes: readonly TxWrite[]
}

/**
 * Why a transaction has aborted, beside what a store said.
 *
 * - `silent`: a store has not voted in time
 * - `interrupted`: its coordinator was started anew before all had voted
 * - `log-full`: the agreed log has no room for another transaction
 */
export const TX_CAUSES = [...TX_REFUSALS, 'silent', 'interrupted', 'log-full'] as const
export type TxCause = (typeof TX_CAUSES)[number]

/**
 * Why nothing was begun.
 *
 * - `no-store`: the node that was asked knows of no such strong store
 * - `no-log`: no agreed log has all that lead the stores among its members
 * - `no-quorum`: 3PC is not begun where less than a quorum can be reached
 * - `busy`: too many transactions are open here
 * - `bad-request`: it cannot be meant
 */
export const TX_NOT_BEGUN = ['no-store', 'no-log', 'no-quorum', 'busy', 'bad-request'] as const
export type TxNotBegun = (typeof TX_NOT_BEGUN)[number]

export type TxAnswer =
  | {
      readonly code: 'decided'
      readonly name: TxName
      readonly outcome: Outcome
      /** Of an abort, if it is known, and the store whose doing it is; 0: none's. */
      readonly cause: TxCause | null
      readonly service: number
    }
  | { readonly code: 'pending'; readonly name: TxName }
  /** Nothing is known of it here. */
  | { readonly code: 'unknown'; readonly name: TxName }
  | { readonly code: 'refused'; readonly refusal: TxNotBegun; readonly why: string }

/** A transaction that is not over: at its coordinator, or at a store that this node leads. */
export interface OpenTx {
  readonly name: TxName
  readonly protocol: Protocol
  /** The store; 0: this node coordinates. */
  readonly service: number
  readonly services: readonly number[]
  /** `preparing`, `prepared`, `committing` …: the phase of the role here. */
  readonly phase: string
}
