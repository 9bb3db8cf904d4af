import { describeRange } from '../../audit/range.ts'
import { SYMBOLS } from '../../audit/render-steps.ts'
import type { ReportJson, ReportsJson } from '../../audit/report-schema.ts'
import type { Verdict } from '../../audit/report.ts'
import { table } from '../output.ts'

export interface ManyInit {
  readonly tasks: readonly bigint[]
  readonly audit: (taskId: bigint) => Promise<ReportJson>
  /** Verdicts of an earlier run that was interrupted. */
  readonly kept: {
    readonly get: (taskId: bigint) => ReportJson | null
    readonly add: (report: ReportJson) => void
    readonly clear: () => void
  }
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Worst first. */
const WORST: readonly Verdict[] = ['mismatch', 'unavailable', 'pending', 'verified']

/** Audits tasks one after the other. What was done when it is interrupted, or throws, is not done again. */
export async function auditMany({ tasks, audit, kept, say, signal }: ManyInit): Promise<ReportsJson> {
  const reports: ReportJson[] = []
  const known = tasks.filter((taskId) => kept.get(taskId) !== null).length
  if (known > 0) say(`${known} of ${tasks.length} tasks were audited before; going on`)
  for (const taskId of tasks) {
    if (signal.aborted) break
    const before = kept.get(taskId)
    const report = before ?? (await audit(taskId))
    if (before === null) kept.add(report)
    reports.push(report)
    say(`task ${taskId}  ${SYMBOLS[report.verdict]}  (${reports.length} of ${tasks.length})`)
  }
  const done = reports.length === tasks.length
  if (done) kept.clear()
  const count = (wanted: Verdict): number => reports.filter(({ verdict }) => verdict === wanted).length
  const verdict = WORST.find((one) => count(one) > 0) ?? 'pending'
  return {
    ...{ verdict, done, asked: tasks.length },
    ...{ verified: count('verified'), mismatch: count('mismatch') },
    ...{ unavailable: count('unavailable'), pending: count('pending') },
    reports,
  }
}

/** A line per task, what does not fit, and the sum. */
export function renderMany({ reports, done, asked, ...counts }: ReportsJson): string {
  const rows = reports.map(({ taskId, verdict, heightsAnchored, heightsMax, end, head }) => [
    ...[BigInt(taskId), SYMBOLS[verdict], `${heightsAnchored} of ${heightsMax}`, end?.status ?? '-', head],
  ])
  const wrong = reports.flatMap(({ taskId, findings }) =>
    findings.map(
      ({ path, actual, expected, why }) =>
        `✖ task ${taskId}, ${path}: is ${actual}, expected ${expected}: ${why}`,
    ),
  )
  const cut = reports.flatMap(({ taskId, range }) =>
    range === undefined ? [] : [`task ${taskId}: ${describeRange(range)}`],
  )
  const sums = WORST.filter((verdict) => counts[verdict] > 0).map(
    (verdict) => `${counts[verdict]} ${verdict}`,
  )
  return [
    table(['task', 'verdict', 'heights', 'status', 'block'], rows),
    ...['', ...wrong, ...cut],
    `${reports.length} of ${asked} tasks: ${sums.length === 0 ? 'none audited' : sums.join(', ')}`,
    ...(done ? [] : ['interrupted: the same command goes on from here']),
  ].join('\n')
}
