import { Transaction } from 'ethers'
import type { Hex, MemberIndex } from '../types/ids.ts'
import type { AbiValue, TaskHistory } from '../ports/chain-history.ts'
import { differences } from './diff.ts'
import { readEvidenceCall, readRefuteCall } from './evidence/call.ts'
import type { EvidenceCall } from './evidence/call.ts'
import type { Court, Proved } from './evidence/verdict.ts'
import { OFFENCES, judgeEvidence, judgeOpening } from './evidence/verdict.ts'
import type { Judge } from './judge.ts'
import type { Convicts } from './member-logs.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Conviction } from './report.ts'

/** Type number of a CHECKPOINT (docs/decisions.md, section 2). */
const CHECKPOINT = 5n

/** A conviction with the event that tells of it. */
export interface Convicted {
  readonly conviction: Conviction
  readonly call: EvidenceCall
  readonly source: Reconciled<'Convicted'>
}

/** What the convictions of a task say about its members' logs. */
export function convictsOf(convictions: readonly Convicted[]): Convicts {
  const illegal = new Set<MemberIndex>()
  const twoFaced = new Set<MemberIndex>()
  for (const { conviction, call } of convictions) {
    const { member } = conviction
    if (conviction.offence === 'E2') illegal.add(member)
    if (call.name === 'equivocation' && call.objectType === CHECKPOINT) twoFaced.add(member)
  }
  return { illegal, twoFaced }
}

/** Every conviction judged again from its evidence; those that do not hold are findings. */
export function checkConvictions(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  court: Court,
): readonly Convicted[] {
  return reconciler.all('Convicted').flatMap((source): Convicted[] => {
    const { args, bench } = source
    bench.equal('Convicted.taskId', history.taskId, args.taskId, 'the task that was asked for')
    const call = readEvidenceCall(evidenceOf(history, source, 'Convicted'))
    if (call === null) {
      bench.mismatch('Convicted.evidence', 'a call of the slasher', args.evidence, 'ISlasher')
      return []
    }
    const judged = judgeEvidence(court, call)
    const proved = 'refused' in judged && judged.isOpen === true ? (toldBy(args) ?? judged) : judged
    if ('refused' in proved) {
      bench.mismatch('Convicted.evidence', 'a proof', proved.refused, 'docs/decisions.md, section 8')
      return []
    }
    if ('refused' in judged) bench.missing('Convicted.evidence', judged.refused)
    compare(source, call, proved)
    judge.counts.convictions += 1
    const { offence, height, first, second, percent, because } = proved
    const { reporter } = args
    const conviction = {
      ...{ offence, height, first, second, percent, because, reporter },
      member: Number(call.member),
      block: Number(source.block),
      transaction: source.transactionHash,
    }
    return [{ source, call, conviction }]
  })
}

/** What the contract says that a proof has proved; null if that is no offence. */
function toldBy({ offence, height, first, second, percent }: Reconciled<'Convicted'>['args']): Proved | null {
  const told = OFFENCES[Number(offence)] ?? 'None'
  if (told === 'None') return null
  const because = 'as the contract says: the reducer is not known here'
  return { offence: told, height, first, second, percent: Number(percent), because }
}

/** Steps of proofs about long logs, each folded again: heads that lead to a signed one, by that one. */
export function checkOpenings(
  history: TaskHistory,
  reconciler: Reconciler,
  court: Omit<Court, 'opened'>,
): Court['opened'] {
  const opened = new Map<bigint, Set<bigint>>()
  for (const source of reconciler.all('LogOpened')) {
    const { args, bench } = source
    const call = readEvidenceCall(evidenceOf(history, source, 'LogOpened'))
    const opening =
      call?.name === 'openLog' ? judgeOpening({ ...court, opened }, call) : { refused: 'no call' }
    if ('refused' in opening) {
      bench.mismatch('LogOpened.evidence', 'entries of a signed log', opening.refused, 'ISlasher')
      continue
    }
    const { checkpoint, head } = opening
    bench.equal('LogOpened.taskId', call?.taskId ?? 0n, args.taskId, 'the task that the step names')
    bench.equal('LogOpened.member', call?.member ?? 0n, args.member, 'whose log the step opens')
    bench.equal('LogOpened.checkpoint', checkpoint.hash, args.checkpoint, 'the CHECKPOINT of the step')
    bench.equal('LogOpened.head', head, args.head, 'the head after the first entry')
    const signed = checkpoint.field('logHead')
    opened.set(signed, (opened.get(signed) ?? new Set()).add(BigInt(head)))
  }
  return opened
}

/** The calldata of the call, if it was made directly: the event repeats it. Where they differ, what the hash binds. */
export function evidenceOf(
  { events }: TaskHistory,
  source: Reconciled<'Convicted' | 'LogOpened' | 'Refuted'>,
  event: 'Convicted' | 'LogOpened' | 'Refuted',
): Hex {
  const { args, bench, call, sender, transactionHash, callName } = source
  if (call === null || callName === null) return args.evidence
  if (sender !== null) {
    const sent = events.find((event) => event.transactionHash === transactionHash)
    const signed = sent?.transaction?.signed ?? null
    if (signed === null) return args.evidence
    const data = Transaction.from(signed).data.toLowerCase() as Hex
    bench.equal(`${event}.evidence`, data, args.evidence, 'the calldata that was signed')
    return data
  }
  const shown = readEvidenceCall(args.evidence) ?? readRefuteCall(args.evidence)
  if (shown?.name !== callName) return args.evidence
  const why = `${event}.evidence says so, and the transaction hash is not right`
  const ofEvent = shown as unknown as Readonly<Record<string, AbiValue>>
  for (const [name, given] of Object.entries(call as unknown as Readonly<Record<string, AbiValue>>)) {
    for (const { path, better, other } of differences(ofEvent[name] ?? '', given)) {
      bench.calldata(transactionHash, `${callName}().${name}${path}`, better, other, why)
    }
  }
  return args.evidence
}

function compare({ args, bench }: Reconciled<'Convicted'>, call: EvidenceCall, proved: Proved): void {
  const why = 'what the evidence proves'
  bench.equal('Convicted.taskId', call.taskId, args.taskId, 'the task that the evidence names')
  bench.equal('Convicted.member', call.member, args.member, 'whom the evidence accuses')
  bench.equal('Convicted.offence', BigInt(OFFENCES.indexOf(proved.offence)), args.offence, why)
  bench.equal('Convicted.height', proved.height, args.height, why)
  bench.equal('Convicted.first', proved.first, args.first, why)
  bench.equal('Convicted.second', proved.second, args.second, why)
  bench.equal('Convicted.percent', BigInt(proved.percent), args.percent, 'docs/decisions.md, section 8')
}
