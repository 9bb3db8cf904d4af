import { invariant } from '../../types/errors.ts'
import type { LogEntry } from '../../types/log.ts'

/** The entries that are not in the log yet. Two different ones in one place, or a gap, are a bug of the caller. */
export function freshEntries(log: readonly LogEntry[], entries: readonly LogEntry[]): LogEntry[] {
  const fresh: LogEntry[] = []
  let last = log.at(-1)
  for (const entry of entries) {
    const isNext =
      entry.seq === 1
        ? last === undefined || entry.height > last.height
        : last !== undefined && entry.seq === last.seq + 1 && entry.height >= last.height
    if (isNext) {
      fresh.push(entry)
      last = entry
      continue
    }
    const sits = (other: LogEntry): boolean => other.height === entry.height && other.seq === entry.seq
    const known = fresh.findLast(sits) ?? log.findLast(sits)
    invariant(known !== undefined, `log entry ${entry.height}/${entry.seq} does not follow the last one`)
    const isSame =
      known.from === entry.from &&
      known.event === entry.event &&
      known.to === entry.to &&
      known.round === entry.round &&
      known.value === entry.value
    invariant(isSame, `log entry ${entry.height}/${entry.seq} is stored with other content`)
  }
  return fresh
}
