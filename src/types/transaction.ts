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
