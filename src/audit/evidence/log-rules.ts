import { byteLength, concatHex, keccak } from '../../codec/hex.ts'
import { TRANSITIONS } from '../../protocol/phases.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { EVENT_NUMBERS, STATUS_NUMBERS } from '../../types/log.ts'

/** A log entry as somebody signed it: 55 bytes, any of which may be nonsense. */
interface RawEntry {
  readonly seq: bigint
  readonly from: number
  readonly event: number
  readonly to: number
  /** Height and round as one number that must not fall. */
  readonly place: bigint
}

const ENTRY_BYTES = 55
const ENTRIES_MAX = 2048
const LEGAL = new Set([
  ...Object.entries(TRANSITIONS).map(([event, { from, to }]) =>
    [STATUS_NUMBERS[from], EVENT_NUMBERS[event as keyof typeof TRANSITIONS], STATUS_NUMBERS[to]].join(),
  ),
  ...Object.values(STATUS_NUMBERS).map((from) => [from, EVENT_NUMBERS.RESET, STATUS_NUMBERS.INITIAL].join()),
])

export interface RawLog {
  readonly entries: readonly RawEntry[]
  /** What they fold to, and what the first of them alone does. */
  readonly head: Digest
  readonly firstHead: Digest
}

/** Packed entries folded onto a head. Null for bytes that are no entries, or too many. */
export function readEntries(headBefore: Digest, packed: Hex): RawLog | null {
  const bytes = byteLength(packed)
  if (bytes === 0 || bytes % ENTRY_BYTES !== 0 || bytes > ENTRY_BYTES * ENTRIES_MAX) return null
  const entries: RawEntry[] = []
  let head = headBefore
  const firstHead = keccak(concatHex(headBefore, packed.slice(2, 2 + 2 * ENTRY_BYTES)))
  for (let at = 2; at < packed.length; at += 2 * ENTRY_BYTES) {
    const entry = packed.slice(at, at + 2 * ENTRY_BYTES)
    const uint = (from: number, length: number): bigint =>
      BigInt(`0x${entry.slice(2 * from, 2 * (from + length))}`)
    entries.push({
      seq: uint(0, 8),
      from: Number(uint(8, 1)),
      event: Number(uint(9, 1)),
      to: Number(uint(10, 1)),
      place: uint(11, 12),
    })
    head = keccak(concatHex(head, entry))
  }
  return { entries, head, firstHead }
}

/** What is wrong with the first entry that no node may write; null if all are fine. */
export function illegalStep(entries: readonly RawEntry[]): string | null {
  for (const [i, entry] of entries.entries()) {
    if (!LEGAL.has([entry.from, entry.event, entry.to].join())) return `entry ${entry.seq} is no transition`
    const before = entries[i - 1]
    if (before === undefined) continue
    if (entry.seq !== before.seq + 1n) return `a gap before entry ${entry.seq}`
    if (entry.from !== before.to) return `entry ${entry.seq} does not start where the one before ended`
    if (entry.place < before.place) return `height or round falls at entry ${entry.seq}`
  }
  return null
}
