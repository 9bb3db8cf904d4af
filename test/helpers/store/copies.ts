import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { storeKind } from '../../../src/agents/kinds/store.ts'
import type { Assignment, Copy } from '../../../src/agents/kind.ts'
import { uint } from '../../../src/codec/hex.ts'
import type { RecordJournal } from '../../../src/ports/record-journal.ts'
import { encodeOrder } from '../../../src/services/placement/spec.ts'
import type { Verdict } from '../../../src/services/health/codec.ts'
import type { ReplicaWord } from '../../../src/services/store/types.ts'
import { decodeAnswer, encodeAsk } from '../../../src/services/store/requests.ts'
import type { Address } from '../../../src/types/ids.ts'
import type { Consistency, StoreAnswer, StoreAsk } from '../../../src/types/store-request.ts'
import { specOf } from '../services-placement.ts'
import { GroupWorld, storesOn } from '../services-replication.ts'

/** Ms between two heights, and between two deliveries of mail. */
const HEIGHT_MS = 500
const MAIL_MS = 20
/** Nodes without a copy: with them a quorum is left when one that has a copy dies. */
const OTHERS = 2

/**
 * Copies of one store as nodes run them: the kind itself with its files, heights of the replication slice, and a network that
 * can be cut. Time is virtual. A copy that is killed is left as it is, with its file open: nothing is flushed.
 */
export class StoreCopies {
  readonly clock = new VirtualClock()
  readonly folder = mkdtempSync(join(tmpdir(), 'rsdp-copies-'))
  readonly keys: readonly Address[]
  readonly copies: (Copy | null)[]
  readonly crashes: unknown[] = []
  readonly groups: GroupWorld
  /** Frames that crossed. */
  frames = 0
  /** No height is decided. */
  isStill = false
  isCut: (a: number, b: number) => boolean = () => false
  /** How far the wall clock of a node is off, ms. */
  readonly offsetsMs = new Map<number, number>()
  /** What a copy's records are kept in. */
  journal: (seat: number, folder: string, name: string) => RecordJournal = (_, folder, name) =>
    new SqliteRecordJournal(folder, name)
  #mail: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[] = []
  readonly #terms: Consistency

  constructor(consistency: Consistency, count: number) {
    this.#terms = consistency
    this.keys = Array.from({ length: count }, (_, seat): Address => `0x${uint(seat + 1, 20)}`)
    this.copies = this.keys.map(() => null)
    this.groups = new GroupWorld(count + OTHERS)
  }

  async startAll(): Promise<this> {
    this.height()
    for (const seat of this.keys.keys()) await this.start(seat)
    // it begins, serves, and knows how long its lease is
    await this.pass(4 * HEIGHT_MS)
    return this
  }

  async start(seat: number): Promise<void> {
    const kind = storeKind({
      journal: (folder, name) => this.journal(seat, folder, name),
      clockMs: () => this.clock.nowMs() + (this.offsetsMs.get(seat) ?? 0),
    })
    const copy: Copy = await kind.open({
      assignment: this.assignment(seat),
      folder: join(this.folder, String(seat)),
      clock: this.clock,
      send: (to, bytes) => {
        if (this.copies[seat] === copy)
          this.#mail.push({ from: seat, to: this.keys.indexOf(to), bytes: bytes.slice() })
      },
      onCrash: (error) => {
        this.crashes.push(error)
        this.copies[seat] = null
      },
    })
    this.copies[seat] = copy
  }

  /** kill -9: it neither says nor writes anything any more. */
  kill(seat: number): void {
    this.copies[seat] = null
  }

  /** The next height, which all that run are told of. Who has no copy any more is held for dead. */
  height(): void {
    const reports: [number, ReplicaWord][] = []
    const verdicts = new Map<number, Verdict>()
    for (const [seat, copy] of this.copies.entries()) {
      const report = copy?.report() ?? null
      if (report !== null) reports.push([seat, report])
      else if (this.groups.heights > 0) verdicts.set(seat, 'crash')
    }
    const news = this.groups.heights === 0 ? [{ seq: 1, kind: 'posted' as const, data: this.#order() }] : []
    const passed = this.clock.nowMs() - this.groups.agreedMs
    this.groups.step({ passed, verdicts, reports: new Map(reports), placement: this.placement(), news })
    for (const [seat, copy] of this.copies.entries()) copy?.assigned(this.assignment(seat))
  }

  /** Time passes, with heights or while they stand still. */
  async pass(ms: number, { isStill = this.isStill } = {}): Promise<void> {
    for (let at = 0; at < ms; at += MAIL_MS) {
      if (!isStill && at % HEIGHT_MS === 0) this.height()
      this.clock.advance(MAIL_MS)
      await setImmediate()
      for (const { from, to, bytes } of this.#mail.splice(0)) {
        if (this.isCut(from, to)) continue
        this.frames += 1
        this.copies[to]?.receive(this.keys[from] ?? '0x', bytes)
      }
      await setImmediate()
    }
  }

  ask(seat: number, ask: StoreAsk): Promise<StoreAnswer> {
    const copy = this.copies[seat]
    if (copy === null || copy === undefined) throw new Error(`no copy on ${seat}`)
    return copy.request(encodeAsk(ask)).then((bytes) => {
      const answer = decodeAnswer(bytes)
      if (answer === null) throw new Error('an answer that is none')
      return answer
    })
  }

  /** The answer, while time passes until it is there. */
  async answer(seat: number, ask: StoreAsk, options: { isStill?: boolean } = {}): Promise<StoreAnswer> {
    let isOpen = true
    const asked = this.ask(seat, ask).finally(() => (isOpen = false))
    const isAnswered = (): boolean => !isOpen
    while (!isAnswered()) await this.pass(HEIGHT_MS, options)
    return asked
  }

  close(): void {
    for (const copy of this.copies) void copy?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #order(): Uint8Array {
    const spec = specOf(1, { kind: 'store' })
    const terms = { mode: 'active-passive', consistency: this.#terms } as const
    return encodeOrder({ order: 'put', spec, terms })
  }

  placement(): ReturnType<typeof storesOn> {
    const copies = new Map(this.keys.map((_, seat) => [seat, 'running' as const]))
    return storesOn(copies, [{ copiesMin: this.keys.length }])
  }

  assignment(seat: number): Assignment {
    const { services, instances } = this.placement()
    const [spec] = services
    const [group] = this.groups.state.groups
    if (spec === undefined) throw new Error('no store')
    return {
      ...{ spec, keys: this.keys, copies: instances, self: this.keys[seat] ?? '0x' },
      ...{ height: this.groups.heights, agreedMs: this.groups.agreedMs, primary: null, victims: [] },
      group: group ?? null,
    }
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function put(key: string, value: string, more: Partial<StoreAsk & { kind: 'put' }> = {}): StoreAsk {
  return {
    kind: 'put',
    key,
    value: bytes(value),
    version: null,
    id: null,
    context: null,
    after: null,
    ...more,
  }
}

export const get = (key: string): StoreAsk => ({ kind: 'get', key, after: null })
