/** What a transaction asks of the locks of one service. */
export type LockAsk =
  | {
      readonly kind: 'acquire'
      /** Chosen by who runs it, unique in the line of tasks: 1 … 2^48 − 1. */
      readonly tx: number
      readonly key: string
      /** `read`: shared. */
      readonly mode: 'read' | 'write'
      /** Operations done so far, and how urgent it is: who gives way in a deadlock follows from them. */
      readonly work: number
      readonly priority: number
    }
  /** Everything of the transaction. */
  | { readonly kind: 'release'; readonly tx: number }

/**
 * - `granted`: with a fencing token
 * - `released`
 * - `waiting`: ask again with the same key
 * - `victim`: the members have agreed that it gives way in a deadlock; nothing is locked for it here any more
 * - `over`: it asked for nothing for too long; as `victim`
 * - `full`: no more transactions
 * - `bad-request`: it cannot be meant, or the transaction waits for another key
 * - `not-ready`: the copy has just started, or stops
 * - `no-service`: the node that was asked knows of no such locks
 * - `no-host`: no copy runs, or it cannot be reached
 * - `unknown`: no word came in time
 */
export const LOCK_CODES = [
  'granted',
  'released',
  'waiting',
  'victim',
  'over',
  'full',
  'bad-request',
  'not-ready',
  'no-service',
  'no-host',
  'unknown',
] as const
export type LockCode = (typeof LOCK_CODES)[number]

export interface LockAnswer {
  readonly code: LockCode
  /** Of a grant: greater than that of every grant before; 0 otherwise. */
  readonly token: bigint
}

export const LOCK_KEY_BYTES_MAX = 256
export const TX_MAX = 2 ** 48 - 1

export function lockAnswer(code: LockCode): LockAnswer {
  return { code, token: 0n }
}
