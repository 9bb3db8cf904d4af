import { concatHex, keccak, toHex, uint, utf8Hex } from '../../codec/hex.ts'
import type { Address } from '../../types/ids.ts'
import type { GroupView } from '../replication/view.ts'
import { isKeyName } from './data.ts'
import { STORE_BYTES_MAX, VALUE_BYTES_MAX } from './types.ts'
import { covers, isWithin, later, merged, NO_CLOCK, NO_KEY, written } from './versions.ts'
import type { Clock, KeyState } from './versions.ts'

/** Parts of the keys that copies compare by hash. */
export const BUCKETS = 64
/** Writes that wait for their causes; later ones come by comparison. */
const DELAYED_MAX = 1024
/** Writes side by side of one key at one copy. */
export const SIBLINGS_MAX = 16

/** `after`: what the client has seen so far. `context`: what it has seen of this key, which its write replaces. */
export type OpenRequest =
  | { readonly kind: 'get'; readonly key: string; readonly after: Clock }
  | {
      readonly kind: 'write'
      readonly key: string
      /** Null: deletes. */
      readonly value: Uint8Array | null
      readonly context: Clock
      readonly after: Clock
    }

/**
 * - `E_BEHIND`: this copy has not seen what the client has
 * - `E_FULL`: too many writes of the key side by side, which the client may read and replace, or no room for more bytes
 */
export type OpenReply =
  | {
      readonly code: 'ok'
      /** All values that stand side by side: the client merges them. */
      readonly values: readonly Uint8Array[]
      readonly context: Clock
      /** What the client has seen from now on. */
      readonly clock: Clock
    }
  | { readonly code: 'E_BEHIND' | 'E_BAD_REQUEST' | 'E_FULL' }

type Keys = readonly (readonly [key: string, state: KeyState])[]

export type OpenMessage =
  /** A write, and what its copy had seen before it. */
  | {
      readonly kind: 'write'
      readonly author: Address
      readonly number: number
      readonly causes: Clock
      readonly key: string
      readonly state: KeyState
    }
  | { readonly kind: 'digest'; readonly buckets: readonly bigint[] }
  /** All keys of the parts that differ, and everything that is in them: taken as a whole. */
  | { readonly kind: 'keys'; readonly keys: Keys; readonly clock: Clock }

export type OpenRecord =
  | { readonly kind: 'key'; readonly key: string; readonly state: KeyState }
  | { readonly kind: 'clock'; readonly clock: Clock }

export type OpenEvent =
  | { readonly kind: 'group'; readonly group: GroupView }
  | { readonly kind: 'message'; readonly from: Address; readonly message: OpenMessage }
  | { readonly kind: 'request'; readonly id: number; readonly request: OpenRequest }
  | { readonly kind: 'tick' }

/** In this order, as with a strong copy: records are durable before anything is sent or answered. */
export interface OpenEffects {
  readonly records: OpenRecord[]
  readonly sends: { readonly to: Address; readonly message: OpenMessage }[]
  readonly replies: { readonly id: number; readonly reply: OpenReply }[]
}

type Write = OpenMessage & { readonly kind: 'write' }

/**
 * One copy of a causal or eventual store: it answers by itself, whoever else is there, and tells the others.
 *
 * - A write is acknowledged when this copy has it on disk. Writes that have not seen each other stand side by side; nothing
 *   is dropped by time.
 * - Causal: a write of another copy is applied when everything that it had seen is. Eventual: at once.
 * - At each tick one other copy compares hashes of the keys and answers with all that differ. So copies that can talk become
 *   equal, whatever was lost, and after a cut.
 */
export class OpenReplica {
  readonly #self: Address
  readonly #isCausal: boolean
  readonly #keys = new Map<string, KeyState>()
  readonly #hashes = new Map<string, bigint>()
  readonly #bucketOfKey = new Map<string, number>()
  readonly #buckets = Array.from({ length: BUCKETS }, () => 0n)
  #clock: Clock = NO_CLOCK
  #bytes = 0
  /** Copies that held the same when they last said what they hold. */
  readonly #equal = new Set<Address>()
  /** Parts of the keys that were once the same at another copy. */
  readonly #onceEqual = new Set<number>()
  /** Null: it has heard of no group. */
  #others: readonly Address[] | null = null
  #turn = 0
  #delayed: Write[] = []
  #out: OpenEffects = { records: [], sends: [], replies: [] }

  constructor(init: {
    readonly self: Address
    readonly consistency: 'causal' | 'eventual'
    readonly records: Iterable<OpenRecord>
  }) {
    this.#self = init.self
    this.#isCausal = init.consistency === 'causal'
    for (const record of init.records) this.#recorded(record)
  }

  step(event: OpenEvent): OpenEffects {
    this.#out = { records: [], sends: [], replies: [] }
    switch (event.kind) {
      case 'group': {
        const { members, learners } = event.group
        this.#others = [...members, ...learners].filter((key) => key !== this.#self)
        break
      }
      case 'message':
        this.#onMessage(event.from, event.message)
        break
      case 'request':
        this.#out.replies.push({ id: event.id, reply: this.#answer(event.request) })
        break
      case 'tick':
        this.#compare()
        break
    }
    return this.#out
  }

  /** Equal for copies that hold the same. */
  get digest(): readonly bigint[] {
    return this.#buckets
  }

  /** Whether another copy has everything that this one has, as far as it is known here; or there is no other one. */
  get isShared(): boolean {
    const others = this.#others ?? []
    return others.length === 0 || others.some((key) => this.#equal.has(key))
  }

  /**
   * Whether it has had what others hold: each part of the keys was once the same here and there, at whatever time. Clients that
   * go on writing keep the whole from ever being the same.
   */
  get hasCaughtUp(): boolean {
    return this.#others !== null && (this.#others.length === 0 || this.#onceEqual.size === BUCKETS)
  }

  /** The fewest records of which a new copy goes on where this one is. */
  whole(): OpenRecord[] {
    const keys = [...this.#keys].map(([key, state]): OpenRecord => ({ kind: 'key', key, state }))
    return [...keys, { kind: 'clock', clock: this.#clock }]
  }

  #answer(request: OpenRequest): OpenReply {
    const { key, after } = request
    if (!isKeyName(key)) return { code: 'E_BAD_REQUEST' }
    if (this.#isCausal && !isWithin(after, this.#clock)) return { code: 'E_BEHIND' }
    if (request.kind === 'write') {
      const { value, context } = request
      if (value !== null && value.length > VALUE_BYTES_MAX) return { code: 'E_BAD_REQUEST' }
      const before = this.#keys.get(key) ?? NO_KEY
      // what this copy has not seen it cannot let replace
      if (!isWithin(context, before.context)) return { code: 'E_BEHIND' }
      const beside = before.versions.filter((one) => !covers(context, one))
      const added = value === null ? 0 : key.length + value.length
      if (beside.length >= SIBLINGS_MAX || (added > 0 && this.#bytes + added > STORE_BYTES_MAX))
        return { code: 'E_FULL' }
      this.#write(key, before, context, value)
    }
    const { versions, context } = this.#keys.get(key) ?? NO_KEY
    const values = versions.flatMap(({ value }) => (value === null ? [] : [value]))
    return { code: 'ok', values, context, clock: this.#clock }
  }

  #write(key: string, before: KeyState, seen: Clock, value: Uint8Array | null): void {
    const causes = this.#clock
    const number = (causes.get(this.#self) ?? 0) + 1
    const state = written(before, seen, { author: this.#self, number, value })
    this.#record({ kind: 'key', key, state })
    this.#record({ kind: 'clock', clock: later(causes, new Map([[this.#self, number]])) })
    const message: Write = { kind: 'write', author: this.#self, number, causes, key, state }
    for (const to of this.#others ?? []) this.#out.sends.push({ to, message })
  }

  #onMessage(from: Address, message: OpenMessage): void {
    switch (message.kind) {
      case 'write':
        if (!this.#isCausal) return this.#merge([[message.key, message.state]])
        if (this.#delayed.length < DELAYED_MAX) this.#delayed.push(message)
        return this.#applyDelayed()
      case 'digest': {
        const differs = (key: string): boolean =>
          message.buckets[this.#bucketOf(key)] !== this.#buckets[this.#bucketOf(key)]
        const same = this.#buckets.flatMap((hash, i) => (hash === message.buckets[i] ? [i] : []))
        for (const part of same) this.#onceEqual.add(part)
        if (same.length === BUCKETS) this.#equal.add(from)
        else this.#equal.delete(from)
        const keys = [...this.#keys].filter(([key]) => differs(key))
        if (keys.length > 0)
          this.#out.sends.push({ to: from, message: { kind: 'keys', keys, clock: this.#clock } })
        return
      }
      case 'keys':
        this.#merge(message.keys)
        if (!this.#isCausal) return
        if (isWithin(message.clock, this.#clock)) return
        this.#record({ kind: 'clock', clock: later(this.#clock, message.clock) })
        return this.#applyDelayed()
    }
  }

  /** Writes whose causes are all here, until there are no more. */
  #applyDelayed(): void {
    while (true) {
      this.#delayed = this.#delayed.filter((write) => !covers(this.#clock, write))
      const ready = this.#delayed.find(({ causes }) => isWithin(causes, this.#clock))
      if (ready === undefined) return
      this.#merge([[ready.key, ready.state]])
      const clock = later(this.#clock, new Map([[ready.author, ready.number]]))
      this.#record({ kind: 'clock', clock })
    }
  }

  #merge(keys: Keys): void {
    for (const [key, theirs] of keys) {
      const state = merged(this.#keys.get(key) ?? NO_KEY, theirs)
      if (hashOf(key, state) !== this.#hashes.get(key)) this.#record({ kind: 'key', key, state })
    }
  }

  #bucketOf(key: string): number {
    let bucket = this.#bucketOfKey.get(key)
    if (bucket === undefined) {
      bucket = Number(BigInt(keccak(utf8Hex(key))) % BigInt(BUCKETS))
      this.#bucketOfKey.set(key, bucket)
    }
    return bucket
  }

  #compare(): void {
    const others = this.#others ?? []
    const to = others[(this.#turn += 1) % Math.max(1, others.length)]
    if (to !== undefined)
      this.#out.sends.push({ to, message: { kind: 'digest', buckets: [...this.#buckets] } })
  }

  #record(record: OpenRecord): void {
    this.#out.records.push(record)
    this.#recorded(record)
  }

  #recorded(record: OpenRecord): void {
    if (record.kind === 'clock') {
      this.#clock = record.clock
      return
    }
    const { key, state } = record
    this.#equal.clear()
    this.#bytes += sizeOf(key, state) - sizeOf(key, this.#keys.get(key))
    const hash = hashOf(key, state)
    const at = this.#bucketOf(key)
    this.#buckets[at] = (this.#buckets[at] ?? 0n) ^ (this.#hashes.get(key) ?? 0n) ^ hash
    this.#hashes.set(key, hash)
    this.#keys.set(key, state)
  }
}

function sizeOf(key: string, state: KeyState | undefined): number {
  if (state === undefined) return 0
  const { versions, context } = state
  return versions.reduce((sum, { value }) => sum + (value?.length ?? 0), key.length + 32 * context.size)
}

/** Over the key, its versions and its context, the latter by author; every part is behind its length. */
function hashOf(key: string, { versions, context }: KeyState): bigint {
  const text = (part: string): string => concatHex(`0x${uint(part.length, 4)}`, utf8Hex(part))
  const dots = versions.map(({ author, number, value }) => {
    const length = value === null ? 2 ** 32 - 1 : value.length
    return concatHex(text(author), `0x${uint(number, 6)}${uint(length, 4)}`, toHex(value ?? new Uint8Array()))
  })
  const seen = [...context]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([author, number]) => concatHex(text(author), `0x${uint(number, 6)}`))
  return BigInt(keccak(concatHex(text(key), `0x${uint(versions.length, 4)}`, ...dots, ...seen))) >> 192n
}
