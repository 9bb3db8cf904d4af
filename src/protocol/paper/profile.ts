import type { MemberIndex } from '../../types/ids.ts'

/** w_j of the weighted vote (paper, eq. 7): an integer ≥ 0, the same on every member. */
export type WeightFunction = (member: MemberIndex) => bigint

/** How t6 makes ŝ* of the states received: by the popular vote, the weighted vote, or f_agg_share. */
export type Selection = 'popular' | 'weighted' | 'merge'

/** RSDP as the paper has it: one round, the state travels with SHARE, what is decided is every node's own word. */
export interface PaperProfile {
  readonly kind: 'paper'
  readonly selection: Selection
  /** Of the weighted vote; the others do not look at it. Absent: 1 each. */
  readonly weightOf?: WeightFunction
  /** Whether bytes are a state of the reducer: others are not taken in, so nobody has to vote about them. */
  readonly isState?: (bytes: Uint8Array) => boolean
}

/** One engine, two profiles: `bft` is safe against liars, `paper` is the text literally. */
export type Profile = { readonly kind: 'bft' } | PaperProfile
