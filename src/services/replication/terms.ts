import { fixedCodec, struct } from '../../reducers/fixed-width.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { CONSISTENCIES } from '../../types/store-request.ts'
import type { Consistency } from '../../types/store-request.ts'
import { equalBytes } from '../../codec/hex.ts'
import { oneOf, u16 } from '../fields.ts'

/**
 * - `active-passive`: the primary serves, the others take over
 * - `active-active`: every copy serves what its consistency allows: reads of what it has applied, and writes unless strong
 * - `n-way`: a client takes a reply that f + 1 copies give alike; of 3f + 1 copies f may lie to it
 * - `geographic`: as active-passive, with copies in different regions
 */
export const MODES = ['active-passive', 'active-active', 'n-way', 'geographic'] as const
export type Mode = (typeof MODES)[number]

/** How the copies of a store hold their data together. */
export interface Terms {
  readonly mode: Mode
  readonly consistency: Consistency
}

/** New terms of a store that is there, as a client posts them to the ledger of a task. */
export interface TermsOrder extends Terms {
  readonly service: number
}

/** First byte of the events that are meant for this slice. */
const TAG = 0x12
export const termsFields = { mode: oneOf(MODES), consistency: oneOf(CONSISTENCIES) }
const orderCodec = fixedCodec(struct<TermsOrder>({ service: u16, ...termsFields }))

/** `u8 tag ‖ u16 service ‖ u8 mode ‖ u8 consistency` */
export function encodeTerms(order: TermsOrder): Uint8Array {
  return Uint8Array.of(TAG, ...orderCodec.encode(order))
}

/** The terms in an event. Null: it is meant for somebody else, or for nobody. */
export function termsIn({ kind, data }: LedgerEvent): TermsOrder | null {
  if (kind !== 'posted' || data[0] !== TAG) return null
  const order = orderCodec.decode(data.subarray(1))
  return order !== null && equalBytes(encodeTerms(order), data) ? order : null
}
