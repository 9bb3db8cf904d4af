import type { MemberIndex } from '../types/ids.ts'
import type { Request } from './request-queue.ts'
import { memberOf, TRACE_START, WINDOW_SECONDS } from './trace.ts'
import type { TraceRow } from './trace.ts'

/** Requests of the first `windows` windows of a trace; row i (1 = first) is the request `row-i`. */
export function requestsOf(rows: readonly TraceRow[], windows: number): readonly Request[] {
  return rows
    .map((row, i) => ({ id: `row-${String(i + 1)}`, tokens: row.tokens, arrival: arrivalOf(row) }))
    .filter((_, i) => (rows[i]?.window ?? 0) <= windows)
}

/** Those of one member of `members`. */
export function requestsOfMember(
  rows: readonly TraceRow[],
  windows: number,
  member: MemberIndex,
  members: number,
): readonly Request[] {
  const own = new Set(
    rows.flatMap(({ text }, i) => (memberOf(text, members) === member ? [`row-${String(i + 1)}`] : [])),
  )
  return requestsOf(rows, windows).filter(({ id }) => own.has(id))
}

/** Windows since the start of the trace at which a row came in. */
function arrivalOf({ text }: TraceRow): number {
  // the fraction of a second has seven digits, more than a date can hold
  const [, time = '', fraction = ''] = /^(\S+ \S+?)\.(\d+),/.exec(text) ?? []
  const since = (at: string): number => Date.parse(`${at.replace(' ', 'T')}Z`)
  const seconds = (since(time) - since(TRACE_START)) / 1000 + Number(`0.${fraction}`)
  return seconds / WINDOW_SECONDS
}
