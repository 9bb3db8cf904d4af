import type { EvidenceCall } from '../../audit/evidence/call.ts'
import { bitmapOf } from '../../codec/bitmap.ts'
import { concatHex, toHex } from '../../codec/hex.ts'
import { encodeLogEntry } from '../../codec/log.ts'
import { encodeFields, TYPE_NUMBERS } from '../../codec/objects.ts'
import type { RawTaskParams } from '../../ports/chain-history.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Hex } from '../../types/ids.ts'
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
  }
}

function reductionCall(
  taskId: bigint,
  params: TaskParams,
  { share, inputs, closes, confirms }: Extract<Evidence, { kind: 'E4' }>,
): EvidenceCall {
  const { fields, signature } = brought(share)
  return {
    name: 'wrongReduction',
    taskId,
    member: BigInt(share.member),
    share: fields,
    signature,
    params: rawParams(params),
    inputs: inputs.map(({ status, state }) => ({
      member: BigInt(status.member),
      eventSeq: BigInt(status.object.eventSeq),
      state: toHex(state),
    })),
    closes: concatHex(...closes.map((close) => close.signature)),
    events: '0x',
    confirmers: {
      round: BigInt(confirms[0]?.object.round ?? 0),
      members: bitmapOf(confirms.map(({ member }) => member)),
      signatures: concatHex(...confirms.map((confirm) => confirm.signature)),
    },
  }
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
