import type { Clock } from '../../ports/clock.ts'
import type { TxRow } from '../../services/store/transactions.ts'
import { nameOf } from '../../services/store/transactions.ts'
import type { DecisionAnswer } from '../../services/transactions/decisions.ts'
import { leaderStep, startLeader } from '../../services/transactions/leader.ts'
import type { Led } from '../../services/transactions/leader.ts'
import type { Body } from '../../services/transactions/messages.ts'
import { participantStep } from '../../services/transactions/participant.ts'
import { termsOf } from '../../services/transactions/store-message.ts'
import type { Share, StoreTxBody, StoreTxReply } from '../../services/transactions/store-message.ts'
import type { Outcome, TxName } from '../../types/transaction.ts'
import type { AgreedLog } from './agreed-log.ts'

/** A transaction at a store that this node leads, whose task of services this is. */
export interface KeptTx extends TxRow {
  readonly share: Share
  readonly task: bigint
}

export interface KeeperInit {
  /** What the stores that this node leads know of transactions. */
  readonly rows: () => readonly KeptTx[]
  /** Null: there was no answer. */
  readonly tell: (
    task: bigint,
    service: number,
    name: TxName,
    body: StoreTxBody,
  ) => Promise<StoreTxReply | null>
  /** Asks or tells who coordinates. Null: there was no answer, or it does not know. */
  readonly ask: (
    task: bigint,
    name: TxName,
    body: Extract<Body, { kind: 'ask' | 'outcome' }>,
  ) => Promise<Outcome | null>
  readonly log: AgreedLog
  readonly clock: Clock
}

const LOOK_MS = 250
/** In doubt for so long, a store of 2PC or 3PC does not wait for the coordinator alone. Longer than an answer takes. */
const DOUBT_MS = { '2pc': 1_500, '3pc': 3_000 } as const
/** What the log has is looked up again after so long: it makes a height, so that deadlines end. */
const AGAIN_MS = 2_000
/** So long after its end, a transaction whose coordinator has not said that all are done is asked about. */
const TIDY_MS = 60_000

interface Seen {
  /** When this node saw it first as it is. */
  sinceMs: number
  isOver: boolean
  /** The log has its word that it is done. */
  isSaid: boolean
  isBusy: boolean
  againMs: number
}

/**
 * Ends transactions at the stores that this node leads: says their votes in the agreed log, asks for outcomes, leads ballots
 * of 3PC when the coordinator is silent, and lets stores forget what all are done with. It keeps nothing: whoever leads a store
 * next finds the same in it.
 */
export class Keeper {
  readonly #init: KeeperInit
  readonly #seen = new Map<string, Seen>()
  readonly #stopListening: () => void
  /** Looks again while there is something to keep. */
  #stopWaiting: (() => void) | null = null
  #isStopped = false

  constructor(init: KeeperInit) {
    this.#init = init
    this.#stopListening = init.log.onDecided(() => this.look())
  }

  stop(): void {
    this.#isStopped = true
    this.#stopListening()
    this.#stopWaiting?.()
    this.#seen.clear()
  }

  /** Does what is to be done now; nothing waits for it. To be called when a store may have heard of something. */
  look(): void {
    if (this.#isStopped) return
    const nowMs = this.#init.clock.nowMs()
    const rows = this.#init.rows()
    const present = new Set(rows.map(nameAt))
    for (const name of this.#seen.keys()) if (!present.has(name)) this.#seen.delete(name)
    for (const row of rows) {
      const isOver = row.state.final !== null
      const known = this.#seen.get(nameAt(row))
      const seen = known ?? { sinceMs: nowMs, isOver, isSaid: false, isBusy: false, againMs: 0 }
      if (known === undefined) this.#seen.set(nameAt(row), seen)
      if (seen.isBusy) continue
      if (seen.isOver !== isOver) Object.assign(seen, { sinceMs: nowMs, isOver, againMs: 0 })
      this.#act(row, seen, nowMs)
    }
    if (rows.length === 0 || this.#stopWaiting !== null) return
    this.#stopWaiting = this.#init.clock.after(LOOK_MS, () => {
      this.#stopWaiting = null
      this.look()
    })
  }

  #act(row: KeptTx, seen: Seen, nowMs: number): void {
    const { share, name, state } = row
    if (share.protocol === 'agreed') {
      const decision = this.#init.log.decisionOf(share.log, name)
      if (state.final === null && (decision === 'commit' || decision === 'abort'))
        return this.#busy(seen, () => this.#end(row, decision))
      if (seen.isSaid && decision === 'none') return this.#busy(seen, () => this.#forget(row))
      if (nowMs >= seen.againMs)
        this.#busy(seen, () => this.#vote(row, seen), seen.isSaid ? TIDY_MS : AGAIN_MS)
      return
    }
    const patienceMs = state.final === null ? DOUBT_MS[share.protocol] : TIDY_MS
    if (nowMs - seen.sinceMs < patienceMs || nowMs < seen.againMs) return
    this.#busy(seen, () => (state.final === null ? this.#finish(row) : this.#tidy(row, state.final)))
  }

  #busy(seen: Seen, work: () => Promise<void>, pauseMs = AGAIN_MS): void {
    seen.isBusy = true
    void work()
      .catch(() => undefined)
      .finally(() => {
        seen.isBusy = false
        seen.againMs = this.#init.clock.nowMs() + pauseMs
      })
  }

  /** Its yes, or that it is done, in the agreed log. */
  async #vote(row: KeptTx, seen: Seen): Promise<void> {
    const { share, name, state } = row
    const kind = state.final === null ? 'yes' : 'done'
    const answer = await this.#init.log.submit(share.log, { kind, tx: name, party: share.self - 1 })
    if (state.final === null) return this.#take(row, answer)
    if (answer === 'unknown') return this.#forget(row)
    seen.isSaid = answer !== null
  }

  /** All are done. */
  async #forget(row: KeptTx): Promise<void> {
    await this.#tell(row, row.share.self, { kind: 'forget' })
  }

  async #take(row: KeptTx, answer: DecisionAnswer | null): Promise<void> {
    if (answer === 'commit' || answer === 'abort') return this.#end(row, answer)
    // it is in the log from before it was prepared until all are done: whoever is not, has not to be
    if (answer === 'unknown') await this.#end(row, 'abort')
  }

  async #end(row: KeptTx, outcome: Outcome): Promise<void> {
    await this.#tell(row, row.share.self, { kind: 'outcome', outcome })
  }

  /** Asks the others of 2PC, leads a ballot of 3PC. */
  async #finish(row: KeptTx): Promise<void> {
    const { share, state, task, name } = row
    const step = participantStep(share.self, state, { kind: 'timeout' })
    const answers = await Promise.all(
      step.sends.map(async ({ to, body }) => {
        if (body.kind !== 'ask') return null
        if (to === 0) return this.#init.ask(task, name, body)
        const reply = await this.#tell(row, to, body)
        return reply?.body?.kind === 'outcome' ? reply.body.outcome : null
      }),
    )
    const known = answers.find((outcome) => outcome !== null)
    if (known !== undefined) return this.#end(row, known)
    if (step.leads !== null) await this.#lead(row, startLeader(termsOf(share), step.leads))
  }

  /** One ballot: it ends by itself, with or without an outcome. */
  async #lead(row: KeptTx, { leader, sends }: Led): Promise<void> {
    const { task, name } = row
    const replies = await Promise.all(
      sends.map(async ({ to, body }) => {
        if (to === 0) {
          if (body.kind === 'outcome') await this.#init.ask(task, name, body)
          return null
        }
        if (body.kind !== 'collect' && body.kind !== 'accept' && body.kind !== 'outcome') return null
        return { to, reply: await this.#tell(row, to, body) }
      }),
    )
    let now = leader
    for (const one of replies) {
      const body = one?.reply?.body ?? null
      if (now === null || one === null || body === null) continue
      const led = leaderStep(now, one.to, body)
      now = led.leader
      // the next word goes to all
      if (led.sends.length > 0) return this.#lead(row, led)
    }
  }

  /** Tells all the outcome once more; once all are done, all may forget it. */
  async #tidy(row: KeptTx, outcome: Outcome): Promise<void> {
    const { participants } = termsOf(row.share)
    const all = (body: StoreTxBody): Promise<(StoreTxReply | null)[]> =>
      Promise.all(participants.map((node) => this.#tell(row, node, body)))
    const replies = await all({ kind: 'outcome', outcome })
    if (replies.every((reply) => reply?.body?.kind === 'done')) await all({ kind: 'forget' })
  }

  #tell({ task, share, name }: KeptTx, node: number, body: StoreTxBody): Promise<StoreTxReply | null> {
    const service = share.services[node - 1]
    return service === undefined ? Promise.resolve(null) : this.#init.tell(task, service, name, body)
  }
}

function nameAt({ task, name, share }: KeptTx): string {
  return `${task} ${share.self} ${nameOf(name)}`
}
