import { encodeCbor } from '../../codec/cbor.ts'
import type { CborValue, DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { equalBytes, fromHex, toHex } from '../../codec/hex.ts'
import { PROTOCOLS, TX_LIMITS, TX_REFUSALS } from '../../types/transaction.ts'
import type { Outcome, Protocol, TxName, TxRefusal, TxWrite } from '../../types/transaction.ts'
import { byteString, count, decoded, list } from '../store/read.ts'
import type { Accepted, Body, Terms } from './messages.ts'

/** What one store has to do in a transaction. Participant i of the terms is `services[i − 1]`. */
export interface Share {
  readonly protocol: Protocol
  /** Numbers of all stores that take part, ascending; the own one is among them. */
  readonly services: readonly number[]
  readonly self: number
  /** Task of the agreed log that decides; 0: none does. */
  readonly log: bigint
  readonly writes: readonly TxWrite[]
}

/** What a store that takes part is told. `forget`: all of them are done, and nobody asks any more. */
export type StoreTxBody =
  | { readonly kind: 'prepare'; readonly share: Share }
  | Extract<Body, { readonly kind: 'ask' | 'outcome' | 'accept' | 'collect' }>
  | { readonly kind: 'forget' }

export interface StoreTxMessage {
  readonly name: TxName
  readonly body: StoreTxBody
}

/** What it answers; a body of null: nothing. `why`: of a vote against. */
export interface StoreTxReply {
  readonly body: Extract<Body, { readonly kind: 'vote' | 'outcome' | 'done' | 'accepted' | 'promise' }> | null
  readonly why: TxRefusal | null
}

/** Whether a participant says it to whom asks. */
export function isReply(body: Body): body is NonNullable<StoreTxReply['body']> {
  return REPLIES.some((kind) => kind === body.kind)
}

export function termsOf({ protocol, services }: Pick<Share, 'protocol' | 'services'>): Terms {
  return { protocol, coordinator: 0, participants: services.map((_, i) => i + 1) }
}

const BODIES = ['prepare', 'ask', 'outcome', 'accept', 'collect', 'forget'] as const
const REPLIES = ['vote', 'outcome', 'done', 'accepted', 'promise'] as const
const OUTCOMES = ['abort', 'commit'] as const satisfies readonly Outcome[]
const WRITES = ['put', 'delete', 'check'] as const satisfies readonly TxWrite['kind'][]

/** `[coordinator, number, kind, …]`: of prepare `[protocol, services, self, log, writes]`, of others `[ballot?, outcome?]`. */
export function encodeStoreTx({ name, body }: StoreTxMessage): Uint8Array {
  return encodeCbor([...nameItems(name), BODIES.indexOf(body.kind), ...bodyItems(body)])
}

/** Null: bytes that `encodeStoreTx` would not have written, or more than one store is told. */
export function decodeStoreTx(bytes: Uint8Array): StoreTxMessage | null {
  const message = bytes.length > TX_LIMITS.bytes ? null : decoded(bytes, messageOf)
  return message !== null && equalBytes(encodeStoreTx(message), bytes) ? message : null
}

/** `[why, kind, …]`; `why` is 0 without one. */
export function encodeStoreTxReply({ body, why }: StoreTxReply): Uint8Array {
  const reason = why === null ? 0 : TX_REFUSALS.indexOf(why) + 1
  return encodeCbor(body === null ? [reason] : [reason, REPLIES.indexOf(body.kind), ...replyItems(body)])
}

/** Null: bytes that `encodeStoreTxReply` would not have written. */
export function decodeStoreTxReply(bytes: Uint8Array): StoreTxReply | null {
  const reply = decoded(bytes, replyOf)
  return reply !== null && equalBytes(encodeStoreTxReply(reply), bytes) ? reply : null
}

export function nameItems({ coordinator, number }: TxName): [Uint8Array, number] {
  return [fromHex(coordinator), number]
}

/** @throws Malformed */
export function nameIn(coordinator: DecodedCbor | undefined, number: DecodedCbor | undefined): TxName {
  const key = byteString(coordinator)
  if (key.length !== 20) throw new Malformed()
  return { coordinator: toHex(key), number: count(number) }
}

/** `[protocol, services, self, log, [[kind, key, version, value] …]]` */
export function shareItems({ protocol, services, self, log, writes }: Share): CborValue[] {
  const task = new Uint8Array(8)
  new DataView(task.buffer).setBigUint64(0, log)
  const items = writes.map(({ kind, key, version, value }) => [
    ...[WRITES.indexOf(kind), new TextEncoder().encode(key), version === null ? [] : [version], value],
  ])
  return [PROTOCOLS.indexOf(protocol), [...services], self, task, items]
}

/** @throws Malformed */
export function shareIn(items: readonly DecodedCbor[]): Share {
  const [protocol, services, self, log, writes] = items
  const task = byteString(log)
  if (task.length !== 8) throw new Malformed()
  return {
    protocol: oneOf(PROTOCOLS, protocol),
    services: list(services).map(count),
    self: count(self),
    log: new DataView(task.buffer, task.byteOffset, 8).getBigUint64(0),
    writes: list(writes).map(writeIn),
  }
}

/** `[ballot, outcome]` */
export function acceptedItems({ ballot, outcome }: Accepted): [number, number] {
  return [ballot, OUTCOMES.indexOf(outcome)]
}

/** @throws Malformed */
export function acceptedIn(items: readonly DecodedCbor[]): Accepted {
  return { ballot: count(items[0]), outcome: outcomeIn(items[1]) }
}

/** @throws Malformed */
export function outcomeIn(value: DecodedCbor | undefined): Outcome {
  return oneOf(OUTCOMES, value)
}

export const outcomeItem = (outcome: Outcome): number => OUTCOMES.indexOf(outcome)

function bodyItems(body: StoreTxBody): CborValue[] {
  switch (body.kind) {
    case 'prepare':
      return shareItems(body.share)
    case 'outcome':
      return [outcomeItem(body.outcome)]
    case 'accept':
      return acceptedItems(body)
    case 'collect':
      return [body.ballot]
    case 'ask':
    case 'forget':
      return []
  }
}

function messageOf(value: DecodedCbor): StoreTxMessage {
  const [coordinator, number, which, ...rest] = list(value)
  const name = nameIn(coordinator, number)
  const kind = oneOf(BODIES, which)
  switch (kind) {
    case 'prepare':
      return { name, body: { kind, share: shareIn(rest) } }
    case 'outcome':
      return { name, body: { kind, outcome: outcomeIn(rest[0]) } }
    case 'accept':
      return { name, body: { kind, ...acceptedIn(rest) } }
    case 'collect':
      return { name, body: { kind, ballot: count(rest[0]) } }
    case 'ask':
    case 'forget':
      return { name, body: { kind } }
  }
}

function replyItems(body: NonNullable<StoreTxReply['body']>): CborValue[] {
  switch (body.kind) {
    case 'vote':
      return [body.isYes ? 1 : 0]
    case 'outcome':
      return [outcomeItem(body.outcome)]
    case 'done':
      return []
    case 'accepted':
      return [body.ballot]
    case 'promise': {
      const { ballot, accepted, final } = body
      return [
        ballot,
        accepted === null ? [] : acceptedItems(accepted),
        final === null ? [] : [outcomeItem(final)],
      ]
    }
  }
}

function replyOf(value: DecodedCbor): StoreTxReply {
  const [reason, which, a, b, c] = list(value)
  const why = count(reason) === 0 ? null : oneOf(TX_REFUSALS, count(reason) - 1)
  if (which === undefined) return { body: null, why }
  const kind = oneOf(REPLIES, which)
  switch (kind) {
    case 'vote':
      return { body: { kind, isYes: count(a) === 1 }, why }
    case 'outcome':
      return { body: { kind, outcome: outcomeIn(a) }, why }
    case 'done':
      return { body: { kind }, why }
    case 'accepted':
      return { body: { kind, ballot: count(a) }, why }
    case 'promise': {
      const accepted = list(b).length === 0 ? null : acceptedIn(list(b))
      const final = list(c).length === 0 ? null : outcomeIn(list(c)[0])
      return { body: { kind, ballot: count(a), accepted, final }, why }
    }
  }
}

function writeIn(value: DecodedCbor): TxWrite {
  const [kind, key, version, bytes] = list(value)
  return {
    kind: oneOf(WRITES, kind),
    key: new TextDecoder().decode(byteString(key)),
    version: list(version).length === 0 ? null : count(list(version)[0]),
    value: byteString(bytes).slice(),
  }
}

function oneOf<Name>(names: readonly Name[], value: DecodedCbor | undefined): Name {
  const name = names[count(value)]
  if (name === undefined) throw new Malformed()
  return name
}
