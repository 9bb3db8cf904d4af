import type { Clock } from '../../ports/clock.ts'
import {
  coordinatorStep,
  newCoordinator,
  outcomeOf,
  recoverCoordinator,
} from '../../services/transactions/coordinator.ts'
import type {
  Coordinator,
  CoordinatorEvent,
  CoordinatorRecord,
} from '../../services/transactions/coordinator.ts'
import { KEEP_MS } from '../../services/transactions/decisions.ts'
import type { DecisionAnswer, DecisionCommand, Party } from '../../services/transactions/decisions.ts'
import type { Body, Sent } from '../../services/transactions/messages.ts'
import { termsOf } from '../../services/transactions/store-message.ts'
import type { Share, StoreTxBody, StoreTxReply } from '../../services/transactions/store-message.ts'
import { invariant } from '../../types/errors.ts'
import type { Outcome, TxName } from '../../types/transaction.ts'
import type { AgreedLog } from './agreed-log.ts'
import type { BookRow, Decided } from './book.ts'

/** What is told while it is begun; after a restart there is none, and nothing is prepared any more. */
export interface Beginning {
  /** By service. */
  readonly shares: ReadonlyMap<number, Share>
  readonly parties: readonly Party['keys'][]
  readonly ttlMs: number
}

export interface CoordinationInit {
  readonly name: TxName
  readonly row: BookRow
  readonly beginning: Beginning | null
  /** On disk when it returns. @throws RsdpError E_RECORDS */
  readonly write: (row: BookRow) => void
  /** Null: there was no answer. */
  readonly tell: (service: number, body: StoreTxBody) => Promise<StoreTxReply | null>
  readonly log: AgreedLog
  readonly clock: Clock
  /** Unix time, ms. */
  readonly unixMs: () => number
  /** It does not go on: the disk has failed. The next start goes on from what is written. */
  readonly onFailure: (error: unknown) => void
}

const TICK_MS = 250
/** What has had no answer is said again. */
const AGAIN_MS = 1_000

/** One transaction at the node that coordinates it, until all stores are done with it. */
export class Coordination {
  readonly #init: CoordinationInit
  readonly #stops: (() => void)[] = []
  readonly #decided = Promise.withResolvers<Decided>()
  readonly #voted = new Set<number>()
  /** What is under way, so that it is not said twice at a time. */
  readonly #asked = new Map<string, number>()
  readonly #beganMs: number
  /** Whether the log has it, as far as this life knows. */
  #isBegun = false
  #isStopped = false
  #row: BookRow
  #state: Coordinator
  #against: Pick<Decided, 'cause' | 'service'> | null = null

  constructor(init: CoordinationInit) {
    this.#init = init
    this.#row = init.row
    this.#beganMs = init.clock.nowMs()
    const terms = termsOf(init.row)
    this.#state =
      init.beginning === null ? recoverCoordinator(terms, recordsOf(init.row)) : newCoordinator(terms)
  }

  get phase(): string {
    return this.#state.phase
  }

  get row(): BookRow {
    return this.#row
  }

  get decided(): Promise<Decided> {
    return this.#decided.promise
  }

  /** @throws RsdpError E_RECORDS: it is not begun, or not gone on with */
  start(): void {
    const { beginning, clock, log, row } = this.#init
    if (row.decided !== null) this.#decided.resolve(row.decided)
    if (beginning !== null) this.#step({ kind: 'start' })
    else if (outcomeOf(this.#state) === 'abort' && row.decided === null) this.#note('abort')
    this.#stops.push(clock.every(TICK_MS, () => this.#guarded(() => this.#tick())))
    if (row.log !== 0n) this.#stops.push(log.onDecided(() => this.#guarded(() => this.#look())))
    this.#tick()
  }

  /** A word from a store's node, or from whoever has finished it. */
  heard(body: Extract<Body, { readonly kind: 'ask' | 'outcome' }>): Outcome | null {
    if (body.kind === 'outcome' && this.#row.protocol === '3pc')
      this.#step({ kind: 'message', from: 0, body })
    return outcomeOf(this.#state)
  }

  stop(): void {
    this.#isStopped = true
    for (const stop of this.#stops.splice(0)) stop()
  }

  #tick(): void {
    const { beginning, clock } = this.#init
    const { phase, isPassive, terms } = this.#state
    if (this.#row.isOver) return
    if (phase === 'preparing' && !isPassive && beginning !== null) {
      const isLate = clock.nowMs() - this.#beganMs >= beginning.ttlMs
      if (isLate) this.#against ??= { cause: 'silent', service: this.#silent() }
      if (terms.protocol === 'agreed') return this.#agree(isLate)
      if (isLate) return this.#step({ kind: 'timeout' })
      return this.#send(this.#prepares())
    }
    if (terms.protocol === 'agreed') return this.#agree(true)
    this.#step({ kind: 'timeout' })
  }

  /** Gets it into the log, or out of it once it takes too long. */
  #agree(isLate: boolean): void {
    const { phase } = this.#state
    if (phase === 'preparing') {
      this.#look()
      if (this.#state.phase !== 'preparing') return
      if (!this.#isBegun) return this.#submit(this.#init.beginning === null ? 'read' : 'begin')
      if (isLate || this.#against !== null) return this.#submit('no')
      return this.#send(this.#prepares())
    }
    this.#submit('done')
  }

  /** What the log says, as far as this node knows. */
  #look(): void {
    const { log, name, row } = this.#init
    if (row.log === 0n || this.#state.phase !== 'preparing' || !this.#isBegun) return
    const decision = log.decisionOf(row.log, name)
    if (decision === 'commit' || decision === 'abort') this.#step({ kind: 'agreed', outcome: decision })
  }

  #prepares(): Sent[] {
    const { terms } = this.#state
    const left = terms.participants.filter((node) => !this.#voted.has(node))
    return left.map((to) => ({ to, body: { kind: 'prepare', terms } }))
  }

  /** The first store that has not voted. */
  #silent(): number {
    const { participants } = this.#state.terms
    const first = participants.find((node) => !this.#voted.has(node))
    return first === undefined ? 0 : this.#serviceOf(first)
  }

  #step(event: CoordinatorEvent): void {
    const { state, records, sends, submits } = coordinatorStep(this.#state, event)
    // nothing leaves before the disk has it
    for (const record of records) {
      if (record.kind === 'begun') this.#write(this.#row)
      else this.#note(record.outcome)
    }
    this.#state = state
    this.#send(sends)
    for (const one of submits) if (one === 'begin' || one === 'done') this.#submit(one)
    const { protocol, participants } = state.terms
    const isDone = participants.every((node) => state.done.has(node))
    if (protocol !== 'agreed' && outcomeOf(state) !== null && isDone) this.#end()
  }

  /** The decision on disk, with its cause. */
  #note(outcome: Outcome): void {
    const unknown = { cause: this.#init.beginning === null ? ('interrupted' as const) : null, service: 0 }
    const cause = outcome === 'commit' ? { cause: null, service: 0 } : (this.#against ?? unknown)
    const decided = { outcome, ...cause }
    this.#write({ ...this.#row, decided })
    this.#decided.resolve(decided)
  }

  /** All stores are done: they may forget it. */
  #end(): void {
    if (!this.#row.isOver) this.#write({ ...this.#row, isOver: true })
    this.stop()
    // in the agreed log stores say themselves when they are done, and know when all are
    if (this.#row.protocol === 'agreed') return
    for (const service of this.#row.services) void this.#init.tell(service, { kind: 'forget' })
  }

  #write(row: BookRow): void {
    this.#init.write(row)
    this.#row = row
  }

  #send(sends: readonly Sent[]): void {
    for (const { to, body } of sends) {
      const said = this.#bodyFor(to, body)
      if (said === null) continue
      this.#once(`${to} ${said.kind}`, async () => {
        const reply = await this.#init.tell(this.#serviceOf(to), said)
        this.#guarded(() => this.#answered(to, reply))
      })
    }
  }

  #bodyFor(to: number, body: Body): StoreTxBody | null {
    switch (body.kind) {
      case 'prepare': {
        const share = this.#init.beginning?.shares.get(this.#serviceOf(to))
        return share === undefined ? null : { kind: 'prepare', share }
      }
      case 'ask':
      case 'accept':
        return body
      case 'outcome':
        // in the agreed log stores hear of it themselves
        return this.#row.protocol === 'agreed' ? null : body
      default:
        return null
    }
  }

  #answered(from: number, reply: StoreTxReply | null): void {
    const body = reply?.body ?? null
    if (reply === null || body === null) return
    const isVote = body.kind === 'vote'
    if (isVote) this.#voted.add(from)
    if (isVote && !body.isYes && this.#state.phase === 'preparing')
      this.#against ??= { cause: reply.why, service: this.#serviceOf(from) }
    if (this.#row.protocol !== 'agreed') this.#step({ kind: 'message', from, body })
    else if (isVote && !body.isYes) this.#submit('no')
  }

  #submit(what: DecisionCommand['kind']): void {
    const { log, row } = this.#init
    this.#once(what, async () => {
      const answer = await log.submit(row.log, this.#commandFor(what))
      this.#guarded(() => this.#logged(what, answer))
    })
  }

  #commandFor(kind: DecisionCommand['kind']): DecisionCommand {
    const { name: tx, beginning } = this.#init
    if (kind !== 'begin') return kind === 'read' ? { kind, tx } : { kind, tx, party: null }
    invariant(beginning !== null, 'only a new transaction is begun')
    const { ttlMs, parties } = beginning
    return { kind, number: tx.number, ttlMs, parties }
  }

  #logged(what: DecisionCommand['kind'], answer: DecisionAnswer | null): void {
    if (answer === null) return
    if (what === 'done') return this.#end()
    if (this.#state.phase !== 'preparing') return
    switch (answer) {
      case 'unknown':
      case 'full':
        return this.#notBegun(answer)
      case 'pending':
        this.#isBegun = true
        // who has begun it has died, and what was to be prepared is not known
        if (this.#init.beginning === null) return this.#submit('no')
        return this.#step({ kind: 'agreed', outcome: null })
      case 'commit':
      case 'abort':
        return this.#step({ kind: 'agreed', outcome: answer })
    }
  }

  /** The log does not have it, so that no store was told of it; or all are done, and nobody knows any more how it ended. */
  #notBegun(why: 'unknown' | 'full'): void {
    const { beginning, name, unixMs } = this.#init
    if (beginning !== null) this.#against = { cause: why === 'full' ? 'log-full' : 'late', service: 0 }
    if (beginning === null && unixMs() - name.number >= Number(KEEP_MS) / 2)
      this.#write({ ...this.#row, isOver: true })
    else this.#note('abort')
    this.#end()
  }

  /** One word of a kind at a time, and not again at once. */
  #once(what: string, say: () => Promise<void>): void {
    const nowMs = this.#init.clock.nowMs()
    if (nowMs < (this.#asked.get(what) ?? 0)) return
    this.#asked.set(what, Infinity)
    void say().finally(() => this.#asked.set(what, this.#init.clock.nowMs() + AGAIN_MS))
  }

  #guarded(act: () => void): void {
    if (this.#isStopped) return
    try {
      act()
    } catch (error) {
      this.stop()
      this.#init.onFailure(error)
    }
  }

  #serviceOf(node: number): number {
    const service = this.#row.services[node - 1]
    invariant(service !== undefined, `no participant ${node}`)
    return service
  }
}

function recordsOf({ decided }: BookRow): CoordinatorRecord[] {
  return [
    { kind: 'begun' },
    ...(decided === null ? [] : [{ kind: 'decided' as const, outcome: decided.outcome }]),
  ]
}
