import { fromHex, toHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import type { Machine } from '../command-log/machine.ts'
import { MACHINE_BYTES_MAX } from '../command-log/log-state.ts'
import type { Codec } from '../reducer.ts'

/** A key with its value and the number of the command that wrote it. */
export interface KvEntry {
  /** 1 … 128 bytes. */
  readonly key: Hex
  readonly version: bigint
  readonly value: Uint8Array
}

export type KvState = readonly KvEntry[]

/** `version`: only if the key has this version, 0: only if it does not exist. Null: whatever it has. */
export type KvCommand =
  | { readonly kind: 'get'; readonly key: Hex }
  | { readonly kind: 'put'; readonly key: Hex; readonly version: bigint | null; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Hex; readonly version: bigint | null }

/**
 * `done`: version and value as they are now. `conflict`: the key has another version, which this is, and so it stays.
 * `missing`: there is no such key. `full`: there is no room.
 */
export interface KvResult {
  readonly outcome: (typeof OUTCOMES)[number]
  readonly version: bigint
  readonly value: Uint8Array
}

const OUTCOMES = ['done', 'conflict', 'missing', 'full'] as const
const OPS = { get: 0, put: 1, delete: 2 } as const
export const KEY_BYTES_MAX = 128
export const VALUE_BYTES_MAX = 4_096

/**
 * Small configuration in the agreed state: keys with versions, compare-and-set, 20 KiB in all. A read is a command too, so
 * that it sees every write that was acknowledged before it began.
 */
export const kvConfig: Machine<KvState> = {
  id: 'kv-config@1',
  empty: [],
  /** `entries × (u8 length ‖ key ‖ u64 version ‖ u16 length ‖ value)`, by key. */
  state: stateCodec(),
  isCommand: (bytes) => decodeKvCommand(bytes) !== null,

  apply(state, bytes, { index }) {
    const command = decodeKvCommand(bytes)
    if (command === null) return { state, result: encodeKvResult('missing', null) }
    const present = state.find(({ key }) => key === command.key) ?? null
    const others = state.filter((entry) => entry !== present)
    const answer = (outcome: KvResult['outcome'], next: KvState, entry: KvEntry | null) => ({
      state: next,
      result: encodeKvResult(outcome, entry),
    })
    if (command.kind === 'get') return answer(present === null ? 'missing' : 'done', state, present)
    if (command.version !== null && command.version !== (present?.version ?? 0n))
      return answer('conflict', state, present)
    if (command.kind === 'delete')
      return present === null ? answer('missing', state, null) : answer('done', others, null)
    const entry = { key: command.key, version: index, value: command.value }
    const next = [...others, entry].sort((a, b) => (a.key < b.key ? -1 : 1))
    const bytesNext = next.reduce((sum, one) => sum + sizeOf(one), 0)
    return bytesNext > MACHINE_BYTES_MAX ? answer('full', state, present) : answer('done', next, entry)
  },
}

/** `u8 op ‖ u8 length ‖ key`, and for put and delete `u8 isConditional ‖ u64 version`, for put `u16 length ‖ value`. */
export function encodeKvCommand(command: KvCommand): Uint8Array {
  const key = fromHex(command.key)
  const to = new ByteWriter().u8(OPS[command.kind]).u8(key.length).bytes(key)
  if (command.kind === 'get') return to.done()
  to.u8(command.version === null ? 0 : 1).u64(command.version ?? 0n)
  if (command.kind === 'put') to.u16(command.value.length).bytes(command.value)
  return to.done()
}

/** Null for bytes that `encodeKvCommand` would not have written. */
export function decodeKvCommand(bytes: Uint8Array): KvCommand | null {
  const from = new ByteReader(bytes)
  const op = from.u8()
  const key = keyIn(from)
  if (op === OPS.get) return from.isWhole && key !== null ? { kind: 'get', key } : null
  const [conditional, version] = [from.u8(), from.u64()]
  const isSound = conditional === 1 || (conditional === 0 && version === 0n)
  const expected = conditional === 1 ? version : null
  if (key === null || !isSound) return null
  if (op === OPS.delete) return from.isWhole ? { kind: 'delete', key, version: expected } : null
  const value = from.take(from.u16())
  const isPut = op === OPS.put && from.isWhole && value.length <= VALUE_BYTES_MAX
  return isPut ? { kind: 'put', key, version: expected, value } : null
}

/** `u8 outcome ‖ u64 version ‖ value`; version 0 and no value where there is none. */
function encodeKvResult(outcome: KvResult['outcome'], entry: KvEntry | null): Uint8Array {
  const to = new ByteWriter().u8(OUTCOMES.indexOf(outcome)).u64(entry?.version ?? 0n)
  return to.bytes(entry?.value ?? new Uint8Array()).done()
}

/** Null for bytes that no machine answered. */
export function decodeKvResult(bytes: Uint8Array): KvResult | null {
  const from = new ByteReader(bytes)
  const outcome = OUTCOMES[from.u8()]
  const version = from.u64()
  const value = from.rest()
  return outcome === undefined || from.failed ? null : { outcome, version, value }
}

function stateCodec(): Codec<KvState> {
  return {
    encode(state) {
      const to = new ByteWriter()
      for (const { key, version, value } of state) {
        const bytes = fromHex(key)
        to.u8(bytes.length).bytes(bytes).u64(version).u16(value.length).bytes(value)
      }
      return to.done()
    },
    decode(bytes) {
      const from = new ByteReader(bytes)
      const entries: KvEntry[] = []
      while (!from.isWhole && !from.failed) {
        const key = keyIn(from)
        const version = from.u64()
        const value = from.take(from.u16())
        if (key === null || value.length > VALUE_BYTES_MAX) return null
        entries.push({ key, version, value })
      }
      const ascend = entries.every(({ key }, i) => i === 0 || (entries[i - 1]?.key ?? '') < key)
      return ascend && !from.failed ? entries : null
    },
  }
}

function keyIn(from: ByteReader): Hex | null {
  const length = from.u8()
  const key = from.take(length)
  return length > 0 && length <= KEY_BYTES_MAX ? toHex(key) : null
}

const sizeOf = ({ key, value }: KvEntry): number => 1 + (key.length - 2) / 2 + 8 + 2 + value.length
