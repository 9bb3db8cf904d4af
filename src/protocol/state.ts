import type { ValueContent } from '../codec/objects.ts'
import type { Cluster } from '../types/cluster.ts'
import type { RoundCertificate } from '../types/frames.ts'
import type { Bitmap, Digest, Hex, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Checkpoint, Close, Confirm, Hello, Share, Signed, SignedInput } from '../types/objects.ts'
import type { Profile } from './paper/profile.ts'
import type { LogState } from './phase-log.ts'
import type { Schedule } from './schedule.ts'

/** Everything that is fixed for one task on one node. Time is in ticks. */
export interface EngineConfig {
  readonly cluster: Cluster
  readonly self: MemberIndex
  /** Members by `keccak(seed ‖ key)`: conveners and slots. */
  readonly order: readonly MemberIndex[]
  /** Heights of the task. */
  readonly heights: number
  /** R: heights per epoch. */
  readonly epochHeights: number
  /** Most bytes of an aggregate. */
  readonly stateBytesMax: number
  /** Most bytes of a state that a member brings. */
  readonly inputBytesMax: number
  readonly debateTicks: number
  readonly shareTicks: number
  readonly confirmTicks: number
  readonly helloTicks: number
  /** ΔT / n of the resynchronisation schedule. */
  readonly slotTicks: number
  /** The reducer's rule for inputs, on canonical bytes. Pure and total. */
  readonly isValidInput: (state: Uint8Array) => boolean
  /** The task has a twin: a wrong reduction can be proved on chain. Absent: no. */
  readonly isProvable?: boolean
  /** Checkpoints publish the inputs: their hash is signed. Absent: no. */
  readonly publishesInputs?: boolean
  /** Absent: `bft`. */
  readonly profile?: Profile
  /** What opens a height when nothing else does. Absent: `slots`. */
  readonly schedule?: Schedule
  /**
   * Heights open on demand too: fewest ticks between the opening of a height and one that a member wishes for. Absent, or
   * 0: they do not.
   */
  readonly minHeightTicks?: number
}

/** The agreed history up to a height. */
export interface ChainState {
  readonly height: number
  readonly value: Digest
  readonly stateHash: Digest
  /** The last decided list; all members before height 1. */
  readonly inputs: Bitmap
  readonly eventSeq: number
  readonly root: Digest
}

/** What a value stands for: the part of a SHARE that a re-SHARE repeats. */
export type Content = ValueContent

export interface RoundBox {
  /** The convener's first. */
  hello: Signed<Hello> | null
  /** The HELLO's list, once every object of it is here. */
  list: ResolvedList | null
  /** SHARE quorum of this round, from votes heard or from a certificate. Two of them cannot differ. */
  quorum: ShareQuorum | null
  /** By member. */
  shares: ReadonlyMap<MemberIndex, Signed<Share>>
  confirms: ReadonlyMap<MemberIndex, Signed<Confirm>>
}

/** Wishes that a member has left at tick `since`. */
export interface WishBudget {
  readonly left: number
  readonly since: number
}

/** What was heard for one height. At most one object per (member, round, class) is kept; a second one is evidence. */
export interface HeightBox {
  readonly height: number
  /** By member: STATUS, or the member's CLOSE. */
  inputs: ReadonlyMap<MemberIndex, SignedInput>
  rounds: ReadonlyMap<number, RoundBox>
  /** CHECKPOINTs of this height, by member, as heard: kept after the chain has the height. */
  checkpoints: ReadonlyMap<MemberIndex, Signed<Checkpoint>>
  /** Members that asked for this height when they opened it: they have something to say. */
  wishes: ReadonlySet<MemberIndex>
  /** Members with two different objects for one key. */
  equivocators: ReadonlySet<MemberIndex>
  /** The second objects, one by member and key, so that others can be shown both. */
  seconds: ReadonlyMap<string, Signed>
  /** What other members saw differently and were asked for, by member asked and object held. */
  asked: ReadonlySet<string>
  /** How many members were asked for what they have seen, by signer and digest, since a tick. */
  asking: ReadonlyMap<string, { readonly since: number; readonly times: number }>
  /** Round of the commit certificate; null while undecided. */
  decidedRound: number | null
}

/** SHARE quorum of one round for one value and validRound: what a CONFIRM and a re-proposal rest on. */
export interface ShareQuorum {
  readonly round: number
  readonly value: Digest
  readonly content: Content
  readonly shares: readonly Signed<Share>[]
}

/**
 * What must outlive the process together with an object, beside the SHARE quorum of a CONFIRM. If all who know it
 * stopped at once, nobody could go on from the votes alone.
 */
export interface Kept {
  /** First object of a round ≥ 1: the CONFIRMs that admit to the round. */
  readonly admission: RoundCertificate | null
  /** Fresh SHARE: the list aggregated. */
  readonly list: ResolvedList | null
  /** STATUS: its state. Fresh SHARE: the listed states and the aggregate. */
  readonly bodies: ReadonlyMap<Digest, Uint8Array>
  /** CHECKPOINT: the note to it, which is kept for as long as the object. */
  readonly note: Hex | null
}

export const KEPT_NOTHING: Kept = { admission: null, list: null, bodies: new Map(), note: null }

export interface Lock {
  readonly value: Digest
  readonly round: number
}

/** An aggregation that the driver is running under the timed mutex. */
export interface PendingAggregate {
  /** Fencing token: an answer with another one is late and refused. */
  readonly token: number
  readonly round: number
  readonly inputs: Bitmap
  readonly inputsRoot: Digest
  readonly eventSeq: number
  readonly eventsHash: Digest
}

/** A convener's list as this node could resolve it. */
export interface ResolvedList {
  readonly round: number
  readonly inputs: Bitmap
  readonly inputsRoot: Digest
  readonly objects: readonly SignedInput[]
}

/** A commit certificate whose content is still being fetched. */
export interface Adoption {
  readonly round: number
  readonly value: Digest
  readonly confirms: readonly Signed<Confirm>[]
  share: Signed<Share> | null
  inputs: readonly SignedInput[] | null
  /** A member sent the whole height: this node is behind, and goes on asking. */
  readonly served: boolean
}

/** CHECKPOINT signatures of one height that the chain has not accepted yet. */
export interface CheckpointBox {
  readonly height: number
  /** Own root and hash of the published inputs; null until this node has decided the height. */
  root: Digest | null
  inputsHash: Digest | null
  signed: ReadonlyMap<MemberIndex, Signed<Checkpoint>>
  /** Packed note per signer whose log differs; unsigned, checked by auditors against the signed head. */
  notes: ReadonlyMap<MemberIndex, Hex>
  /** The epoch as this node decided it; null until then, and after a restart. */
  epoch: EpochRecord | null
  /** CHECKPOINTs of this epoch at heights where nobody signs one: the first of each member. */
  strays: ReadonlyMap<MemberIndex, Signed<Checkpoint>>
}

/** A CHECKPOINT to be signed, and the note to it. */
export interface DueCheckpoint {
  readonly object: Checkpoint
  readonly note: Hex | null
}

/** The running epoch, as far as decided: what a CHECKPOINT and its note are made of. */
export interface EpochRecord {
  /** First height of the epoch. */
  readonly first: number
  /** Decided value of the height before `first`; NIL before height 1. */
  readonly previous: Digest
  /** Decided values, by height from `first`. */
  readonly values: readonly Digest[]
  /** Own log entries of the epoch. */
  readonly entries: readonly LogEntry[]
  /** Packed inputs of the heights so far; `0x` if the task publishes none. */
  readonly inputs: Hex
}

/** Whom this node has asked for a SHARE quorum: `inWindow` of them since tick `since`. */
export interface AskedProof {
  readonly since: number
  readonly inWindow: number
  readonly asked: readonly MemberIndex[]
}

export type TimerName =
  'debate' | 'hello' | 'share' | 'confirm' | 'resend' | 'fetch' | 'measure' | 'checkpoint'

export interface EngineState {
  readonly config: EngineConfig
  tick: number
  log: LogState
  /** Entries not yet handed out with a record. */
  unrecorded: readonly LogEntry[]
  chain: ChainState
  /** Height in work: chain.height + 1. */
  box: HeightBox
  /** The height before, for late objects, duplicates and validity. */
  last: HeightBox | null
  /** The height before that, for late answers about what others have seen. */
  older: HeightBox | null
  /** The height after, kept while this one is undecided. */
  next: HeightBox
  /** Height up to which nothing is signed: what may be missing in the store is signed by nobody again. */
  fence: number
  /** Set by `start`: nothing is opened before. */
  running: boolean
  /** The state source was asked for this height. */
  observing: boolean
  round: number
  /** Own aggregate of the running round, for global validity and t2. */
  ownValue: Digest
  /** Round for which this node, as convener, has asked for its HELLO to be signed. */
  convened: number
  /** Round for which missing bodies were asked for. */
  askedRound: number
  /** Times that this node has sent its objects again since it heard anything new of the height. */
  resends: number
  /** Tick at which it did so last, or sent its STATUS. */
  resentAt: number
  pending: PendingAggregate | null
  /** Lists of this height for which the reducer has no state, by inputsRoot, and the last round that found it. */
  failed: ReadonlyMap<Digest, number>
  /** The first round that found it, of any list; nothing while `failed` is empty. */
  failedFrom: number
  tokens: number
  lock: Lock | null
  /** SHARE quorum of the highest round of this height. */
  valid: ShareQuorum | null
  adoption: Adoption | null
  /** Heights above the one in work that were sent with their certificates, while this node catches up. */
  ahead: ReadonlyMap<number, Adoption>
  /** Bodies by hash: states of this height's inputs and results. Bounded by what was announced. */
  bodies: ReadonlyMap<Digest, Uint8Array>
  timers: ReadonlyMap<TimerName, number>
  /** Tick from which slots are counted. */
  anchorTick: number
  /** Schedule `external`: a resynchronisation was called for since the last height opened. */
  resync: boolean
  /** This node has something to say, and no height that it has opened says it yet. */
  wished: boolean
  /** The STATUS of the running height was signed with such a wish. */
  isWishing: boolean
  /** A wish has opened the running height here, and nothing else would have. */
  isByWish: boolean
  /** Of members that have used any. */
  wishBudgets: ReadonlyMap<MemberIndex, WishBudget>
  /** Highest ledger event read at reorg depth. */
  ledgerSeq: number
  /** Rolling hash up to each event read, from the last cut on. */
  eventsHashes: ReadonlyMap<number, Digest>
  /** Occasions to help each member, at most one per `shareTicks`, and the tick of the last: a quota for answers. */
  helped: ReadonlyMap<MemberIndex, { readonly tick: number; readonly times: number }>
  /** Values of this height that were confirmed, and whose SHARE quorum is asked for. */
  proofs: ReadonlyMap<Digest, AskedProof>
  /** Pairs of objects that are passed on to all at a tick, unless somebody else does it before; by what they convict of. */
  passing: ReadonlyMap<string, { readonly tick: number; readonly pair: readonly [Signed, Signed] }>
  /** Times that CHECKPOINTs were sent since one was heard or signed. */
  checkpointsSent: number
  /** Bodies and objects that each member got on request since a tick: the other quota. */
  answered: ReadonlyMap<MemberIndex, { readonly since: number; readonly count: number }>
  /** Members heard in the running height, and those heard in the one before: DEBATE waits for both. */
  heard: ReadonlySet<MemberIndex>
  heardBefore: ReadonlySet<MemberIndex>
  /** Times that DEBATE ran to its time-out for a member, not yet forgiven. */
  vain: ReadonlyMap<MemberIndex, number>
  /** CLOSE of members that want to leave, or have left. */
  closes: ReadonlyMap<MemberIndex, Signed<Close>>
  /** Members whose CLOSE was in a decided list: they are in no list any more. */
  left: Bitmap
  /** Ticks of the last resets, oldest first: what the back-off and the breaker go by. */
  resets: readonly number[]
  /** After a reset nothing is opened before this tick. */
  backoffUntil: number
  epoch: EpochRecord
  /** Height up to which the chain has accepted checkpoints. */
  anchoredHeight: number
  checkpoints: ReadonlyMap<number, CheckpointBox>
  /** Provable tasks: height up to which each state is known to be what the twin gives for its list. */
  vetted: number
  /** CHECKPOINTs of decided heights that are not to be signed yet: behind a fence, or not vetted. By height. */
  due: ReadonlyMap<number, DueCheckpoint>
  /** What was reported as evidence, by height: each member, kind and key once. */
  reported: ReadonlyMap<number, ReadonlySet<string>>
  /** Profile `paper`: the finalised state, by hash, that each member said it held with its last HELLO. */
  finals: ReadonlyMap<MemberIndex, Digest>
}

export function emptyBox(height: number): HeightBox {
  return {
    height,
    inputs: new Map(),
    rounds: new Map(),
    checkpoints: new Map(),
    wishes: new Set(),
    equivocators: new Set(),
    seconds: new Map(),
    asked: new Set(),
    asking: new Map(),
    decidedRound: null,
  }
}

export function emptyCheckpoint(height: number): CheckpointBox {
  const nothing = { root: null, inputsHash: null, epoch: null }
  return { height, ...nothing, signed: new Map(), notes: new Map(), strays: new Map() }
}

export function emptyRound(): RoundBox {
  return { hello: null, list: null, quorum: null, shares: new Map(), confirms: new Map() }
}

/**
 * A copy that may be written to without touching the original. Containers are shared until `own` copies the one that is
 * written to, rounds until `ownRound` does, and lists that only grow are replaced.
 */
export function cloneState(state: EngineState): EngineState {
  return {
    ...state,
    box: { ...state.box },
    last: state.last === null ? null : { ...state.last },
    older: state.older === null ? null : { ...state.older },
    next: { ...state.next },
    adoption: state.adoption === null ? null : { ...state.adoption },
  }
}
