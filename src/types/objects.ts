import type { Bitmap, Digest, Hex, MemberIndex } from './ids.ts'

/** What members sign (docs/decisions.md, section 2). `cluster` is implied by the task's domain. */
export interface Hello {
  readonly type: 'hello'
  readonly height: number
  readonly round: number
  /** NIL for a fresh list, else the value that is re-proposed. */
  readonly value: Digest
  readonly inputsRoot: Digest
  /** Members listed. */
  readonly inputs: Bitmap
  /** −1 for a fresh list. */
  readonly validRound: number
}

export interface Status {
  readonly type: 'status'
  readonly height: number
  /** Certified root of the height before; root_0 at height 1. */
  readonly parent: Digest
  readonly stateHash: Digest
  /** Highest ledger event that the signer has read at reorg depth. */
  readonly eventSeq: number
}

export interface Share {
  readonly type: 'share'
  readonly height: number
  readonly round: number
  /** Certified root of the height before; root_0 at height 1. */
  readonly parent: Digest
  readonly stateHash: Digest
  readonly inputsRoot: Digest
  readonly inputs: Bitmap
  readonly eventSeq: number
  /** Rolling hash of the ledger events 1 … eventSeq. */
  readonly eventsHash: Digest
  readonly validRound: number
}

export interface Confirm {
  readonly type: 'confirm'
  readonly height: number
  readonly round: number
  readonly value: Digest
}

export interface Checkpoint {
  readonly type: 'checkpoint'
  readonly height: number
  readonly root: Digest
  readonly logSeq: number
  readonly logHead: Digest
  /** keccak of the packed inputs of the batch; NIL if the task publishes none. */
  readonly inputsHash: Digest
}

export interface Close {
  readonly type: 'close'
}

export type ProtocolObject = Hello | Status | Share | Confirm | Checkpoint | Close
export type ObjectType = ProtocolObject['type']

/** An object with the member who signed it. Made by `admit` or by the node's own keyring, never by hand. */
export interface Signed<T extends ProtocolObject = ProtocolObject> {
  readonly object: T
  readonly member: MemberIndex
  /** hashStruct of the object within its cluster: its identity for dedupe, inputsRoot and evidence. */
  readonly hash: Digest
  /** r ‖ s ‖ v, 65 bytes, low s, v ∈ {27, 28}. */
  readonly signature: Hex
}

export type SignedInput = Signed<Status> | Signed<Close>
