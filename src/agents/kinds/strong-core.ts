import { isKeyName } from '../../services/store/data.ts'
import { LeaseTime } from '../../services/store/lease-time.ts'
import { Replica } from '../../services/store/replica.ts'
import { VALUE_BYTES_MAX } from '../../services/store/types.ts'
import type {
  ReplicaWord,
  StoreEffects,
  StoreEvent,
  StoreReply,
  StoreRequest,
} from '../../services/store/types.ts'
import type { TxRow } from '../../services/store/transactions.ts'
import { decodeStoreTx } from '../../services/transactions/store-message.ts'
import { decodeMessage, decodeRecord, encodeMessage, encodeRecord } from '../../services/store/wire.ts'
import type { Address } from '../../types/ids.ts'
import type { StoreAsk, StoreChange, StoreWord } from '../../types/store-request.ts'
import { refusedAs } from '../../types/store-request.ts'
import type { CoreAnswer, CoreEffects, CoreEvent, StoreCore } from './store-core.ts'

const NOTHING: CoreEffects = { records: [], isWhole: false, sends: [], answers: [], changes: [] }

export interface Clocks {
  /** Unix time, ms. */
  readonly unixMs: () => number
  /** Never falling, ms. */
  readonly nowMs: () => number
}

/** A copy of a strong store. */
export class StrongCore implements StoreCore {
  readonly consistency = 'strong'
  readonly tickMs = 200
  readonly #replica: Replica
  readonly #self: Address
  readonly #clocks: Clocks
  readonly #leaseTime = new LeaseTime()
  #agreedMs = 0

  /** @throws Error for a record that is none */
  constructor(self: Address, records: readonly Uint8Array[], clocks: Clocks) {
    this.#self = self
    this.#clocks = clocks
    const known = records.map((bytes) => {
      const record = decodeRecord(bytes)
      if (record === null) throw new Error('a record of no strong store')
      return record
    })
    this.#replica = new Replica({ self, records: known })
  }

  step(event: CoreEvent): CoreEffects {
    switch (event.kind) {
      case 'ask': {
        const { id, ask } = event
        const request = requestOf(ask, this.#agreedMs)
        if ('code' in request) return { ...NOTHING, answers: [{ id, answer: request }] }
        return this.#step({ kind: 'request', id, request }, ask.kind === 'get')
      }
      case 'frame': {
        const message = decodeMessage(event.bytes)
        return message === null ? NOTHING : this.#step({ kind: 'message', from: event.from, message })
      }
      case 'group': {
        const { group, height, agreedMs } = event
        const isListed = group.inSync.includes(this.#self)
        this.#agreedMs = agreedMs
        this.#leaseTime.decided({ height, agreedMs, isListed }, this.#clocks.nowMs())
        return this.#step({ kind: 'group', group })
      }
      case 'tick':
        return this.#step(event)
    }
  }

  whole(): Uint8Array[] {
    return this.#replica.whole().map(encodeRecord)
  }

  report(): ReplicaWord {
    return this.#replica.report()
  }

  speak(height: number): ReplicaWord {
    this.#leaseTime.said(height, this.#clocks.nowMs())
    return this.report()
  }

  /** It is a member only then. */
  hasCaughtUp(): boolean {
    return true
  }

  /** A majority has what was acknowledged. */
  isShared(): boolean {
    return true
  }

  transactions(): readonly TxRow[] {
    return this.#replica.transactions()
  }

  changesSince(index: number): readonly StoreChange[] | null {
    return this.#replica.changesSince(index)
  }

  #step(event: WithoutClock<StoreEvent>, isGet = false): CoreEffects {
    const { records, sends, replies, changes }: StoreEffects = this.#replica.step({
      ...event,
      // either clock may be wrong: a wall clock is set back, a monotonic one stands still while the machine sleeps
      clockMs: Math.max(this.#clocks.unixMs(), this.#leaseTime.latestMs(this.#clocks.nowMs())),
    })
    const { committed } = this.#replica.report()
    return {
      records: records.map(encodeRecord),
      isWhole: records.some(({ kind }) => kind === 'snapshot'),
      sends: sends.map(({ to, message }) => ({ to, bytes: encodeMessage(message) })),
      answers: replies.map(({ id, reply }) => ({ id, answer: answerOf(reply, committed, isGet) })),
      changes,
    }
  }
}

type WithoutClock<E> = E extends StoreEvent ? Omit<E, 'clockMs'> : never

/** Null: it can be meant. */
function whyBad(ask: Exclude<StoreAsk, { kind: 'session' }>): CoreAnswer | null {
  const isOpen = ask.after !== null || (ask.kind !== 'get' && ask.context !== null)
  if (isOpen)
    return refusedAs('wrong-terms', 'this store is strong: it has versions and sessions, no contexts')
  if (!isKeyName(ask.key)) return refusedAs('bad-request', 'key')
  return ask.kind === 'put' && ask.value.length > VALUE_BYTES_MAX ? refusedAs('bad-request', 'value') : null
}

/** The request, or why it is none. @param agreedMs as this copy knows it */
function requestOf(ask: StoreWord, agreedMs: number): StoreRequest | CoreAnswer {
  if (ask.kind === 'session') return { kind: 'write', command: { write: { kind: 'open' }, id: null } }
  if (ask.kind === 'tx') {
    const message = decodeStoreTx(ask.message)
    if (message === null) return refusedAs('bad-request', 'bytes')
    return { kind: 'write', command: { write: { kind: 'tx', agreedMs, message }, id: null } }
  }
  const why = whyBad(ask)
  if (why !== null) return why
  switch (ask.kind) {
    case 'get':
      return { kind: 'get', key: ask.key }
    case 'put':
    case 'delete': {
      const { kind, key, version, value, id } = ask
      const write = kind === 'put' ? { kind, key, version, value } : { kind, key, version }
      return { kind: 'write', command: { write, id } }
    }
  }
}

function answerOf(reply: StoreReply, index: number, isGet: boolean): CoreAnswer {
  switch (reply.code) {
    case 'ok': {
      const { outcome, version, value } = reply.result
      // a transaction is answered in a later step; other writes have no value
      const values = outcome === 'done' && (isGet || value.length > 0) ? [value] : []
      return { code: 'ok', index, outcome, version, values, context: null, clock: null }
    }
    case 'E_NOT_PRIMARY':
      return refusedAs('not-primary', 'another copy leads', reply.primary)
    case 'E_NO_QUORUM':
      return refusedAs('no-quorum', reply.why)
    case 'E_BAD_REQUEST':
      return refusedAs('bad-request', 'number')
    case 'E_UNKNOWN_OUTCOME':
      return refusedAs('unknown-outcome', 'it led when the request came, and does not now')
  }
}
