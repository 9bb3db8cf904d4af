import { decodeCbor, encodeCbor } from '../../codec/cbor.ts'
import type { DecodedCbor } from '../../codec/cbor.ts'
import { invariant } from '../../types/errors.ts'
import { TX_LIMITS } from '../../types/transaction.ts'
import type { TxWrite } from '../../types/transaction.ts'
import { encodeStoreTx, encodeStoreTxReply } from '../transactions/store-message.ts'
import type { Share } from '../transactions/store-message.ts'
import { StoreTransactions } from './transactions.ts'
import type { Keys } from './transactions.ts'
import { KEY_BYTES_MAX, SESSIONS_MAX, STORE_BYTES_MAX, VALUE_BYTES_MAX } from './types.ts'
import type { Command, Result, StoreRequest, Write } from './types.ts'
import { OUTCOMES } from '../../types/store-request.ts'
import type { StoreChange } from '../../types/store-request.ts'

interface Stored {
  readonly value: Uint8Array
  /** Index of the entry that wrote it. */
  readonly version: number
}

/** What was done last in a session. */
interface SessionRow extends Omit<Result, 'value'> {
  readonly seq: number
}

export interface Applied {
  readonly result: Result
  /** One, or more of a transaction. */
  readonly changes: readonly StoreChange[]
}

const NOTHING = new Uint8Array()

/** Keys, values, sessions and transactions after the entries of a log so far. The same entries make the same data everywhere. */
export class StoreData {
  readonly #keys = new Map<string, Stored>()
  /** Least recently used first. */
  readonly #sessions = new Map<number, SessionRow>()
  #transactions = new StoreTransactions()
  #bytes = 0
  readonly #sizes: Keys

  constructor() {
    this.#sizes = {
      versionOf: (key) => this.#keys.get(key)?.version ?? 0,
      growth: (key, value) => sizeOf(key, value) - this.#sizeOf(key),
      room: () => STORE_BYTES_MAX - this.#bytes,
    }
  }

  get transactions(): StoreTransactions {
    return this.#transactions
  }

  get(key: string): Result {
    const found = this.#keys.get(key)
    if (this.#transactions.isChanging(key))
      return { outcome: 'locked', version: found?.version ?? 0, value: NOTHING }
    return found === undefined
      ? { outcome: 'missing', version: 0, value: NOTHING }
      : { outcome: 'done', ...found }
  }

  /** @param index of the entry: the version of what it writes */
  apply({ write, id }: Command, index: number): Applied {
    if (id === null) return this.#write(write, index)
    const session = this.#sessions.get(id.session)
    if (session === undefined || id.seq < session.seq) return answer('over', 0)
    // it was applied before: its answer is the same
    if (id.seq === session.seq) return answer(session.outcome, session.version)
    const applied = this.#write(write, index)
    const { outcome, version } = applied.result
    this.#sessions.delete(id.session)
    this.#sessions.set(id.session, { seq: id.seq, outcome, version })
    return applied
  }

  #write(write: Write, index: number): Applied {
    switch (write.kind) {
      case 'begin':
        return answer('done', index)
      case 'open':
        return this.#open(index)
      case 'tx': {
        const { message, agreedMs } = write
        const { reply, writes } = this.#transactions.step(message, agreedMs, this.#sizes)
        const changes = writes.flatMap((one) => this.#change(one, index))
        return { result: { outcome: 'done', version: index, value: encodeStoreTxReply(reply) }, changes }
      }
      case 'put':
      case 'delete':
        break
    }
    const { key } = write
    const present = this.#keys.get(key)
    if (this.#transactions.isLocked(key)) return answer('locked', present?.version ?? 0)
    if (write.version !== null && write.version !== (present?.version ?? 0))
      return answer('conflict', present?.version ?? 0)
    if (write.kind === 'delete') {
      if (present === undefined) return answer('missing', 0)
      return { ...answer('done', 0), changes: this.#change({ ...write, value: NOTHING }, index) }
    }
    if (this.#sizes.growth(key, write.value) > this.#sizes.room() - this.#transactions.reserved)
      return answer('full', present?.version ?? 0)
    return { ...answer('done', index), changes: this.#change(write, index) }
  }

  /** Whatever its version. */
  #change({ kind, key, value }: Pick<TxWrite, 'kind' | 'key' | 'value'>, index: number): StoreChange[] {
    if (kind === 'check' || (kind === 'delete' && !this.#keys.has(key))) return []
    this.#bytes -= this.#sizeOf(key)
    if (kind === 'delete') this.#keys.delete(key)
    else this.#keys.set(key, { value, version: index })
    this.#bytes += this.#sizeOf(key)
    return [{ index, key, value: kind === 'delete' ? null : value }]
  }

  #sizeOf(key: string): number {
    const present = this.#keys.get(key)
    return present === undefined ? 0 : sizeOf(key, present.value)
  }

  #open(index: number): Applied {
    this.#sessions.set(index, { seq: 0, outcome: 'done', version: 0 })
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest)
    return answer('done', index)
  }

  /** `[[key, version, value] …, [session, seq, outcome, version] …, transactions]`, sessions in order of use. */
  encode(): Uint8Array {
    return encodeCbor([
      [...this.#keys].map(([key, { version, value }]) => [bytesOf(key), version, value]),
      [...this.#sessions].map(([session, { seq, outcome, version }]) => [
        ...[session, seq, OUTCOMES.indexOf(outcome), version],
      ]),
      this.#transactions.encode(),
    ])
  }

  static decode(bytes: Uint8Array): StoreData {
    const data = new StoreData()
    const [keys, sessions, transactions] = listOf(decodeCbor(bytes))
    for (const row of listOf(keys)) {
      const [key, version, value] = listOf(row)
      invariant(key instanceof Uint8Array && value instanceof Uint8Array, 'a row of no snapshot')
      const name = textOf(key)
      data.#keys.set(name, { version: Number(version), value: value.slice() })
      data.#bytes += sizeOf(name, value)
    }
    for (const row of listOf(sessions)) {
      const [session = 0, seq = 0, outcome = 0, version = 0] = listOf(row).map(Number)
      data.#sessions.set(session, { seq, outcome: OUTCOMES[outcome] ?? 'over', version })
    }
    data.#transactions = StoreTransactions.decode(listOf(transactions), data.#sizes)
    return data
  }
}

/** Whether a request can be meant: keys and values within their limits, numbers that are counts. */
export function isRequest(request: StoreRequest): boolean {
  return request.kind === 'get' ? isKeyName(request.key) : isCommand(request.command)
}

export function isCommand({ write, id }: Command): boolean {
  const isCount = (value: number | null): boolean =>
    value === null || (Number.isSafeInteger(value) && value >= 0)
  if (id !== null && (!isCount(id.session) || !isCount(id.seq) || id.seq === 0)) return false
  if (write.kind === 'open') return id === null
  if (write.kind === 'begin') return false
  if (write.kind === 'tx') {
    const { message, agreedMs } = write
    const isFit = id === null && isCount(agreedMs) && encodeStoreTx(message).length <= TX_LIMITS.bytes
    return isFit && (message.body.kind !== 'prepare' || isShare(message.body.share))
  }
  const isKey = isKeyName(write.key) && isCount(write.version)
  return isKey && (write.kind === 'delete' || write.value.length <= VALUE_BYTES_MAX)
}

/** Whether a store can be told so: itself among stores that ascend, each key once, all within the limits. */
function isShare({ services, self, writes }: Share): boolean {
  const isAscending = services.every((one, i) => one >= 1 && one > (services[i - 1] ?? 0))
  const isNumbered = self >= 1 && self <= services.length && services.length <= TX_LIMITS.stores
  const keys = new Set(writes.map(({ key }) => key))
  const isOnce = keys.size === writes.length && writes.length <= TX_LIMITS.writes
  return isAscending && isNumbered && isOnce && writes.every(isTxWrite)
}

export function isTxWrite({ kind, key, version, value }: TxWrite): boolean {
  const isVersion = version === null ? kind !== 'check' : Number.isSafeInteger(version) && version >= 0
  return isKeyName(key) && isVersion && value.length <= (kind === 'put' ? VALUE_BYTES_MAX : 0)
}

export function isKeyName(key: string): boolean {
  const { length } = bytesOf(key)
  return length >= 1 && length <= KEY_BYTES_MAX
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function sizeOf(key: string, value: Uint8Array): number {
  return bytesOf(key).length + value.length + 16
}

function answer(outcome: Result['outcome'], version: number): Applied {
  return { result: { outcome, version, value: NOTHING }, changes: [] }
}

function listOf(value: DecodedCbor | undefined): readonly DecodedCbor[] {
  invariant(Array.isArray(value), 'no list of a snapshot')
  return value as readonly DecodedCbor[]
}
