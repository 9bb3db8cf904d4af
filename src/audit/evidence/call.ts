import type { ParamType, Result } from 'ethers'
import { Interface } from 'ethers'
import type { RawTaskParams } from '../../ports/history-events.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { PARAMS_TYPE } from '../task.ts'

const CLAIM =
  'tuple(uint64 height, bytes32 parent, bytes32 stateHash, bytes32 inputsRoot, uint256 inputs, uint64 eventSeq, bytes32 eventsHash)'
const BEFORE =
  'tuple(bytes state, bytes32 inputsRoot, uint256 inputs, uint64 eventSeq, bytes32 eventsHash, bytes32 root)'
const OPENING = `${PARAMS_TYPE} params, tuple(uint8 member, uint64 eventSeq, bytes state)[] inputs, bytes closes, bytes events`

/** Entry points of ISlasher. */
const SLASHER = new Interface([
  'function equivocation(uint256 taskId, uint8 member, uint8 objectType, bytes first, bytes firstSignature, bytes second, bytes secondSignature)',
  'function amnesia(uint256 taskId, uint8 member, bytes confirm, bytes confirmSignature, bytes share, bytes shareSignature)',
  'function openLog(uint256 taskId, uint8 member, bytes checkpoint, bytes signature, bytes32 headBefore, bytes entries)',
  'function illegalLog(uint256 taskId, uint8 member, bytes checkpoint, bytes signature, bytes32 headBefore, bytes entries)',
  'function forkedLog(uint256 taskId, uint8 member, bytes first, bytes firstSignature, bytes second, bytes secondSignature, bytes32 headBefore, bytes entries)',
  'function unjustifiedVote(uint256 taskId, uint8 member, uint8 objectType, bytes vote, bytes signature)',
  `function wrongReduction(uint256 taskId, uint8 member, bytes share, bytes signature, ${OPENING}, tuple(uint32 round, uint256 members, bytes signatures) confirmers, ${BEFORE} before)`,
  `function refute(uint256 taskId, ${CLAIM} claim, bytes32[] later, ${OPENING}, ${BEFORE} before)`,
  'function wrongCheckpoint(uint256 taskId, uint8 member, bytes checkpoint, bytes signature, uint64 height, bytes32 root, bytes32[] later)',
  'function twoParents(uint256 taskId, uint8 member, uint8 objectType, bytes other, bytes otherSignature, bytes share, bytes shareSignature)',
])

interface Accused {
  readonly taskId: bigint
  readonly member: bigint
}

interface SignedLog {
  readonly checkpoint: Hex
  readonly signature: Hex
  readonly headBefore: Hex
  readonly entries: Hex
}

/** What the twin was asked with. Ledger events are taken from the chain. */
export interface Opened {
  readonly params: RawTaskParams
  readonly inputs: readonly {
    readonly member: bigint
    readonly eventSeq: bigint
    readonly state: Hex
  }[]
  readonly closes: Hex
  readonly events: Hex
  readonly before: {
    readonly state: Hex
    readonly inputsRoot: Digest
    readonly inputs: bigint
    readonly eventSeq: bigint
    readonly eventsHash: Digest
    readonly root: Digest
  }
}

/** A decided height as a call claims it. */
export interface RawClaim {
  readonly height: bigint
  readonly parent: Digest
  readonly stateHash: Digest
  readonly inputsRoot: Digest
  readonly inputs: bigint
  readonly eventSeq: bigint
  readonly eventsHash: Digest
}

/** A height that is refuted by itself: a step of a proof against those who signed a history with it. */
export type RefuteCall = Opened & {
  readonly name: 'refute'
  readonly taskId: bigint
  readonly claim: RawClaim
  readonly later: readonly Digest[]
}

/** A proof as it was sent to the Slasher. Nothing in it has been checked. */
export type EvidenceCall = Accused &
  (
    | {
        readonly name: 'equivocation'
        readonly objectType: bigint
        readonly first: Hex
        readonly firstSignature: Hex
        readonly second: Hex
        readonly secondSignature: Hex
      }
    | {
        readonly name: 'amnesia'
        readonly confirm: Hex
        readonly confirmSignature: Hex
        readonly share: Hex
        readonly shareSignature: Hex
      }
    | (SignedLog & { readonly name: 'illegalLog' })
    /** A step of a proof about a long log. */
    | (SignedLog & { readonly name: 'openLog' })
    | {
        readonly name: 'forkedLog'
        readonly first: Hex
        readonly firstSignature: Hex
        readonly second: Hex
        readonly secondSignature: Hex
        readonly headBefore: Hex
        readonly entries: Hex
      }
    | {
        readonly name: 'unjustifiedVote'
        readonly objectType: bigint
        readonly vote: Hex
        readonly signature: Hex
      }
    | (Opened & {
        readonly name: 'wrongReduction'
        readonly share: Hex
        readonly signature: Hex
        readonly confirmers: {
          readonly round: bigint
          readonly members: bigint
          readonly signatures: Hex
        }
      })
    | {
        readonly name: 'wrongCheckpoint'
        readonly checkpoint: Hex
        readonly signature: Hex
        readonly height: bigint
        readonly root: Digest
        readonly later: readonly Digest[]
      }
    | {
        readonly name: 'twoParents'
        readonly objectType: bigint
        readonly other: Hex
        readonly otherSignature: Hex
        readonly share: Hex
        readonly shareSignature: Hex
      }
  )

/** The call that calldata of the Slasher, or a `Convicted` event, stands for. Null for anything else. */
export function readEvidenceCall(data: Hex): EvidenceCall | null {
  const call = readCall(data)
  return call === null || call.name === 'refute' ? null : call
}

/** The step that refutes a height. Null for anything else. */
export function readRefuteCall(data: Hex): RefuteCall | null {
  const call = readCall(data)
  return call?.name === 'refute' ? call : null
}

function readCall(data: Hex): EvidenceCall | RefuteCall | null {
  try {
    const call = SLASHER.parseTransaction({ data })
    if (call === null) return null
    return { name: call.name, ...record(call.fragment.inputs, call.args) } as unknown as
      EvidenceCall | RefuteCall
  } catch {
    return null // not what any of them takes
  }
}

function record(types: readonly ParamType[], values: Result): Readonly<Record<string, unknown>> {
  return Object.fromEntries(types.map((type, i) => [type.name, plain(type, values[i])]))
}

/** Structs by name, lists as lists, bytes and addresses in lower case. */
function plain(type: ParamType, value: unknown): unknown {
  const { arrayChildren, components } = type
  if (arrayChildren !== null) return (value as Result).map((item: unknown) => plain(arrayChildren, item))
  if (components !== null) return record(components, value as Result)
  return typeof value === 'string' ? value.toLowerCase() : value
}
