import { equalBytes } from '../../codec/hex.ts'
import { fixedCodec, struct, u8 } from '../../reducers/fixed-width.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { oneOf, times, u16 } from '../fields.ts'
import { termsFields } from '../replication/terms.ts'
import type { Terms } from '../replication/terms.ts'

/** What a node's supervisor runs for a service. `bundle`: the sandboxed handler that the task names. */
export const KINDS = ['store', 'counter', 'gateway', 'analytics', 'lock', 'bundle'] as const
export type Kind = (typeof KINDS)[number]

/** Layers of a telecom network. In a spec `any` means that all layers will do. */
export const TIERS = ['any', 'edge', 'core', 'cloud'] as const
export type Tier = (typeof TIERS)[number]

/** What two copies of a service may not share. Copies never share a node. */
export const SPREADS = ['node', 'region'] as const
export type Spread = (typeof SPREADS)[number]

/** What one copy takes. */
export interface Needs {
  /** Hundredths of a core. */
  readonly cpu: number
  /** Hundredths of a GB. */
  readonly memory: number
  /** Per second. */
  readonly transactions: number
}

export interface ServiceSpec {
  /** Number of the service in its line of tasks, ≥ 1. */
  readonly service: number
  readonly kind: Kind
  readonly tier: Tier
  readonly spread: Spread
  /** 0 (first to wait) … 10. */
  readonly priority: number
  /** Fewest copies, ≥ 1: shedding stops here. */
  readonly copiesMin: number
  /** Most copies, ≤ 16: scaling stops here. */
  readonly copiesMax: number
  readonly needs: Needs
  /** What its loss costs, ‰ of the worst. */
  readonly criticality: number
  /** Services that it calls; 0: none. */
  readonly calls: readonly number[]
}

export const CALLS_MAX = 4
export const PRIORITY_MAX = 10
export const COPIES_MAX = 16

export const needsField = struct<Needs>({ cpu: u16, memory: u16, transactions: u16 })

export const specFields = {
  service: u16,
  kind: oneOf(KINDS),
  tier: oneOf(TIERS),
  spread: oneOf(SPREADS),
  priority: u8,
  copiesMin: u8,
  copiesMax: u8,
  needs: needsField,
  criticality: u16,
  calls: times(CALLS_MAX, u16),
}

/** Whether a spec can be meant. */
export function isSpec({ service, priority, copiesMin, copiesMax, criticality }: ServiceSpec): boolean {
  const copies = copiesMin >= 1 && copiesMin <= copiesMax && copiesMax <= COPIES_MAX
  return service >= 1 && copies && priority <= PRIORITY_MAX && criticality <= 1000
}

/** What a ledger event says about services. */
export type Order =
  /** `terms`: of a store; without them they follow from its criticality. */
  | { readonly order: 'put'; readonly spec: ServiceSpec; readonly terms?: Terms }
  | { readonly order: 'remove'; readonly service: number }

/** First byte of the events that are meant for this slice. */
const TAGS = { put: 0x10, remove: 0x11, store: 0x13 } as const
const putCodec = fixedCodec(struct<ServiceSpec>(specFields), isSpec)
const storeCodec = fixedCodec(
  struct<ServiceSpec & Terms>({ ...specFields, ...termsFields }),
  (spec) => isSpec(spec) && spec.kind === 'store',
)
const removeCodec = fixedCodec(u16)

/**
 * `u8 tag ‖ spec`, `u8 tag ‖ spec ‖ u8 mode ‖ u8 consistency`, or `u8 tag ‖ u16 service`: what a client posts to the ledger of
 * a task. A store and its terms are one event: a group could begin on other terms between two.
 */
export function encodeOrder(order: Order): Uint8Array {
  if (order.order === 'remove') return Uint8Array.of(TAGS.remove, ...removeCodec.encode(order.service))
  const { spec, terms } = order
  return terms === undefined
    ? Uint8Array.of(TAGS.put, ...putCodec.encode(spec))
    : Uint8Array.of(TAGS.store, ...storeCodec.encode({ ...spec, ...terms }))
}

/** The order in an event. Null: it is meant for somebody else, or for nobody. */
export function orderIn({ kind, data }: LedgerEvent): Order | null {
  const order = kind === 'posted' ? orderOf(data[0], data.subarray(1)) : null
  // `times` and `oneOf` read what they cannot write; only what encodes to the same bytes counts
  return order !== null && equalBytes(encodeOrder(order), data) ? order : null
}

function orderOf(tag: number | undefined, body: Uint8Array): Order | null {
  switch (tag) {
    case TAGS.put: {
      const spec = putCodec.decode(body)
      return spec === null ? null : { order: 'put', spec }
    }
    case TAGS.store: {
      const both = storeCodec.decode(body)
      if (both === null) return null
      const { mode, consistency, ...spec } = both
      return { order: 'put', spec, terms: { mode, consistency } }
    }
    case TAGS.remove: {
      const service = removeCodec.decode(body)
      return service === null ? null : { order: 'remove', service }
    }
    default:
      return null
  }
}
