/** A terminal that is drawn upon; what was on it before is there again after `close`. */
export interface Screen {
  /** Replaces what is shown; what does not fit is cut off. */
  draw(lines: readonly string[]): void
  close(): void
}

/** ECMA-48, and xterm's second screen. */
const [SECOND, FIRST, HIDE_CURSOR, SHOW_CURSOR, HOME, CLEAR_LINE, CLEAR_BELOW] = [
  ...['\u001b[?1049h', '\u001b[?1049l', '\u001b[?25l', '\u001b[?25h', '\u001b[H', '\u001b[K', '\u001b[J'],
] as const

type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows' | 'write'>

/** Null: the stream is no terminal. */
export function openScreen(stream: Stream): Screen | null {
  // a pipe has none
  if (!(stream.isTTY as boolean | undefined)) return null
  stream.write(SECOND + HIDE_CURSOR)
  return {
    draw: (lines) => {
      const shown = lines.slice(0, Math.max(1, stream.rows - 1)).map((line) => line.slice(0, stream.columns))
      // line by line over the old ones: a cleared screen would flicker
      stream.write(HOME + shown.map((line) => `${line}${CLEAR_LINE}\n`).join('') + CLEAR_BELOW)
    },
    close: () => void stream.write(SHOW_CURSOR + FIRST),
  }
}
