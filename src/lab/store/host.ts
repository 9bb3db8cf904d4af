import type { GroupView } from '../../services/replication/view.ts'
import type { Address } from '../../types/ids.ts'
import type { Consistency } from '../../types/store-request.ts'
import { openCopy } from './copy.ts'
import type { Effects, StoreCopy } from './copy.ts'

export interface Disk {
  /** Until what was written stays. */
  readonly syncMs: number
  /** Steps that one sync may cover; 0: all that wait. */
  readonly batch: number
}

interface HostInit {
  readonly key: Address
  readonly consistency: Consistency
  readonly disk: Disk
  readonly later: (ms: number, run: () => void) => void
  readonly clockMs: (nowMs: number) => number
  /** What a step came to, before the disk has it. @param token under which the copy acted */
  readonly stepped: (effects: Effects, token: bigint) => void
  readonly leave: (effects: Effects) => void
}

/**
 * A node with a copy and a disk. It dies and comes back from what it had synced, or loses its disk, or is stopped and finds
 * on waking what came meanwhile. Nothing leaves before the disk has it, and nothing overtakes.
 */
export class StoreHost {
  readonly key: Address
  copy: StoreCopy | null = null
  isPaused = false
  /** Of the machine: a dead one runs no copy. */
  isUp = true
  readonly #init: HostInit
  #records: unknown[] = []
  #waiting: Effects[] = []
  #isSyncing = false
  #inbox: (() => void)[] = []
  #life = 0

  constructor(init: HostInit) {
    this.#init = init
    this.key = init.key
  }

  get isRunning(): boolean {
    return this.isUp && !this.isPaused
  }

  start(): void {
    const { key, consistency, clockMs } = this.#init
    this.copy ??= openCopy(key, consistency, this.#records, clockMs)
  }

  /** The copy ends; its records stay on the disk. */
  end(): void {
    this.copy = null
    this.#waiting = []
    this.#isSyncing = false
    this.#inbox = []
    this.#life += 1
  }

  die({ withDisk }: { readonly withDisk: boolean }): void {
    this.end()
    this.isUp = false
    if (withDisk) this.#records = []
  }

  wake(): void {
    this.isPaused = false
    for (const run of this.#inbox.splice(0)) run()
  }

  /** Something for the copy: at once, or when it wakes. */
  give(step: (copy: StoreCopy) => Effects): void {
    if (this.copy === null || !this.isUp) return
    if (this.isPaused) {
      this.#inbox.push(() => this.give(step))
      return
    }
    const effects = step(this.copy)
    this.#init.stepped(effects, this.copy.token)
    this.#waiting.push(effects)
    this.#pump()
  }

  learn(view: GroupView, height: number, agreedMs: number, nowMs: () => number): void {
    this.give((copy) => copy.group(view, height, agreedMs, nowMs()))
  }

  #pump(): void {
    while (!this.#isSyncing) {
      const [first] = this.#waiting
      if (first === undefined) return
      if (first.records.length > 0) {
        this.#sync()
        return
      }
      this.#waiting.shift()
      this.#init.leave(first)
    }
  }

  #sync(): void {
    const { syncMs, batch } = this.#init.disk
    const taken = batch === 0 ? this.#waiting.splice(0) : this.#waiting.splice(0, batch)
    const life = this.#life
    this.#isSyncing = true
    const done = (): void => {
      // a death in between loses them
      if (life !== this.#life) return
      if (this.isPaused) {
        this.#inbox.unshift(done)
        return
      }
      this.#isSyncing = false
      for (const effects of taken) {
        this.#records.push(...effects.records)
        this.#init.leave(effects)
      }
      this.#pump()
    }
    this.#init.later(syncMs, done)
  }
}
