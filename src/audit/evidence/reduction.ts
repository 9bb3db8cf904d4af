import { bitmapOf } from '../../codec/bitmap.ts'
import { fromHex, keccak } from '../../codec/hex.ts'
import { hashObject, inputsRoot, signingDigest } from '../../codec/objects.ts'
import { weightOf } from '../../protocol/quorum.ts'
import { isValidInput, runReducer } from '../../reducers/run.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { MEMBERS_MAX, NIL } from '../../types/ids.ts'
import { splitSignatures } from '../signatures.ts'
import type { EvidenceCall } from './call.ts'
import type { RawObject } from './raw-object.ts'
import { valueOf } from './raw-object.ts'
import type { Court, Proved, Refusal } from './verdict.ts'

type Call = Extract<EvidenceCall, { name: 'wrongReduction' }>

/** E4: the reducer over the list that a fresh SHARE names, and how many members the wrong value misled. */
export function judgeReduction(court: Court, call: Call, share: RawObject): Proved | Refusal {
  if (share.field('validRound') !== -1n) return { refused: 'not fresh' }
  if (share.field('inputs') === 0n) return { refused: 'a NIL vote' }
  if (!isListOf(court, call, share)) return { refused: 'not the list that was voted for' }
  const wrong = whatIsWrong(court, call, share)
  if ('refused' in wrong) return wrong
  const misled = confirmers(court, call, share)
  if (misled === null) return { refused: 'a CONFIRM that is not by its member' }
  const { totalWeight } = court.cluster
  const percent = Math.floor(20 + (80 * weightOf(court.cluster, misled)) / totalWeight)
  const { because } = wrong
  const height = share.field('height')
  return { offence: 'E4', height, first: share.hash, second: NIL, percent, because }
}

/** Whether the states are those behind the SHARE's inputsRoot. */
function isListOf({ cluster }: Court, { inputs }: Call, share: RawObject): boolean {
  const height = share.field('height')
  const isCountable = [height, ...inputs.map(({ eventSeq }) => eventSeq)].every(
    (value) => value <= BigInt(Number.MAX_SAFE_INTEGER),
  )
  const members = inputs.map(({ member }) => Number(member))
  const isAscending = members.every((member, i) => member > (members[i - 1] ?? -1) && member < MEMBERS_MAX)
  if (!isCountable || !isAscending || BigInt(bitmapOf(members)) !== share.field('inputs')) return false
  const hashes = inputs.map(({ state, eventSeq }) =>
    hashObject(cluster.id, {
      type: 'status',
      height: Number(height),
      stateHash: keccak(state),
      eventSeq: Number(eventSeq),
    }),
  )
  return BigInt(inputsRoot(bitmapOf(members), hashes)) === share.field('inputsRoot')
}

function whatIsWrong(court: Court, { inputs }: Call, share: RawObject): { because: string } | Refusal {
  const { reducer, params, cluster, events } = court
  if (reducer === null) return { refused: 'the reducer is not known here' }
  const options = { find: () => reducer, stateBytesMax: params.stateCap }
  const listed = inputs.map(({ member, state }) => ({ member: Number(member), state: fromHex(state) }))
  const bad = listed.find(({ state }) => !isValidInput(reducer.id, params.reducerParams, state, options))
  if (bad !== undefined) return { because: `${reducer.id} refuses the listed state of member ${bad.member}` }
  const seen = events.filter(({ seq }) => BigInt(seq) <= share.field('eventSeq'))
  const call = {
    reducer: reducer.id,
    params: params.reducerParams,
    seed: cluster.seed,
    events: seen.map(({ seq, data }) => ({ seq, data })),
    closing: false,
    inputs: listed,
  }
  const result = runReducer(call, options)
  if (!result.ok) return { refused: `${reducer.id}: ${result.code}` }
  const right = keccak(result.state)
  if (BigInt(right) === share.field('stateHash')) return { refused: 'the reduction is right' }
  return { because: `${reducer.id} gives ${right} for that list` }
}

/** Members whose CONFIRM for the same value is attached; null if a signature is not its member's. */
function confirmers(
  { cluster, separator, recover }: Court,
  { confirmers: given }: Call,
  share: RawObject,
): readonly MemberIndex[] | null {
  const signers = cluster.members.filter(({ index }) => ((given.members >> BigInt(index)) & 1n) === 1n)
  if (given.members >> BigInt(cluster.members.length) !== 0n) return null
  const signatures = splitSignatures(given.signatures)
  const value = `0x${valueOf(share).toString(16).padStart(64, '0')}` as const
  const hash = hashObject(cluster.id, {
    type: 'confirm',
    height: Number(share.field('height')),
    round: Number(given.round),
    value,
  })
  const digest = signingDigest(separator, hash)
  const sound = signers.every(({ key }, i) => recover(digest, signatures[i] ?? '0x') === key)
  return sound && signatures.length === signers.length ? signers.map(({ index }) => index) : null
}
