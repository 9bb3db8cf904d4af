import type { ParamType, Result } from 'ethers'
import { Interface } from 'ethers'
import type { RawTaskParams } from '../../ports/chain-history.ts'
import type { Hex } from '../../types/ids.ts'
import { PARAMS_TYPE } from '../task.ts'

/** Entry points of ISlasher. */
const SLASHER = new Interface([
  'function equivocation(uint256 taskId, uint8 member, uint8 objectType, bytes first, bytes firstSignature, bytes second, bytes secondSignature)',
  'function amnesia(uint256 taskId, uint8 member, bytes confirm, bytes confirmSignature, bytes share, bytes shareSignature)',
  'function openLog(uint256 taskId, uint8 member, bytes checkpoint, bytes signature, bytes32 headBefore, bytes entries)',
  'function illegalLog(uint256 taskId, uint8 member, bytes checkpoint, bytes signature, bytes32 headBefore, bytes entries)',
  'function forkedLog(uint256 taskId, uint8 member, bytes first, bytes firstSignature, bytes second, bytes secondSignature, bytes32 headBefore, bytes entries)',
  'function unjustifiedVote(uint256 taskId, uint8 member, uint8 objectType, bytes vote, bytes signature)',
  `function wrongReduction(uint256 taskId, uint8 member, bytes share, bytes signature, ${PARAMS_TYPE} params, tuple(uint8 member, uint64 eventSeq, bytes state)[] inputs, bytes closes, bytes events, tuple(uint32 round, uint256 members, bytes signatures) confirmers)`,
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
    | {
        readonly name: 'wrongReduction'
        readonly share: Hex
        readonly signature: Hex
        readonly params: RawTaskParams
        readonly inputs: readonly {
          readonly member: bigint
          readonly eventSeq: bigint
          readonly state: Hex
        }[]
        readonly closes: Hex
        readonly events: Hex
        readonly confirmers: {
          readonly round: bigint
          readonly members: bigint
          readonly signatures: Hex
        }
      }
  )

/** The call that calldata of the Slasher, or a `Convicted` event, stands for. Null for anything else. */
export function readEvidenceCall(data: Hex): EvidenceCall | null {
  try {
    const call = SLASHER.parseTransaction({ data })
    if (call === null) return null
    return { name: call.name, ...record(call.fragment.inputs, call.args) } as unknown as EvidenceCall
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
