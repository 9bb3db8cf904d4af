import type { EvidenceCall, Opened, RefuteCall } from '../../audit/evidence/call.ts'
import { bitmapOf } from '../../codec/bitmap.ts'
import { rootAfter } from '../../codec/claims.ts'
import { concatHex, toHex } from '../../codec/hex.ts'
import { encodeLogEntry } from '../../codec/log.ts'
import { encodeFields, TYPE_NUMBERS } from '../../codec/objects.ts'
import type { RawTaskParams } from '../../ports/history-events.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Signed } from '../../types/objects.ts'
import type { TaskParams } from '../../types/task.ts'

/** Evidence as the auditor reads it in a transaction. It takes ledger events from the chain: none are in the call. */
export function callOf(taskId: bigint, params: TaskParams, evidence: Evidence): EvidenceCall {
  switch (evidence.kind) {
    case 'E1': {
      const { first, second } = evidence
      const [a, b] = [brought(first), brought(second)]
      const objectType = BigInt(TYPE_NUMBERS[second.object.type])
      const objects = {
        first: a.fields,
        firstSignature: a.signature,
        second: b.fields,
        secondSignature: b.signature,
      }
      return { name: 'equivocation', taskId, member: BigInt(second.member), objectType, ...objects }
    }
    case 'E1b': {
      const [a, b] = [brought(evidence.confirm), brought(evidence.share)]
      const objects = {
        confirm: a.fields,
        confirmSignature: a.signature,
        share: b.fields,
        shareSignature: b.signature,
      }
      return { name: 'amnesia', taskId, member: BigInt(evidence.share.member), ...objects }
    }
    case 'E2': {
      const { headBefore } = evidence
      const entries = concatHex(...evidence.entries.map(encodeLogEntry))
      if (evidence.form === 'illegal') {
        const { fields: checkpoint, signature } = brought(evidence.checkpoint)
        const member = BigInt(evidence.checkpoint.member)
        return { name: 'illegalLog', taskId, member, checkpoint, signature, headBefore, entries }
      }
      const [a, b] = [brought(evidence.first), brought(evidence.second)]
      const objects = {
        first: a.fields,
        firstSignature: a.signature,
        second: b.fields,
        secondSignature: b.signature,
      }
      return {
        name: 'forkedLog',
        taskId,
        member: BigInt(evidence.second.member),
        ...objects,
        headBefore,
        entries,
      }
    }
    case 'E3': {
      const { vote } = evidence
      const { fields, signature } = brought(vote)
      const objectType = BigInt(TYPE_NUMBERS[vote.object.type])
      return {
        name: 'unjustifiedVote',
        taskId,
        member: BigInt(vote.member),
        objectType,
        vote: fields,
        signature,
      }
    }
    case 'E4':
      return reductionCall(taskId, params, evidence)
    case 'E5':
    case 'E6':
      return historyCall(taskId, evidence)
  }
}

function historyCall(taskId: bigint, evidence: Extract<Evidence, { kind: 'E5' | 'E6' }>): EvidenceCall {
  if (evidence.kind === 'E5') {
    const { checkpoint, claim, later } = evidence
    const { fields, signature } = brought(checkpoint)
    return {
      ...{ name: 'wrongCheckpoint', taskId, member: BigInt(checkpoint.member) },
      ...{ checkpoint: fields, signature, height: BigInt(claim.height), root: rootAfter(claim), later },
    }
  }
  const { other, share } = evidence
  const [a, b] = [brought(other), brought(share)]
  const objects = {
    ...{ other: a.fields, otherSignature: a.signature },
    ...{ share: b.fields, shareSignature: b.signature },
  }
  const objectType = BigInt(TYPE_NUMBERS[other.object.type])
  return { name: 'twoParents', taskId, member: BigInt(share.member), objectType, ...objects }
}

/** The step that comes before a proof about a CHECKPOINT. */
export function refutationOf(
  taskId: bigint,
  params: TaskParams,
  evidence: Extract<Evidence, { kind: 'E5' }>,
): RefuteCall {
  const { height, eventSeq, ...claim } = evidence.claim
  return {
    ...{ name: 'refute', taskId, later: evidence.later },
    claim: { ...claim, height: BigInt(height), eventSeq: BigInt(eventSeq) },
    ...opened(params, evidence),
  }
}

function reductionCall(
  taskId: bigint,
  params: TaskParams,
  evidence: Extract<Evidence, { kind: 'E4' }>,
): EvidenceCall {
  const { share, confirms } = evidence
  const { fields, signature } = brought(share)
  return {
    name: 'wrongReduction',
    taskId,
    member: BigInt(share.member),
    share: fields,
    signature,
    ...opened(params, evidence),
    confirmers: {
      round: BigInt(confirms[0]?.object.round ?? 0),
      members: bitmapOf(confirms.map(({ member }) => member)),
      signatures: concatHex(...confirms.map((confirm) => confirm.signature)),
    },
  }
}

function opened(
  params: TaskParams,
  { inputs, closes, before }: Extract<Evidence, { kind: 'E4' | 'E5' }>,
): Opened {
  return {
    params: rawParams(params),
    inputs: inputs.map(({ status, state }) => ({
      member: BigInt(status.member),
      eventSeq: BigInt(status.object.eventSeq),
      state: toHex(state),
    })),
    closes: concatHex(...closes.map((close) => close.signature)),
    events: '0x',
    before:
      before === undefined
        ? NOTHING_BEFORE
        : { ...before, state: toHex(before.state), eventSeq: BigInt(before.eventSeq) },
  }
}

const NOTHING_BEFORE: Opened['before'] = {
  ...{ state: '0x', inputsRoot: NIL, inputs: 0n, eventSeq: 0n, eventsHash: NIL, root: NIL },
}

function brought({ object, signature }: Signed): { readonly fields: Hex; readonly signature: Hex } {
  return { fields: encodeFields(object), signature }
}

/** Parameters as the chain gives them: integers of any size. */
function rawParams(params: TaskParams): RawTaskParams {
  const raw = Object.entries(params).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' ? BigInt(value) : value,
  ])
  return Object.fromEntries(raw) as RawTaskParams
}
