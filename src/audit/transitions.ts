import { nextStatus } from '../protocol/phases.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent } from '../types/log.ts'
import type { Bench } from './judge.ts'

/** Decided values so far. */
export type DecidedValues = ReadonlyMap<number, Digest>

/**
 * Holds signed entries against the table: each is one of t1 … t7 or RESET, starts where the one before ended, never
 * falls back in (height, round), and holds the last decided value where it votes for nothing.
 *
 * @param before the member's last signed entry; null if there is none, or if a gap lies between
 */
export function checkTransitions(
  bench: Bench,
  member: MemberIndex,
  entries: readonly LogEntry[],
  before: LogEntry | null,
  values: DecidedValues,
): void {
  let previous = before
  for (const entry of entries) {
    const { from, event, to, height, round, value, seq } = entry
    const field = `log[${member}].entries[${seq}]`
    const about = { height, member }
    const shown = `${event}: ${from} → ${to}`
    if (nextStatus(from, event) !== to) {
      bench.mismatch(field, 'a transition of the table', shown, 'signed, and refused by the matrix', about)
    }
    if (previous !== null && previous.to !== from) {
      bench.mismatch(field, `from ${previous.to}`, shown, 'where the entry before ended', about)
    }
    const falls =
      previous !== null &&
      (height < previous.height || (height === previous.height && round < previous.round))
    if (falls) {
      const actual = `height ${height}, round ${round}`
      bench.mismatch(field, 'no earlier height or round', actual, 'a log never falls back', about)
    }
    const decided = decidedAt(event, height, values)
    if (decided !== null && value !== decided) {
      const why = 'an entry that votes for nothing holds the last decided value'
      bench.mismatch(`${field}.value`, decided, value, why, about)
    }
    previous = entry
  }
}

/** The value that t1, t3, RESET (height before) and t5, t7 (this height) hold; null for votes, which may hold any. */
function decidedAt(event: PhaseEvent, height: number, values: DecidedValues): Digest | null {
  switch (event) {
    case 't1':
    case 't3':
    case 'RESET':
      return values.get(height - 1) ?? NIL
    case 't5':
    case 't7':
      return values.get(height) ?? NIL
    case 't2':
    case 't4':
    case 't6':
      return null
  }
}
