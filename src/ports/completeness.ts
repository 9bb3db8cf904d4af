import type { Digest } from '../types/ids.ts'

/** A block at which what an endpoint tells is not what the chain's headers commit to. */
export interface CompletenessFault {
  readonly block: number
  /** As in a finding: `block 12.hash`, `block 12.log[3]`, `block 12.receipts`. */
  readonly field: string
  readonly expected: string
  readonly actual: string
  readonly why: string
}

/** What was proved about the logs that an audit was given. */
export interface Completeness {
  /** First block of the deployment, and the block up to which was read. */
  readonly from: number
  readonly to: number
  /** Hash of block `to`, to which every header leads. */
  readonly head: Digest
  /** Who says that this is the chain: `you`, or the name of another endpoint. */
  readonly confirmedBy: string
  /** Headers whose hash is the one that the next block names. */
  readonly headers: number
  /** Blocks whose bloom filter may hold an event of the contracts, and whose receipts have the root of the header. */
  readonly provedBlocks: number
  /** Logs of the audit's queries that are in these receipts. */
  readonly provedLogs: number
  readonly requests: number
  /** Lies: a header outside the chain, a log omitted, invented or changed. */
  readonly faults: readonly CompletenessFault[]
  /** What could not be proved, and why. */
  readonly unproved: readonly { readonly block: number; readonly why: string }[]
}
