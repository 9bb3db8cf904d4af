import type { CallHeaders } from '../codec/gateway-call.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import type { Stores } from './stores.ts'

/** What came over the network, before anything of it is believed. */
export interface GatewayCall {
  /** Where it came from, as the connection has it. */
  readonly from: string
  readonly headers: CallHeaders
  /** Method and target. */
  readonly line: string
  readonly body: Hex
  readonly task: bigint
  readonly service: number
  readonly verb: 'get' | 'put' | 'delete' | 'session'
}

/**
 * In the order in which they are looked for.
 *
 * - `crowd`: too many calls from there
 * - `clock`: signed at another time, or before this gateway began
 * - `no-gateway`: the placement decided last has no gateway of this service here
 * - `forbidden`: the ledger does not permit it to whoever signed
 * - `rate`: more than it is permitted
 */
export const DENIALS = ['crowd', 'clock', 'no-gateway', 'forbidden', 'rate'] as const
export type Denial = (typeof DENIALS)[number]

/** What a gateway lets a client do: ask, until the call's patience is over. */
export type Admitted = Pick<Stores, 'ask'>

/** A gateway of this node: who may ask its cluster's services from outside. */
export interface Gateway {
  /** The node’s signing key: calls are signed for it. */
  readonly key: Address
  readonly deploymentId: Digest
  /** Unix time, ms. */
  now(): number
  admit(call: GatewayCall): Admitted | { readonly denied: Denial; readonly why: string }
}
