import type { Digest, Hex } from '../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../types/log.ts'
import { EVENT_NUMBERS, STATUS_NUMBERS } from '../types/log.ts'
import { Reader } from './reader.ts'
import { concatHex, hashInput, keccak, uint, utf8Hex } from './hex.ts'

/** `head_0` of an epoch's chain. */
export function logStart(cluster: Digest, epoch: number): Digest {
  return keccak(concatHex(utf8Hex('RSDP3.log'), cluster, uint(epoch, 8)))
}

/** 55 bytes: `u64 seq ‖ u8 from ‖ u8 event ‖ u8 to ‖ u64 height ‖ u32 round ‖ value`. */
export function encodeLogEntry(entry: LogEntry): Hex {
  return concatHex(
    uint(entry.seq, 8),
    uint(STATUS_NUMBERS[entry.from], 1),
    uint(EVENT_NUMBERS[entry.event], 1),
    uint(STATUS_NUMBERS[entry.to], 1),
    uint(entry.height, 8),
    uint(entry.round, 4),
    entry.value,
  )
}

const nameOf = <T extends string>(numbers: Readonly<Record<T, number>>): ReadonlyMap<number, T> =>
  new Map(Object.entries(numbers).map(([name, number]) => [number as number, name as T]))
const STATUS_NAMES = nameOf<PhaseStatus>(STATUS_NUMBERS)
const EVENT_NAMES = nameOf<PhaseEvent>(EVENT_NUMBERS)

/** The entry, or null for anything but the 55 bytes that `encodeLogEntry` would have written. */
export function decodeLogEntry(packed: Hex): LogEntry | null {
  const reader = new Reader(packed)
  const seq = reader.uint64()
  const from = STATUS_NAMES.get(reader.uint(1))
  const event = EVENT_NAMES.get(reader.uint(1))
  const to = STATUS_NAMES.get(reader.uint(1))
  const height = reader.uint64()
  const round = reader.uint(4)
  const value = reader.bytes(32)
  if (from === undefined || event === undefined || to === undefined || reader.failed || !reader.done)
    return null
  return { seq, from, event, to, height, round, value }
}

/** `head = keccak(head ‖ entry)`. */
export function appendLog(head: Digest, entry: LogEntry): Digest {
  return hashInput()
    .hex(head)
    .uint(entry.seq, 8)
    .uint(STATUS_NUMBERS[entry.from], 1)
    .uint(EVENT_NUMBERS[entry.event], 1)
    .uint(STATUS_NUMBERS[entry.to], 1)
    .uint(entry.height, 8)
    .uint(entry.round, 4)
    .hex(entry.value)
    .hash()
}

/** Epoch of a height: `⌊(height − 1) / R⌋`. */
export function epochOf(height: number, epochHeights: number): number {
  return Math.floor((height - 1) / epochHeights)
}
