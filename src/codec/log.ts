import type { Digest, Hex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import { EVENT_NUMBERS, STATUS_NUMBERS } from '../types/log.ts'
import { concatHex, keccak, uint, utf8Hex } from './hex.ts'

/** `head_0` of an epoch's chain. */
export function logStart(cluster: Digest, epoch: number): Digest {
  return keccak(concatHex(utf8Hex('RSDP2.log'), cluster, uint(epoch, 8)))
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

/** `head = keccak(head ‖ entry)`. */
export function appendLog(head: Digest, entry: LogEntry): Digest {
  return keccak(concatHex(head, encodeLogEntry(entry)))
}

/** Epoch of a height: `⌊(height − 1) / R⌋`. */
export function epochOf(height: number, epochHeights: number): number {
  return Math.floor((height - 1) / epochHeights)
}
