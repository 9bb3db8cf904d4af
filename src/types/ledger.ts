import type { Address } from './ids.ts'

/** Kinds of ledger events, with their numbers in the rolling hash and in contracts. */
export const LEDGER_KIND_NUMBERS = {
  /** Posted by the client or a named reporter (paper, section 6). */
  posted: 0,
  /** A conviction, posted by the board: `u8 member ‖ u8 offence ‖ u8 percent`. */
  system: 1,
} as const
export type LedgerKind = keyof typeof LEDGER_KIND_NUMBERS

/** An event of a task's ledger, as reducers get it. */
export interface LedgerEvent {
  /** 1, 2, … per task, without gaps, over all kinds. */
  readonly seq: number
  readonly kind: LedgerKind
  readonly data: Uint8Array
}

/** A ledger event as the chain has it. */
export interface PostedEvent {
  readonly kind: LedgerKind
  /** Who posted it; the zero address for system entries. */
  readonly originator: Address
  readonly data: Uint8Array
}
