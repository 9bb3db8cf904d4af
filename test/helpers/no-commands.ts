import type { TakesCommands } from '../../src/api/command-handlers.ts'
import type { ServedLines } from '../../src/api/served-lines.ts'

/** A node whose tasks take none. */
export const NO_COMMANDS: TakesCommands = {
  propose: () => null,
  outcome: () => null,
  proposeInLine: () => null,
  outcomeInLine: () => null,
}

export const NO_LINES: ServedLines = { lines: () => new Map(), whereabouts: () => [] }
