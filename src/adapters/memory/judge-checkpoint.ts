import { decodeBatch, decodeExceptions, decodeInputs, inputsHashOf } from '../../codec/batch.ts'
import { bitmapOf, hasStranger, membersOf } from '../../codec/bitmap.ts'
import { byteLength } from '../../codec/hex.ts'
import { epochOf } from '../../codec/log.ts'
import { hashObject, signingDigest, valueHash } from '../../codec/objects.ts'
import { appendRoot } from '../../codec/roots.ts'
import type { CheckpointCall } from '../../ports/chain.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Digest, Hex, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Checkpoint } from '../../types/objects.ts'
import type { ChainTask } from './chain-task.ts'
import { check } from './refused.ts'

export interface SignatureCourt {
  readonly separator: Digest
  readonly recover: RecoverSigner
}

/** What an accepted checkpoint changes. */
export interface CheckpointVerdict {
  readonly last: number
  readonly root: Digest
  /** Root after each height of the batch. */
  readonly roots: readonly Digest[]
  readonly eventSeq: number
  /** Members that a list leaves out, once for each such list. */
  readonly missed: readonly MemberIndex[]
  readonly signers: readonly MemberIndex[]
}

/**
 * Whether `checkpoint` is accepted, by the contract's rules and in their order. Throws the error with which it is refused.
 *
 * @param isTheirs its sender may send it now
 */
export function judgeCheckpoint(
  task: ChainTask & { readonly cluster: Cluster },
  call: CheckpointCall,
  isTheirs: boolean,
  court: SignatureCourt,
): CheckpointVerdict {
  const { cluster, params } = task
  check(call.first === task.last + 1, 'WrongFirst')
  const heights = decodeBatch(call.batch, cluster.members.length)
  check(heights !== null && heights.length > 0, 'BadBatch')
  const last = task.last + heights.length
  check(last <= task.limit, 'BeyondLimit')
  check(epochOf(call.first, params.epochHeights) === epochOf(last, params.epochHeights), 'CrossesEpoch')
  let { root, eventSeq } = task
  const roots = heights.map(({ stateHash, inputsRoot, inputs, eventSeqDelta }) => {
    eventSeq += eventSeqDelta
    const eventsHash = task.eventsHashes[eventSeq] ?? NIL
    root = appendRoot(root, valueHash({ stateHash, inputsRoot, inputs, eventSeq, eventsHash }))
    return root
  })
  check(eventSeq <= task.events.length, 'UnknownEvent')
  const inputs = decodeInputs(call.inputs)
  check(inputs !== null && inputs.length === (params.calldataInputs ? heights.length : 0), 'InputsMode')
  check(isTheirs, 'NotYourTurn')
  const signers = signersOf(call, cluster, last, root, court)
  const all = bitmapOf(cluster.members.map(({ index }) => index))
  const missed = heights.flatMap(({ inputs: list }) => membersOf(all & ~list))
  return { last, root, roots, eventSeq, missed, signers }
}

/** Members who signed; refuses unless all in the bitmap did and they are of quorum weight. */
function signersOf(
  call: CheckpointCall,
  cluster: Cluster,
  height: number,
  root: Digest,
  { separator, recover }: SignatureCourt,
): number[] {
  const { bitmap, exceptions: packed, signatures, sharedSeq, sharedHead } = call
  check(!hasStranger(bitmap, cluster.members.length), 'StrangerInBitmap')
  const signers = membersOf(bitmap)
  check(byteLength(signatures) === 65 * signers.length, 'SignaturesLength')
  const exceptions = decodeExceptions(packed)
  check(exceptions !== null, 'BadException')
  check(
    exceptions.every(({ member }) => signers.includes(member)),
    'BadException',
  )
  const inputsHash = inputsHashOf(call.inputs)
  let weight = 0
  signers.forEach((member, i) => {
    const own = exceptions.find((exception) => exception.member === member)
    const logSeq = own?.logSeq ?? sharedSeq
    const logHead = own?.logHead ?? sharedHead
    const object: Checkpoint = { type: 'checkpoint', height, root, logSeq, logHead, inputsHash }
    const digest = signingDigest(separator, hashObject(cluster.id, object))
    const signature: Hex = `0x${signatures.slice(2 + 130 * i, 132 + 130 * i)}`
    const seat = cluster.members[member]
    check(seat !== undefined && recover(digest, signature) === seat.key, 'BadSignature')
    weight += seat.weight
  })
  check(3 * weight > 2 * cluster.totalWeight, 'BelowQuorum')
  return signers
}
