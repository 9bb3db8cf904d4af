/** test/vectors/evidence.json as evidence that a node holds, and as calls of the Slasher. */
import { encodeEvidenceCall, encodeSteps } from '../../src/adapters/evm/evidence-call.ts'
import { fromHex } from '../../src/codec/hex.ts'
import type { Domain } from '../../src/codec/objects.ts'
import { reducerHash } from '../../src/reducers/catalog.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Claim, Evidence } from '../../src/types/evidence.ts'
import type { Address, Digest, Hex } from '../../src/types/ids.ts'
import type { Checkpoint, ProtocolObject, Share, Signed, Status } from '../../src/types/objects.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { taskParams } from './runner-cluster.ts'
import { readVectors } from './vectors.ts'

interface SignedVector {
  readonly type: ProtocolObject['type']
  readonly member: number
  readonly object: Readonly<Record<string, unknown>>
  readonly hashStruct: Digest
  readonly signature: Hex
}

interface HistoryVector {
  readonly name: string
  readonly claim: Omit<Claim, 'inputs'> & { readonly inputs: Hex }
  readonly root: Digest
  readonly listed: readonly { readonly status: SignedVector; readonly state: Hex }[]
  readonly later: readonly Digest[]
  readonly checkpoint: SignedVector
  readonly refutes: boolean
  readonly convicts: boolean
}

interface ParentsVector {
  readonly name: string
  readonly other: SignedVector
  readonly share: SignedVector
  readonly convicts: boolean
}

interface EvidenceVectors {
  readonly domain: Omit<Domain, 'chainId'> & { readonly chainId: number }
  readonly separator: Digest
  readonly cluster: Digest
  readonly seed: Digest
  readonly members: readonly { readonly key: Address; readonly weight: number }[]
  readonly reducer: string
  readonly reducerParams: Hex
  readonly twin: Address
  readonly e5: readonly HistoryVector[]
  readonly e6: readonly ParentsVector[]
}

export const VECTORS = readVectors('evidence') as EvidenceVectors

export const CLUSTER: Cluster = {
  id: VECTORS.cluster,
  seed: VECTORS.seed,
  members: VECTORS.members.map(({ key, weight }, index) => ({ index, key, operator: key, weight })),
  totalWeight: VECTORS.members.reduce((sum, { weight }) => sum + weight, 0),
}

/** A provable task with the vectors' reducer. */
export function paramsWith(twin: Address): TaskParams {
  const { reducer, reducerParams } = VECTORS
  return taskParams({ reducer: reducerHash(reducer), reducerParams, twin, epochHeights: 8, heights: 8 })
}

export interface HistoryCase extends HistoryVector {
  readonly evidence: Extract<Evidence, { kind: 'E5' }>
}

export interface ParentsCase extends ParentsVector {
  readonly evidence: Extract<Evidence, { kind: 'E6' }>
}

export const E5: readonly HistoryCase[] = VECTORS.e5.map((one) => {
  const claim = { ...one.claim, inputs: BigInt(one.claim.inputs) }
  const inputs = one.listed.map(({ status, state }) => ({
    status: signedOf(status) as Signed<Status>,
    state: fromHex(state),
  }))
  const checkpoint = signedOf(one.checkpoint) as Signed<Checkpoint>
  const evidence = { kind: 'E5', checkpoint, claim, later: one.later, inputs, closes: [] } as const
  return { ...one, evidence }
})

export const E6: readonly ParentsCase[] = VECTORS.e6.map((one) => ({
  ...one,
  evidence: { kind: 'E6', other: signedOf(one.other), share: signedOf(one.share) as Signed<Share> },
}))

function signedOf({ type, member, object, hashStruct, signature }: SignedVector): Signed {
  const fields = 'inputs' in object ? { ...object, inputs: BigInt(object['inputs'] as Hex) } : object
  return { object: { type, ...fields } as unknown as ProtocolObject, member, hash: hashStruct, signature }
}

/** The calls of a proof, the steps before it first. */
export function callsOf(taskId: bigint, evidence: Evidence, params: TaskParams): readonly Hex[] {
  const context = { params, events: [] }
  return [...encodeSteps(taskId, evidence, context), encodeEvidenceCall(taskId, evidence, context)]
}
