import { EXIT } from '../types/exit-codes.ts'
import { RsdpError } from '../types/errors.ts'

/** A line of a data file that cannot be used. Data are refused whole: a row left out would change every figure. */
export function badRow(file: string, line: number, what: string): RsdpError {
  return new RsdpError({
    code: 'E_DATA_ROW',
    message: `${file}, line ${String(line)}: ${what}`,
    hint: 'repair or leave out that file; docs/learning.md says what each format holds',
    exit: EXIT.precondition,
    details: { file, line },
  })
}

/** Non-empty lines of a text; a line break at the end ends the last one. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.at(-1) === '') lines.pop()
  return lines
}

const DECIMAL = /^-?\d{1,9}(\.\d+)?$/

/**
 * Rows of decimals as integers: 1.25 with scale 1,000 is 1,250, what the scale cannot hold is rounded.
 *
 * @param separator between cells; ends of the line are trimmed
 * @throws E_DATA_ROW for a row of another width, or a cell that is no decimal below 10⁹
 */
export function integerRows(
  file: string,
  text: string,
  { width, scale, separator }: { width?: number; scale: number; separator: string | RegExp },
): number[][] {
  let columns = width
  return linesOf(text).map((line, place) => {
    const cells = line.trim().split(separator)
    columns ??= cells.length
    if (cells.length !== columns)
      throw badRow(file, place + 1, `${String(cells.length)} columns instead of ${String(columns)}`)
    return cells.map((cell) => {
      if (!DECIMAL.test(cell)) throw badRow(file, place + 1, `"${cell.slice(0, 20)}" is not a decimal`)
      return Math.round(Number(cell) * scale)
    })
  })
}
