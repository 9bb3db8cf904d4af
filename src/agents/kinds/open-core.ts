import { decodeCbor, encodeCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { Bulk } from '../../services/store/bulk.ts'
import type { BulkFrame } from '../../services/store/bulk.ts'
import { OpenReplica } from '../../services/store/open-replica.ts'
import type { OpenEvent, OpenReply, OpenRequest } from '../../services/store/open-replica.ts'
import {
  clockItems,
  clockOf,
  decodeOpenMessage,
  decodeOpenRecord,
  encodeOpenMessage,
  encodeOpenRecord,
} from '../../services/store/open-wire.ts'
import type { TxRow } from '../../services/store/transactions.ts'
import type { ReplicaWord } from '../../services/store/types.ts'
import { isKeyName } from '../../services/store/data.ts'
import { VALUE_BYTES_MAX } from '../../services/store/types.ts'
import { NO_CLOCK } from '../../services/store/versions.ts'
import type { Clock } from '../../services/store/versions.ts'
import type { Address } from '../../types/ids.ts'
import type { StoreWord } from '../../types/store-request.ts'
import { refusedAs } from '../../types/store-request.ts'
import type { CoreAnswer, CoreEffects, CoreEvent, StoreCore } from './store-core.ts'

/** The file is written anew when its records take more bytes than this and more than twice what the copy needs. */
const JOURNAL_BYTES_MAX = 1_048_576

type Consistency = 'causal' | 'eventual'

/** A copy of a causal or eventual store. */
export class OpenCore implements StoreCore {
  readonly consistency: Consistency
  readonly tickMs = 500
  readonly #replica: OpenReplica
  readonly #bulk = new Bulk()
  #journalBytes: number
  #wholeBytes = 0

  /** @throws Error for a record that is none */
  constructor(self: Address, consistency: Consistency, records: readonly Uint8Array[]) {
    this.consistency = consistency
    this.#journalBytes = bytesOf(records)
    const known = records.map((bytes) => {
      const record = decodeOpenRecord(bytes)
      if (record === null) throw new Error('a record of no causal or eventual store')
      return record
    })
    this.#replica = new OpenReplica({ self, consistency, records: known })
  }

  step(event: CoreEvent): CoreEffects {
    switch (event.kind) {
      case 'ask': {
        const { id, ask } = event
        const request = requestOf(ask)
        return 'code' in request
          ? done({ answers: [{ id, answer: request }] })
          : this.#step({ kind: 'request', id, request })
      }
      case 'frame': {
        const { message, send } = this.#bulk.receive(event.from, event.bytes)
        const first = send === null ? [] : [framed(send)]
        const known = message === null ? null : decodeOpenMessage(message)
        if (known === null) return done({ sends: first })
        return this.#step({ kind: 'message', from: event.from, message: known }, first)
      }
      case 'tick':
        return this.#step(event, this.#bulk.tick().map(framed))
      case 'group':
        return this.#step({ kind: 'group', group: event.group })
    }
  }

  whole(): Uint8Array[] {
    const records = this.#replica.whole().map(encodeOpenRecord)
    this.#wholeBytes = this.#journalBytes = bytesOf(records)
    return records
  }

  /** There is no log. */
  report(): ReplicaWord {
    return { token: 0n, epoch: 0n, index: 0, committed: 0, standing: 'following' }
  }

  speak(): ReplicaWord {
    return this.report()
  }

  hasCaughtUp(): boolean {
    return this.#replica.hasCaughtUp
  }

  isShared(): boolean {
    return this.#replica.isShared
  }

  transactions(): readonly TxRow[] {
    return []
  }

  changesSince(): null {
    return null
  }

  #step(event: OpenEvent, first: CoreEffects['sends'] = []): CoreEffects {
    const effects = this.#replica.step(event)
    const isGet = event.kind === 'request' && event.request.kind === 'get'
    const records = effects.records.map(encodeOpenRecord)
    this.#journalBytes += bytesOf(records)
    return {
      records,
      isWhole: this.#journalBytes > Math.max(JOURNAL_BYTES_MAX, 2 * this.#wholeBytes),
      sends: [
        ...first,
        ...effects.sends.flatMap(({ to, message }) => {
          const frame = this.#bulk.send(to, encodeOpenMessage(message))
          return frame === null ? [] : [framed(frame)]
        }),
      ],
      answers: effects.replies.map(({ id, reply }) => ({ id, answer: answerOf(reply, isGet) })),
      changes: [],
    }
  }
}

const framed = ({ to, frame }: BulkFrame): CoreEffects['sends'][number] => ({ to, bytes: frame })

function done(effects: Partial<CoreEffects>): CoreEffects {
  return { records: [], isWhole: false, sends: [], answers: [], changes: [], ...effects }
}

function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, { length }) => sum + length, 0)
}

/** The request, or why it is none. */
function requestOf(ask: StoreWord): OpenRequest | CoreAnswer {
  if (ask.kind === 'tx')
    return refusedAs('wrong-terms', 'a causal or eventual store takes part in no transaction')
  if (ask.kind === 'session' || (ask.kind !== 'get' && (ask.version !== null || ask.id !== null)))
    return refusedAs(
      'wrong-terms',
      'this store is causal or eventual: it has contexts, no versions and sessions',
    )
  if (!isKeyName(ask.key)) return refusedAs('bad-request', 'key')
  const { key } = ask
  const after = clockIn(ask.after)
  const context = ask.kind === 'get' ? NO_CLOCK : clockIn(ask.context)
  if (after === null || context === null) return refusedAs('bad-request', 'context')
  if (ask.kind === 'get') return { kind: 'get', key, after }
  if (ask.value.length > VALUE_BYTES_MAX) return refusedAs('bad-request', 'value')
  return { kind: 'write', key, value: ask.kind === 'put' ? ask.value : null, context, after }
}

/** Null: bytes that no answer had. */
function clockIn(bytes: Uint8Array | null): Clock | null {
  if (bytes === null) return NO_CLOCK
  try {
    return clockOf(decodeCbor(bytes))
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

function answerOf(reply: OpenReply, isGet: boolean): CoreAnswer {
  switch (reply.code) {
    case 'ok': {
      const { context, clock } = reply
      const values = isGet ? reply.values : []
      const outcome = isGet && values.length === 0 ? 'missing' : 'done'
      return {
        ...{ code: 'ok', index: 0, version: 0, outcome, values },
        ...{ context: encodeCbor(clockItems(context)), clock: encodeCbor(clockItems(clock)) },
      }
    }
    case 'E_BEHIND':
      return refusedAs('behind', 'this copy has not seen what the client has')
    case 'E_BAD_REQUEST':
      return refusedAs('bad-request', 'number')
    case 'E_FULL':
      return refusedAs('full', 'no room, or too many writes of the key side by side')
  }
}
