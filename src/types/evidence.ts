import type { Digest } from './ids.ts'
import type { LogEntry } from './log.ts'
import type { Checkpoint, Close, Confirm, Hello, Share, Signed, Status } from './objects.ts'

/** Kinds of provable deviation (docs/decisions.md, section 8). */
export type EvidenceKind = 'E1' | 'E1b' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6'

/** By the number that contracts and system entries have for them (ISlasher.Offence). */
export const OFFENCES: readonly (EvidenceKind | undefined)[] = [
  ...[undefined, 'E1', 'E1b', 'E2', 'E3', 'E4', 'E5', 'E6'] as const,
]

/** A listed STATUS and the canonical bytes of its state. */
export interface ListedInput {
  readonly status: Signed<Status>
  readonly state: Uint8Array
}

/** What a decided height says: the parts of its value, and the root that it follows. */
export type Claim = Pick<
  Share,
  'height' | 'parent' | 'stateHash' | 'inputsRoot' | 'inputs' | 'eventSeq' | 'eventsHash'
>

/**
 * The height before, opened: what a reducer that is handed its state was handed. Before height 1 the result of the task's
 * predecessor, and all else is 0.
 */
export interface Before extends Omit<Claim, 'height' | 'parent' | 'stateHash'> {
  readonly state: Uint8Array
  /** Root that it follows. */
  readonly root: Digest
}

/** Signed objects of one member that no honest node signs together. The contract checks the same rules. */
export type Evidence =
  /** Equivocation: two different objects for one sign-once key. */
  | { readonly kind: 'E1'; readonly first: Signed; readonly second: Signed }
  /** Amnesia: a vote against an own CONFIRM without the reason that would have unlocked it. */
  | { readonly kind: 'E1b'; readonly confirm: Signed<Confirm>; readonly share: Signed<Share> }
  /** An illegal step in the entries that lead from `headBefore` to the signed head. */
  | {
      readonly kind: 'E2'
      readonly form: 'illegal'
      readonly checkpoint: Signed<Checkpoint>
      readonly headBefore: Digest
      readonly entries: readonly LogEntry[]
    }
  /** Two signed logs of one epoch, `first` of the lower height, that do not extend each other. */
  | {
      readonly kind: 'E2'
      readonly form: 'forked'
      readonly first: Signed<Checkpoint>
      readonly second: Signed<Checkpoint>
      /** Head of the second log at the first one's logSeq. */
      readonly headBefore: Digest
      /** Entries of the second log after that; none if it is not longer. */
      readonly entries: readonly LogEntry[]
    }
  /** A fresh vote, or a convener’s fresh list, that is no list: a stranger in it, or no quorum. Or an impossible validRound. */
  | { readonly kind: 'E3'; readonly vote: Signed<Share> | Signed<Hello> }
  /** A fresh vote for a state that the reducer does not give, with the CONFIRMs that it misled. */
  | {
      readonly kind: 'E4'
      readonly share: Signed<Share>
      readonly inputs: readonly ListedInput[]
      /** The CLOSEs in the list, by member. */
      readonly closes: readonly Signed<Close>[]
      readonly confirms: readonly Signed<Confirm>[]
      /** Absent if the reducer is not handed the state before, and at height 1 if nothing was handed over. */
      readonly before?: Before
    }
  /** A signed history in which the state of a height is not what the reducer gives. */
  | {
      readonly kind: 'E5'
      readonly checkpoint: Signed<Checkpoint>
      readonly claim: Claim
      /** Values of the heights after it, up to the CHECKPOINT's. */
      readonly later: readonly Digest[]
      readonly inputs: readonly ListedInput[]
      readonly closes: readonly Signed<Close>[]
      readonly before?: Before
    }
  /** A vote that follows another history than its signer names elsewhere. */
  | { readonly kind: 'E6'; readonly other: Signed; readonly share: Signed<Share> }
