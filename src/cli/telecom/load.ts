import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import { RsdpClient } from '../../api/client.ts'
import { fromHex, toHex, utf8Hex } from '../../codec/hex.ts'
import { decodeKvResult, encodeKvCommand } from '../../reducers/machines/kv-config.ts'
import type { KvCommand, KvResult } from '../../reducers/machines/kv-config.ts'
import type { Hex } from '../../types/ids.ts'
import { readControl } from '../control/file.ts'

/** What became of the requests of a load so far. */
export interface LoadCount {
  /** Writes and reads that were answered. */
  readonly acknowledged: number
  readonly reads: number
  /** Requests that got no answer in time: asked again, by the same name. */
  readonly unanswered: number
  /** Reads that were older than a write that was acknowledged before, and writes that were applied twice or not at all. */
  readonly wrong: number
}

/** How long a last read may take: heights stand still while members are missing. */
const PATIENCE_MS = 60_000

/** Strong writes and reads of one client at one node, one after the other: each write depends on the one before. */
export class Load {
  readonly name: string
  readonly #client: RsdpClient
  readonly #task: bigint
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #version = 0n
  #writes = 0
  #reads = 0
  #unanswered = 0
  #wrong = 0
  /** Moments of acknowledged writes, monotonic ms. */
  readonly acknowledgedMs: number[] = []

  /** @throws Error if no node runs on the folder */
  constructor(name: string, dataDir: string, task: bigint) {
    const control = readControl(dataDir)
    if (control === null) throw new Error(`no node runs on ${dataDir}`)
    this.name = name
    this.#client = new RsdpClient(control, 12_000)
    this.#task = task
    this.#done = this.#run()
  }

  count(): LoadCount {
    const { length } = this.acknowledgedMs
    return { acknowledged: length, reads: this.#reads, unanswered: this.#unanswered, wrong: this.#wrong }
  }

  /** After the request that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  /** Whether the last acknowledged write is what a reader gets now. */
  async isKept(): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS
    const isLate = (): boolean => performance.now() > deadline
    const answer = await this.#ask({ kind: 'get', key: this.#key }, `${this.name}-last`, isLate)
    return answer?.outcome === 'done' && answer.version === this.#version && textOf(answer) === this.#value
  }

  get #key(): Hex {
    return utf8Hex(this.name)
  }

  get #value(): string {
    return `${this.name}/${this.#writes}`
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#write()
      if (this.#writes % 4 === 0) await this.#read()
    }
  }

  async #write(): Promise<void> {
    const value = fromHex(utf8Hex(`${this.name}/${this.#writes + 1}`))
    const put = { kind: 'put', key: this.#key, version: this.#version, value } as const
    const answer = await this.#ask(put, `${this.name}-${this.#writes + 1}`)
    if (answer === null) return
    if (answer.outcome !== 'done') {
      this.#wrong += 1
      this.#stop.abort()
      return
    }
    this.#writes += 1
    this.#version = answer.version
    this.acknowledgedMs.push(performance.now())
  }

  async #read(): Promise<void> {
    const answer = await this.#ask({ kind: 'get', key: this.#key }, `${this.name}-read-${this.#writes}`)
    if (answer === null) return
    this.#reads += 1
    if (answer.outcome !== 'done' || textOf(answer) !== this.#value) this.#wrong += 1
  }

  /** Asks until there is an answer; null: given up. */
  async #ask(
    command: KvCommand,
    request: string,
    isOver = (): boolean => this.#stop.signal.aborted,
  ): Promise<KvResult | null> {
    for (;;) {
      try {
        const { result } = await this.#client.command(this.#task, toHex(encodeKvCommand(command)), request)
        return decodeKvResult(fromHex(result as Hex))
      } catch (error) {
        if (error instanceof ApiError && error.status !== 504 && error.status !== 503) throw error
        this.#unanswered += 1
        if (isOver()) return null
        await sleep(50)
      }
    }
  }
}

function textOf({ value }: KvResult): string {
  return new TextDecoder().decode(value)
}

/** Longest time between two acknowledged writes of all loads, from one moment to another, ms. */
export function longestGapMs(loads: readonly Load[], fromMs: number, toMs: number): number {
  const moments = loads
    .flatMap(({ acknowledgedMs }) => acknowledgedMs)
    .filter((ms) => ms >= fromMs && ms <= toMs)
    .sort((a, b) => a - b)
  return [fromMs, ...moments].reduce((longest, ms, i, all) => Math.max(longest, (all[i + 1] ?? toMs) - ms), 0)
}
