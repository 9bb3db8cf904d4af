import { SKEW_MS_MAX } from '../../../src/reducers/lease.ts'
import type { LeaderCommand, LeaderResult } from '../../../src/reducers/machines/leader-election.ts'
import type { LockCommand, LockResult } from '../../../src/reducers/machines/lock.ts'
import type { Model } from './check.ts'

/** A lock. Its client is a node's key and a name there; agreed time shows in the ends of leases. */
export interface LockKey {
  readonly holder: string | null
  readonly token: bigint
  readonly endMs: bigint
  /** No later agreed time is less. */
  readonly nowMs: bigint
  /** Greatest token of any grant. */
  readonly highest: bigint
  /** A grant whose answer nobody has seen: token and end are not known. */
  readonly isBlind: boolean
}

/** One lock of `lock@1`: one holder at a time, until its lease and the skew are over; each grant has a greater token. */
export const lockModel: Model<LockKey, LockCommand, LockResult> = {
  empty: { holder: null, token: 0n, endMs: 0n, nowMs: 0n, highest: 0n, isBlind: false },
  name: ({ holder, token, endMs, nowMs, highest, isBlind }) =>
    `${holder ?? ''} ${token} ${endMs} ${nowMs} ${highest} ${isBlind}`,
  next(state, { client, input, output }) {
    if (output === null) return unseenLock(state, client, input)
    return output.outcome === 'full' ? [state] : seenLock(state, client, input, output)
  },
}

function seenLock(
  state: LockKey,
  client: string,
  input: LockCommand,
  { outcome, token, endMs }: LockResult,
): readonly LockKey[] {
  switch (outcome) {
    case 'free': {
      if (input.kind === 'acquire') return []
      return freed(state)
    }
    case 'held':
      return input.kind !== 'read' && state.holder === client && endMs > 0n ? [] : held(state, token, endMs)
    case 'done':
      if (input.kind === 'release')
        return held(state, token, 0n, true).length > 0 && state.holder === client
          ? [released(state, token)]
          : []
      return input.kind === 'acquire' ? granted(state, client, BigInt(input.ttlMs), token, endMs) : []
    case 'full':
      return []
  }
}

/**
 * Nobody has it: it was given back, or the lease and the skew are over. Who had it may still give it back, until somebody else has
 * it.
 */
function freed(state: LockKey): readonly LockKey[] {
  if (state.holder === null) return [state]
  if (state.isBlind) return [{ ...state, holder: null, isBlind: false }, state]
  return [{ ...state, nowMs: max(state.nowMs, state.endMs + SKEW_MS_MAX) }]
}

/** Somebody has it, with this token until then. An end of 0: it was given back in the same height. */
function held(state: LockKey, token: bigint, endMs: bigint, anyEnd = false): readonly LockKey[] {
  if (endMs === 0n && !anyEnd)
    return state.holder === null && token >= state.highest ? [{ ...state, highest: token }] : []
  if (state.holder === null) return []
  if (state.isBlind)
    return token > state.highest || token === state.token
      ? [{ ...state, token, endMs, highest: max(state.highest, token), isBlind: false }]
      : []
  if (token !== state.token) return []
  if (anyEnd) return [state]
  return endMs === state.endMs && state.nowMs < endMs + SKEW_MS_MAX ? [state] : []
}

function released(state: LockKey, token: bigint): LockKey {
  return { ...state, holder: null, token: 0n, endMs: 0n, isBlind: false, highest: max(state.highest, token) }
}

function granted(
  state: LockKey,
  client: string,
  ttlMs: bigint,
  token: bigint,
  endMs: bigint,
): readonly LockKey[] {
  const nowMs = endMs - ttlMs
  if (nowMs < state.nowMs) return []
  const next = { holder: client, token, endMs, nowMs, highest: max(state.highest, token), isBlind: false }
  const isOver = state.holder === null || state.isBlind || nowMs >= state.endMs + SKEW_MS_MAX
  const isRenewal = state.holder === client && (state.isBlind || token === state.token)
  if (isRenewal && (state.isBlind ? token >= state.highest : !isOver || state.isBlind)) return [next]
  // another grant: nobody shares its token, and none before had a greater one
  return isOver && token > state.highest ? [next] : []
}

function unseenLock(state: LockKey, client: string, input: LockCommand): readonly LockKey[] {
  if (input.kind === 'read') return [state]
  if (input.kind === 'release')
    return state.holder === client ? [released(state, state.token), state] : [state]
  // a renewal keeps its token
  const token = state.holder === client ? state.token : 0n
  const blind = { ...state, holder: client, token, isBlind: true }
  return [state, blind]
}

/** A group of `leader-election@1`: terms and their tokens. */
export interface LeaderKey {
  readonly term: bigint
  readonly token: bigint
  /** Null: nobody leads, or it is not known who. */
  readonly leader: string | null
}

/**
 * One group of `leader-election@1`: terms never fall, each has one leader and a token greater than that of the term before.
 * When a term may end is the lock's affair, whose leases are the same.
 */
export const leaderModel: Model<LeaderKey, LeaderCommand, LeaderResult> = {
  empty: { term: 0n, token: 0n, leader: null },
  name: ({ term, token, leader }) => `${term} ${token} ${leader ?? ''}`,
  next(state, { client, input, output }) {
    if (output === null || output.outcome === 'full') return [state]
    const { outcome, term, token, owner } = output
    if (term < state.term || (term === 0n) !== (token === 0n)) return []
    if (term === state.term && token !== state.token) return []
    // the height of a term's begin is later than that of the term before
    if (term > state.term && token <= state.token) return []
    if (outcome === 'none') return owner === '0x' ? [{ term, token, leader: state.leader }] : []
    if (term === 0n) return []
    const own = client.slice(client.indexOf('/') + 1)
    if ((outcome === 'leader') !== (input.kind !== 'read' && own === owner)) return []
    const known = term === state.term ? state.leader : null
    return known === null || known === owner ? [{ term, token, leader: owner }] : []
  },
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
