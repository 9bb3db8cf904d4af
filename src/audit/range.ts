import type { AuditReport, Finding, HeightRange } from './report.ts'
import { heightsOf } from './steps.ts'

/**
 * The report of a task cut to heights `first` to `last`, widened to whole checkpoints: what is about checkpoints outside is
 * counted and left out, what is about the task stays. The audit itself is of the whole task, since heights build on each other.
 */
export function inRange(report: AuditReport, first: number, last: number): AuditReport {
  const held = report.steps.flatMap((step) => {
    const heights = heightsOf(step)
    return heights !== null && heights.first <= last && heights.last >= first ? [heights] : []
  })
  const from = Math.min(first, ...held.map((heights) => heights.first))
  const to = Math.max(last, ...held.map((heights) => heights.last))
  const touches = (low: number, high: number): boolean => low <= to && high >= from
  const isKept = (item: Pick<Finding, 'step' | 'where' | 'height'>): boolean => {
    if (item.step !== 'checkpoint') return true
    if (item.height !== undefined) return touches(item.height, item.height)
    const [, low, high] = /heights (\d+)–(\d+)/.exec(item.where) ?? []
    return low === undefined || touches(Number(low), Number(high))
  }
  const findings = report.findings.filter(isKept)
  const unavailable = report.unavailable.filter(isKept)
  const heights = report.heights.filter(({ height }) => touches(height, height))
  return {
    ...report,
    verdict:
      findings.length > 0
        ? 'mismatch'
        : unavailable.length > 0
          ? 'unavailable'
          : heights.length > 0
            ? 'verified'
            : 'pending',
    steps: report.steps.filter((step) => {
      const of = heightsOf(step)
      return of === null || touches(of.first, of.last)
    }),
    findings,
    unavailable,
    gaps: report.gaps.filter((gap) => touches(gap.first, gap.last)),
    heights,
    range: {
      first: from,
      last: to,
      findingsOutside: report.findings.length - findings.length,
      unavailableOutside: report.unavailable.length - unavailable.length,
    },
  }
}

/** What a report was cut to, in one line. */
export function describeRange({ first, last, findingsOutside, unavailableOutside }: HeightRange): string {
  const rest =
    findingsOutside + unavailableOutside === 0
      ? 'nothing was found outside'
      : `outside, ${findingsOutside} facts do not fit and ${unavailableOutside} could not be checked`
  return `heights ${first}–${last} alone; ${rest}`
}
