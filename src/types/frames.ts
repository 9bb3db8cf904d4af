import type { Digest, Hex, MemberIndex } from './ids.ts'
import { MEMBERS_MAX } from './ids.ts'
import type { Confirm, Share, Signed, SignedInput } from './objects.ts'

/** Most digests that one request may name and be answered: the states of a height. */
export const GET_MAX = MEMBERS_MAX + 1

/** A height with the votes that decided it: catch-up carries signed votes, never bare states. */
export interface DecidedHeight {
  readonly height: number
  /** CONFIRMs of quorum weight for one value in one round. */
  readonly confirms: readonly Signed<Confirm>[]
  /** A SHARE for that value: names state, inputs and events. */
  readonly share: Signed<Share>
  /** The listed STATUS and CLOSE objects, by member. */
  readonly inputs: readonly SignedInput[]
}

/** CONFIRMs of quorum weight for one round, whatever they say: the admission to the next round. */
export interface RoundCertificate {
  readonly height: number
  readonly round: number
  readonly confirms: readonly Signed<Confirm>[]
}

/** One part of a frame (docs/decisions.md, section 6). */
export type Part =
  /** The HELLO of round 0. `wish`: its sender has something to say, and asks the others to open this height now. */
  | { readonly kind: 'ask'; readonly height: number; readonly wish?: true }
  | { readonly kind: 'object'; readonly signed: Signed }
  | { readonly kind: 'body'; readonly hash: Digest; readonly bytes: Uint8Array }
  | { readonly kind: 'seen'; readonly height: number; readonly seen: readonly Seen[] }
  | { readonly kind: 'get'; readonly hashes: readonly Digest[] }
  | { readonly kind: 'sync'; readonly fromHeight: number }
  /** What do you hold that I signed? Answered with the objects, and `at` behind them. */
  | { readonly kind: 'own' }
  /** The height that the sender is at. */
  | { readonly kind: 'at'; readonly height: number }
  | { readonly kind: 'decided'; readonly decided: DecidedHeight }
  | { readonly kind: 'roundCertificate'; readonly certificate: RoundCertificate }
  | { readonly kind: 'notes'; readonly firstHeight: number; readonly note: Hex }

/** Hashes of what a member was told, so that a liar who tells A to some and B to others is found. */
export interface Seen {
  readonly member: MemberIndex
  readonly status: Digest | null
  /** SHARE and CONFIRM of one round; HELLO of that round or of the next: no member convenes both. */
  readonly hello: Digest | null
  readonly share: Digest | null
  readonly confirm: Digest | null
  /** CHECKPOINT of the height. */
  readonly checkpoint: Digest | null
}

/** What of a member can be seen, in wire order. */
export const SEEN_KINDS = ['status', 'hello', 'share', 'confirm', 'checkpoint'] as const
export type SeenKind = (typeof SEEN_KINDS)[number]

export interface Frame {
  readonly cluster: Digest
  readonly parts: readonly Part[]
}
