import { Transaction } from 'ethers'
import type { Hex } from '../types/ids.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import { differences } from './diff.ts'
import { readEvidenceCall } from './evidence/call.ts'
import type { EvidenceCall } from './evidence/call.ts'
import type { Court, Proved } from './evidence/verdict.ts'
import { OFFENCES, judgeEvidence } from './evidence/verdict.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Conviction } from './report.ts'

/** A conviction with the event that tells of it. */
export interface Convicted extends Conviction {
  readonly source: Reconciled<'Convicted'>
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
    checkCalldata(history, source)
    const call = readEvidenceCall(args.evidence)
    if (call === null) {
      bench.mismatch('Convicted.evidence', 'a call of the slasher', args.evidence, 'ISlasher')
      return []
    }
    const proved = judgeEvidence(court, call)
    if ('refused' in proved) {
      bench.mismatch('Convicted.evidence', 'a proof', proved.refused, 'docs/decisions.md, section 8')
      return []
    }
    compare(source, call, proved)
    judge.counts.convictions += 1
    const { offence, height, first, second, percent, because } = proved
    const { reporter } = args
    return [
      {
        source,
        ...{ offence, height, first, second, percent, because, reporter },
        member: Number(call.member),
        block: Number(source.block),
        transaction: source.transactionHash,
      },
    ]
  })
}

/** The evidence in the event is the calldata of the call, if that was made directly. */
function checkCalldata({ events }: TaskHistory, source: Reconciled<'Convicted'>): void {
  const { args, bench, call, sender, transactionHash, callName, logIndex } = source
  if (call === null || callName === null) return
  if (sender !== null) {
    const sent = events.find((event) => event.name === 'Convicted' && event.logIndex === logIndex)
    const signed = sent?.transaction?.signed ?? null
    if (signed === null) return
    const data = Transaction.from(signed).data.toLowerCase()
    bench.equal('Convicted.evidence', data, args.evidence, 'the calldata that was signed')
    return
  }
  const shown = readEvidenceCall(args.evidence)
  if (shown?.name !== callName) return
  const why = 'Convicted.evidence says so, and the transaction hash is not right'
  const ofEvent: Readonly<Record<string, unknown>> = { ...shown }
  for (const [name, given] of Object.entries(call)) {
    for (const { path, better, other } of differences(ofEvent[name] as Hex, given as Hex)) {
      bench.calldata(transactionHash, `${callName}().${name}${path}`, better, other, why)
    }
  }
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
