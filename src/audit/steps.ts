import { keccak } from '../codec/hex.ts'
import type { HeightBodies } from '../ports/body-source.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { AnyReducer } from '../reducers/catalog.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { FormedCluster } from './cluster.ts'
import type { Convicted } from './convictions.ts'
import type { Court } from './evidence/verdict.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { PostedEvent } from './ledger.ts'
import type { MemberLogs } from './member-logs.ts'
import type { Judged } from './outcome.ts'
import type { HeightReport, Penalty, Step, StepKind, Verdict } from './report.ts'
import type { Money } from './settle.ts'
import type { Seam } from './seam.ts'
import type { PublishedTask } from './task.ts'

/** What an audit has come to know; each part builds on the one before. */
export interface Rebuilt {
  readonly task: PublishedTask | null
  readonly reducer: AnyReducer | null
  readonly cluster: FormedCluster | null
  readonly events: readonly PostedEvent[]
  readonly batches: readonly AnchoredBatch[]
  readonly members: MemberLogs
  readonly heights: readonly HeightReport[]
  readonly finalized: boolean
  readonly court: Court | null
  readonly convictions: readonly Convicted[]
  readonly penalties: readonly Penalty[]
  readonly end: Ended | null
  readonly money: Money | null
  readonly outcome: Judged
  /** Of heights that came out and whose inputs are not on chain. */
  readonly bodies: ReadonlyMap<number, HeightBodies>
  readonly seam: Seam | null
}

/** The worst of all: a mismatch outweighs what is unavailable, which outweighs what is still to come. */
export function verdictOf(judge: Judge, anything: boolean): Verdict {
  if (judge.findings.length > 0) return 'mismatch'
  if (judge.unavailable.length > 0) return 'unavailable'
  return anything ? 'verified' : 'pending'
}

/** The lines of the table, in the order of a task's life. What has not happened yet is pending. */
export function makeSteps(judge: Judge, history: TaskHistory, rebuilt: Rebuilt): Step[] {
  const { task, cluster, events, batches, finalized } = rebuilt
  const line = (kind: StepKind, there: boolean, rest: Partial<Step> = {}): Step => ({
    kind,
    label: kind.toUpperCase(),
    block: null,
    logged: '-',
    recomputed: '-',
    signatures: '-',
    verdict: there || judge.at(kind).verdict() === 'mismatch' ? judge.at(kind).verdict() : 'pending',
    ...rest,
  })
  const { views, expected } = history
  const published = history.events.find((event) => event.name === 'TaskPublished')
  const formed = history.events.find((event) => event.name === 'ClusterFormed')
  const result = history.events.find((event) => event.name === 'TaskFinalized')
  const { signups, registrationSignatures, ledgerEvents } = judge.counts
  return [
    line('identity', true, {
      logged: views.deploymentId,
      recomputed: expected.deploymentId,
      label: 'DEPLOYMENT',
    }),
    line('task', task !== null, {
      block: blockOf(published),
      ...(published === undefined ? {} : { logged: published.args.paramsHash }),
      ...(task === null ? {} : { recomputed: task.paramsHash, signatures: 'publisher' }),
    }),
    line('cluster', cluster !== null, {
      block: blockOf(formed),
      ...(formed === undefined ? {} : { logged: formed.args.cluster }),
      ...(cluster === null ? {} : { recomputed: cluster.id }),
      signatures: `${registrationSignatures}/${signups} keys`,
    }),
    ...(events.length > 0 || judge.at('events').verdict() !== 'verified'
      ? [line('events', true, { label: `EVENTS 1–${ledgerEvents}` })]
      : []),
    ...(rebuilt.seam === null ? [] : [seamLine(judge, rebuilt.seam)]),
    ...batches.map((batch) => checkpointLine(batch, cluster?.members.length ?? 0)),
    ...stray(judge, batches).map((where) =>
      line('checkpoint', true, { label: `CHECKPOINT ${where}`, verdict: 'mismatch' }),
    ),
    ...(rebuilt.convictions.length > 0 || judge.at('penalty').verdict() !== 'verified'
      ? [penaltyLine(judge, rebuilt)]
      : []),
    ...(judge.at('state').verdict() === 'verified' ? [] : [line('state', true)]),
    ...(rebuilt.end === null ? [] : [endLine(judge, rebuilt.end)]),
    ...(rebuilt.money === null ? [] : [moneyLine(judge, rebuilt.money)]),
    line('result', finalized, {
      block: blockOf(result),
      ...(result === undefined
        ? {}
        : { logged: result.args.stateHash, recomputed: keccak(result.args.result) }),
    }),
  ]
}

/** Heights that the step of a checkpoint is about; null for other steps, and for one that could not be folded. */
export function heightsOf({
  kind,
  label,
}: Pick<Step, 'kind' | 'label'>): { first: number; last: number } | null {
  const [, first, last] = kind === 'checkpoint' ? (/^HEIGHTS (\d+)–(\d+)$/.exec(label) ?? []) : []
  return first === undefined ? null : { first: Number(first), last: Number(last) }
}

function blockOf(event: { readonly block: bigint } | undefined): number | null {
  return event === undefined ? null : Number(event.block)
}

function seamLine(judge: Judge, { predecessor, stateHash, published, resumed }: Seam): Step {
  const verdict = judge.at('seam').verdict()
  return {
    ...{ kind: 'seam', label: `SEAM FROM ${predecessor}`, block: published?.block ?? null, signatures: '-' },
    logged: stateHash ?? '-',
    recomputed: stateHash ?? 'nothing',
    verdict: resumed === null && verdict === 'verified' ? 'pending' : verdict,
  }
}

function checkpointLine(
  { bench, source, first, heights, root, certificate }: AnchoredBatch,
  n: number,
): Step {
  const last = first + heights.length - 1
  return {
    kind: 'checkpoint',
    label: `HEIGHTS ${first}–${last}`,
    block: Number(source.block),
    logged: source.args.root,
    recomputed: root,
    signatures: `${certificate.heads.size}/${n}`,
    verdict: bench.verdict(),
  }
}

function penaltyLine(judge: Judge, { convictions, penalties }: Rebuilt): Step {
  const total = penalties.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    kind: 'penalty',
    label: `PENALTIES ${penalties.length}`,
    block: convictions[0]?.conviction.block ?? null,
    logged:
      convictions.map(({ conviction: { offence, member } }) => `${offence} member ${member}`).join(', ') ||
      '-',
    recomputed: `${total} wei`,
    signatures: '-',
    verdict: judge.at('penalty').verdict(),
  }
}

function endLine(judge: Judge, { status, closedAt }: Ended): Step {
  const verdict = judge.at('end').verdict()
  return {
    kind: 'end',
    label: `STATUS ${status.toUpperCase()}`,
    block: closedAt === null ? null : Number(closedAt.number),
    ...{ logged: '-', recomputed: status, signatures: '-' },
    verdict: closedAt === null && verdict === 'verified' ? 'pending' : verdict,
  }
}

function moneyLine(judge: Judge, { escrow, left }: Money): Step {
  const open = left.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    ...{ kind: 'money', label: 'MONEY', block: null, signatures: '-', verdict: judge.at('money').verdict() },
    logged: `${escrow} wei escrow`,
    recomputed: `${open} wei not taken`,
  }
}

/** Places of findings about checkpoints that could not be folded at all. */
function stray(judge: Judge, batches: readonly AnchoredBatch[]): string[] {
  const known = new Set(batches.map(({ bench }) => bench.where))
  const places = judge.findings.filter(({ step, where }) => step === 'checkpoint' && !known.has(where))
  return [...new Set(places.map(({ where }) => where))]
}
