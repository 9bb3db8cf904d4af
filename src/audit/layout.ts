/** Columns of a table: heading and cells; `rank` says which goes first when the line is too long (0: never). */
export interface Column {
  readonly heading: string
  readonly rank: number
  readonly cells: readonly string[]
}

const INDENT = '  '
const GAP = '  '

/** Lines of a table, two spaces in. Where it is wider than `width`, the columns of the highest rank are left out. */
export function columns(all: readonly Column[], width = Infinity): string[] {
  const wide = all.map(({ heading, cells, rank }) => ({
    ...{ heading, cells, rank },
    width: Math.max(heading.length, ...cells.map((cell) => cell.length)),
  }))
  const shown = [...wide]
  const total = (): number =>
    INDENT.length + shown.reduce((sum, one) => sum + one.width + GAP.length, -GAP.length)
  while (total() > width) {
    const least = Math.max(...shown.map(({ rank }) => rank))
    if (least <= 0) break
    shown.splice(
      shown.findIndex(({ rank }) => rank === least),
      1,
    )
  }
  const rows = Math.max(0, ...all.map(({ cells }) => cells.length))
  const line = (cellOf: (column: Column) => string): string =>
    `${INDENT}${shown.map((column) => cellOf(column).padEnd(column.width)).join(GAP)}`.trimEnd()
  return [
    line(({ heading }) => heading),
    ...Array.from({ length: rows }, (_, row) => line(({ cells }) => cells[row] ?? '')),
  ]
}

/** Names and what they are, aligned, two spaces in. */
export function facts(pairs: readonly (readonly [name: string, text: string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, text]) => `${INDENT}${name.padEnd(width)}${GAP}${text}`)
}

/** A heading and its lines; nothing without lines. */
export function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${name}:`, ...lines.map((line) => `${INDENT}${line}`)]
}

/** Breaks a line between words, so that no part is longer than `width` unless a word is; what follows is four spaces in. */
export function wrapped(line: string, width: number): string[] {
  if (line.length <= width) return [line]
  const indent = /^ */.exec(line)?.[0] ?? ''
  const lines: string[] = []
  let current = indent
  let isEmpty = true
  for (const word of line.slice(indent.length).split(/(?<=\S) /)) {
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current.trimEnd())
      current = `${indent}${INDENT}${INDENT}`
      isEmpty = true
    }
    current += isEmpty ? word.trimStart() : ` ${word}`
    isEmpty = false
  }
  return [...lines, current]
}
