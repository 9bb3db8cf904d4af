import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent } from '../types/log.ts'
import { EVENT_NUMBERS } from '../types/log.ts'
import { ascending } from './batch.ts'
import { concatHex, uint } from './hex.ts'
import { Reader } from './reader.ts'

/** A log entry as a note states it: `from`, `to` and `seq` follow from the events before. */
export type NotedEntry = Pick<LogEntry, 'event' | 'height' | 'round' | 'value'>

/** Entries of one member whose log differs from the shared one, for the heights in which it differs. */
export interface Note {
  readonly member: MemberIndex
  readonly entries: readonly NotedEntry[]
}

/** Values that a note may name instead of spelling them out. */
export interface KnownValues {
  readonly first: number
  /** Decided value of a height of the batch, or of the height before it; NIL before height 1 and for all others. */
  readonly valueOf: (height: number) => Digest
}

const TAG = { nil: 0, decided: 1, previous: 2, explicit: 3 } as const
const EVENT_NAMES = Object.fromEntries(
  Object.entries(EVENT_NUMBERS).map(([name, number]) => [number, name as PhaseEvent]),
) as Partial<Record<number, PhaseEvent>>

export function encodeNote(note: Note, known: KnownValues): Hex {
  return concatHex(
    uint(note.member, 1),
    uint(note.entries.length, 2),
    ...note.entries.map((entry) => encodeEntry(entry, known)),
  )
}

function encodeEntry(entry: NotedEntry, known: KnownValues): string {
  const head =
    uint(EVENT_NUMBERS[entry.event], 1) + uint(entry.height - known.first, 2) + uint(entry.round, 1)
  if (entry.value === NIL) return head + uint(TAG.nil, 1)
  if (entry.value === known.valueOf(entry.height)) return head + uint(TAG.decided, 1)
  if (entry.value === known.valueOf(entry.height - 1)) return head + uint(TAG.previous, 1)
  return head + uint(TAG.explicit, 1) + entry.value.slice(2)
}

/** All notes of a checkpoint, by member, or null for bytes that `encodeNote` would not have written. */
export function decodeNotes(packed: Hex, known: KnownValues): Note[] | null {
  const reader = new Reader(packed)
  const notes: Note[] = []
  while (!reader.done && !reader.failed) {
    const member = reader.uint(1)
    const count = reader.uint(2)
    const entries: NotedEntry[] = []
    for (let i = 0; i < count; i += 1) {
      const event = EVENT_NAMES[reader.uint(1)]
      const height = known.first + reader.uint(2)
      const round = reader.uint(1)
      const value = decodeValue(reader, height, known)
      if (event === undefined || value === null) return null
      entries.push({ event, height, round, value })
    }
    notes.push({ member, entries })
  }
  if (reader.failed || !ascending(notes)) return null
  // a value has one spelling: tag 3 is only for those that no other tag names
  const canonical = concatHex(...notes.map((note) => encodeNote(note, known)))
  return canonical === packed ? notes : null
}

function decodeValue(reader: Reader, height: number, known: KnownValues): Digest | null {
  switch (reader.uint(1)) {
    case TAG.nil:
      return NIL
    case TAG.decided:
      return known.valueOf(height)
    case TAG.previous:
      return known.valueOf(height - 1)
    case TAG.explicit:
      return reader.bytes(32)
    default:
      return null
  }
}
