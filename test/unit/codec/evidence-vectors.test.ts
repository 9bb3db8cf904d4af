import { expect } from 'chai'
import { recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import { readEvidenceCall, readRefuteCall } from '../../../src/audit/evidence/call.ts'
import { judgeClaim, rootAfterClaim } from '../../../src/audit/evidence/reduction.ts'
import type { Court } from '../../../src/audit/evidence/verdict.ts'
import { judgeEvidence } from '../../../src/audit/evidence/verdict.ts'
import { rootAfter } from '../../../src/codec/claims.ts'
import { decodeEvidence, encodeEvidence } from '../../../src/codec/evidence-bytes.ts'
import { basePercent, isProof } from '../../../src/codec/evidence.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { domainSeparator, hashObject, signingDigest } from '../../../src/codec/objects.ts'
import { findReducer } from '../../../src/reducers/catalog.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { Evidence } from '../../../src/types/evidence.ts'
import type { Signed } from '../../../src/types/objects.ts'
import { CLUSTER, E5, E6, VECTORS, callsOf, paramsWith } from '../../helpers/evidence-vectors.ts'

const PARAMS = paramsWith(VECTORS.twin)
const TASK = { cluster: CLUSTER, epochHeights: PARAMS.epochHeights }
const COURT: Court = {
  handedOver: new Uint8Array(),
  cluster: CLUSTER,
  separator: VECTORS.separator,
  params: PARAMS,
  events: [],
  opened: new Map(),
  refuted: new Map(),
  reducer: findReducer(VECTORS.reducer),
  recover: recoverSigner,
}

/** Whether the reducer gives another state than the claim's. */
function isWrong({ claim, inputs }: Extract<Evidence, { kind: 'E5' }>): boolean {
  const { reducer, reducerParams: params, seed } = VECTORS
  const context = { seed, height: claim.height, members: CLUSTER.members, previous: null, events: [] }
  const listed = inputs.map(({ status, state }) => ({ member: status.member, state }))
  const result = runReducer({ reducer, params, context, inputs: listed })
  return result.ok && keccak(result.state) !== claim.stateHash
}

function expectSigned(...objects: readonly Signed[]): void {
  for (const { object, member, hash, signature } of objects) {
    expect(hashObject(CLUSTER.id, object)).equal(hash)
    expect(recoverSigner(signingDigest(VECTORS.separator, hash), signature)).equal(
      CLUSTER.members[member]?.key,
    )
  }
}

describe('evidence vectors', () => {
  it('are of the domain that they say', () => {
    const { chainId, ...domain } = VECTORS.domain
    expect(domainSeparator({ chainId: BigInt(chainId), ...domain })).equal(VECTORS.separator)
  })

  for (const { name, evidence, root, refutes, convicts } of E5) {
    it(`E5, ${name}: ${convicts ? 'convicts' : 'does not convict'}`, () => {
      expectSigned(evidence.checkpoint, ...evidence.inputs.map(({ status }) => status))
      expect(rootAfter(evidence.claim)).equal(root)
      // ledger events are the chain's: a node holds no claim of others
      const isOfPosted = evidence.claim.eventSeq === 0
      expect(isProof(TASK, evidence) && isWrong(evidence) && isOfPosted).equal(convicts)
      const [step, call] = callsOf(1n, evidence, PARAMS)
      const refuted = readRefuteCall(step!)!
      expect('because' in judgeClaim(COURT, refuted, refuted.claim)).equal(refutes)
      expect(rootAfterClaim(refuted.claim)).equal(root)
      expect(judgeEvidence(COURT, readEvidenceCall(call!)!)).deep.equal({ refused: 'no refuted height' })
      if (!refutes) return
      const court = { ...COURT, refuted: new Map([[refuted.claim.height, new Set([root])]]) }
      const verdict = judgeEvidence(court, readEvidenceCall(call!)!)
      expect('percent' in verdict ? verdict.percent : null).equal(
        convicts ? basePercent(CLUSTER, evidence) : null,
      )
    })
  }

  for (const { name, evidence, convicts } of E6) {
    it(`E6, ${name}: ${convicts ? 'convicts' : 'does not convict'}`, () => {
      expectSigned(evidence.other, evidence.share)
      expect(isProof(TASK, evidence)).equal(convicts)
      const verdict = judgeEvidence(COURT, readEvidenceCall(callsOf(1n, evidence, PARAMS)[0]!)!)
      expect('percent' in verdict ? verdict.percent : null).equal(
        convicts ? basePercent(CLUSTER, evidence) : null,
      )
    })
  }

  it('come back from a store as they were', () => {
    for (const { evidence } of [...E5, ...E6])
      expect(decodeEvidence(CLUSTER.id, encodeEvidence(evidence))).deep.equal(evidence)
  })
})
