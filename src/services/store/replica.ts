import { SKEW_MS_MAX } from '../../reducers/lease.ts'
import type { Address } from '../../types/ids.ts'
import type { GroupView } from '../replication/view.ts'
import { Changes } from './changes.ts'
import { isRequest } from './data.ts'
import { isBehind, Lead, othersOf, whyNot } from './lead.ts'
import { ReplicaLog } from './log.ts'
import { Out, nextFor, snapshotPart, tailOf } from './outgoing.ts'
import { Parts } from './parts.ts'
import type {
  Command,
  Entry,
  Message,
  Position,
  ReplicaWord,
  StoreEffects,
  StoreEvent,
  StoreRecord,
  StoreReply,
  StoreRequest,
} from './types.ts'
import type { StoreChange } from '../../types/store-request.ts'
import type { TxRow } from './transactions.ts'

/** Ticks after which another copy is asked for its log. */
const SOURCE_TICKS = 10

/**
 * One copy of a strong store. It is named primary by the agreed state and by nothing else; there are no elections.
 *
 * - It refuses what comes under a smaller token than the greatest that it has seen, which it keeps on disk.
 * - A primary reads where the logs of a majority end, takes the longest, and serves once an entry of its own token is on the
 *   disks of a majority.
 * - A write is answered when it is on the disks of a majority, the primary's among them. A read is answered by a primary whose
 *   lease runs for longer than clocks may be off.
 *
 * `step` is deterministic and changes the copy in place. A new one of the same records goes on where it was.
 */
export class Replica {
  readonly #self: Address
  readonly #log = new ReplicaLog()
  #seen = 0n
  #released = 0n
  #group: GroupView | null = null
  #lead: Lead | null = null
  readonly #parts = new Parts()
  /** Who waits for an entry, by its index. */
  readonly #waiting = new Map<number, { readonly id: number; readonly epoch: bigint }>()
  readonly #changes: Changes
  #now = 0
  #out = new Out()

  constructor({ self, records }: { readonly self: Address; readonly records: Iterable<StoreRecord> }) {
    this.#self = self
    for (const record of records) this.#recorded(record)
    this.#changes = new Changes(this.#log.committed)
  }

  step(event: StoreEvent): StoreEffects {
    this.#out = new Out()
    this.#now = event.clockMs
    switch (event.kind) {
      case 'group':
        this.#onGroup(event.group)
        break
      case 'message':
        this.#onMessage(event.from, event.message)
        break
      case 'request':
        this.#onRequest(event.id, event.request)
        break
      case 'tick':
        this.#onTick()
        break
    }
    const snapshot = this.#log.compacted()
    if (snapshot !== null) this.#write(snapshot)
    return this.#out
  }

  /** What its member says of it in the next input. */
  report(): ReplicaWord {
    const { epoch, index } = this.#log.last
    const { committed } = this.#log
    return { token: this.#seen, epoch, index, committed, standing: this.#standing() }
  }

  /** The fewest records of which a new copy goes on where this one is. */
  whole(): StoreRecord[] {
    const marks = [
      { kind: 'seen', token: this.#seen } as const,
      { kind: 'released', token: this.#released } as const,
    ]
    return [...marks, ...this.#log.whole()]
  }

  /** Transactions that it knows; of one that does not serve none. */
  transactions(): readonly TxRow[] {
    return this.#lead?.isServing === true ? this.#log.data.transactions.rows() : []
  }

  /** Changes behind an index, for a watch; null: too old, the watch has to read all anew. */
  changesSince(index: number): readonly StoreChange[] | null {
    return this.#changes.since(index)
  }

  #standing(): ReplicaWord['standing'] {
    if (this.#lead !== null) return this.#lead.isServing ? 'serving' : 'recovering'
    return this.#released === this.#seen && this.#seen > 0n ? 'released' : 'following'
  }

  #write(record: StoreRecord): void {
    this.#out.records.push(record)
    this.#recorded(record)
  }

  #recorded(record: StoreRecord): void {
    if (record.kind === 'seen') this.#seen = record.token
    else if (record.kind === 'released') this.#released = record.token
    else this.#log.record(record)
  }

  // ---- what the agreed state says

  #onGroup(group: GroupView): void {
    if (this.#group !== null && group.token < this.#group.token) return
    this.#group = group
    if (group.token > this.#seen) this.#write({ kind: 'seen', token: group.token })
    const leads = group.primary === this.#self && group.token === this.#seen
    if (!leads) return this.#stepDown()
    // with another token of its own it begins again, and those who wait go on waiting
    if (this.#lead?.token !== group.token && group.token > this.#released) this.#takeOver(group)
    this.#release(group)
  }

  #takeOver(group: GroupView): void {
    this.#lead = new Lead(group.token)
    this.#lead.positions.set(this.#self, this.#log.last)
    this.#askAll(group)
    this.#elect()
  }

  /** Gives the lease back to a successor: when nobody waits any more, or when the lease is over anyway. */
  #release(group: GroupView): void {
    if (group.successor === null || this.#lead === null) return
    if (this.#waiting.size > 0 && this.#holdsLease(group)) return
    this.#write({ kind: 'released', token: this.#lead.token })
    this.#stepDown()
  }

  #see(token: bigint): void {
    this.#write({ kind: 'seen', token })
    this.#stepDown()
  }

  #stepDown(): void {
    this.#lead = null
    for (const { id } of this.#waiting.values()) this.#reply(id, { code: 'E_UNKNOWN_OUTCOME' })
    this.#waiting.clear()
  }

  #holdsLease({ leaseEndMs }: GroupView): boolean {
    return this.#now + Number(SKEW_MS_MAX) < leaseEndMs
  }

  // ---- requests

  #onRequest(id: number, request: StoreRequest): void {
    const group = this.#group
    const lead = this.#lead
    if (!isRequest(request)) return this.#reply(id, { code: 'E_BAD_REQUEST' })
    if (group === null || lead === null)
      return this.#reply(id, { code: 'E_NOT_PRIMARY', primary: this.#primaryElsewhere() })
    const why = whyNot(lead, group, this.#holdsLease(group), request.kind === 'get' ? 0 : this.#waiting.size)
    if (why !== null) return this.#reply(id, { code: 'E_NO_QUORUM', why })
    if (request.kind === 'get')
      return this.#reply(id, { code: 'ok', result: this.#log.data.get(request.key) })
    this.#waiting.set(this.#log.last.index + 1, { id, epoch: lead.token })
    this.#append(lead, request.command)
  }

  #primaryElsewhere(): Address | null {
    const primary = this.#group?.primary ?? null
    return primary === this.#self ? null : primary
  }

  #append(lead: Lead, command: Command): void {
    const index = this.#log.last.index + 1
    this.#write({ kind: 'entries', entries: [{ epoch: lead.token, index, command }] })
    this.#advance(lead)
    this.#feedAll(lead)
  }

  #reply(id: number, reply: StoreReply): void {
    this.#out.replies.push({ id, reply })
  }

  // ---- a primary reads what a majority has

  #askAll(group: GroupView): void {
    const lead = this.#lead
    if (lead === null) return
    for (const to of group.members)
      if (!lead.positions.has(to)) this.#send(to, { kind: 'query', token: lead.token })
  }

  /** Goes on as soon as a majority has said where its logs end. */
  #elect(): void {
    const lead = this.#lead
    const group = this.#group
    if (lead === null || group === null || lead.first !== null || lead.source !== null) return
    const best = lead.longest(group, this.#self)
    if (best === null) return
    if (best === this.#self) return this.#begin(lead)
    lead.source = best
    lead.sourceTicks = 0
    this.#pull(lead)
  }

  #pull({ source, token }: Lead): void {
    if (source !== null) this.#send(source, { kind: 'pull', token, after: this.#log.committed })
  }

  #begin(lead: Lead): void {
    lead.first = this.#log.last.index + 1
    this.#append(lead, { write: { kind: 'begin' }, id: null })
  }

  /** It has all of its source's log, or asks for more. */
  #pulled(lead: Lead, last: Position | undefined): void {
    if (last === undefined) return this.#pull(lead)
    const own = this.#log.last
    if (isBehind(own, last)) {
      const { source, token } = lead
      if (source !== null) this.#send(source, { kind: 'pull', token, after: own.index })
      return
    }
    lead.source = null
    lead.positions.set(this.#self, own)
    this.#elect()
  }

  // ---- messages

  #onMessage(from: Address, message: Message): void {
    const { token } = message
    if (message.kind === 'refused') {
      if (token > this.#seen) this.#see(token)
      return
    }
    if (token < this.#seen) return this.#send(from, { kind: 'refused', token: this.#seen })
    if (token > this.#seen) this.#see(token)
    switch (message.kind) {
      case 'append':
        return this.#onAppend(from, message)
      case 'snapshot':
        return this.#onSnapshot(from, message)
      case 'query':
        return this.#send(from, { kind: 'position', token, last: this.#log.last })
      case 'pull':
        return this.#send(from, tailOf(this.#log, token, message.after))
      case 'next-part':
        return this.#send(from, snapshotPart(this.#log, token, message.index, message.part))
      default:
        if (this.#lead?.token === token) this.#onAnswer(this.#lead, from, message)
    }
  }

  #onAppend(from: Address, { token, previous, entries, commit }: Message & { kind: 'append' }): void {
    if (this.#lead !== null) return
    const { committed } = this.#log
    const isKnown =
      previous.index <= committed || this.#log.positionAt(previous.index)?.epoch === previous.epoch
    if (!isKnown) return this.#send(from, { kind: 'missing', token, index: committed })
    this.#take(entries)
    const index = previous.index + entries.length
    this.#commit(Math.min(commit, index))
    this.#send(from, { kind: 'stored', token, index })
  }

  #take(entries: readonly Entry[]): void {
    const missing = this.#log.missingOf(entries)
    if (missing.length > 0) this.#write({ kind: 'entries', entries: missing })
  }

  #onSnapshot(from: Address, message: Message & { kind: 'snapshot' }): void {
    const { token, last } = message
    const lead = this.#lead
    if (lead !== null && lead.source !== from) return
    // entries that it has acknowledged stay
    if (this.#log.positionAt(last.index)?.epoch === last.epoch) this.#commit(last.index)
    if (last.index > this.#log.committed) {
      const isNew = this.#parts.add(message)
      const { whole, next } = this.#parts
      if (whole === null) {
        // one chain of questions is enough; the first part begins it again
        if (isNew || message.part === 0)
          this.#send(from, { kind: 'next-part', token, index: last.index, part: next })
        return
      }
      this.#write({ kind: 'snapshot', snapshot: { ...last, data: whole }, isWhole: true })
      this.#changes.restart(last.index)
    }
    if (lead === null) this.#send(from, { kind: 'stored', token, index: last.index })
    else this.#pulled(lead, lead.positions.get(from))
  }

  #onAnswer(lead: Lead, from: Address, message: Message): void {
    const peer = lead.peer(from)
    switch (message.kind) {
      case 'position':
        lead.positions.set(from, message.last)
        return this.#elect()
      case 'tail':
        if (lead.source !== from) return
        if (this.#log.positionAt(message.previous.index)?.epoch !== message.previous.epoch)
          return this.#pull(lead)
        this.#take(message.entries)
        return this.#pulled(lead, lead.positions.get(from))
      case 'stored':
        peer.match = Math.max(peer.match, message.index)
        peer.next = Math.max(peer.next, peer.match + 1)
        this.#advance(lead)
        return this.#feed(lead, from)
      case 'missing':
        peer.match = Math.max(peer.match, message.index)
        peer.next = peer.match + 1
        return this.#feed(lead, from)
      default:
        return undefined
    }
  }

  // ---- a primary copies its log

  /** Commits what a majority has on disk, from the first entry of its own token on. */
  #advance(lead: Lead): void {
    const group = this.#group
    if (group === null || lead.first === null) return
    const index = lead.storedByMajority(group, this.#self, this.#log.last.index)
    if (index < lead.first) return
    this.#commit(index)
    if (lead.isServing) return this.#release(group)
    lead.isServing = true
  }

  #commit(index: number): void {
    this.#log.commit(index, ({ index: at, epoch }, { result, changes }) => {
      this.#changes.add(changes)
      this.#out.changes.push(...changes)
      const waiting = this.#waiting.get(at)
      if (waiting === undefined) return
      this.#waiting.delete(at)
      // another entry than its own stands there
      const isOwn = waiting.epoch === epoch
      this.#reply(waiting.id, isOwn ? { code: 'ok', result } : { code: 'E_UNKNOWN_OUTCOME' })
    })
  }

  #feedAll(lead: Lead): void {
    if (this.#group === null) return
    for (const to of othersOf(this.#group, this.#self)) this.#feed(lead, to)
  }

  /** The next entries of a copy; `isBeat`: also if there are none. */
  #feed(lead: Lead, to: Address, isBeat = false): void {
    if (lead.first === null || this.#group === null) return
    if (!othersOf(this.#group, this.#self).includes(to)) return
    const message = nextFor(this.#log, lead.token, lead.peer(to), isBeat)
    if (message !== null) this.#send(to, message)
  }

  #onTick(): void {
    const lead = this.#lead
    const group = this.#group
    if (lead === null || group === null) return
    this.#release(group)
    if (this.#lead === null) return
    if (lead.first === null) return this.#askAgain(lead, group)
    // who has lost something says so: it does not fit
    for (const to of othersOf(group, this.#self)) this.#feed(lead, to, true)
  }

  #askAgain(lead: Lead, group: GroupView): void {
    lead.sourceTicks += 1
    if (lead.source !== null && lead.sourceTicks > SOURCE_TICKS) {
      lead.source = null
      lead.positions.clear()
      lead.positions.set(this.#self, this.#log.last)
    }
    this.#askAll(group)
    if (lead.source !== null) this.#pull(lead)
  }

  #send(to: Address, message: Message): void {
    this.#out.sends.push({ to, message })
  }
}
