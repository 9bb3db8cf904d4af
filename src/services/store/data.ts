import { decodeCbor, encodeCbor } from '../../codec/cbor.ts'
import type { DecodedCbor } from '../../codec/cbor.ts'
import { invariant } from '../../types/errors.ts'
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
  readonly change: StoreChange | null
}

const NOTHING = new Uint8Array()

/** Keys, values and sessions after the entries of a log so far. The same entries make the same data everywhere. */
export class StoreData {
  readonly #keys = new Map<string, Stored>()
  /** Least recently used first. */
  readonly #sessions = new Map<number, SessionRow>()
  #bytes = 0

  get(key: string): Result {
    const found = this.#keys.get(key)
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
      case 'put':
      case 'delete':
        break
    }
    const { key } = write
    const present = this.#keys.get(key)
    if (write.version !== null && write.version !== (present?.version ?? 0))
      return answer('conflict', present?.version ?? 0)
    const freed = present === undefined ? 0 : sizeOf(key, present.value)
    if (write.kind === 'delete') {
      if (present === undefined) return answer('missing', 0)
      this.#keys.delete(key)
      this.#bytes -= freed
      return { ...answer('done', 0), change: { index, key, value: null } }
    }
    const { value } = write
    if (this.#bytes - freed + sizeOf(key, value) > STORE_BYTES_MAX)
      return answer('full', present?.version ?? 0)
    this.#keys.set(key, { value, version: index })
    this.#bytes += sizeOf(key, value) - freed
    return { ...answer('done', index), change: { index, key, value } }
  }

  #open(index: number): Applied {
    this.#sessions.set(index, { seq: 0, outcome: 'done', version: 0 })
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest)
    return answer('done', index)
  }

  /** `[[key, version, value] …, [session, seq, outcome, version] …]`, sessions in order of use. */
  encode(): Uint8Array {
    return encodeCbor([
      [...this.#keys].map(([key, { version, value }]) => [bytesOf(key), version, value]),
      [...this.#sessions].map(([session, { seq, outcome, version }]) => [
        ...[session, seq, OUTCOMES.indexOf(outcome), version],
      ]),
    ])
  }

  static decode(bytes: Uint8Array): StoreData {
    const data = new StoreData()
    const [keys, sessions] = listOf(decodeCbor(bytes))
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
  const isKey = isKeyName(write.key) && isCount(write.version)
  return isKey && (write.kind === 'delete' || write.value.length <= VALUE_BYTES_MAX)
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
  return { result: { outcome, version, value: NOTHING }, change: null }
}

function listOf(value: DecodedCbor | undefined): readonly DecodedCbor[] {
  invariant(Array.isArray(value), 'no list of a snapshot')
  return value as readonly DecodedCbor[]
}
