import type { RecordJournal } from '../../ports/record-journal.ts'
import type { StoreWatcher } from '../../ports/stores.ts'
import { byIndex } from '../../services/store/changes.ts'
import { groupView, isReplicaReady } from '../../services/replication/view.ts'
import { decodeAsk, encodeAnswer } from '../../services/store/requests.ts'
import type { TxRow } from '../../services/store/transactions.ts'
import type { ReplicaWord } from '../../services/store/types.ts'
import type { Address } from '../../types/ids.ts'
import type { StoreAnswer } from '../../types/store-request.ts'
import type { Assignment, Copy, CopyInit } from '../kind.ts'
import { refusedAs } from '../../types/store-request.ts'
import type { CoreAnswer, CoreEffects, CoreEvent, StoreCore } from './store-core.ts'

/** How long a request waits for its answer, ms: it may still be done after that. */
const REQUEST_MS = 5_000
/** How long a copy that stops waits until another one has what it has, ms. */
const DRAIN_MS = 10_000
const DRAIN_LOOK_MS = 100

/**
 * A copy of a store on this node. What has come since the last turn of the event loop is taken together: all steps, then one
 * write to the disk, then all that they send and answer, in order. If the disk fails, nothing leaves and the copy has crashed.
 */
export class StoreCopy implements Copy {
  readonly #init: CopyInit
  readonly #core: StoreCore
  readonly #journal: RecordJournal
  readonly #stopTicking: () => void
  readonly #waiting = new Map<number, (answer: StoreAnswer) => void>()
  readonly #watchers = new Set<StoreWatcher>()
  #assignment: Assignment
  #inbox: CoreEvent[] = []
  #isScheduled = false
  #requests = 0
  #served = 0
  #isDraining = false
  #isOver = false

  constructor(init: CopyInit, core: StoreCore, journal: RecordJournal) {
    this.#init = init
    this.#core = core
    this.#journal = journal
    this.#assignment = init.assignment
    this.#stopTicking = init.clock.every(core.tickMs, () => this.#take({ kind: 'tick' }))
  }

  assigned(assignment: Assignment): void {
    this.#assignment = assignment
    const { group, copies, keys, height, agreedMs } = assignment
    if (group === null) return
    if (group.consistency !== this.#core.consistency) throw new Error('the terms of its group are others now')
    // members as the group has them; before it has begun nobody leads, and all is refused
    if (group.members === 0n) return
    this.#take({ kind: 'group', group: groupView(group, copies, keys), height, agreedMs })
  }

  receive(from: Address, bytes: Uint8Array): void {
    if (this.#hosts(from)) this.#take({ kind: 'frame', from, bytes })
  }

  async request(bytes: Uint8Array): Promise<Uint8Array> {
    return encodeAnswer(await this.#answer(bytes))
  }

  served(): number {
    return this.#served
  }

  isReady(): boolean {
    const { group, copies, keys, self } = this.#assignment
    return group !== null && isReplicaReady(group, copies, keys.indexOf(self)) && this.#core.hasCaughtUp()
  }

  report(): ReplicaWord {
    return this.#core.speak(this.#assignment.height + 1)
  }

  watch(after: number | null, watcher: StoreWatcher): (() => void) | null {
    const past = this.#core.changesSince(after ?? this.#core.report().committed)
    if (past === null || this.#isOver) return null
    for (const changes of byIndex(past)) watcher.changed(changes)
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  transactions(): readonly TxRow[] {
    return this.#core.transactions()
  }

  async drain(isLeaving: boolean): Promise<void> {
    this.#isDraining = true
    const { clock } = this.#init
    const deadlineMs = clock.nowMs() + DRAIN_MS
    const isBusy = (): boolean => this.#waiting.size > 0 || (isLeaving && !this.#core.isShared())
    while (!this.#isOver && isBusy() && clock.nowMs() < deadlineMs)
      await new Promise<void>((resolve) => clock.after(DRAIN_LOOK_MS, resolve))
  }

  stop(): Promise<void> {
    this.#end()
    return Promise.resolve()
  }

  #hosts(key: Address): boolean {
    const { group, copies, keys } = this.#assignment
    const seat = keys.indexOf(key)
    if (seat < 0) return false
    const isMember = group !== null && ((group.members >> BigInt(seat)) & 1n) === 1n
    return isMember || copies.some(({ member }) => member === seat)
  }

  #answer(bytes: Uint8Array): Promise<StoreAnswer> {
    const ask = decodeAsk(bytes)
    if (ask === null) return Promise.resolve(refusedAs('bad-request', 'bytes'))
    if (this.#isDraining) return Promise.resolve(refusedAs('no-quorum', 'this copy stops'))
    const { group } = this.#assignment
    if (group === null || group.members === 0n)
      return Promise.resolve(refusedAs('not-begun', 'the copies of the group are not all there yet'))
    const id = (this.#requests += 1)
    return new Promise((resolve) => {
      const end = (answer: StoreAnswer): void => {
        if (!this.#waiting.delete(id)) return
        stopWaiting()
        resolve(answer)
      }
      const stopWaiting = this.#init.clock.after(REQUEST_MS, () =>
        end(refusedAs('unknown-outcome', 'no majority has it on disk yet')),
      )
      this.#waiting.set(id, end)
      this.#take({ kind: 'ask', id, ask })
    })
  }

  #take(event: CoreEvent): void {
    if (this.#isOver) return
    this.#inbox.push(event)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isScheduled = false
    if (this.#isOver) return
    try {
      const effects = this.#inbox.splice(0).map((event) => this.#core.step(event))
      this.#write(effects)
      for (const one of effects) this.#out(one)
    } catch (error) {
      this.#end()
      this.#init.onCrash(error)
    }
  }

  #write(effects: readonly CoreEffects[]): void {
    const records = effects.flatMap((one) => one.records)
    if (effects.some(({ isWhole }) => isWhole)) this.#journal.replace(this.#core.whole())
    else if (records.length > 0) this.#journal.append(records)
  }

  #out({ sends, answers, changes }: CoreEffects): void {
    for (const { to, bytes } of sends) this.#init.send(to, bytes)
    for (const { id, answer } of answers) {
      const end = this.#waiting.get(id)
      if (answer.code === 'ok') this.#served += 1
      end?.(this.#whole(answer))
    }
    for (const same of byIndex(changes)) for (const watcher of this.#watchers) watcher.changed(same)
  }

  #whole(answer: CoreAnswer): StoreAnswer {
    if (answer.code === 'refused') return answer
    return { ...answer, consistency: this.#core.consistency, height: this.#assignment.height }
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopTicking()
    this.#journal.close()
    for (const end of this.#waiting.values()) end(refusedAs('unknown-outcome', 'the copy has stopped'))
    for (const watcher of this.#watchers) watcher.ended()
    this.#watchers.clear()
  }
}
