import { appendLog, epochOf, logStart } from '../../codec/log.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../../types/log.ts'
import type { Stretch } from './candidates.ts'
import type { JudgeInit } from './judge.ts'

/** The paper's transitions, written down a second time on purpose. */
const MOVES: Readonly<Record<PhaseEvent, readonly [from: PhaseStatus | null, to: PhaseStatus]>> = {
  t1: ['INITIAL', 'DEBATE'],
  t2: ['DEBATE', 'IDLE'],
  t3: ['IDLE', 'DEBATE'],
  t4: ['IDLE', 'SHARE'],
  t5: ['IDLE', 'CLOSE'],
  t6: ['SHARE', 'IDLE'],
  t7: ['CLOSE', 'IDLE'],
  RESET: [null, 'INITIAL'],
}

interface Fold {
  last: LogEntry | null
  head: Digest
  /** Entries by `height/seq`, as they became durable. */
  readonly known: Map<string, LogEntry>
  /** Heads of the chain by `epoch/seq`. */
  readonly heads: Map<string, Digest>
  /** Entries of each epoch, in order. */
  readonly epochs: Map<number, LogEntry[]>
}

/** Every honest member's phase log over all its lives: transitions, order, hash chain. */
export class PhaseLogs {
  readonly #init: JudgeInit
  readonly #folds = new Map<number, Fold>()
  /** Heads of histories that a disk no longer has, by member. */
  readonly #once = new Map<number, Set<string>>()

  constructor(init: JudgeInit) {
    this.#init = init
  }

  append(member: number, entries: readonly LogEntry[]): void {
    const fold = this.#fold(member)
    for (const entry of entries) {
      const key = `${entry.height}/${entry.seq}`
      const known = fold.known.get(key)
      if (known === undefined) this.#next(member, fold, entry)
      else if (known.event !== entry.event || known.value !== entry.value || known.round !== entry.round)
        this.#init.violate('log-rewritten', `${member} rewrites entry ${key}`)
      fold.known.set(key, entry)
    }
  }

  /** A disk went back: its log goes on from these entries. Heads that it once had stay its own. */
  rewound(member: number, entries: readonly LogEntry[]): void {
    const once = this.#once.get(member) ?? new Set()
    for (const [place, head] of this.#fold(member).heads) once.add(`${place}/${head}`)
    this.#once.set(member, once)
    this.#folds.delete(member)
    this.append(member, entries)
  }

  /** Whether a member's durable log had this head at a place, in this history or in one before its disk went back. */
  hadHead(member: number, height: number, seq: number, head: Digest): boolean {
    const place = `${epochOf(height, this.#init.params.epochHeights)}/${seq}`
    if (this.#fold(member).heads.get(place) === head) return true
    return this.#once.get(member)?.has(`${place}/${head}`) === true
  }

  /** Entries after number `after`, up to `upTo`, in the epoch of a height; null if the durable log has not all of them. */
  stretch(member: number, height: number, after: number, upTo: number): Stretch | null {
    const epoch = epochOf(height, this.#init.params.epochHeights)
    const { heads, epochs } = this.#fold(member)
    const headBefore =
      after === 0 ? logStart(this.#init.cluster.id, epoch) : (heads.get(`${epoch}/${after}`) ?? null)
    const entries = (epochs.get(epoch) ?? []).filter(({ seq }) => seq > after && seq <= upTo)
    return headBefore === null || entries.length < upTo - after ? null : { headBefore, entries }
  }

  #fold(member: number): Fold {
    const existing = this.#folds.get(member)
    if (existing !== undefined) return existing
    const head = logStart(this.#init.cluster.id, 0)
    const created: Fold = { last: null, head, known: new Map(), heads: new Map(), epochs: new Map() }
    this.#folds.set(member, created)
    return created
  }

  #next(member: number, fold: Fold, entry: LogEntry): void {
    const { params, cluster, violate } = this.#init
    const { epochHeights } = params
    const { last } = fold
    const epoch = epochOf(entry.height, epochHeights)
    const isFresh = last === null || epochOf(last.height, epochHeights) !== epoch
    const where = `${member}: ${entry.event} at ${entry.height}/${entry.round}`
    const [from, to] = MOVES[entry.event]
    if (entry.from !== (last?.to ?? 'INITIAL'))
      violate('illegal-transition', `${where} goes on from ${entry.from}, not ${last?.to ?? 'INITIAL'}`)
    if ((from !== null && entry.from !== from) || entry.to !== to)
      violate('illegal-transition', `${where} is not in the table`)
    if (entry.seq !== (isFresh ? 1 : last.seq + 1)) violate('log-gap', `${where} has seq ${entry.seq}`)
    if (
      last !== null &&
      (entry.height < last.height || (entry.height === last.height && entry.round < last.round))
    )
      violate('log-falls-back', where)
    fold.head = appendLog(isFresh ? logStart(cluster.id, epoch) : fold.head, entry)
    fold.heads.set(`${epoch}/${entry.seq}`, fold.head)
    if (isFresh) fold.epochs.set(epoch, [entry])
    else fold.epochs.get(epoch)?.push(entry)
    fold.last = entry
  }
}
