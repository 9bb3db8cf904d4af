import { appendEvent } from '../../codec/events.ts'
import { claimOf } from '../../codec/claims.ts'
import type { Opening } from '../../codec/claims.ts'
import { accusedOf, basePercent, isProof } from '../../codec/evidence.ts'
import { keccak } from '../../codec/hex.ts'
import { hashObject, signingDigest } from '../../codec/objects.ts'
import type { TwinCall } from '../../ports/chain.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import type { Claim, Evidence } from '../../types/evidence.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { PostedEvent } from '../../types/ledger.ts'
import type { Signed } from '../../types/objects.ts'
import type { TaskParams } from '../../types/task.ts'
import type { ChainTask } from './chain-task.ts'
import { check } from './refused.ts'

export interface EvidenceCall {
  readonly kind: 'evidence'
  readonly taskId: bigint
  readonly evidence: Evidence
  /** Ledger events 1, 2, …, at least up to the vote's eventSeq. */
  readonly events: readonly PostedEvent[]
}

/** What the twin of every task's reducer says. */
export interface TwinModel {
  validate(params: Hex, state: Uint8Array): boolean
  aggregate(call: TwinCall): Uint8Array | null
}

interface Court {
  readonly separator: Digest
  readonly recover: RecoverSigner
  /** Absent: wrong reductions get no verdict. */
  readonly twin: TwinModel | null
}

/** Base share of the lock that a proof takes; refuses what is no proof, or adds nothing. */
export function judgeEvidence(
  { cluster, params, convictions, eventsHashes }: ChainTask,
  { evidence, events }: EvidenceCall,
  { separator, recover, twin }: Court,
): number {
  check(cluster !== null, 'WrongStatus')
  check(isProof({ cluster, epochHeights: params.epochHeights }, evidence), 'ProvesNothing')
  for (const { object, member, signature } of signaturesOf(evidence)) {
    const digest = signingDigest(separator, hashObject(cluster.id, object))
    check(recover(digest, signature) === cluster.members[member]?.key, 'NotSignedBy')
  }
  const ledger = { events, eventsHashes }
  if (evidence.kind === 'E4')
    judgeReduction(claimOf(evidence.share.object), evidence, params, cluster, ledger, twin)
  if (evidence.kind === 'E5') judgeReduction(evidence.claim, evidence, params, cluster, ledger, twin)
  const percent = basePercent(cluster, evidence)
  check(percent > (convictions.get(accusedOf(evidence)) ?? 0), 'AlreadyConvicted')
  return percent
}

function judgeReduction(
  { height, eventSeq, eventsHash, stateHash }: Claim,
  { inputs, closes, before }: Opening,
  { twin, reducerParams: params, usesPrevious }: TaskParams,
  { seed, members }: Cluster,
  ledger: { readonly events: readonly PostedEvent[]; readonly eventsHashes: readonly Digest[] },
  model: TwinModel | null,
): void {
  const events = ledger.events.slice(0, eventSeq)
  check(ledger.eventsHashes[eventSeq] === eventsHash, 'NoVerdict')
  check(events.reduce(appendEvent, NIL) === eventsHash, 'ProvesNothing')
  check(model !== null && BigInt(twin) !== 0n, 'NoVerdict')
  check(!usesPrevious || height === 1 || before !== undefined, 'ProvesNothing')
  const previous = usesPrevious ? (before?.state ?? new Uint8Array()) : null
  const listed = inputs.map(({ status, state }) => ({ member: status.member, state }))
  const seen = events.map(({ kind, data }, i) => ({ seq: i + 1, kind, data }))
  const context = { seed, height, members, previous, events: seen }
  const state = model.aggregate({ twin, params, context, inputs: listed, closing: closes.length > 0 })
  check(state === null || keccak(state) !== stateHash, 'ProvesNothing')
  if (inputs.some((input) => !model.validate(params, input.state))) return
  check(state !== null, 'NoVerdict')
}

/** What the contract checks signatures of. */
function signaturesOf(evidence: Evidence): readonly Signed[] {
  switch (evidence.kind) {
    case 'E1':
      return [evidence.first, evidence.second]
    case 'E1b':
      return [evidence.confirm, evidence.share]
    case 'E2':
      return evidence.form === 'illegal' ? [evidence.checkpoint] : [evidence.first, evidence.second]
    case 'E3':
      return [evidence.vote]
    case 'E4':
      return [evidence.share, ...evidence.closes, ...evidence.confirms]
    case 'E5':
      return [evidence.checkpoint, ...evidence.closes]
    case 'E6':
      return [evidence.other, evidence.share]
  }
}
