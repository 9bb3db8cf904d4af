import type { Address } from '../../../src/types/ids.ts'
import type { GroupView } from '../../../src/services/replication/view.ts'
import { LeaseTime } from '../../../src/services/store/lease-time.ts'
import { Replica } from '../../../src/services/store/replica.ts'
import { decodeRecord, encodeRecord } from '../../../src/services/store/wire.ts'
import type { ReplicaWord, StoreEffects, StoreEvent, StoreReply } from '../../../src/services/store/types.ts'
import type { EventQueue } from '../../../src/sim/event-queue.ts'
import type { StoreChange } from '../../../src/types/store-request.ts'

/** Ms that a disk takes until what was written stays. */
const SYNC_MS = 3

/** What a copy says to the world. */
export interface Mouth {
  send(effects: StoreEffects['sends']): void
  reply(id: number, reply: StoreReply): void
  /** What a watch at this copy is told. */
  changed(changes: readonly StoreChange[]): void
}

/** A node with a copy and a disk: it dies, comes back from what it has synced, is stopped and woken. */
export class StoreHost {
  readonly key: Address
  /** How far its wall clock is off, ms. */
  offsetMs: number
  replica: Replica | null = null
  isPaused = false
  readonly #disk: Uint8Array[] = []
  readonly #queue: EventQueue
  readonly #mouth: Mouth
  /** What came while it was paused. */
  #inbox: (() => void)[] = []
  #life = 0
  #leaseTime = new LeaseTime()
  /** When all that was done so far has left. */
  #freeMs = 0

  constructor(key: Address, offsetMs: number, queue: EventQueue, mouth: Mouth) {
    this.key = key
    this.offsetMs = offsetMs
    this.#queue = queue
    this.#mouth = mouth
  }

  get isAlive(): boolean {
    return this.replica !== null
  }

  clockMs(): number {
    return this.#queue.nowMs + this.offsetMs
  }

  start(): void {
    if (this.replica !== null) return
    const records = this.#disk.map((bytes) => {
      const record = decodeRecord(bytes)
      if (record === null) throw new Error('a record that does not decode')
      return record
    })
    this.replica = new Replica({ self: this.key, records })
    this.#leaseTime = new LeaseTime()
    this.isPaused = false
  }

  kill(): void {
    this.replica = null
    this.isPaused = false
    this.#inbox = []
    this.#life += 1
  }

  /** It never comes back, and neither does its disk. */
  wipe(): void {
    this.kill()
    this.#disk.length = 0
  }

  pause(): void {
    this.isPaused = this.isAlive
  }

  wake(): void {
    this.isPaused = false
    for (const run of this.#inbox.splice(0)) run()
  }

  /** What it says of its copy in its input for a height. */
  speak(height: number): ReplicaWord | null {
    this.#leaseTime.said(height, this.#queue.nowMs)
    return this.replica?.report() ?? null
  }

  /** Learns of a decided height. */
  learn(group: GroupView, height: number, agreedMs: number): void {
    if (this.replica === null) return
    if (this.isPaused) return void this.#inbox.push(() => this.learn(group, height, agreedMs))
    const isListed = group.inSync.includes(this.key)
    this.#leaseTime.decided({ height, agreedMs, isListed }, this.#queue.nowMs)
    this.take({ kind: 'group', group })
  }

  /** What comes while it is stopped is waiting when it wakes, under the clock of then. */
  take(
    event: StoreEvent extends infer E ? (E extends StoreEvent ? Omit<E, 'clockMs'> : never) : never,
  ): void {
    if (this.replica === null) return
    if (this.isPaused) return void this.#inbox.push(() => this.take(event))
    const clockMs = Math.max(this.clockMs(), this.#leaseTime.latestMs(this.#queue.nowMs))
    const effects = this.replica.step({ ...event, clockMs })
    const life = this.#life
    const bytes = effects.records.map(encodeRecord)
    // nothing leaves before the disk has it, and nothing overtakes; a death in between loses both
    const { nowMs } = this.#queue
    this.#freeMs = Math.max(this.#freeMs, nowMs + (bytes.length === 0 ? 0 : SYNC_MS))
    this.#queue.push(this.#freeMs - nowMs, () => {
      if (life !== this.#life) return
      this.#disk.push(...bytes)
      this.#out(effects)
    })
  }

  #out(effects: StoreEffects): void {
    this.#mouth.send(effects.sends)
    for (const { id, reply } of effects.replies) this.#mouth.reply(id, reply)
    if (effects.changes.length > 0) this.#mouth.changed(effects.changes)
  }
}
