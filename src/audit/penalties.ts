import type { TaskHistory } from '../ports/chain-history.ts'
import type { Cluster, Member } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Convicted } from './convictions.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Conviction, Penalty } from './report.ts'
import type { Offence } from './evidence/verdict.ts'

/** A reporter is credited a tenth of what its proof takes, at most the bounty. */
const REPORTER_PART = 10n
/** Base share of the lock for E2 and the lesser E1, per cent; it grows with the others so convicted, three times as fast. */
const CORRELATED_PERCENT = 5
const CORRELATION = 3
const CORRELATED: ReadonlySet<Offence> = new Set(['E1', 'E1b', 'E2'])

/** What the board has come to know of one member. */
interface Record {
  /** Share of the lock that is due, per cent. */
  percent: number
  correlated: boolean
}

/**
 * Every penalty computed again from the convictions before it: share, amount, credit, and the stake that moved. Stake is
 * the lock of the task alone; shares take the maximum; what the convictions of others add is due at release.
 */
export function checkPenalties(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  cluster: Cluster,
  stakePerNode: bigint,
  convictions: readonly Convicted[],
): readonly Penalty[] {
  const records = cluster.members.map((): Record => ({ percent: 0, correlated: false }))
  const moved = reconciler.all('StakeSlashed')
  const jail = reconciler.all('Jailed')
  const open = new Set(convictions)
  const penalties = reconciler.all('Penalised').map((source): Penalty => {
    const { args, bench, block, transactionHash } = source
    bench.equal('Penalised.taskId', history.taskId, args.taskId, 'the task that was asked for')
    const convicted = [...open].find(({ conviction }) => conviction.transaction === transactionHash)
    if (convicted !== undefined) open.delete(convicted)
    const cause = convicted?.conviction
    const member = cause?.member ?? cluster.members.findIndex(({ key }) => key === args.key)
    const record = records[member] ?? { percent: 0, correlated: false }
    const before = record.percent
    if (cause === undefined) record.percent = finalPercent(cluster, records, member)
    else {
      record.percent = Math.max(before, cause.percent)
      record.correlated ||= CORRELATED.has(cause.offence)
    }
    const amount = due(stakePerNode, record.percent) - due(stakePerNode, before)
    const credit = cause === undefined ? 0n : reporterPart(amount, history.expected.bounty)
    compare(source, cluster, member, cause ?? null, { percent: record.percent, amount, credit })
    checkMove(source, moved, history.taskId, cluster.members[member], amount)
    const jailed = jail.find((one) => one.transactionHash === transactionHash)
    jailed?.bench.equal(
      'Jailed.key',
      cluster.members[member]?.key ?? 'nobody',
      jailed.args.key,
      'who was convicted',
    )
    judge.counts.penalties += 1
    return {
      member,
      operator: cluster.members[member]?.operator ?? args.operator,
      percent: record.percent,
      amount,
      credited: cause === undefined ? null : { reporter: cause.reporter, amount: credit },
      block: Number(block),
      transaction: transactionHash,
    }
  })
  for (const { source } of open)
    source.bench.mismatch('Penalised', 'a penalty for every conviction', 'none', 'penalise()')
  const causes = new Set(
    [...reconciler.all('Penalised'), ...reconciler.all('Left')].map(({ transactionHash }) => transactionHash),
  )
  for (const { bench, args, transactionHash } of moved)
    if (!causes.has(transactionHash))
      bench.mismatch(
        'StakeSlashed',
        'a penalty or a late quit',
        args.amount,
        'nothing else takes from a lock',
      )
  checkViews(judge, history, records, penalties)
  return penalties
}

/** ⌈stake · percent / 100⌉: rounded against the convicted. */
function due(stake: bigint, percent: number): bigint {
  return (stake * BigInt(percent) + 99n) / 100n
}

/** Min(⌊amount / 10⌋, bounty) */
function reporterPart(amount: bigint, bounty: bigint): bigint {
  const part = amount / REPORTER_PART
  return part < bounty ? part : bounty
}

/** Max(base, ⌊5 · (1 + 3 · weight of the others convicted of E1, E1b, E2 / W)⌋) for a member convicted of these. */
function finalPercent(cluster: Cluster, records: readonly Record[], member: MemberIndex): number {
  const record = records[member]
  if (record?.correlated !== true) return record?.percent ?? 0
  const others = cluster.members.filter(
    ({ index }) => index !== member && records[index]?.correlated === true,
  )
  const weight = others.reduce((sum, other) => sum + other.weight, 0)
  const { totalWeight } = cluster
  const correlated = Math.floor((CORRELATED_PERCENT * (totalWeight + CORRELATION * weight)) / totalWeight)
  return Math.max(record.percent, correlated)
}

function compare(
  { args, bench }: Reconciled<'Penalised'>,
  cluster: Cluster,
  index: MemberIndex,
  cause: Conviction | null,
  { percent, amount, credit }: { percent: number; amount: bigint; credit: bigint },
): void {
  const member = cluster.members[index]
  bench.equal('Penalised.member', BigInt(index), args.member, 'who was convicted')
  bench.equal('Penalised.key', member?.key ?? 'nobody', args.key, 'key of the seat')
  bench.equal('Penalised.operator', member?.operator ?? 'nobody', args.operator, 'operator of the seat')
  bench.equal('Penalised.percent', BigInt(percent), args.percent, 'docs/decisions.md, section 8')
  bench.equal('Penalised.amount', amount, args.amount, 'that share of the lock, less what was taken before')
  const reporter = cause?.reporter ?? `0x${'00'.repeat(20)}`
  bench.equal('Penalised.reporter', reporter, args.reporter, 'who brought the proof')
  bench.equal('Penalised.credit', credit, args.credit, 'a tenth of what a proof takes, at most the bounty')
}

/** The registry moved exactly that from this lock. */
function checkMove(
  { bench, transactionHash }: Reconciled<'Penalised'>,
  moved: readonly Reconciled<'StakeSlashed'>[],
  taskId: bigint,
  member: Member | undefined,
  amount: bigint,
): void {
  const move = moved.find((one) => one.transactionHash === transactionHash)
  if (move === undefined) {
    if (amount > 0n) bench.mismatch('StakeSlashed', `${amount} from the lock`, 'nothing', 'slash()')
    return
  }
  const { args } = move
  move.bench.equal('StakeSlashed.taskId', taskId, args.taskId, 'the task of the penalty')
  move.bench.equal('StakeSlashed.key', member?.key ?? 'nobody', args.key, 'the key that was penalised')
  move.bench.equal('StakeSlashed.operator', member?.operator ?? 'nobody', args.operator, 'its operator')
  move.bench.equal('StakeSlashed.amount', amount, args.amount, 'the amount of the penalty')
}

/** What the board keeps: a conviction that the log left out would show here. */
function checkViews(
  judge: Judge,
  { views }: TaskHistory,
  records: readonly Record[],
  penalties: readonly Penalty[],
): void {
  const bench = judge.at('state')
  const why = 'the convictions that were found'
  for (const [member, view] of views.convictions.entries()) {
    // the share at release is not stored: what was due by conviction is
    const atConviction = penalties.filter((one) => one.member === member && one.credited !== null)
    const percent = Math.max(0, ...atConviction.map((one) => one.percent))
    bench.equal('convictionOf().percent', BigInt(percent), view.percent, why, { member })
    const correlated = records[member]?.correlated ?? false
    bench.equal('convictionOf().correlated', correlated, view.correlated, why, { member })
  }
}
