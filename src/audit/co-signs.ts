import { membersOf } from '../codec/bitmap.ts'
import { hashObject, signingDigest } from '../codec/objects.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { SignedHead } from './certificate.ts'
import type { Judge } from './judge.ts'
import type { Reconciled } from './reconcile.ts'

/** A member that a checkpoint left out, and what it has signed. */
export interface CoSigned {
  readonly member: MemberIndex
  readonly head: SignedHead
  readonly source: Reconciled<'CoSigned'>
}

interface Place {
  readonly block: bigint
  readonly logIndex: bigint
}

/** Each later signature is of a member that the checkpoint left out, over the same history. */
export function checkCoSigns(
  judge: Judge,
  checkpoint: Reconciled<'Checkpointed'>,
  cluster: Cluster,
  { separator, height, root }: { readonly separator: Digest; readonly height: number; readonly root: Digest },
  coSigns: readonly Reconciled<'CoSigned'>[],
): readonly CoSigned[] {
  const { bitmap, sharedSeq, sharedHead, taskId } = checkpoint.args
  const signers = new Set(membersOf(bitmap))
  return coSigns.flatMap((source): CoSigned[] => {
    const { args, bench, call, transactionHash } = source
    const member = Number(args.member)
    const key = cluster.members[member]?.key
    bench.equal('CoSigned.taskId', taskId, args.taskId, 'the task that was asked for')
    bench.equal('CoSigned.height', BigInt(height), args.height, 'the last height of the checkpoint before')
    if (key === undefined || signers.has(member)) {
      bench.mismatch('CoSigned.member', 'a member that did not sign', args.member, 'once per checkpoint')
      return []
    }
    const { logHead } = args
    const logSeq = Number(args.logSeq)
    const head = { logSeq, logHead, shared: args.logSeq === sharedSeq && logHead === sharedHead }
    signers.add(member)
    if (call === null || !('signature' in call)) {
      bench.missing('coSign().signature', 'sent through another contract, or not served')
      return [{ member, head, source }]
    }
    const object = { type: 'checkpoint', height, root, logSeq, logHead } as const
    const signer = judge.recover(signingDigest(separator, hashObject(cluster.id, object)), call.signature)
    if (signer === key) judge.counts.checkpointSignatures += 1
    else {
      const why = `signature over height ${height}, root, log head`
      bench.calldata(transactionHash, 'coSign().signature', key, signer ?? 'nobody', why, { member })
    }
    return [{ member, head, source }]
  })
}

export function headsOf(coSigned: readonly CoSigned[]): (readonly [MemberIndex, SignedHead])[] {
  return coSigned.map(({ member, head }) => [member, head])
}

/** Whether one comes after a checkpoint and before the next. */
export function isBetween(before: Place, one: Place, after: Place | undefined): boolean {
  return isBefore(before, one) && (after === undefined || isBefore(one, after))
}

function isBefore(a: Place, b: Place): boolean {
  return a.block < b.block || (a.block === b.block && a.logIndex < b.logIndex)
}
