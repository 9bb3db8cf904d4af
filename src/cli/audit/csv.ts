import type { ReportJson } from '../../audit/report-schema.ts'

const COLUMNS = [
  ...(['task', 'task_verdict', 'row', 'step', 'place', 'block', 'height', 'member'] as const),
  ...(['logged', 'recomputed', 'signatures', 'verdict', 'why'] as const),
]

/**
 * RFC 4180 with a header line. A row `step` for each step of each task; then a row for each field that does not fit
 * (`finding`) or whose bytes are missing (`unavailable`).
 */
export function reportsCsv(reports: readonly ReportJson[]): string {
  return [[...COLUMNS], ...reports.flatMap(rowsOf)]
    .map((row) => `${row.map((value) => cell(String(value ?? ''))).join(',')}\r\n`)
    .join('')
}

type Row = readonly (string | number | null | undefined)[]

function rowsOf({ taskId, verdict, steps, findings, unavailable }: ReportJson): Row[] {
  const given = (text: string): string => (text === '-' ? '' : text)
  return [
    ...steps.map((step): Row => [
      ...[taskId, verdict, 'step', step.kind, step.label, step.block, '', ''],
      ...[given(step.logged), given(step.recomputed), given(step.signatures), step.verdict, ''],
    ]),
    ...findings.map((one): Row => [
      ...[taskId, verdict, 'finding', one.step, one.path, '', one.height, one.member],
      ...[one.actual, one.expected, '', 'mismatch', one.why],
    ]),
    ...unavailable.map((one): Row => [
      ...[taskId, verdict, 'unavailable', one.step, one.path, '', one.height, one.member],
      ...['', '', '', 'unavailable', one.why],
    ]),
  ]
}

/** Quoted where it must be. A text that a spreadsheet would run as a formula is led by an apostrophe. */
function cell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
