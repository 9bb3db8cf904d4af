import { expect } from 'chai'
import { uint } from '../../../src/codec/hex.ts'
import { Random } from '../../../src/faults/random.ts'
import { OpenReplica } from '../../../src/services/store/open-replica.ts'
import type { OpenEffects, OpenEvent, OpenReply } from '../../../src/services/store/open-replica.ts'
import {
  decodeOpenMessage,
  decodeOpenRecord,
  encodeOpenMessage,
  encodeOpenRecord,
} from '../../../src/services/store/open-wire.ts'
import { covers, merged, NO_CLOCK, NO_KEY, written } from '../../../src/services/store/versions.ts'
import type { Clock, KeyState } from '../../../src/services/store/versions.ts'
import type { GroupView } from '../../../src/services/replication/view.ts'
import type { Address } from '../../../src/types/ids.ts'

type Consistency = 'causal' | 'eventual'
const KEYS = ['a', 'b', 'c']
const COPIES = 4
const CLIENTS = 4

interface Write {
  readonly key: string
  readonly author: string
  readonly number: number
  /** What the client had seen, writes by name: itself among them. */
  readonly past: ReadonlySet<string>
  readonly context: Clock
}

const nameOf = (author: string, number: number): string => `${author} ${number}`

/** Copies that lose, double and reorder what they say, die and come back, and are cut in two; then all is well again. */
class OpenWorld {
  readonly problems: string[] = []
  /** Answers during a fault, and all. */
  answered = 0
  readonly #random: Random
  readonly #keys = Array.from({ length: COPIES }, (_, i): Address => `0x${uint(i + 1, 20)}`)
  readonly #disks: Uint8Array[][] = this.#keys.map(() => [])
  readonly #copies: (OpenReplica | null)[]
  readonly #consistency: Consistency
  readonly #writes = new Map<string, Write>()
  readonly #clients = Array.from({ length: CLIENTS }, () => ({ past: new Set<string>(), clock: NO_CLOCK }))
  #mail: { from: number; to: number; message: Uint8Array }[] = []
  #isCut = false
  #values = 0

  constructor(seed: number, consistency: Consistency) {
    this.#random = new Random(seed)
    this.#consistency = consistency
    this.#copies = this.#keys.map((_, i) => this.#start(i))
  }

  run(steps: number): this {
    for (let i = 0; i < steps; i += 1) this.#something()
    this.#isCut = false
    this.#copies.forEach((copy, i) => {
      if (copy === null) this.#copies[i] = this.#start(i)
    })
    for (let i = 0; i < 12; i += 1) {
      for (const [at] of this.#copies.entries()) this.#take(at, { kind: 'tick' })
      for (const { from, to, message } of this.#mail.splice(0)) this.#deliver(from, to, message)
    }
    this.#judge()
    return this
  }

  #start(at: number): OpenReplica {
    const self = this.#keys[at] as Address
    const disk = this.#disks[at] ?? []
    const records = disk.map(decodeOpenRecord).filter((record) => record !== null)
    const copy = new OpenReplica({ self, consistency: this.#consistency, records })
    // the same from the fewest records
    const short = new OpenReplica({ self, consistency: this.#consistency, records: copy.whole() })
    if (records.length < disk.length || String(short.digest) !== String(copy.digest))
      this.problems.push('a disk that reads otherwise')
    if (this.#random.chance(0.5)) disk.splice(0, disk.length, ...copy.whole().map(encodeOpenRecord))
    const group: GroupView = {
      ...{ mode: 'active-active', consistency: this.#consistency, token: 1n, primary: null, successor: null },
      ...{ members: this.#keys, size: COPIES, learners: [], leaseEndMs: 0, inSync: [] },
    }
    copy.step({ kind: 'group', group })
    return copy
  }

  #something(): void {
    const random = this.#random
    const roll = random.fraction()
    const at = random.int(0, COPIES - 1)
    if (roll < 0.35) this.#ask(at)
    else if (roll < 0.4) this.#take(at, { kind: 'tick' })
    else if (roll < 0.43) this.#copies[at] = null
    else if (roll < 0.48) this.#copies[at] ??= this.#start(at)
    else if (roll < 0.5) this.#isCut = !this.#isCut
    else if (this.#mail.length > 0) {
      const place = random.int(0, this.#mail.length - 1)
      const [mail] = random.chance(0.1) ? [this.#mail[place]] : this.#mail.splice(place, 1)
      if (mail !== undefined && !random.chance(0.15)) this.#deliver(mail.from, mail.to, mail.message)
    }
  }

  #deliver(from: number, to: number, bytes: Uint8Array): void {
    if (this.#isCut && from < 2 !== to < 2) return
    const message = decodeOpenMessage(bytes)
    if (message === null) this.problems.push('a message that does not decode')
    else this.#take(to, { kind: 'message', from: this.#keys[from] as Address, message })
  }

  #take(at: number, event: OpenEvent): OpenEffects | null {
    const copy = this.#copies[at] ?? null
    if (copy === null) return null
    const effects = copy.step(event)
    this.#disks[at]?.push(...effects.records.map(encodeOpenRecord))
    for (const { to, message } of effects.sends)
      this.#mail.push({ from: at, to: this.#keys.indexOf(to), message: encodeOpenMessage(message) })
    return effects
  }

  /** A client asks any copy: it reads, or writes on what it has just read, or blindly. */
  #ask(at: number): void {
    const random = this.#random
    const client = random.pick(this.#clients)
    const key = random.pick(KEYS)
    const after = client.clock
    const read = this.#reply(at, { kind: 'request', id: 1, request: { kind: 'get', key, after } })
    if (read?.code !== 'ok') return
    this.#seen(key, read.context, client)
    client.clock = read.clock
    if (random.chance(0.4)) return
    const context = random.chance(0.6) ? read.context : NO_CLOCK
    const value = random.chance(0.15) ? null : Uint8Array.of((this.#values += 1) % 256)
    const request = { kind: 'write', key, value, context, after: read.clock } as const
    const reply = this.#reply(at, { kind: 'request', id: 2, request })
    if (reply?.code !== 'ok') return
    const author = this.#keys[at] as string
    const number = reply.context.get(author) ?? 0
    client.past.add(nameOf(author, number))
    this.#writes.set(nameOf(author, number), { key, author, number, past: new Set(client.past), context })
    client.clock = reply.clock
    this.answered += 1
  }

  #reply(at: number, event: OpenEvent): OpenReply | undefined {
    return this.#take(at, event)?.replies[0]?.reply
  }

  /** A read shows, or has replaced, everything of its key that the client's past holds; what it shows brings its own past. */
  #seen(key: string, context: Clock, client: { past: Set<string> }): void {
    for (const name of client.past) {
      const write = this.#writes.get(name)
      if (write?.key === key && !covers(context, write)) this.problems.push(`${name} was not there`)
    }
    for (const [name, write] of this.#writes)
      if (write.key === key && covers(context, write))
        for (const cause of [name, ...write.past]) client.past.add(cause)
  }

  #judge(): void {
    const [first, ...others] = this.#copies.map((copy) => String(copy?.digest))
    if (others.some((one) => one !== first)) this.problems.push('copies differ')
    // what was acknowledged stands, or a write that had seen it took its place
    const replaced = (write: Write): boolean =>
      [...this.#writes.values()].some((other) => other.key === write.key && covers(other.context, write))
    const disk = this.#disks[0]?.map(decodeOpenRecord).filter((one) => one !== null) ?? []
    for (const key of KEYS) {
      const states = disk.filter((one) => one.kind === 'key' && one.key === key)
      const last = states.at(-1)
      const versions = last?.kind === 'key' ? last.state.versions : []
      for (const [name, write] of this.#writes) {
        if (write.key !== key || replaced(write)) continue
        if (!versions.some(({ author, number }) => nameOf(author, number) === name))
          this.problems.push(`${name} is lost`)
      }
    }
  }
}

describe('causal and eventual stores', () => {
  const worlds = (consistency: Consistency, count: number): OpenWorld[] =>
    Array.from({ length: count }, (_, seed) => new OpenWorld(seed + 1, consistency).run(200))

  it('P24: a causal read never shows an effect before its cause; no acknowledged write is lost', () => {
    worlds('causal', 25).forEach(({ problems, answered }, i) => {
      expect(problems, `seed ${i + 1}`).deep.equal([])
      expect(answered).above(5)
    })
  })

  it('eventual copies become equal after loss, deaths and cuts; no acknowledged write is lost', () => {
    worlds('eventual', 25).forEach(({ problems }, i) => {
      expect(
        problems.filter((one) => !one.endsWith('was not there')),
        `seed ${i + 1}`,
      ).deep.equal([])
    })
  })

  it('what causal copies promise is more: eventual ones show effects before their causes', () => {
    const found = worlds('eventual', 10).some(({ problems }) =>
      problems.some((one) => one.endsWith('was not there')),
    )
    expect(found).equal(true)
  })

  it('P22: of r copies r − 1 may fail: the last one reads and writes', () => {
    const self: Address = `0x${uint(1, 20)}`
    const copy = new OpenReplica({ self, consistency: 'eventual', records: [] })
    const ask = (event: OpenEvent): OpenReply | undefined => copy.step(event).replies[0]?.reply
    const write = {
      kind: 'write',
      key: 'a',
      value: Uint8Array.of(7),
      context: NO_CLOCK,
      after: NO_CLOCK,
    } as const
    expect(ask({ kind: 'request', id: 1, request: write })).include({ code: 'ok' })
    expect(ask({ kind: 'request', id: 1, request: { kind: 'get', key: 'a', after: NO_CLOCK } })).deep.include(
      {
        values: [Uint8Array.of(7)],
      },
    )
    expect(ask({ kind: 'request', id: 1, request: { ...write, key: '' } })).deep.equal({
      code: 'E_BAD_REQUEST',
    })
  })

  it('merging does not depend on order or repetition', () => {
    const random = new Random(5)
    const states: KeyState[] = [NO_KEY]
    for (let number = 1; number <= 60; number += 1) {
      const base = random.pick(states)
      const seen = random.chance(0.5) ? base.context : NO_CLOCK
      // each author goes on from all of its own writes
      const author = String(number)
      states.push(written(base, seen, { author, number: 1, value: null }))
      states.push(merged(random.pick(states), random.pick(states)))
    }
    for (let i = 0; i < 300; i += 1) {
      const [a, b, c] = [random.pick(states), random.pick(states), random.pick(states)]
      const names = ({ versions }: KeyState): string[] =>
        versions.map((one) => nameOf(one.author, one.number))
      expect(names(merged(a, b))).deep.equal(names(merged(b, a)))
      expect(names(merged(merged(a, b), c))).deep.equal(names(merged(a, merged(b, c))))
      expect(names(merged(a, a))).deep.equal(names(a))
    }
  })
})
