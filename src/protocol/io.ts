import type { Claim, Evidence } from '../types/evidence.ts'
import type { DecidedHeight, Part } from '../types/frames.ts'
import type { Bitmap, Digest, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Checkpoint, ProtocolObject, Signed } from '../types/objects.ts'
import type { CheckpointBox, Kept, ShareQuorum } from './state.ts'
import type { Validity } from './validity.ts'

/** What can happen to the engine. Messages come authenticated: every signed object in them was verified. */
export type EngineInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly from: MemberIndex; readonly parts: readonly Part[] }
  /** The state source's answer: canonical bytes of s_i. */
  | {
      readonly kind: 'observed'
      readonly height: number
      readonly state: Uint8Array
      readonly stateHash: Digest
    }
  /** Ledger event `eventSeq` is read and final; the hash is the rolling one up to it. One input per event, in order. */
  | { readonly kind: 'ledger'; readonly eventSeq: number; readonly eventsHash: Digest }
  /** A reducer's answer; null if it failed, was not deterministic, or is not what the twin of a provable task gives. */
  | {
      readonly kind: 'aggregated'
      readonly token: number
      readonly result: { readonly state: Uint8Array; readonly stateHash: Digest } | null
      /** No machine has a state for this list: the reducer fails over it everywhere. Absent: not known. */
      readonly isVerdict?: boolean
    }
  /** The reducer did not answer within τ and lost the mutex (paper, section 3): the engine starts anew. */
  | { readonly kind: 'expired'; readonly token: number }
  /** This node wants to leave the task for good. */
  | { readonly kind: 'close' }
  /** The durable, signed object for a `record` effect: the stored one, if the key was signed before. */
  | { readonly kind: 'signed'; readonly signed: Signed }
  /** Schedule `external`: it is time to resynchronise. */
  | { readonly kind: 'resync' }
  /** This node has something to say in the next height that it opens. Tasks whose heights open on demand only. */
  | { readonly kind: 'wish' }
  /** Provable tasks: the decided state of `height` was computed again, and is what the twin gives. In order, each once. */
  | { readonly kind: 'vetted'; readonly height: number }
  /** Nothing may be signed at `upTo` or below (`standing.ts`); Infinity: nothing at all. */
  | { readonly kind: 'fence'; readonly upTo: number }
  /** The chain accepted a checkpoint up to `height`. */
  | { readonly kind: 'checkpointed'; readonly height: number }

/** Reasons for not acting on something a peer sent. Counted by the driver; never an exception. */
export type IgnoreCode =
  | 'duplicate'
  | 'stale'
  | 'far-ahead'
  | 'not-convener'
  | 'malformed-vote'
  | 'unwanted-body'
  | 'bad-certificate'
  | 'late-aggregate'
  | 'oversized-body'
  | 'over-quota'
  | 'not-in-profile'

/** What must happen, in this order. */
export type EngineEffect =
  /** Ask the state source for s_i. Answer: `observed`. */
  | { readonly kind: 'observe'; readonly height: number }
  /**
   * Store durably, in one transaction: log entries, what justifies the object, and the object signed under its
   * sign-once key. Answer: `signed`, before any later effect is carried out.
   */
  | {
      readonly kind: 'record'
      readonly object: ProtocolObject
      readonly entries: readonly LogEntry[]
      readonly proof: ShareQuorum | null
      readonly kept: Kept
    }
  /** Store log entries that no object announces. */
  | { readonly kind: 'append'; readonly entries: readonly LogEntry[] }
  /** Run f_agg_status, or f_agg_share, under the timed mutex. Answer: `aggregated` with the token. */
  | {
      readonly kind: 'aggregate'
      readonly token: number
      readonly height: number
      readonly inputs: readonly { readonly member: MemberIndex; readonly state: Uint8Array }[]
      readonly eventSeq: number
      /** The list holds a CLOSE: f_agg_close follows f_agg_status. */
      readonly closing: boolean
      /** Profile `paper`, `merge`: run f_agg_share on this own s* and the `inputs`, which are the s* received. */
      readonly own?: Uint8Array
    }
  | { readonly kind: 'broadcast'; readonly parts: readonly Part[] }
  | { readonly kind: 'send'; readonly to: MemberIndex; readonly parts: readonly Part[] }
  /** A member is behind: send it decided heights from `fromHeight` on, from the store. */
  | { readonly kind: 'serveHeights'; readonly to: MemberIndex; readonly fromHeight: number }
  /** Bodies that only the store may still have. */
  | { readonly kind: 'serveBodies'; readonly to: MemberIndex; readonly hashes: readonly Digest[] }
  /** A height is decided. Store it durably with the bodies before the next effect. */
  | {
      readonly kind: 'decided'
      readonly decided: DecidedHeight
      readonly round: number
      readonly value: Digest
      readonly state: Uint8Array
      /** Bodies of the listed states, by hash. */
      readonly bodies: ReadonlyMap<Digest, Uint8Array>
      /** Whether this node's own aggregate was the one decided. */
      readonly globallyValid: boolean
    }
  /** Profile `paper`: this node has finalised ŝ* of a height. Its own word, no certificate. */
  | {
      readonly kind: 'settled'
      readonly height: number
      readonly state: Uint8Array
      readonly stateHash: Digest
      /** Members whose SHARE was here, as a bitmap. */
      readonly heard: Bitmap
      /** Whether it is this node's own aggregate: s* = ŝ*. */
      readonly globallyValid: boolean
    }
  /** Divergence at a height, once the late votes are in too. */
  | {
      readonly kind: 'measured'
      readonly height: number
      readonly transitional: Validity | null
      readonly operational: Validity | null
    }
  /** A checkpoint has signatures of quorum weight; sent again whenever one more arrives. */
  | { readonly kind: 'certified'; readonly checkpoint: CheckpointBox }
  /** A CHECKPOINT over a history that is not the decided one, and what a vote says that its last height is. */
  | { readonly kind: 'otherHistory'; readonly checkpoint: Signed<Checkpoint>; readonly claim: Claim }
  /** What a member signed and no honest one signs (docs/decisions.md, section 8). */
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  | { readonly kind: 'ignored'; readonly from: MemberIndex; readonly code: IgnoreCode }
