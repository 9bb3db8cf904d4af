import { uint } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import {
  coordinatorStep,
  newCoordinator,
  outcomeOf,
  recoverCoordinator,
} from '../../src/services/transactions/coordinator.ts'
import type {
  Coordinator,
  CoordinatorEvent,
  CoordinatorRecord,
} from '../../src/services/transactions/coordinator.ts'
import { decisions, encodeDecision } from '../../src/services/transactions/decisions.ts'
import type { DecisionRow, DecisionState } from '../../src/services/transactions/decisions.ts'
import { leaderStep, startLeader } from '../../src/services/transactions/leader.ts'
import type { Leader } from '../../src/services/transactions/leader.ts'
import type { Body, Effects, Submission, Terms } from '../../src/services/transactions/messages.ts'
import {
  labelOf,
  NEW_PARTICIPANT,
  participantStep,
  recoverParticipant,
} from '../../src/services/transactions/participant.ts'
import type {
  Participant,
  ParticipantEvent,
  ParticipantRecord,
} from '../../src/services/transactions/participant.ts'
import type { Address } from '../../src/types/ids.ts'
import type { Outcome, Protocol } from '../../src/types/transaction.ts'

/** Where in a step a node dies. */
export const POINTS = ['before-log', 'after-log', 'after-send'] as const
export type Point = (typeof POINTS)[number]

/** A node dies as it comes into this state. Node 0 coordinates, the others take part. */
export interface Kill {
  readonly node: number
  readonly label: string
  readonly point: Point
}

export interface Plan {
  readonly seed: number
  readonly protocol: Protocol
  readonly participants: number
  readonly kills: readonly Kill[]
  /** Participants that cannot commit. */
  readonly refusers: readonly number[]
  /** Never come back. */
  readonly lost: readonly number[]
}

export const keyOf = (node: number): Address => `0x${uint(node, 20)}`

interface Life {
  isAlive: boolean
  /** Height at which this life began. */
  since: number
}

interface Part extends Life {
  state: Participant
  readonly records: ParticipantRecord[]
  leader: Leader | null
  /** Height at which it was in doubt first. */
  doubtSince: number | null
}

/** Ms between two heights of the log, and the deadline of a transaction. */
const HEIGHT_MS = 100
const TTL_MS = 1000

/**
 * One transaction with everything that can go wrong around it: messages late, lost, doubled and out of order, nodes that die
 * at named points and come back from their records. Then it heals: everybody but the lost comes back, nothing is lost any
 * more. The same plan gives the same world.
 */
export class TxWorld {
  readonly terms: Terms
  readonly parts = new Map<number, Part>()
  readonly killed = new Set<string>()
  /** What must never happen and did. */
  readonly faults: string[] = []
  coordinator: Coordinator
  log: DecisionState = []
  height = 0
  readonly #life: Life = { isAlive: true, since: 0 }
  readonly #coordinatorRecords: CoordinatorRecord[] = []
  readonly #plan: Plan
  readonly #random: Random
  #mail: { readonly from: number; readonly to: number; readonly body: Body }[] = []
  #submitted: { readonly from: number; readonly what: Submission }[] = []
  #isRough = true
  /** Height at which the log decided. */
  #decidedAt: number | null = null

  constructor(plan: Plan) {
    this.#plan = plan
    this.#random = new Random(plan.seed)
    const participants = Array.from({ length: plan.participants }, (_, i) => i + 1)
    this.terms = { protocol: plan.protocol, coordinator: 0, participants }
    this.coordinator = newCoordinator(this.terms)
    for (const node of participants)
      this.parts.set(node, {
        state: NEW_PARTICIPANT,
        records: [],
        leader: null,
        isAlive: true,
        since: 0,
        doubtSince: null,
      })
  }

  /** The rough part, then the healed one; ends when nobody is in doubt, or after long. */
  run(roughSteps = 160, healedSteps = 1000): this {
    this.#coordinate({ kind: 'start' })
    for (let i = 0; i < roughSteps; i += 1) this.#something()
    this.#isRough = false
    for (const node of [0, ...this.terms.participants]) this.#restart(node)
    for (let i = 0; i < healedSteps && !this.isOver; i += 1) this.#something()
    return this
  }

  get isOver(): boolean {
    const isKnown = this.#plan.lost.includes(0) || outcomeOf(this.coordinator) !== null
    return (
      isKnown &&
      [...this.parts].every(([node, { state }]) => state.final !== null || this.#plan.lost.includes(node))
    )
  }

  outcomes(): (Outcome | null)[] {
    return [...this.parts.values()].map(({ state }) => state.final)
  }

  #something(): void {
    const random = this.#random
    const dead = [0, ...this.terms.participants].filter((node) => !this.#lifeOf(node).isAlive)
    const roll = random.fraction()
    if (roll < 0.1) this.#turnHeight()
    // once healed a time-out is longer than any message takes
    else if (roll < 0.2 && (this.#isRough || this.#mail.length === 0))
      this.#timeout(random.pick([0, ...this.terms.participants]))
    else if (roll < 0.23 && dead.length > 0) this.#restart(random.pick(dead))
    else if (this.#mail.length > 0) this.#deliver(random.int(0, this.#mail.length - 1))
    else this.#timeout(random.pick([0, ...this.terms.participants]))
    this.#check()
  }

  #deliver(at: number): void {
    const [mail] = this.#isRough && this.#random.chance(0.1) ? [this.#mail[at]] : this.#mail.splice(at, 1)
    if (mail === undefined || (this.#isRough && this.#random.chance(0.1))) return
    const { from, to, body } = mail
    if (!this.#lifeOf(to).isAlive) return
    if (to === 0) {
      this.#coordinate({ kind: 'message', from, body })
      return
    }
    const part = this.#part(to)
    if (part.leader !== null) {
      const led = leaderStep(part.leader, from, body)
      part.leader = led.leader
      this.#send(to, led.sends)
    }
    this.#participate(to, {
      kind: 'message',
      from,
      body,
      canCommit: !this.#plan.refusers.includes(to),
    })
  }

  #timeout(node: number): void {
    if (!this.#lifeOf(node).isAlive) return
    if (node === 0) this.#coordinate({ kind: 'timeout' })
    else this.#participate(node, { kind: 'timeout' })
  }

  #coordinate(event: CoordinatorEvent): void {
    const before = this.coordinator.phase
    const step = coordinatorStep(this.coordinator, event)
    this.#perform(0, step, this.#coordinatorRecords, before, step.state.phase, () => {
      this.coordinator = step.state
    })
  }

  #participate(node: number, event: ParticipantEvent): void {
    const part = this.#part(node)
    const before = labelOf(part.state)
    const step = participantStep(node, part.state, event)
    if (part.state.final !== null && step.state.final !== part.state.final)
      this.faults.push(`${node} left ${part.state.final}`)
    this.#perform(node, step, part.records, before, labelOf(step.state), () => {
      part.state = step.state
      if (step.state.terms !== null) part.doubtSince ??= this.height
      if (step.leads === null) return
      const led = startLeader(this.terms, step.leads)
      part.leader = led.leader
      this.#send(node, led.sends)
    })
  }

  /** Records, then the rest; or death at the point that the plan names. */
  #perform<Rec>(
    node: number,
    step: Effects<unknown, Rec>,
    records: Rec[],
    before: string,
    after: string,
    live: () => void,
  ): void {
    const kill =
      this.#isRough && before !== after
        ? this.#plan.kills.find(
            (one) => one.node === node && one.label === after && !this.killed.has(nameOf(one)),
          )
        : undefined
    if (kill?.point !== 'before-log') records.push(...step.records)
    if (kill === undefined || kill.point === 'after-send') {
      live()
      this.#send(node, step.sends)
      this.#submitted.push(...step.submits.map((what) => ({ from: node, what })))
    }
    if (kill === undefined) return
    this.killed.add(nameOf(kill))
    this.#die(node)
  }

  #die(node: number): void {
    this.#lifeOf(node).isAlive = false
    // what it had not said yet is lost with it, now and then
    if (this.#random.chance(0.5)) this.#submitted = this.#submitted.filter(({ from }) => from !== node)
    if (node !== 0) {
      const part = this.#part(node)
      part.state = recoverParticipant(part.records)
      part.leader = null
    }
  }

  #restart(node: number): void {
    const life = this.#lifeOf(node)
    if (life.isAlive || this.#plan.lost.includes(node)) return
    life.isAlive = true
    life.since = this.height
    if (node !== 0) return
    this.coordinator = recoverCoordinator(this.terms, this.#coordinatorRecords)
    this.#coordinate({ kind: 'start' })
  }

  /** A height of the agreed log: it has a quorum whatever happens to these nodes. */
  #turnHeight(): void {
    this.height += 1
    const agreedMs = BigInt(this.height * HEIGHT_MS)
    const token = BigInt(this.height)
    this.log = decisions.turn?.(this.log, { agreedMs, token }) ?? this.log
    const tx = { coordinator: keyOf(0), number: 1 }
    for (const { from, what } of this.#submitted) {
      const command =
        what === 'begin'
          ? {
              kind: what,
              number: 1,
              ttlMs: TTL_MS,
              parties: this.terms.participants.map((one) => [keyOf(one)]),
            }
          : { kind: what, tx, party: from === 0 ? null : from - 1 }
      const context = { proposer: keyOf(from), agreedMs, token, index: 1n }
      this.log = decisions.apply(this.log, encodeDecision(command), context).state
    }
    this.#submitted = []
    const bytes = decisions.state.encode(this.log)
    if (decisions.state.decode(bytes) === null) this.faults.push('a log that does not decode')
    const [row] = this.log
    if (row === undefined) return
    if (row.decision !== 'pending') this.#decidedAt ??= this.height
    this.#tellOf(row)
    this.#checkUnblocked(row, agreedMs)
  }

  #tellOf({ decision }: DecisionRow): void {
    const outcome = decision === 'pending' ? null : decision
    if (this.#life.isAlive) this.#coordinate({ kind: 'agreed', outcome })
    if (outcome === null) return
    for (const [node, part] of this.parts)
      if (part.isAlive && part.state.final === null) this.#participate(node, { kind: 'agreed', outcome })
  }

  /** Two heights after the last vote, or after the deadline, nobody that lives is in doubt. */
  #checkUnblocked({ deadlineMs }: DecisionRow, agreedMs: bigint): void {
    const parts = [...this.parts.values()]
    const long = (height: number | null): boolean => height !== null && height <= this.height - 2
    const haveVoted = parts.every(
      ({ isAlive, since, doubtSince }) => isAlive && long(since) && long(doubtSince),
    )
    const isLate = agreedMs >= deadlineMs + BigInt(2 * HEIGHT_MS)
    for (const { isAlive, since, state, doubtSince } of parts) {
      if (!isAlive || !long(since) || !long(doubtSince) || state.final !== null) continue
      // a vote may have been lost with its life: it is said again at a time-out, which this world draws at random
      if (isLate || (haveVoted && this.killed.size === 0 && this.#decidedAt !== null))
        this.faults.push(`in doubt at height ${this.height}`)
    }
  }

  #check(): void {
    const states = [...this.parts.values()].map(({ records }) => recoverParticipant(records))
    const finals = new Set(states.flatMap(({ final }) => final ?? []))
    for (const record of this.#coordinatorRecords) if (record.kind === 'decided') finals.add(record.outcome)
    if (finals.size > 1) this.faults.push('committed here and aborted there')
    if (finals.has('commit') && states.some(({ terms }) => terms === null))
      this.faults.push('committed without a yes of everybody')
    // locks are held while in doubt: whoever can read all reads all or nothing
    const isReadable = states.every(({ terms, final }) => terms === null || final !== null)
    const seen = new Set(states.map(({ final }) => final === 'commit'))
    if (isReadable && seen.size > 1) this.faults.push('half of the writes visible')
  }

  #send(from: number, sends: Effects<unknown, unknown>['sends']): void {
    this.#mail.push(...sends.map(({ to, body }) => ({ from, to, body })))
  }

  #lifeOf(node: number): Life {
    return node === 0 ? this.#life : this.#part(node)
  }

  #part(node: number): Part {
    const part = this.parts.get(node)
    if (part === undefined) throw new Error(`no node ${node}`)
    return part
  }
}

function nameOf({ node, label, point }: Kill): string {
  return `${node} ${node === 0 ? 'coordinator' : 'participant'} ${label} ${point}`
}

const LABELS: Readonly<Record<Protocol, { readonly coordinator: string[]; readonly participant: string[] }>> =
  {
    agreed: {
      coordinator: ['preparing', 'committed', 'aborted'],
      participant: ['prepared', 'committed', 'aborted'],
    },
    '2pc': {
      coordinator: ['preparing', 'committing', 'committed', 'aborting', 'aborted'],
      participant: ['prepared', 'committed', 'aborted'],
    },
    '3pc': {
      coordinator: ['preparing', 'prepared', 'committing', 'committed', 'aborting', 'aborted'],
      participant: ['prepared', 'pre-committed', 'pre-aborted', 'committed', 'aborted'],
    },
  }

/** All labelled states of a protocol at which a node of a role can die, with the points. */
export function labelledKills(
  protocol: Protocol,
): { readonly role: 'coordinator' | 'participant'; readonly label: string; readonly point: Point }[] {
  return (['coordinator', 'participant'] as const).flatMap((role) =>
    LABELS[protocol][role].flatMap((label) => POINTS.map((point) => ({ role, label, point }))),
  )
}

/** Schedule number n of a protocol: it goes through all labelled states in turn, with other chance each time. */
export function scheduleOf(protocol: Protocol, number: number): Plan {
  const kinds = labelledKills(protocol)
  const { role, label, point } = kinds[number % kinds.length] as (typeof kinds)[number]
  const random = new Random(number)
  const participants = random.int(2, 5)
  const someone = (): number => random.int(1, participants)
  const isAbort = label.includes('abort')
  const kills: Kill[] = [{ node: role === 'coordinator' ? 0 : someone(), label, point }]
  // a leader pre-aborts when the coordinator is gone before it has said anything more
  if (label === 'pre-aborted') kills.push({ node: 0, label: 'prepared', point: 'before-log' })
  if (random.chance(0.3)) kills.push({ node: someone(), label: 'prepared', point: random.pick(POINTS) })
  // some have heard the decision and are gone, the others have to find it again
  if (protocol === '3pc' && label === 'committed' && role === 'participant')
    kills.push({ node: 0, label: 'committing', point: 'after-send' })
  const refuses = (isAbort && label !== 'pre-aborted' && random.chance(0.7)) || random.chance(0.1)
  return { seed: random.u32(), protocol, participants, kills, refusers: refuses ? [someone()] : [], lost: [] }
}
