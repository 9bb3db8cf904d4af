import type { Digest, Hex } from '../types/ids.ts'
import type { LedgerKind, PostedEvent } from '../types/ledger.ts'
import { LEDGER_KIND_NUMBERS } from '../types/ledger.ts'
import { concatHex, hashInput, keccak, toHex, uint } from './hex.ts'

/** `e_k = keccak(e_{k−1} ‖ u8 kind ‖ address originator ‖ keccak(data))`, e_0 = 0 (docs/decisions.md, section 3). */
export function appendEvent(eventsHash: Digest, { kind, originator, data }: PostedEvent): Digest {
  const dataHash = keccak(data)
  return hashInput().hex(eventsHash).uint(LEDGER_KIND_NUMBERS[kind], 1).hex(originator).hex(dataHash).hash()
}

/** Events as a proof brings them: `u8 kind ‖ address originator ‖ u16 length ‖ data` each, from the first on. */
export function encodeEvents(events: readonly PostedEvent[]): Hex {
  return concatHex(
    ...events.flatMap(({ kind, originator, data }) => [
      uint(LEDGER_KIND_NUMBERS[kind], 1),
      originator,
      uint(data.length, 2),
      toHex(data),
    ]),
  )
}

/** The kind with this number; null for another. */
export function ledgerKind(number: number): LedgerKind | null {
  if (number === LEDGER_KIND_NUMBERS.posted) return 'posted'
  return number === LEDGER_KIND_NUMBERS.system ? 'system' : null
}
