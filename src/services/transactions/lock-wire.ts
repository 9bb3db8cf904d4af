import { encodeCbor } from '../../codec/cbor.ts'
import type { DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { equalBytes } from '../../codec/hex.ts'
import { LOCK_CODES, LOCK_KEY_BYTES_MAX, TX_MAX } from '../../types/lock-request.ts'
import type { LockAnswer, LockAsk } from '../../types/lock-request.ts'
import { U16_MAX, u128 } from '../fields.ts'
import { byteString, count, decoded, list } from '../store/read.ts'
import type { LockMode } from './locks.ts'

const MODES = ['read', 'write'] as const satisfies readonly LockMode[]

/** `[0, tx, key, mode, work, priority]` or `[1, tx]` */
export function encodeLockAsk(ask: LockAsk): Uint8Array {
  if (ask.kind === 'release') return encodeCbor([1, ask.tx])
  const { tx, key, mode, work, priority } = ask
  return encodeCbor([0, tx, new TextEncoder().encode(key), MODES.indexOf(mode), work, priority])
}

/** Null: bytes that `encodeLockAsk` would not have written, or a request beyond the limits. */
export function decodeLockAsk(bytes: Uint8Array): LockAsk | null {
  const ask = decoded(bytes, askOf)
  return ask !== null && isLockAsk(ask) && equalBytes(encodeLockAsk(ask), bytes) ? ask : null
}

export function isLockAsk(ask: LockAsk): boolean {
  if (!Number.isSafeInteger(ask.tx) || ask.tx < 1 || ask.tx > TX_MAX) return false
  if (ask.kind === 'release') return true
  const { length } = new TextEncoder().encode(ask.key)
  const isIn = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 0 && value <= most
  return length >= 1 && length <= LOCK_KEY_BYTES_MAX && isIn(ask.work, U16_MAX) && isIn(ask.priority, 255)
}

/** `[code, token]` */
export function encodeLockAnswer({ code, token }: LockAnswer): Uint8Array {
  const bytes = new Uint8Array(16)
  u128.put(new DataView(bytes.buffer), 0, token)
  return encodeCbor([LOCK_CODES.indexOf(code), bytes])
}

/** Null: bytes that `encodeLockAnswer` would not have written. */
export function decodeLockAnswer(bytes: Uint8Array): LockAnswer | null {
  const answer = decoded(bytes, answerOf)
  return answer !== null && equalBytes(encodeLockAnswer(answer), bytes) ? answer : null
}

function askOf(value: DecodedCbor): LockAsk {
  const [kind, tx, key, mode, work, priority] = list(value)
  if (count(kind) === 1) return { kind: 'release', tx: count(tx) }
  const named = MODES[count(mode)]
  if (count(kind) !== 0 || named === undefined) throw new Malformed()
  return {
    ...{ kind: 'acquire', tx: count(tx), key: new TextDecoder().decode(byteString(key)), mode: named },
    ...{ work: count(work), priority: count(priority) },
  }
}

function answerOf(value: DecodedCbor): LockAnswer {
  const [number, bytes] = list(value)
  const code = LOCK_CODES[count(number)]
  const token = byteString(bytes)
  if (code === undefined || token.length !== 16) throw new Malformed()
  return { code, token: u128.get(new DataView(token.buffer, token.byteOffset, 16), 0) }
}
