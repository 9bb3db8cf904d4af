import { sessionName } from '../../demo/provider-source.ts'
import { contendedWindows, variantReport } from '../../demo/compare-report.ts'
import { comparisonTable } from '../demo/tables.ts'
import type { VariantReport } from '../../demo/compare-report.ts'
import { loadTrace } from '../../demo/trace.ts'
import { requestsOf } from '../../demo/traffic.ts'
import type { Comparison } from '../demo/two-providers.ts'
import { isLongEnoughForEvent } from './demo-heights.ts'
import type { Stage } from './demo-stage.ts'
import { BUDGET, LATER_BUDGET, missing } from './demo-stage.ts'

/** What two providers counted of the same requests: shares agreed by the cluster, and an even split that never changes. */
export interface ProviderReport {
  /** Windows of the trace in which more is queued than the budget covers, however it is shared. */
  readonly contendedWindows: number
  /** First window in which the providers took less; null: none. */
  readonly loweredFrom: number | null
  readonly agreed: VariantReport
  readonly static: VariantReport
  readonly text: string
}

/** From the providers' counters and the trace alone: nothing that a node says. */
export function providerReport(
  { agreed, even }: Comparison,
  heights: number,
  budgets: { readonly first: number; readonly later: number },
): ProviderReport {
  const requests = requestsOf(loadTrace(), heights)
  const reports = { agreed: variantReport(requests, agreed), static: variantReport(requests, even) }
  const { windows } = reports.agreed
  const loweredFrom = windows.find(({ budget }) => budget < budgets.first)?.window ?? null
  const budgetOf = (window: number): number => windows[window - 1]?.budget ?? budgets.later
  const contended = contendedWindows(requests, heights, budgetOf).length
  const text = [
    `provider the same requests went to a second one, with an even split of the budget; both count for themselves`,
    `         in ${String(contended)} of ${String(heights)} windows more is queued than the budget covers, however it is shared`,
    '',
    comparisonTable(reports.agreed, reports.static),
    '',
  ].join('\n')
  return {
    contendedWindows: contended,
    loweredFrom,
    ...reports,
    text,
  }
}

/** What became of the requests, as the providers counted. */
export async function countTokens(
  { options, network, providers, say, wait }: Stage,
  taskId: bigint,
): Promise<Omit<ProviderReport, 'text'>> {
  const { heights } = options
  const session = sessionName(network.connection.deployment.deploymentId, taskId)
  const counted = await providers.count(session, heights, (what, condition) => wait(what, 60_000, condition))
  const { text, ...report } = providerReport(counted, heights, { first: BUDGET, later: LATER_BUDGET })
  say(text)
  if (report.agreed.served === 0) throw missing('tokens that the provider served')
  if (report.loweredFrom === null && isLongEnoughForEvent(heights))
    throw missing('a provider that lowers its budget')
  return report
}
