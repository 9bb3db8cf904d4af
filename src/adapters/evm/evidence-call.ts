import { bitmapOf } from '../../codec/bitmap.ts'
import { encodeEvents } from '../../codec/events.ts'
import { rootAfter } from '../../codec/claims.ts'
import { concatHex, toHex } from '../../codec/hex.ts'
import { appendLog, encodeLogEntry } from '../../codec/log.ts'
import { encodeFields, TYPE_NUMBERS } from '../../codec/objects.ts'
import type { ProofContext } from '../../ports/chain.ts'
import type { Before, Evidence } from '../../types/evidence.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Signed } from '../../types/objects.ts'
import { abis } from './abi.ts'

/** Calldata of the Slasher's entry point for a piece of evidence (docs/decisions.md, section 8). */
export function encodeEvidenceCall(taskId: bigint, evidence: Evidence, context: ProofContext): Hex {
  const abi = abis().Slasher
  switch (evidence.kind) {
    case 'E1': {
      const { member, object } = evidence.second
      const type = TYPE_NUMBERS[object.type]
      const objects = [...withSignature(evidence.first), ...withSignature(evidence.second)] as const
      return abi.encodeFunctionData('equivocation', [taskId, member, type, ...objects]) as Hex
    }
    case 'E1b': {
      const objects = [...withSignature(evidence.confirm), ...withSignature(evidence.share)] as const
      return abi.encodeFunctionData('amnesia', [taskId, evidence.share.member, ...objects]) as Hex
    }
    case 'E2': {
      const log = brought(stretchesOf(evidence)[0] ?? evidence)
      if (evidence.form === 'illegal') {
        const { checkpoint } = evidence
        const args = [taskId, checkpoint.member, ...withSignature(checkpoint), ...log] as const
        return abi.encodeFunctionData('illegalLog', [...args]) as Hex
      }
      const { first, second } = evidence
      const args = [taskId, second.member, ...withSignature(first), ...withSignature(second), ...log] as const
      return abi.encodeFunctionData('forkedLog', [...args]) as Hex
    }
    case 'E3': {
      const { vote } = evidence
      const type = TYPE_NUMBERS[vote.object.type]
      return abi.encodeFunctionData('unjustifiedVote', [
        taskId,
        vote.member,
        type,
        ...withSignature(vote),
      ]) as Hex
    }
    case 'E4':
      return encodeReduction(taskId, evidence, context)
    case 'E5': {
      const { checkpoint, claim, later } = evidence
      return abi.encodeFunctionData('wrongCheckpoint', [
        taskId,
        checkpoint.member,
        ...withSignature(checkpoint),
        claim.height,
        rootAfter(claim),
        [...later],
      ]) as Hex
    }
    case 'E6': {
      const { other, share } = evidence
      const type = TYPE_NUMBERS[other.object.type]
      const objects = [...withSignature(other), ...withSignature(share)] as const
      return abi.encodeFunctionData('twoParents', [taskId, share.member, type, ...objects]) as Hex
    }
  }
}

/** Log entries that one call takes (`LogProof.sol`). */
const CALL_ENTRIES_MAX = 2048

type Stretch = Pick<Extract<Evidence, { kind: 'E2' }>, 'headBefore' | 'entries'>

/**
 * The steps that come before a proof: a log that is too long for one call is opened backwards from its signed head, and
 * a height below a CHECKPOINT is refuted.
 */
export function encodeSteps(taskId: bigint, evidence: Evidence, context: ProofContext): readonly Hex[] {
  if (evidence.kind === 'E5') return [encodeRefutation(taskId, evidence, context)]
  if (evidence.kind !== 'E2') return []
  const checkpoint = evidence.form === 'illegal' ? evidence.checkpoint : evidence.second
  const log = [taskId, checkpoint.member, ...withSignature(checkpoint)] as const
  return stretchesOf(evidence)
    .slice(1)
    .reverse()
    .map((step) => abis().Slasher.encodeFunctionData('openLog', [...log, ...brought(step)]) as Hex)
}

/** The entries in stretches that one call takes each; each begins with the last entry of the one before. */
function stretchesOf({ headBefore, entries }: Stretch): readonly Stretch[] {
  const stretches: Stretch[] = []
  let head = headBefore
  for (let at = 0; at < entries.length - 1 || at === 0; at += CALL_ENTRIES_MAX - 1) {
    const stretch = entries.slice(at, at + CALL_ENTRIES_MAX)
    stretches.push({ headBefore: head, entries: stretch })
    head = stretch.slice(0, CALL_ENTRIES_MAX - 1).reduce(appendLog, head)
  }
  return stretches
}

function brought({ headBefore, entries }: Stretch): [headBefore: Digest, entries: Hex] {
  return [headBefore, concatHex(...entries.map(encodeLogEntry))]
}

function withSignature(signed: Signed): [fields: Hex, signature: Hex] {
  return [encodeFields(signed.object), signed.signature]
}

function encodeReduction(
  taskId: bigint,
  evidence: Extract<Evidence, { kind: 'E4' }>,
  context: ProofContext,
): Hex {
  const { share, confirms, before } = evidence
  const { params, inputs, closes, events } = opened(evidence, context, share.object.eventSeq)
  return abis().Slasher.encodeFunctionData('wrongReduction', [
    taskId,
    share.member,
    ...withSignature(share),
    params,
    inputs,
    closes,
    events,
    {
      round: confirms[0]?.object.round ?? 0,
      members: bitmapOf(confirms.map(({ member }) => member)),
      signatures: concatHex(...confirms.map(({ signature }) => signature)),
    },
    beforeOf(before),
  ]) as Hex
}

function encodeRefutation(
  taskId: bigint,
  evidence: Extract<Evidence, { kind: 'E5' }>,
  context: ProofContext,
): Hex {
  const { claim, later, before } = evidence
  const { params, inputs, closes, events } = opened(evidence, context, claim.eventSeq)
  return abis().Slasher.encodeFunctionData('refute', [
    taskId,
    { ...claim },
    [...later],
    params,
    inputs,
    closes,
    events,
    beforeOf(before),
  ]) as Hex
}

/** What the twin is asked with. */
function opened(
  { inputs, closes }: Extract<Evidence, { kind: 'E4' | 'E5' }>,
  { params, events }: ProofContext,
  eventSeq: number,
) {
  return {
    params: { ...params, reporters: [...params.reporters] },
    inputs: inputs.map(({ status, state }) => ({
      member: status.member,
      eventSeq: status.object.eventSeq,
      state: toHex(state),
    })),
    closes: concatHex(...closes.map(({ signature }) => signature)),
    events: encodeEvents(events.slice(0, eventSeq)),
  }
}

const NOTHING_BEFORE = {
  ...{ state: '0x', inputsRoot: NIL, inputs: 0n, eventSeq: 0, eventsHash: NIL, root: NIL },
} as const

function beforeOf(before: Before | undefined) {
  return before === undefined ? NOTHING_BEFORE : { ...before, state: toHex(before.state) }
}
