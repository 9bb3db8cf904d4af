import type { Outcome } from '../../types/transaction.ts'
import { effects, toAll } from './messages.ts'
import type { Accepted, Body, Effects, NodeNumber, Terms } from './messages.ts'

/** One transaction at one participant. */
export interface Participant {
  /** Null: it has not voted yes. */
  readonly terms: Terms | null
  /** Largest ballot that it has promised to. */
  readonly promised: number
  readonly accepted: Accepted | null
  readonly final: Outcome | null
}

/** What a participant writes before it says anything: its votes above all. */
export type ParticipantRecord =
  | { readonly kind: 'prepared'; readonly terms: Terms }
  | { readonly kind: 'promised'; readonly ballot: number }
  | { readonly kind: 'accepted'; readonly accepted: Accepted }
  | { readonly kind: 'final'; readonly outcome: Outcome }

export type ParticipantEvent =
  /** `canCommit`: its locks are granted and its writes are sound. */
  | { readonly kind: 'message'; readonly from: NodeNumber; readonly body: Body; readonly canCommit: boolean }
  /** Nothing was heard for long. */
  | { readonly kind: 'timeout' }
  /** The agreed log has decided. */
  | { readonly kind: 'agreed'; readonly outcome: Outcome }

/** The document's states, and those of the pre-commit. */
export type ParticipantLabel =
  'active' | 'prepared' | 'pre-committed' | 'pre-aborted' | 'committed' | 'aborted'

export const NEW_PARTICIPANT: Participant = { terms: null, promised: 0, accepted: null, final: null }

/** Ballots of one round of leaders: more than there are nodes in any transaction. */
const BALLOTS = 64

type Step = Effects<Participant, ParticipantRecord>

export function labelOf({ terms, accepted, final }: Participant): ParticipantLabel {
  if (final !== null) return final === 'commit' ? 'committed' : 'aborted'
  if (accepted !== null) return accepted.outcome === 'commit' ? 'pre-committed' : 'pre-aborted'
  return terms === null ? 'active' : 'prepared'
}

/** The participant after a restart. */
export function recoverParticipant(records: readonly ParticipantRecord[]): Participant {
  return records.reduce(recorded, NEW_PARTICIPANT)
}

function recorded(state: Participant, record: ParticipantRecord): Participant {
  switch (record.kind) {
    case 'prepared':
      return { ...state, terms: record.terms }
    case 'promised':
      return { ...state, promised: Math.max(state.promised, record.ballot) }
    case 'accepted':
      return {
        ...state,
        accepted: record.accepted,
        promised: Math.max(state.promised, record.accepted.ballot),
      }
    case 'final':
      return { ...state, final: record.outcome }
  }
}

/** The step with its records, the state being what they fold to. */
function write(
  state: Participant,
  records: readonly ParticipantRecord[],
  more: Partial<Omit<Step, 'state' | 'records'>> = {},
): Step {
  return effects(records.reduce(recorded, state), { records, ...more })
}

/** One event at a participant. Its outcome is for good. */
export function participantStep(self: NodeNumber, state: Participant, event: ParticipantEvent): Step {
  switch (event.kind) {
    case 'timeout':
      return onTimeout(self, state)
    case 'agreed':
      return onOutcome(state, event.outcome, { submits: ['done'] })
    case 'message':
      return onMessage(state, event.from, event.body, event.canCommit)
  }
}

function onMessage(state: Participant, from: NodeNumber, body: Body, canCommit: boolean): Step {
  const answer = (reply: Body): Step => effects(state, { sends: [{ to: from, body: reply }] })
  switch (body.kind) {
    case 'prepare':
      return onPrepare(state, from, body.terms, canCommit)
    case 'outcome':
      return onOutcome(state, body.outcome, { sends: [{ to: from, body: { kind: 'done' } }] })
    case 'ask':
      if (state.final !== null) return answer({ kind: 'outcome', outcome: state.final })
      return state.terms === null
        ? refuse(state, from, { kind: 'outcome', outcome: 'abort' })
        : effects(state)
    case 'collect':
      return onCollect(state, from, body.ballot)
    case 'accept':
      return onAccept(state, from, body)
    default:
      // votes, promises and the like are for coordinators and leaders
      return effects(state)
  }
}

function onPrepare(state: Participant, from: NodeNumber, terms: Terms, canCommit: boolean): Step {
  const say = (isYes: boolean): Partial<Omit<Step, 'state' | 'records'>> =>
    terms.protocol === 'agreed'
      ? { submits: [isYes ? 'yes' : 'no'] }
      : { sends: [{ to: from, body: { kind: 'vote', isYes } }] }
  if (state.final !== null) return effects(state, say(state.final === 'commit'))
  if (state.terms !== null) return effects(state, say(true))
  if (!canCommit) return write(state, [{ kind: 'final', outcome: 'abort' }], say(false))
  return write(state, [{ kind: 'prepared', terms }], say(true))
}

/** What contradicts the own record is ignored: a commit without the own yes, or a second outcome. */
function onOutcome(
  state: Participant,
  outcome: Outcome,
  say: Partial<Omit<Step, 'state' | 'records'>>,
): Step {
  if (state.final === outcome) return effects(state, say)
  if (state.final !== null || (outcome === 'commit' && state.terms === null)) return effects(state)
  return write(state, [{ kind: 'final', outcome }], say)
}

/** Who has not voted yes never will: nobody can have committed. */
function refuse(state: Participant, to: NodeNumber, body: Body): Step {
  return write(state, [{ kind: 'final', outcome: 'abort' }], { sends: [{ to, body }] })
}

function onCollect(state: Participant, from: NodeNumber, ballot: number): Step {
  const promise = (final: Outcome | null): Body => {
    return { kind: 'promise', ballot, accepted: state.accepted, final }
  }
  if (state.final !== null) return effects(state, { sends: [{ to: from, body: promise(state.final) }] })
  if (state.terms === null) return refuse(state, from, promise('abort'))
  if (ballot <= state.promised) return effects(state)
  return write(state, [{ kind: 'promised', ballot }], { sends: [{ to: from, body: promise(null) }] })
}

function onAccept(state: Participant, from: NodeNumber, { ballot, outcome }: Accepted): Step {
  const sends: Step['sends'] = [{ to: from, body: { kind: 'accepted', ballot } }]
  if (state.final !== null) {
    const body: Body = { kind: 'outcome', outcome: state.final }
    return effects(state, { sends: [{ to: from, body }] })
  }
  if (state.terms === null) return refuse(state, from, { kind: 'outcome', outcome: 'abort' })
  if (ballot < state.promised) return effects(state)
  return write(state, [{ kind: 'accepted', accepted: { ballot, outcome } }], { sends })
}

function onTimeout(self: NodeNumber, state: Participant): Step {
  if (state.terms === null || state.final !== null) return effects(state)
  const { protocol, coordinator, participants } = state.terms
  switch (protocol) {
    case 'agreed':
      // a submission may have been lost with the life that made it
      return effects(state, { submits: ['yes'] })
    case '2pc': {
      const others = participants.filter((node) => node !== self)
      return effects(state, { sends: toAll([coordinator, ...others], { kind: 'ask' }) })
    }
    case '3pc':
      return effects(state, { leads: (Math.floor(state.promised / BALLOTS) + 1) * BALLOTS + self })
  }
}
