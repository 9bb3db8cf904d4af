import { invariant } from '../types/errors.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Codec } from './reducer.ts'

/** How one provider's budget is split for one height. All amounts are tokens, u64. */
export interface RateLimitState {
  /** Tokens that the provider takes in this height; 0 in an input. */
  readonly budget: bigint
  /** By member, ascending, no member twice, at most 31. */
  readonly rows: readonly RateLimitRow[]
}

export interface RateLimitRow {
  /** 0 … 30; 0 in an input, where the signer says whose it is. */
  readonly member: MemberIndex
  /** Tokens queued at this member. */
  readonly demand: bigint
  /** Tokens this member may send; 0 in an input. */
  readonly share: bigint
}

export interface RateLimitParams {
  /** Tokens per height until an event says otherwise. */
  readonly budget: bigint
  /** Highest demand a member may claim, tokens. */
  readonly demandMax: bigint
}

const U64_BYTES = 8
const U64_MAX = 2n ** 64n - 1n
const HEAD_BYTES = U64_BYTES + 1
const ROW_BYTES = 1 + 2 * U64_BYTES
const PARAMS_BYTES = 2 * U64_BYTES

/** `u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share)`; at most 536 bytes. */
export const rateLimitStateCodec: Codec<RateLimitState> = {
  encode({ budget, rows }) {
    invariant(rows.length <= MEMBERS_MAX, `${rows.length} rows in a rate-limit state`)
    const bytes = new Uint8Array(HEAD_BYTES + rows.length * ROW_BYTES)
    const view = viewOf(bytes)
    writeU64(view, 0, budget)
    view.setUint8(U64_BYTES, rows.length)
    rows.forEach(({ member, demand, share }, i) => {
      const at = HEAD_BYTES + i * ROW_BYTES
      view.setUint8(at, member)
      writeU64(view, at + 1, demand)
      writeU64(view, at + 1 + U64_BYTES, share)
    })
    return bytes
  },

  decode(bytes) {
    if (bytes.length < HEAD_BYTES) return null
    const view = viewOf(bytes)
    const count = view.getUint8(U64_BYTES)
    if (bytes.length !== HEAD_BYTES + count * ROW_BYTES) return null
    // distinct members below 31 also bound the number of rows
    const rows: RateLimitRow[] = []
    let lowestAllowed = 0
    for (let at = HEAD_BYTES; at < bytes.length; at += ROW_BYTES) {
      const member = view.getUint8(at)
      if (member < lowestAllowed || member >= MEMBERS_MAX) return null
      lowestAllowed = member + 1
      rows.push({
        member,
        demand: view.getBigUint64(at + 1),
        share: view.getBigUint64(at + 1 + U64_BYTES),
      })
    }
    return { budget: view.getBigUint64(0), rows }
  },
}

/** `u64 budget ‖ u64 demandMax`. */
export const rateLimitParamsCodec: Codec<RateLimitParams> = {
  encode({ budget, demandMax }) {
    const bytes = new Uint8Array(PARAMS_BYTES)
    const view = viewOf(bytes)
    writeU64(view, 0, budget)
    writeU64(view, U64_BYTES, demandMax)
    return bytes
  },

  decode(bytes) {
    if (bytes.length !== PARAMS_BYTES) return null
    const view = viewOf(bytes)
    return { budget: view.getBigUint64(0), demandMax: view.getBigUint64(U64_BYTES) }
  },
}

/** The budget an event sets (8 bytes, u64, tokens per height), or null for data of any other length. */
export function decodeBudgetEvent(data: Uint8Array): bigint | null {
  return data.length === U64_BYTES ? viewOf(data).getBigUint64(0) : null
}

/** An event that sets the budget. */
export function encodeBudgetEvent(budget: bigint): Uint8Array {
  const bytes = new Uint8Array(U64_BYTES)
  writeU64(viewOf(bytes), 0, budget)
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** `setBigUint64` would wrap silently. */
function writeU64(view: DataView, at: number, value: bigint): void {
  invariant(value >= 0n && value <= U64_MAX, `${value} is no u64`)
  view.setBigUint64(at, value)
}
