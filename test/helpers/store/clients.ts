import { utf8Hex, fromHex } from '../../../src/codec/hex.ts'
import type { Random } from '../../../src/faults/random.ts'
import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import type { StoreReply, StoreRequest } from '../../../src/services/store/types.ts'
import type { Recorder } from '../linearizability/history.ts'
import type { Operation } from '../linearizability/history.ts'
import { inputOf, outputOf } from './model.ts'
import type { StoreInput } from './model.ts'
import type { StoreWorld } from './world.ts'

const KEYS = ['a', 'b'] as const
const TRY_MS = 700
/** Between two operations of a client, at most. */
const PAUSE_MS = 1500
/** After so long a client gives up: nobody knows then whether it happened. */
const PATIENCE_MS = 8000

/** Unique over all histories of a process. */
let writes = 0

/** A client that asks one thing at a time, over failures and primaries that change. */
export class StoreClient {
  readonly name: string
  readonly #world: StoreWorld
  readonly #dice: Random
  readonly #recorder: Recorder<KvCommand, KvResult>
  readonly #versions = new Map<string, number>()
  #target: number
  #session: number | null = null
  #seq = 0
  #left: number
  /** It stays with a primary that answers reads alone. */
  readonly #readsOnly: boolean
  isBusy = false

  constructor(
    name: string,
    world: StoreWorld,
    recorder: Recorder<KvCommand, KvResult>,
    { operations, readsOnly }: { readonly operations: number; readonly readsOnly: boolean },
  ) {
    this.name = name
    this.#world = world
    this.#dice = world.random.fork()
    this.#recorder = recorder
    this.#left = operations
    this.#readsOnly = readsOnly
    this.#target = this.#dice.int(0, world.hosts.length - 1)
    this.#later(this.#dice.int(0, 300), () => this.#next())
  }

  get isDone(): boolean {
    return this.#left === 0 && !this.isBusy
  }

  #next(): void {
    if (this.#session === null) return this.#open()
    if (this.#left === 0) return
    this.#left -= 1
    const input = this.#draw()
    const command = inputOf(input)
    const operation = this.#recorder.invoke(this.name, input.key, command)
    this.#seq += 1
    const id = { session: this.#session, seq: this.#seq }
    const request: StoreRequest =
      input.kind === 'get' ? input : { kind: 'write', command: { write: input, id } }
    this.#ask(request, (reply) => this.#end(operation, reply))
  }

  #open(): void {
    const request: StoreRequest = { kind: 'write', command: { write: { kind: 'open' }, id: null } }
    this.#ask(request, (reply) => {
      if (reply?.code === 'ok') this.#session = reply.result.version
      this.#seq = 0
      this.#later(1, () => this.#next())
    })
  }

  #draw(): StoreInput {
    const key = this.#dice.pick(KEYS)
    const version = this.#dice.chance(0.4) ? (this.#versions.get(key) ?? 0) : null
    if (this.#readsOnly) return { kind: 'get', key }
    const kind = this.#dice.pick(['get', 'get', 'get', 'put', 'put', 'put', 'delete'] as const)
    if (kind === 'get') return { kind, key }
    if (kind === 'delete') return { kind, key, version }
    writes += 1
    return { kind, key, version, value: fromHex(utf8Hex(`w${writes}`)) }
  }

  #end(operation: Operation<KvCommand, KvResult>, reply: StoreReply | null): void {
    if (reply?.code === 'ok') {
      const { result } = reply
      if (result.outcome === 'over') this.#session = null
      else {
        this.#recorder.answered(operation, outputOf(operation.input, result))
        this.#versions.set(operation.key, result.version)
      }
    }
    this.#later(this.#dice.int(1, PAUSE_MS), () => this.#next())
  }

  /** Asks until somebody answers; null: it has given up. */
  #ask(request: StoreRequest, end: (reply: StoreReply | null) => void): void {
    const { queue, hosts } = this.#world
    const deadline = queue.nowMs + PATIENCE_MS
    this.isBusy = true
    const attempt = (): void => {
      if (queue.nowMs > deadline) {
        this.isBusy = false
        return end(null)
      }
      let isOpen = true
      const again = (ms: number, target: number): void => {
        isOpen = false
        this.#target = target
        this.#later(ms, attempt)
      }
      const other = (): number => this.#dice.int(0, hosts.length - 1)
      this.#world.ask(this.#target, request, (reply) => {
        if (!isOpen) return
        if (reply.code === 'ok' || reply.code === 'E_BAD_REQUEST') {
          isOpen = false
          this.isBusy = false
          return end(reply)
        }
        if (reply.code !== 'E_NOT_PRIMARY') return again(100, this.#target)
        const hint = hosts.findIndex(({ key }) => key === reply.primary)
        again(30, hint < 0 ? other() : hint)
      })
      this.#later(TRY_MS, () => {
        if (isOpen) again(1, other())
      })
    }
    attempt()
  }

  #later(ms: number, run: () => void): void {
    this.#world.queue.push(ms, run)
  }
}
