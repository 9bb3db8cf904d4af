import { ApiError } from '../../api/call.ts'
import type { StoreClient } from '../../api/store-client.ts'
import { fromHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import type { Answered } from './requests.ts'
import { Loop, Requests, valueOf } from './requests.ts'

const PAUSE_MS = 100
/** How long a last read may take: longer than a failover. */
const PATIENCE_MS = 60_000

/**
 * Strong writes and reads of one client at one node, one after the other. Each write names the version that the one before it
 * made, so that one that is lost or applied twice breaks the chain.
 */
export class Load {
  readonly at: string
  readonly requests: Requests
  readonly acknowledged: Answered[] = []
  /** Reads that were answered. */
  reads = 0
  /** Reads older than a write that was acknowledged before, and breaks of the chain. */
  wrong = 0
  readonly #loop: Loop
  #session: number | null = null
  #version = 0

  constructor(at: string, store: StoreClient) {
    this.at = at
    this.requests = new Requests(store)
    this.#loop = new Loop(PAUSE_MS, () => this.#turn())
  }

  get key(): string {
    return this.at.toLowerCase()
  }

  /** Writes that were asked and acknowledged between two moments. @throws what the client failed of */
  acknowledgedIn(fromMs: number, toMs: number): number {
    this.#loop.check()
    return this.acknowledged.filter(({ askedMs, doneMs }) => askedMs >= fromMs && doneMs <= toMs).length
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    this.#loop.check()
  }

  async #turn(): Promise<void> {
    if (this.#session === null) {
      const begun = await this.requests.ask((store) => store.session(), this.#loop.isStopped)
      this.#session = begun?.answer ?? null
      return
    }
    await this.#write(this.#session)
    if (this.acknowledged.length % 4 === 0) await this.#read()
  }

  async #write(session: number): Promise<void> {
    const seq = this.acknowledged.length + 1
    const conditions = { session, seq, version: this.#version }
    const value = valueOf(this.key, seq)
    try {
      const written = await this.requests.ask(
        (store) => store.put(this.key, value, conditions),
        this.#loop.isStopped,
      )
      if (written === null) return
      this.#version = written.answer.version
      this.acknowledged.push({ askedMs: written.askedMs, doneMs: written.doneMs })
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error
      this.wrong += 1
      void this.#loop.stop()
    }
  }

  async #read(): Promise<void> {
    const read = await this.requests.ask((store) => store.get(this.key), this.#loop.isStopped)
    if (read === null) return
    this.reads += 1
    if (numberIn(read.answer.values) !== this.acknowledged.length) this.wrong += 1
  }
}

/** How many of the writes that were acknowledged until now are not there, as another client reads them from a store. */
export async function lostOf(loads: readonly Load[], store: StoreClient): Promise<number> {
  const reader = new Requests(store)
  const deadline = performance.now() + PATIENCE_MS
  const lost = await Promise.all(
    loads.map(async ({ key, acknowledged: { length } }) => {
      const read = await reader.ask(
        (one) => one.get(key),
        () => performance.now() > deadline,
      )
      return Math.max(0, length - (read === null ? 0 : numberIn(read.answer.values)))
    }),
  )
  return lost.reduce((sum, one) => sum + one, 0)
}

/** Number of the write that made the value; 0: none. */
function numberIn([value]: readonly string[]): number {
  if (value === undefined) return 0
  const [, number = 0] = new TextDecoder().decode(fromHex(value as Hex)).split('/')
  return Number(number)
}

/** Longest time between two acknowledged writes of all loads, from one moment to another, ms. */
export function longestGapMs(loads: readonly Load[], fromMs: number, toMs: number): number {
  const moments = loads
    .flatMap(({ acknowledged }) => acknowledged.map(({ doneMs }) => doneMs))
    .filter((ms) => ms >= fromMs && ms <= toMs)
    .sort((a, b) => a - b)
  return [fromMs, ...moments].reduce((longest, ms, i, all) => Math.max(longest, (all[i + 1] ?? toMs) - ms), 0)
}
