import { invariant } from '../../types/errors.ts'
import { encodeStoreTx } from '../transactions/store-message.ts'
import { StoreData } from './data.ts'
import type { Applied } from './data.ts'
import type { Entry, Position, Snapshot, StoreRecord } from './types.ts'

const EMPTY: Snapshot = { epoch: 0n, index: 0, data: new StoreData().encode() }

/** Entries behind a snapshot from which on the next is taken, and how many before it stay for copies that are a little late. */
export const LOG_ENTRIES_MAX = 1024
export const LOG_ENTRIES_KEPT = 256

/** A replicated log of one copy, and the data after its committed entries. */
export class ReplicaLog {
  #snapshot: Snapshot = EMPTY
  /** Without gaps, up to the end; the first one's index is `#base` + 1, which may be before the snapshot. */
  #entries: Entry[] = []
  #base = 0
  #data = new StoreData()
  #committed = 0

  get committed(): number {
    return this.#committed
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get data(): StoreData {
    return this.#data
  }

  get last(): Position {
    const last = this.#entries.at(-1)
    const { epoch, index } = last === undefined || last.index < this.#snapshot.index ? this.#snapshot : last
    return { epoch, index }
  }

  /** Null: it is not there, or only in the snapshot. */
  at(index: number): Entry | null {
    return this.#entries[index - this.#base - 1] ?? null
  }

  /** Null: not known. */
  positionAt(index: number): Position | null {
    return index === this.#snapshot.index ? this.#snapshot : this.at(index)
  }

  /** Entries behind an index, at most so many bytes of values, at least one. */
  after(index: number, bytesMax: number): Entry[] {
    const entries: Entry[] = []
    let bytes = 0
    for (let i = index + 1; ; i += 1) {
      const entry = this.at(i)
      if (entry === null) return entries
      bytes += sizeOf(entry)
      if (entries.length > 0 && bytes > bytesMax) return entries
      entries.push(entry)
    }
  }

  /**
   * Entries that are not here yet, once those that differ are gone.
   *
   * @returns what has to be recorded; none if all are here
   */
  missingOf(entries: readonly Entry[]): Entry[] {
    const first = entries.findIndex(
      ({ index, epoch }) => index > this.#committed && this.at(index)?.epoch !== epoch,
    )
    return first < 0 ? [] : entries.slice(first)
  }

  /** A record that is durable. */
  record(record: StoreRecord): void {
    if (record.kind === 'entries') this.#replace(record.entries)
    if (record.kind !== 'snapshot') return
    const { snapshot, isWhole } = record
    if (isWhole) {
      this.#entries = []
      this.#base = snapshot.index
      this.#data = StoreData.decode(snapshot.data)
      this.#committed = snapshot.index
    } else {
      const kept = Math.max(this.#base, snapshot.index - LOG_ENTRIES_KEPT)
      this.#entries = this.#entries.filter(({ index }) => index > kept)
      this.#base = this.#entries.length === 0 ? snapshot.index : kept
      // after a restart nothing is applied yet
      if (this.#committed < snapshot.index) this.#data = StoreData.decode(snapshot.data)
      this.#committed = Math.max(this.#committed, snapshot.index)
    }
    this.#snapshot = snapshot
  }

  /** Applies what is committed up to an index. */
  commit(index: number, applied: (entry: Entry, applied: Applied) => void): void {
    while (this.#committed < Math.min(index, this.last.index)) {
      const entry = this.at(this.#committed + 1)
      invariant(entry !== null, 'a log with a gap')
      this.#committed += 1
      applied(entry, this.#data.apply(entry.command, entry.index))
    }
  }

  /** A snapshot, if the log has become long; null otherwise. Its data are those of the last entry applied. */
  compacted(): StoreRecord | null {
    if (this.#committed - this.#snapshot.index < LOG_ENTRIES_MAX) return null
    const position = this.positionAt(this.#committed)
    invariant(position !== null, 'a committed entry that is gone')
    const { epoch, index } = position
    return { kind: 'snapshot', snapshot: { epoch, index, data: this.#data.encode() }, isWhole: false }
  }

  /** The fewest records of which a new log goes on where this one is, without the entries that are kept for late copies. */
  whole(): StoreRecord[] {
    const entries = this.after(this.#snapshot.index, Infinity)
    const rest: StoreRecord[] = entries.length === 0 ? [] : [{ kind: 'entries', entries }]
    return [{ kind: 'snapshot', snapshot: this.#snapshot, isWhole: true }, ...rest]
  }

  #replace(entries: readonly Entry[]): void {
    const [first] = entries
    if (first === undefined) return
    const { index } = first
    invariant(index > this.#committed && index <= this.last.index + 1, 'entries that do not fit the log')
    this.#entries.length = index - this.#base - 1
    this.#entries.push(...entries)
  }
}

function sizeOf({ command: { write } }: Entry): number {
  if (write.kind === 'tx') return encodeStoreTx(write.message).length
  const value = write.kind === 'put' ? write.value.length : 0
  return 64 + value + ('key' in write ? 3 * write.key.length : 0)
}
