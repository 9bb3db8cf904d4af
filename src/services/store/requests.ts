import { encodeCbor } from '../../codec/cbor.ts'
import type { CborValue, DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { equalBytes, fromHex, toHex } from '../../codec/hex.ts'
import { CONSISTENCIES, OUTCOMES, STORE_REFUSALS } from '../../types/store-request.ts'
import type { StoreAnswer, StoreRequestId, StoreWord } from '../../types/store-request.ts'
import { bytesOf, textOf } from './data.ts'
import { byteString, count, decoded, list } from './read.ts'

const ASKS = ['session', 'get', 'put', 'delete', 'tx'] as const satisfies readonly StoreWord['kind'][]

/** `[kind, key, after, value, version, id, context]`, of a transaction `[kind, message]`; what may be null is a list of none or one. */
export function encodeAsk(ask: StoreWord): Uint8Array {
  const kind = ASKS.indexOf(ask.kind)
  if (ask.kind === 'session') return encodeCbor([kind])
  if (ask.kind === 'tx') return encodeCbor([kind, ask.message])
  const read = [kind, bytesOf(ask.key), maybe(ask.after)]
  if (ask.kind === 'get') return encodeCbor(read)
  const id = ask.id === null ? [] : [ask.id.session, ask.id.seq]
  return encodeCbor([...read, ask.value, maybe(ask.version), id, maybe(ask.context)])
}

/** Null: bytes that `encodeAsk` would not have written. */
export function decodeAsk(bytes: Uint8Array): StoreWord | null {
  const ask = decoded(bytes, askOf)
  return ask !== null && equalBytes(encodeAsk(ask), bytes) ? ask : null
}

export function encodeAnswer(answer: StoreAnswer): Uint8Array {
  if (answer.code === 'refused') {
    const { refusal, why, primary } = answer
    const known = primary === null ? [] : [fromHex(primary)]
    return encodeCbor([0, STORE_REFUSALS.indexOf(refusal), bytesOf(why), known])
  }
  const { consistency, height, index, outcome, version, values, context, clock } = answer
  const names = [CONSISTENCIES.indexOf(consistency), OUTCOMES.indexOf(outcome)]
  return encodeCbor([1, ...names, height, index, version, values, maybe(context), maybe(clock)])
}

/** Null: bytes that `encodeAnswer` would not have written. */
export function decodeAnswer(bytes: Uint8Array): StoreAnswer | null {
  const answer = decoded(bytes, answerOf)
  return answer !== null && equalBytes(encodeAnswer(answer), bytes) ? answer : null
}

function askOf(value: DecodedCbor): StoreWord {
  const [number, key, after, bytes, version, id, context] = list(value)
  const kind = ASKS[count(number)]
  if (kind === undefined) throw new Malformed()
  if (kind === 'session') return { kind }
  if (kind === 'tx') return { kind, message: copied(key) }
  const read = { key: textOf(byteString(key)), after: maybeOf(after, copied) }
  if (kind === 'get') return { kind, ...read }
  return {
    ...{ kind, ...read, value: copied(bytes), version: maybeOf(version, count), id: idOf(id) },
    context: maybeOf(context, copied),
  }
}

function answerOf(value: DecodedCbor): StoreAnswer {
  const [isOk, a, b, c, index, version, values, context, clock] = list(value)
  if (count(isOk) === 0)
    return {
      code: 'refused',
      refusal: named(STORE_REFUSALS, a),
      why: textOf(byteString(b)),
      primary: list(c).length === 0 ? null : toHex(byteString(list(c)[0])),
    }
  return {
    ...{ code: 'ok', consistency: named(CONSISTENCIES, a), outcome: named(OUTCOMES, b) },
    ...{ height: count(c), index: count(index), version: count(version), values: list(values).map(copied) },
    context: maybeOf(context, copied),
    clock: maybeOf(clock, copied),
  }
}

function idOf(value: DecodedCbor | undefined): StoreRequestId | null {
  const [session, seq] = list(value)
  return session === undefined ? null : { session: count(session), seq: count(seq) }
}

function named<Name>(names: readonly Name[], value: DecodedCbor | undefined): Name {
  const name = names[count(value)]
  if (name === undefined) throw new Malformed()
  return name
}

function maybe(value: CborValue | null): CborValue[] {
  return value === null ? [] : [value]
}

function maybeOf<T>(value: DecodedCbor | undefined, read: (value: DecodedCbor | undefined) => T): T | null {
  const items = list(value)
  return items.length === 0 ? null : read(items[0])
}

function copied(value: DecodedCbor | undefined): Uint8Array {
  return byteString(value).slice()
}
