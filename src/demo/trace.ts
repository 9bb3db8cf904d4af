import { readFileSync } from 'node:fs'
import { keccak, utf8Hex } from '../codec/hex.ts'
import { RsdpError, invariant } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { MemberIndex } from '../types/ids.ts'

/** First second of window 1, UTC as in the file. */
export const TRACE_START = '2023-11-16 18:39:10'
/** Length of a window; one window is one height. */
export const WINDOW_SECONDS = 10
/** Windows in the slice: 600 s. */
export const WINDOWS = 60

export interface TraceRow {
  /** 1 … WINDOWS. */
  readonly window: number
  /** ContextTokens + GeneratedTokens: what the request costs at the provider. */
  readonly tokens: bigint
  /** The row as it stands in the file, without its line end. */
  readonly text: string
}

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens'
const ROW = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.\d{7},(0|[1-9]\d{0,6}),(0|[1-9]\d{0,6})$/
const ZIPF_SCALE = 1_000_000n

/** The slice next to this file, with its licence. */
export const TRACE_FILE = new URL('./trace.csv', import.meta.url)

export function loadTrace(): readonly TraceRow[] {
  return parseTrace(readFileSync(TRACE_FILE, 'utf8'))
}

/**
 * Rows of a trace, in order. Strict: the header, three fields each, times ascending within the 600 s of the slice; line
 * ends LF or CRLF, also after the last row. Throws RsdpError with the row number (1 = first after the header):
 * E_TRACE_HEADER, E_TRACE_ROW, E_TRACE_TIME, E_TRACE_ORDER.
 */
export function parseTrace(csv: string): readonly TraceRow[] {
  const lines = csv.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.at(-1) === '') lines.pop()
  const [header, ...texts] = lines
  if (header !== HEADER) throw traceError('E_TRACE_HEADER', 0, `header "${header ?? ''}" is not "${HEADER}"`)
  let previous = ''
  return texts.map((text, i) => {
    const row = parseRow(text, i + 1)
    // timestamps have a fixed width, so they compare as text
    const timestamp = text.slice(0, text.indexOf(','))
    if (timestamp < previous) throw traceError('E_TRACE_ORDER', i + 1, `${timestamp} comes after ${previous}`)
    previous = timestamp
    return row
  })
}

/**
 * The member whose users sent this row. The trace does not say, so it is made up, the same way everywhere: member k of
 * n gets rows in proportion to ⌊10⁶ / (k + 1)⌋ (Zipf with exponent 1), picked by the first 8 bytes of
 * `keccak(utf8 row text)` modulo the sum of these weights. Member 0 is the busiest.
 *
 * @param text the row without its line end
 * @param members n, 1 ≤ n ≤ 31
 */
export function memberOf(text: string, members: number): MemberIndex {
  const weights = Array.from({ length: members }, (_, k) => ZIPF_SCALE / BigInt(k + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  let point = BigInt(keccak(utf8Hex(text)).slice(0, 2 + 16)) % total
  const member = weights.findIndex((weight) => {
    if (point < weight) return true
    point -= weight
    return false
  })
  invariant(member >= 0, `no member for a row among ${members}`)
  return member
}

/** Tokens of each window that belong to one member of `members`; index 0 is window 1. */
export function arrivalsOf(
  rows: readonly TraceRow[],
  member: MemberIndex,
  members: number,
): readonly bigint[] {
  const arrivals = Array.from({ length: WINDOWS }, () => 0n)
  for (const { window, tokens, text } of rows) {
    if (memberOf(text, members) === member) arrivals[window - 1] = (arrivals[window - 1] ?? 0n) + tokens
  }
  return arrivals
}

function parseRow(text: string, row: number): TraceRow {
  const [, date, time, contextTokens, generatedTokens] = ROW.exec(text) ?? []
  if (
    date === undefined ||
    time === undefined ||
    contextTokens === undefined ||
    generatedTokens === undefined
  ) {
    throw traceError('E_TRACE_ROW', row, `"${text}" is not timestamp,tokens,tokens`)
  }
  const second = (Date.parse(`${date}T${time}Z`) - Date.parse(`${TRACE_START.replace(' ', 'T')}Z`)) / 1000
  const window = Math.floor(second / WINDOW_SECONDS) + 1
  // also refuses impossible dates, which are NaN
  if (!(window >= 1 && window <= WINDOWS)) {
    throw traceError(
      'E_TRACE_TIME',
      row,
      `${date} ${time} is not within ${WINDOWS} windows from ${TRACE_START}`,
    )
  }
  return { window, tokens: BigInt(contextTokens) + BigInt(generatedTokens), text }
}

function traceError(code: `E_TRACE_${string}`, row: number, problem: string): RsdpError {
  return new RsdpError({
    code,
    message: `trace row ${row}: ${problem}`,
    hint: 'restore src/demo/trace.csv; docs/rate-limit.md says which rows it holds',
    exit: EXIT.precondition,
    details: { row },
  })
}
