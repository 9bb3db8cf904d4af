import type { Hex } from '../../types/ids.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import type { Machine } from '../command-log/machine.ts'
import { mayGrantNext } from '../lease.ts'
import type { Codec } from '../reducer.ts'
import type { Holder } from './names.ts'
import {
  ascends,
  holderIn,
  isSameHolder,
  nameIn,
  putHolder,
  putName,
  putToken,
  TTL_MS,
  tokenIn,
} from './names.ts'

export interface LockRow extends Holder {
  readonly name: Hex
  /** Of the grant; renewals keep it. Of a release: that of its height. */
  readonly token: bigint
  /** Agreed time at which it ends; 0: it was released at the height whose token this is. */
  readonly endMs: bigint
}

export type LockState = readonly LockRow[]

export interface LockCommand {
  /** `acquire` by the present holder renews. `read` changes nothing. */
  readonly kind: keyof typeof OPS
  readonly name: Hex
  /** Absent in a `read`. */
  readonly owner: Hex
  /** Of an `acquire`; else 0. */
  readonly ttlMs: number
}

/** `held`: by somebody else, until `endMs` and a skew. `free`: nobody has it. `full`: there are too many locks. */
export interface LockResult {
  readonly outcome: (typeof OUTCOMES)[number]
  readonly token: bigint
  readonly endMs: bigint
}

const OPS = { read: 0, acquire: 1, release: 2 } as const
const OUTCOMES = ['done', 'held', 'free', 'full'] as const
/** At most 174 bytes each. */
const LOCKS_MAX = 110

/**
 * Locks with leases in agreed time. A grant's token is that of its height: a lock that is released can be taken again from the
 * next height on, so no two grants share one.
 */
export const lock: Machine<LockState> = {
  id: 'lock@1',
  empty: [],
  state: stateCodec(),
  isCommand: (bytes) => decodeLockCommand(bytes) !== null,

  /** Rows that were released in a height before this one go. */
  turn: (state, { token }) => state.filter((row) => row.endMs > 0n || row.token >= token),

  apply(state, bytes, { proposer, agreedMs, token }) {
    const command = decodeLockCommand(bytes)
    const row = state.find(({ name }) => name === command?.name) ?? null
    const answer = (outcome: LockResult['outcome'], next: LockState, of: LockRow | null) => ({
      state: next,
      result: encodeLockResult({ outcome, token: of?.token ?? 0n, endMs: of?.endMs ?? 0n }),
    })
    if (command === null) return answer('free', state, null)
    const { kind, name, owner, ttlMs } = command
    const isMine = row !== null && row.endMs > 0n && isSameHolder(row, { proposer, owner })
    const isOver = row === null || (row.endMs > 0n && mayGrantNext(row.endMs, agreedMs))
    const set = (next: LockRow): LockState =>
      [...state.filter((one) => one !== row), next].sort((a, b) => (a.name < b.name ? -1 : 1))
    switch (kind) {
      case 'read':
        return isOver ? answer('free', state, null) : answer('held', state, row)
      case 'release': {
        if (!isMine) return isOver ? answer('free', state, null) : answer('held', state, row)
        // its place is kept until the next height, whose grants have a greater token
        return answer('done', set({ ...row, token, endMs: 0n }), { ...row, endMs: 0n })
      }
      case 'acquire': {
        if (!isMine && !isOver) return answer('held', state, row)
        if (row === null && state.length >= LOCKS_MAX) return answer('full', state, null)
        const endMs = agreedMs + BigInt(ttlMs)
        // who comes back after its own lease has ended, with nobody between, gets a new token all the same
        const kept = isMine && !isOver ? row.token : token
        const next = { name, proposer, owner, token: kept, endMs }
        return answer('done', set(next), next)
      }
    }
  },
}

/** `u8 op ‖ name`, and but for read `owner`, for acquire `u32 ttlMs`. */
export function encodeLockCommand({ kind, name, owner, ttlMs }: LockCommand): Uint8Array {
  const to = putName(new ByteWriter().u8(OPS[kind]), name)
  if (kind !== 'read') putName(to, owner)
  if (kind === 'acquire') to.u32(ttlMs)
  return to.done()
}

/** Null for bytes that `encodeLockCommand` would not have written. */
export function decodeLockCommand(bytes: Uint8Array): LockCommand | null {
  const from = new ByteReader(bytes)
  const op = from.u8()
  const name = nameIn(from)
  const owner = op === OPS.read ? '0x' : nameIn(from)
  const ttlMs = op === OPS.acquire ? from.u32() : 0
  const kind = kindOf(op)
  if (name === null || owner === null || kind === null || !from.isWhole) return null
  const isTtl = ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max
  return kind === 'acquire' && !isTtl ? null : { kind, name, owner, ttlMs }
}

function kindOf(op: number): LockCommand['kind'] | null {
  return (['read', 'acquire', 'release'] as const)[op] ?? null
}

function encodeLockResult({ outcome, token, endMs }: LockResult): Uint8Array {
  return putToken(new ByteWriter().u8(OUTCOMES.indexOf(outcome)), token)
    .u64(endMs)
    .done()
}

/** Null for bytes that no machine answered. */
export function decodeLockResult(bytes: Uint8Array): LockResult | null {
  const from = new ByteReader(bytes)
  const outcome = OUTCOMES[from.u8()]
  const [token, endMs] = [tokenIn(from), from.u64()]
  return outcome === undefined || !from.isWhole ? null : { outcome, token, endMs }
}

/** `rows × (name ‖ address proposer ‖ owner ‖ 16 bytes token ‖ u64 endMs)`, by name. */
function stateCodec(): Codec<LockState> {
  return {
    encode(state) {
      const to = new ByteWriter()
      for (const row of state) putToken(putHolder(putName(to, row.name), row), row.token).u64(row.endMs)
      return to.done()
    },
    decode(bytes) {
      const from = new ByteReader(bytes)
      const rows: LockRow[] = []
      while (!from.isWhole) {
        const [name, holder, token, endMs] = [nameIn(from), holderIn(from), tokenIn(from), from.u64()]
        if (name === null || holder === null || from.failed) return null
        rows.push({ name, ...holder, token, endMs })
      }
      return ascends(rows.map(({ name }) => name)) && rows.length <= LOCKS_MAX ? rows : null
    },
  }
}
