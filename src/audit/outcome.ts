import { membersOf } from '../codec/bitmap.ts'
import { weightOf } from '../protocol/quorum.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import { isReached } from '../types/moment.ts'
import type { Moment } from '../types/moment.ts'
import { OUTCOMES } from '../types/task.ts'
import type { Outcome } from '../types/task.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import { momentOf } from './clock.ts'
import { evidenceOf } from './convictions.ts'
import type { Convicted } from './convictions.ts'
import type { Ended } from './end.ts'
import { readRefuteCall } from './evidence/call.ts'
import type { RefuteCall } from './evidence/call.ts'
import { foldValues } from './evidence/history.ts'
import { judgeClaim, rootAfterClaim } from './evidence/reduction.ts'
import type { JudgedBy } from './evidence/reduction.ts'
import type { Court } from './evidence/verdict.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'

/** From this base share on a conviction takes back what its member said about results (docs/decisions.md, section 8). */
const GRAVE_PERCENT = 20

/** A refuted height, with the event that tells of it. */
export interface Refutation {
  readonly source: Reconciled<'Refuted'>
  readonly call: RefuteCall
  readonly root: Digest
}

/** How far a task's result may be relied upon, and why. */
export interface Judged {
  readonly outcome: Outcome
  readonly because: string
}

/** Every refuted height judged again; those that are right after all are findings. */
export function checkRefutations(
  history: TaskHistory,
  reconciler: Reconciler,
  court: JudgedBy,
): readonly Refutation[] {
  return reconciler.all('Refuted').flatMap((source): Refutation[] => {
    const { args, bench } = source
    const call = readRefuteCall(evidenceOf(history, source, 'Refuted'))
    const wrong = call === null ? null : judgeClaim(court, call, call.claim)
    const refusal = wrong !== null && 'refused' in wrong ? wrong : null
    if (call !== null && refusal?.isOpen === true) bench.missing('Refuted.evidence', refusal.refused)
    else if (call === null || refusal !== null) {
      const why = 'docs/decisions.md, section 8'
      bench.mismatch('Refuted.evidence', 'a wrong state', refusal?.refused ?? 'no call', why)
      return []
    }
    const root = rootAfterClaim(call.claim)
    bench.equal('Refuted.taskId', call.taskId, args.taskId, 'the task that the step names')
    bench.equal('Refuted.height', call.claim.height, args.height, 'the height that the step names')
    bench.equal('Refuted.root', root, args.root, 'folded from what the step claims')
    return [{ source, call, root }]
  })
}

/** Refuted roots by height: what proofs about CHECKPOINTs rest on. */
export function refutedRoots(refutations: readonly Refutation[]): Court['refuted'] {
  const refuted = new Map<bigint, Set<Digest>>()
  for (const { call, root } of refutations)
    refuted.set(call.claim.height, (refuted.get(call.claim.height) ?? new Set()).add(root))
  return refuted
}

interface Facts {
  readonly cluster: Cluster | null
  readonly batches: readonly AnchoredBatch[]
  readonly convictions: readonly Convicted[]
  readonly refutations: readonly Refutation[]
  readonly end: Ended
  readonly finalized: boolean
}

/** What may be built on the result, derived from the events, and whether the contracts say the same. */
export function checkOutcome(judge: Judge, history: TaskHistory, facts: Facts): Judged {
  const { views, head } = history
  const isTainted = checkTaints(history, facts)
  const bench = judge.at('result')
  const last = facts.batches.at(-1)
  const signers = last?.source.args.bitmap ?? 0n
  bench.equal('signersOf().bitmap', signers, views.signers, 'who signed the last checkpoint')
  bench.equal('isTainted()', isTainted, views.tainted, 'a refuted height in the accepted history')
  const judged = outcomeOf(facts, signers, isTainted, momentOf(history, head))
  const height = BigInt(last === undefined ? 0 : last.first + last.heights.length - 1)
  const why = `derived at block ${head}: ${judged.because}`
  bench.equal('result().outcome', BigInt(OUTCOMES.indexOf(judged.outcome)), views.result.outcome, why)
  bench.equal('result().height', height, views.result.height, 'the last accepted height')
  const hash = height === 0n ? NIL : views.task.resultHash
  bench.equal('result().resultHash', hash, views.result.resultHash, 'what the board stores')
  return judged
}

/** Whether a refutation led to the root that was accepted then, while convictions could still come. */
function checkTaints(history: TaskHistory, { refutations, batches, end }: Facts): boolean {
  const { claimsOpenAt } = end
  let isTainted = false
  for (const { source, call, root } of refutations) {
    const { args, bench, block } = source
    const before = batches.filter(
      (batch) => batch.block < block || (batch.block === block && batch.source.logIndex < source.logIndex),
    )
    const tip = before.at(-1)
    const last = BigInt(tip === undefined ? 0 : tip.first + tip.heights.length - 1)
    const leads =
      call.claim.height + BigInt(call.later.length) === last && foldValues(root, call.later) === tip?.root
    const isOpen = claimsOpenAt === null || !isReached(claimsOpenAt, momentOf(history, block))
    const taints: boolean = !isTainted && leads && isOpen
    bench.equal('Refuted.taints', taints, args.taints, `the history accepted by block ${block}`)
    isTainted ||= taints
  }
  return isTainted
}

function outcomeOf(
  { cluster, batches, convictions, end, finalized }: Facts,
  signers: bigint,
  isTainted: boolean,
  now: Moment,
): Judged {
  const pending = (because: string): Judged => ({ outcome: 'pending', because })
  if (cluster === null || batches.length === 0) return pending('nothing was accepted')
  if (isTainted) return { outcome: 'tainted', because: 'the accepted history holds a refuted height' }
  const grave = new Set(
    convictions
      .filter(({ conviction }) => conviction.percent >= GRAVE_PERCENT)
      .map(({ conviction }) => conviction.member),
  )
  const standing = weightOf(
    cluster,
    membersOf(signers).filter((member) => !grave.has(member)),
  )
  if (3 * standing <= cluster.totalWeight) {
    const because = `signers that weigh ${standing} of ${cluster.totalWeight} stand, not more than a third`
    return { outcome: 'tainted', because }
  }
  if (!finalized) return pending('no result is published')
  if (end.claimsOpenAt === null || !isReached(end.claimsOpenAt, now))
    return pending('it may still be challenged')
  return { outcome: 'final', because: 'the evidence window has passed' }
}
