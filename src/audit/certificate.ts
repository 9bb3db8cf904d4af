import { membersOf } from '../codec/bitmap.ts'
import { decodeExceptions, inputsHashOf } from '../codec/batch.ts'
import { hashObject, signingDigest } from '../codec/objects.ts'
import { isQuorum, weightOf } from '../protocol/quorum.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Judge } from './judge.ts'
import type { Reconciled } from './reconcile.ts'
import { splitSignatures } from './signatures.ts'

/** What a member has signed of its own log. */
export interface SignedHead {
  readonly logSeq: number
  readonly logHead: Digest
  /** It is the head of the shared log, not one of its own. */
  readonly shared: boolean
}

export interface Certificate {
  /** By member: those whose signature is right. */
  readonly heads: ReadonlyMap<MemberIndex, SignedHead>
  /** Their weight is above 2/3 of W. */
  readonly quorum: boolean
  /** Members that the bitmap names. */
  readonly claimed: number
}

/** Each signature recovered to its member's key, over the statement that the batch folds to. */
export function checkCertificate(
  judge: Judge,
  checkpoint: Reconciled<'Checkpointed'>,
  cluster: Cluster,
  separator: Digest,
  statement: { readonly height: number; readonly root: Digest },
): Certificate {
  const { args, bench, call } = checkpoint
  const signers = membersOf(args.bitmap)
  const strangers = signers.filter((member) => cluster.members[member] === undefined)
  if (strangers.length > 0) {
    const bounds = `members below ${cluster.members.length}`
    bench.mismatch('Checkpointed.bitmap', bounds, args.bitmap, 'only members sign')
  }
  const weight = weightOf(cluster, signers)
  if (!isQuorum(cluster, weight)) {
    const why = `${weight} of ${cluster.totalWeight} is no quorum`
    bench.mismatch('Checkpointed.bitmap', 'weight above 2/3', args.bitmap, why)
  }
  const none: Certificate = { heads: new Map(), quorum: false, claimed: signers.length }
  const claimed = headsOf(checkpoint, signers)
  if (call === null || !('signatures' in call)) {
    bench.missing('checkpoint().signatures', 'sent through another contract, or not served')
    return none
  }
  const signatures = splitSignatures(call.signatures)
  const report = bench.calldata.bind(bench, checkpoint.transactionHash)
  if (signatures.length !== signers.length) {
    const why = 'one per member in the bitmap'
    report('checkpoint().signatures.length', BigInt(signers.length), BigInt(signatures.length), why)
  }
  const inputsHash = inputsHashOf(args.inputs)
  const heads = new Map<MemberIndex, SignedHead>()
  signers.forEach((member, i) => {
    const head = claimed.get(member)
    const key = cluster.members[member]?.key
    if (head === undefined || key === undefined) return
    const { logSeq, logHead } = head
    const object = { type: 'checkpoint', ...statement, logSeq, logHead, inputsHash } as const
    const digest = signingDigest(separator, hashObject(cluster.id, object))
    const signer = judge.recover(digest, signatures[i] ?? '0x')
    if (signer === key) {
      heads.set(member, head)
      judge.counts.checkpointSignatures += 1
    } else {
      const why = `signature over height ${statement.height}, root, log head, inputs`
      report(`checkpoint().signatures[${i}]`, key, signer ?? 'nobody', why, { member })
    }
  })
  return { heads, quorum: isQuorum(cluster, weightOf(cluster, heads.keys())), claimed: signers.length }
}

/** The log head that each signer claims: the shared one, or its exception. */
function headsOf(
  { args, bench }: Reconciled<'Checkpointed'>,
  signers: readonly MemberIndex[],
): ReadonlyMap<MemberIndex, SignedHead> {
  const heads = new Map<MemberIndex, SignedHead>()
  if (args.sharedSeq > BigInt(Number.MAX_SAFE_INTEGER)) {
    bench.mismatch('Checkpointed.sharedSeq', 'the length of a log', args.sharedSeq, 'no log is so long')
    return heads
  }
  for (const member of signers)
    heads.set(member, { logSeq: Number(args.sharedSeq), logHead: args.sharedHead, shared: true })
  const exceptions = decodeExceptions(args.exceptions)
  if (exceptions === null) {
    bench.mismatch(
      'Checkpointed.exceptions',
      '41 bytes each',
      args.exceptions,
      'docs/decisions.md, section 5',
    )
    return heads
  }
  exceptions.forEach(({ member, logSeq, logHead }, i) => {
    if (heads.has(member)) heads.set(member, { logSeq, logHead, shared: false })
    else {
      const why = 'exceptions are of signers'
      bench.mismatch(`Checkpointed.exceptions[${i}].member`, 'a signer', BigInt(member), why)
    }
  })
  return heads
}
