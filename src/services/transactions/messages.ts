import type { Outcome, Protocol } from '../../types/transaction.ts'

/** Number of a node within a transaction's terms. */
export type NodeNumber = number

/** What a transaction is about: who asks, and who has to agree. */
export interface Terms {
  readonly protocol: Protocol
  readonly coordinator: NodeNumber
  readonly participants: readonly NodeNumber[]
}

/** A pre-commit or pre-abort of some ballot. Ballot 1 is the coordinator's; later ones are leaders'. */
export interface Accepted {
  readonly ballot: number
  readonly outcome: Outcome
}

export type Body =
  | { readonly kind: 'prepare'; readonly terms: Terms }
  | { readonly kind: 'vote'; readonly isYes: boolean }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'done' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'accept'; readonly ballot: number; readonly outcome: Outcome }
  | { readonly kind: 'accepted'; readonly ballot: number }
  | { readonly kind: 'collect'; readonly ballot: number }
  | {
      readonly kind: 'promise'
      readonly ballot: number
      readonly accepted: Accepted | null
      readonly final: Outcome | null
    }

export interface Sent {
  readonly to: NodeNumber
  readonly body: Body
}

/** What goes to the agreed log: the log knows whose it is. */
export type Submission = 'begin' | 'yes' | 'no' | 'done'

/**
 * What a step of a role asks for, in this order: records are durable before anything is sent or submitted. State is what a
 * restart folds from the records, but for what only this life has heard.
 */
export interface Effects<State, Rec> {
  readonly state: State
  readonly records: readonly Rec[]
  readonly sends: readonly Sent[]
  readonly submits: readonly Submission[]
  /** 3PC: lead a ballot with this number. */
  readonly leads: number | null
}

export function effects<State, Rec>(
  state: State,
  more: Partial<Omit<Effects<State, Rec>, 'state'>> = {},
): Effects<State, Rec> {
  return { state, records: [], sends: [], submits: [], leads: null, ...more }
}

export function toAll(nodes: readonly NodeNumber[], body: Body): Sent[] {
  return nodes.map((to) => ({ to, body }))
}

/** More than half of the participants: any two such sets share one. */
export function isMajority(count: number, { participants }: Terms): boolean {
  return 2 * count > participants.length
}
