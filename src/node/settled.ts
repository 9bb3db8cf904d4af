import type { SendOutcome } from '../ports/chain.ts'

/**
 * The head at which an answer of the chain is settled: its block is so deep then that its events have been read. A duty
 * whose event has not come by then was taken back by a re-org, and is due again.
 */
export function settledAt(outcome: SendOutcome, head: number, reorgDepth: number): number {
  return Math.max(head, outcome.kind === 'mined' ? outcome.block : 0) + reorgDepth
}
