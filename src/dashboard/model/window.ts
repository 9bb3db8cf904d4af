/** The part of a long list that is in the document. */
export interface ListWindow {
  /** Index of the first row, and one behind the last. */
  readonly from: number
  readonly to: number
  /** Height of all rows, px. */
  readonly height: number
}

/** Rows beyond either edge: a key press or a short scroll finds them there. */
const OVERSCAN = 8
/** No screen shows more: the document stays small whatever a browser reports. */
const ROWS_MAX = 160

/** Which rows to draw. @param rowPx height of every row, > 0 */
export function listWindow(rows: number, rowPx: number, scrollPx: number, viewPx: number): ListWindow {
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - OVERSCAN)
  const shown = Math.min(ROWS_MAX, Math.ceil(viewPx / rowPx) + 2 * OVERSCAN + 1)
  const from = Math.min(first, Math.max(0, rows - shown))
  return { from, to: Math.min(rows, from + shown), height: rows * rowPx }
}

/** Where to scroll so that a row is in view; the same place if it is. */
export function scrollToRow(index: number, rowPx: number, scrollPx: number, viewPx: number): number {
  const top = index * rowPx
  if (top < scrollPx) return top
  return top + rowPx > scrollPx + viewPx ? top + rowPx - viewPx : scrollPx
}

/** The row that a key leads to from another; null: the key means nothing to a list. */
export function rowByKey(key: string, index: number, rows: number, page: number): number | null {
  const to: Readonly<Record<string, number>> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: rows - 1,
  }
  const target = Object.hasOwn(to, key) ? to[key] : undefined
  return target === undefined || rows === 0 ? null : Math.max(0, Math.min(rows - 1, target))
}
