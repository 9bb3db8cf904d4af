import { equalBytes } from '../../codec/hex.ts'
import { fixedCodec, struct, u8 } from '../../reducers/fixed-width.ts'
import { VERBS } from '../../types/gateway.ts'
import type { Verb } from '../../types/gateway.ts'
import type { Address } from '../../types/ids.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { address, u16 } from '../fields.ts'

/** What one key may ask of one service through gateways. */
export interface Permit {
  readonly service: number
  readonly key: Address
  /** None: the key may nothing any more. */
  readonly verbs: readonly Verb[]
  /** Requests a second at each gateway, and at once; ≥ 1 unless it may nothing. */
  readonly perSecond: number
}

interface Row {
  readonly service: number
  readonly key: Address
  readonly verbs: number
  readonly perSecond: number
}

/** First byte of the events that are meant for gateways; services@1 passes them over. */
const TAG = 0x14
const codec = fixedCodec(
  struct<Row>({ service: u16, key: address, verbs: u8, perSecond: u16 }),
  ({ service, verbs, perSecond }) => service >= 1 && verbs > 0 === perSecond > 0,
)

/** `u8 0x14 ‖ u16 service ‖ address key ‖ u8 verbs ‖ u16 perSecond`; bit i of verbs = the i-th of `VERBS`. */
export function encodePermit({ verbs, ...row }: Permit): Uint8Array {
  const bits = VERBS.reduce((sum, verb, i) => sum + (verbs.includes(verb) ? 2 ** i : 0), 0)
  return Uint8Array.of(TAG, ...codec.encode({ ...row, verbs: bits }))
}

/** The permit in an event. Null: it is meant for somebody else, or for nobody. */
export function permitIn({ kind, data }: LedgerEvent): Permit | null {
  const row = kind === 'posted' && data[0] === TAG ? codec.decode(data.subarray(1)) : null
  if (row === null) return null
  const permit = { ...row, verbs: VERBS.filter((_, i) => ((row.verbs >> i) & 1) === 1) }
  return equalBytes(encodePermit(permit), data) ? permit : null
}

/** What the ledger of a task permits; the last word on a key and a service counts. */
export class Permits {
  readonly #rows = new Map<string, Permit>()

  take(event: LedgerEvent): void {
    const permit = permitIn(event)
    if (permit === null) return
    const name = nameOf(permit.service, permit.key)
    if (permit.verbs.length === 0) this.#rows.delete(name)
    else this.#rows.set(name, permit)
  }

  of(service: number, key: Address): Permit | null {
    return this.#rows.get(nameOf(service, key)) ?? null
  }
}

function nameOf(service: number, key: Address): string {
  return `${service} ${key}`
}
