import type { Outcome } from '../../types/transaction.ts'
import { effects, isMajority, toAll } from './messages.ts'
import type { Body, Effects, NodeNumber, Terms } from './messages.ts'

/** The document's seven states of a transaction. `prepared`: all have voted yes, and a majority is being told. */
export const PHASES = [
  'active',
  'preparing',
  'prepared',
  'committing',
  'committed',
  'aborting',
  'aborted',
] as const
export type Phase = (typeof PHASES)[number]

/** One transaction at its coordinator. */
export interface Coordinator {
  readonly terms: Terms
  readonly phase: Phase
  /** It does not know what an earlier life has sent, so it decides nothing and asks. */
  readonly isPassive: boolean
  readonly votes: ReadonlySet<NodeNumber>
  readonly accepted: ReadonlySet<NodeNumber>
  readonly done: ReadonlySet<NodeNumber>
}

/** A decision to commit is durable before anybody hears it. No decision on record: aborted (2PC), or unknown. */
export type CoordinatorRecord =
  { readonly kind: 'begun' } | { readonly kind: 'decided'; readonly outcome: Outcome }

export type CoordinatorEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'message'; readonly from: NodeNumber; readonly body: Body }
  | { readonly kind: 'timeout' }
  /** The agreed log has the transaction; null: it is not decided yet. */
  | { readonly kind: 'agreed'; readonly outcome: Outcome | null }

type Step = Effects<Coordinator, CoordinatorRecord>

/** The coordinator's ballot: the first. */
const BALLOT = 1

export function newCoordinator(terms: Terms): Coordinator {
  const none = new Set<NodeNumber>()
  return { terms, phase: 'active', isPassive: false, votes: none, accepted: none, done: none }
}

export function recoverCoordinator(terms: Terms, records: readonly CoordinatorRecord[]): Coordinator {
  const state = newCoordinator(terms)
  const decided = records.find((record) => record.kind === 'decided')
  if (decided?.kind === 'decided')
    return { ...state, phase: decided.outcome === 'commit' ? 'committing' : 'aborting' }
  if (!records.some(({ kind }) => kind === 'begun')) return state
  // presumed abort: a commit would be on record
  if (terms.protocol === '2pc') return { ...state, phase: 'aborting' }
  return { ...state, phase: 'preparing', isPassive: true }
}

/** One event at the coordinator. From `committing` and `committed` nothing leads to an abort, nor the other way. */
export function coordinatorStep(state: Coordinator, event: CoordinatorEvent): Step {
  switch (event.kind) {
    case 'start':
      return state.phase === 'active' ? start(state) : effects(state)
    case 'timeout':
      return onTimeout(state)
    case 'agreed':
      return onAgreed(state, event.outcome)
    case 'message':
      return onMessage(state, event.from, event.body)
  }
}

function start(state: Coordinator): Step {
  const { terms } = state
  const next: Coordinator = { ...state, phase: 'preparing' }
  const records: CoordinatorRecord[] = [{ kind: 'begun' }]
  // the log has to know of it before anybody votes
  if (terms.protocol === 'agreed') return effects(next, { records, submits: ['begin'] })
  return effects(next, { records, sends: toAll(terms.participants, { kind: 'prepare', terms }) })
}

function onAgreed(state: Coordinator, outcome: Outcome | null): Step {
  const { terms, phase } = state
  if (phase !== 'preparing') return effects(state)
  if (outcome === null)
    return effects(state, { sends: toAll(terms.participants, { kind: 'prepare', terms }) })
  return effects(
    { ...state, phase: outcome === 'commit' ? 'committed' : 'aborted' },
    { records: [{ kind: 'decided', outcome }], submits: ['done'] },
  )
}

function onMessage(state: Coordinator, from: NodeNumber, body: Body): Step {
  switch (body.kind) {
    case 'vote':
      return onVote(state, from, body.isYes)
    case 'accepted': {
      if (state.phase !== 'prepared' || body.ballot !== BALLOT) return effects(state)
      const accepted = new Set(state.accepted).add(from)
      return isMajority(accepted.size, state.terms)
        ? decide({ ...state, accepted }, 'commit')
        : effects({ ...state, accepted })
    }
    case 'done': {
      const done = new Set(state.done).add(from)
      const isOver = state.terms.participants.every((node) => done.has(node))
      const next: Coordinator = { ...state, done }
      if (state.phase === 'committing' && isOver) return effects({ ...next, phase: 'committed' })
      if (state.phase === 'aborting' && isOver) return effects({ ...next, phase: 'aborted' })
      return effects(next)
    }
    case 'ask': {
      const outcome = outcomeOf(state)
      return effects(state, {
        sends: outcome === null ? [] : [{ to: from, body: { kind: 'outcome', outcome } }],
      })
    }
    case 'outcome':
      return outcomeOf(state) === null ? decide(state, body.outcome) : effects(state)
    default:
      return effects(state)
  }
}

function onVote(state: Coordinator, from: NodeNumber, isYes: boolean): Step {
  if (state.phase !== 'preparing' || state.isPassive) {
    // a vote that comes late: it asks for the outcome
    const outcome = outcomeOf(state)
    return effects(state, {
      sends: outcome === null ? [] : [{ to: from, body: { kind: 'outcome', outcome } }],
    })
  }
  if (!isYes) return decide(state, 'abort')
  const votes = new Set(state.votes).add(from)
  const next: Coordinator = { ...state, votes }
  if (!state.terms.participants.every((node) => votes.has(node))) return effects(next)
  if (state.terms.protocol === '2pc') return decide(next, 'commit')
  return effects({ ...next, phase: 'prepared' }, { sends: preCommit(state) })
}

/** From here on only forward: the decision is on record, and everybody is told until they have said that they are done. */
function decide(state: Coordinator, outcome: Outcome): Step {
  return effects(
    { ...state, phase: outcome === 'commit' ? 'committing' : 'aborting' },
    {
      records: [{ kind: 'decided', outcome }],
      sends: toAll(state.terms.participants, { kind: 'outcome', outcome }),
    },
  )
}

function onTimeout(state: Coordinator): Step {
  const { terms, phase, isPassive, done } = state
  const outcome = outcomeOf(state)
  if (outcome !== null) {
    const left = terms.participants.filter((node) => !done.has(node))
    const isOver = phase === 'committed' || phase === 'aborted'
    return effects(state, { sends: isOver ? [] : toAll(left, { kind: 'outcome', outcome }) })
  }
  if (phase === 'prepared') return effects(state, { sends: preCommit(state) })
  if (phase !== 'preparing') return effects(state)
  if (terms.protocol === 'agreed') return effects(state, { submits: ['begin'] })
  return isPassive
    ? effects(state, { sends: toAll(terms.participants, { kind: 'ask' }) })
    : decide(state, 'abort')
}

function preCommit({ terms }: Coordinator): Step['sends'] {
  return toAll(terms.participants, { kind: 'accept', ballot: BALLOT, outcome: 'commit' })
}

export function outcomeOf({ phase }: Coordinator): Outcome | null {
  if (phase === 'committing' || phase === 'committed') return 'commit'
  return phase === 'aborting' || phase === 'aborted' ? 'abort' : null
}
