import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import { RsdpClient } from '../../api/client.ts'
import type { StoreClient } from '../../api/store-client.ts'
import { utf8Hex } from '../../codec/hex.ts'
import { readControl } from '../control/file.ts'

/** Sooner than a copy gives up: what a primary without a majority holds is asked again, by its name. */
const TIMEOUT_MS = 3_000
const PAUSE_MS = 100

/** When a request was asked that was answered, and when its answer came: monotonic ms. */
export interface Answered {
  readonly askedMs: number
  readonly doneMs: number
}

/** A store of a task at the node that runs on a folder. @throws Error if none does */
export function storeAt(dataDir: string, task: bigint, service: number): StoreClient {
  const control = readControl(dataDir)
  if (control === null) throw new Error(`no node runs on ${dataDir}`)
  return new RsdpClient(control, TIMEOUT_MS).store(task, service)
}

/** Requests of one client to one store at one node, and what became of each attempt. */
export class Requests {
  readonly store: StoreClient
  /** When those were asked that the node refused: nothing was done. */
  readonly refusedMs: number[] = []
  /** Attempts without a word: it may have been done. */
  unanswered = 0

  constructor(store: StoreClient) {
    this.store = store
  }

  /** Asks until there is an answer; null: given up. @throws ApiError for what will not change by waiting */
  async ask<T>(
    request: (store: StoreClient) => Promise<T>,
    isOver: () => boolean,
  ): Promise<(Answered & { readonly answer: T }) | null> {
    for (;;) {
      const askedMs = performance.now()
      try {
        const answer = await request(this.store)
        return { answer, askedMs, doneMs: performance.now() }
      } catch (error) {
        if (error instanceof ApiError && ![423, 503, 504].includes(error.status)) throw error
        if (error instanceof ApiError && error.status !== 504) this.refusedMs.push(askedMs)
        else this.unanswered += 1
        if (isOver()) return null
        await sleep(PAUSE_MS)
      }
    }
  }
}

/** Repeats what a client does until it is stopped; keeps what it failed of. */
export class Loop {
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #failure: Error | null = null

  constructor(pauseMs: number, turn: () => Promise<void>) {
    this.#done = this.#run(pauseMs, turn).catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    })
  }

  readonly isStopped = (): boolean => this.#stop.signal.aborted

  /** @throws what the loop failed of */
  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** After the request that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(pauseMs: number, turn: () => Promise<void>): Promise<void> {
    // not before its owner is made
    await sleep(pauseMs)
    while (!this.isStopped()) {
      await turn()
      await sleep(pauseMs)
    }
  }
}

/** `name/number`, as a value. */
export const valueOf = (name: string, number: number): string => utf8Hex(`${name}/${number}`)
