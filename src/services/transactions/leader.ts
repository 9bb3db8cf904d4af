import type { Outcome } from '../../types/transaction.ts'
import { isMajority, toAll } from './messages.ts'
import type { Accepted, Body, NodeNumber, Sent, Terms } from './messages.ts'

/**
 * A participant that finishes a three-phase commit without the coordinator. It asks all, and goes on with a majority: with a
 * final outcome if it hears of one, else with what was accepted in the greatest ballot, else with an abort. Without a
 * majority it decides nothing. Not durable: a leader that dies is followed by another with a greater ballot.
 */
export interface Leader {
  readonly terms: Terms
  readonly ballot: number
  /** Null: it still collects. */
  readonly outcome: Outcome | null
  readonly promises: ReadonlyMap<NodeNumber, Accepted | null>
  readonly accepted: ReadonlySet<NodeNumber>
}

export interface Led {
  /** Null: its work is done. */
  readonly leader: Leader | null
  readonly sends: readonly Sent[]
}

export function startLeader(terms: Terms, ballot: number): Led {
  const leader = { terms, ballot, outcome: null, promises: new Map(), accepted: new Set<NodeNumber>() }
  return { leader, sends: toAll(terms.participants, { kind: 'collect', ballot }) }
}

export function leaderStep(leader: Leader, from: NodeNumber, body: Body): Led {
  const { terms, ballot } = leader
  const end = (outcome: Outcome): Led => {
    return {
      leader: null,
      sends: toAll([...terms.participants, terms.coordinator], { kind: 'outcome', outcome }),
    }
  }
  if (body.kind === 'outcome') return end(body.outcome)
  if (body.kind === 'promise' && body.ballot === ballot && leader.outcome === null) {
    if (body.final !== null) return end(body.final)
    const promises = new Map(leader.promises).set(from, body.accepted)
    if (!isMajority(promises.size, terms)) return { leader: { ...leader, promises }, sends: [] }
    const outcome = latest([...promises.values()])?.outcome ?? 'abort'
    return {
      leader: { ...leader, promises, outcome },
      sends: toAll(terms.participants, { kind: 'accept', ballot, outcome }),
    }
  }
  if (body.kind === 'accepted' && body.ballot === ballot && leader.outcome !== null) {
    const accepted = new Set(leader.accepted).add(from)
    return isMajority(accepted.size, terms)
      ? end(leader.outcome)
      : { leader: { ...leader, accepted }, sends: [] }
  }
  return { leader, sends: [] }
}

function latest(all: readonly (Accepted | null)[]): Accepted | null {
  return all.reduce((best, one) => (one !== null && one.ballot > (best?.ballot ?? 0) ? one : best), null)
}
