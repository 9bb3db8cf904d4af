import type { Address, Digest, Hex } from '../types/ids.ts'

/** One signed form of an intent: each has the intent's nonce, a later one pays more. */
export interface SignedForm {
  readonly hash: Digest
  /** As it is handed to an endpoint. */
  readonly raw: Hex
  /** Most that a unit of gas can cost, and the tip, wei. */
  readonly perGasWei: bigint
  readonly tipWei: bigint
  /** Head when it was signed. */
  readonly atBlock: number
}

/** What a key set out to do once, under one nonce. */
export interface Intent {
  /** Hash of chain, sender, recipient, data, value and purpose: a command that is repeated has the same. */
  readonly id: Digest
  /** For people: `transfer`, `addStake`. */
  readonly purpose: string
  /** Null: it creates a contract. */
  readonly to: Address | null
  readonly data: Hex
  readonly valueWei: bigint
  readonly gasLimit: bigint
  readonly nonce: number
  /** ISO 8601, for people. */
  readonly since: string
  /** The contract makes a second arrival harmless: it may be sent again as soon as its nonce is taken. */
  readonly isRepeatable: boolean
  /** The oldest first; at least one. Any of them may be mined. */
  readonly forms: readonly SignedForm[]
  /** Block in which a form was seen mined; null: not yet, or not any more. */
  readonly minedBlock: number | null
  /** Whoever asked for it knows how it ended. */
  readonly isReported: boolean
}

/**
 * What one account has sent on one chain and may still be mined, or be taken back by a re-org. The process that holds the
 * lock reads and writes; nobody else sends from the account meanwhile.
 */
export interface TxJournal {
  /** File, for people; null if nothing is kept. */
  readonly path: string | null
  /** Waits for the lock at most `waitMs`. Throws E_KEY_BUSY, E_JOURNAL. Does nothing while it is held. */
  lock(waitMs: number): Promise<void>
  /** Lets other processes in; may be called twice. The end of the process does it, too. */
  unlock(): void
  /** By nonce, ascending. Throws E_JOURNAL. */
  intents(): readonly Intent[]
  /** Durable when it returns; replaces the intent with the same nonce. Throws E_JOURNAL: then nothing may be sent. */
  put(intent: Intent): void
  /** Forgets what can never be mined, or never be taken back. Throws E_JOURNAL. */
  remove(nonce: number): void
}
