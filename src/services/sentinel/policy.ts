import { keccak } from '../../codec/hex.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import { leastConnections } from '../placement/balancers.ts'
import type { Backend } from '../placement/balancers.ts'

/** Classes of weight, eighths of agreed use, and orders of connections per weight. */
const SIZES = 3
const USES = 8
const LOADS = 8
export const CELLS = SIZES * USES * LOADS
const BYTES = 1 + 2 * CELLS

/**
 * A balancer that was trained in the laboratory: what a request costs by what a gateway knows of a backend, as integers. A
 * file with a hash.
 */
export interface BalancerTable {
  /** Mean response time in ms by `cellOf`; 0 where training has seen too little. */
  readonly costs: readonly number[]
}

/** @param unit weight that counts as one */
export function cellOf({ use, connections, weight }: Backend, unit: number): number {
  const size = 4 * weight < 3 * unit ? 0 : 2 * weight <= 3 * unit ? 1 : 2
  const uses = Math.min(USES - 1, Math.max(0, Math.floor((use * USES) / 1000)))
  // 0, 1, 2 … 3, 4 … 7, … connections for each unit of weight
  let load = 0
  for (let left = Math.ceil((connections * unit) / weight); left > 0 && load < LOADS - 1; left >>= 1)
    load += 1
  return (size * USES + uses) * LOADS + load
}

/** Weight that counts as one: the mean of the backends'. */
export function unitOf(backends: readonly Backend[]): number {
  const sum = backends.reduce((total, { weight }) => total + weight, 0)
  return Math.max(1, Math.floor(sum / Math.max(1, backends.length)))
}

/** `u8 1 ‖ 192 × u16`. */
export function encodeTable({ costs }: BalancerTable): Uint8Array {
  const bytes = new Uint8Array(BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  costs.forEach((cost, i) => {
    view.setUint16(1 + 2 * i, cost)
  })
  return bytes
}

/** The table of these bytes; null unless they are the ones that are pinned, and a table. */
export function openTable(bytes: Uint8Array, pinned: Digest): BalancerTable | null {
  if (keccak(bytes) !== pinned || bytes.length !== BYTES || bytes[0] !== 1) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { costs: Array.from({ length: CELLS }, (_, i) => view.getUint16(1 + 2 * i)) }
}

/**
 * The backend at which a request costs least by the table, among those that have anything free. By rule where the table is in
 * doubt: as soon as one of them is in a cell that training has hardly seen, the one with the fewest connections for its
 * weight.
 *
 * @returns null of no backends
 */
export function leastCost({ costs }: BalancerTable, backends: readonly Backend[]): MemberIndex | null {
  const free = backends.filter(({ use }) => use < 1000)
  const feasible = free.length > 0 ? free : backends
  const unit = unitOf(feasible)
  const said = feasible.map((backend) => costs[cellOf(backend, unit)] ?? 0)
  if (said.includes(0)) return leastConnections(feasible)
  const least = Math.min(...said)
  // of equals the rule decides
  return leastConnections(feasible.filter((_, i) => said[i] === least))
}
