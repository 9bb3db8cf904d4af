import { fromHex, toHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import type { Machine } from '../command-log/machine.ts'
import { mayGrantNext } from '../lease.ts'
import type { Codec } from '../reducer.ts'
import type { Holder } from './names.ts'
import {
  ascends,
  holderIn,
  isSameHolder,
  nameIn,
  putHolder,
  putName,
  putToken,
  TTL_MS,
  tokenIn,
} from './names.ts'

/** Who wants to lead, and until when that counts. */
export interface Candidate extends Holder {
  readonly untilMs: bigint
}

/** A group of candidates for one leader. */
export interface Group {
  readonly name: Hex
  /** Rises with every new leader. */
  readonly term: bigint
  /** Of the last term that began. */
  readonly token: bigint
  /** The first candidate leads. */
  readonly isLed: boolean
  /** In the order in which they came. */
  readonly candidates: readonly Candidate[]
}

export type LeaderState = readonly Group[]

export interface LeaderCommand {
  /** `campaign` again says that the candidate, or the leader, is alive. `read` changes nothing. */
  readonly kind: 'read' | 'campaign' | 'resign'
  readonly group: Hex
  /** Absent in a `read`. */
  readonly owner: Hex
  /** Of a `campaign`: how long its word counts; else 0. */
  readonly ttlMs: number
}

/** `leader`: who asks leads. `follower`: somebody else does. `none`: nobody does. `full`: no room for it. */
export interface LeaderResult {
  readonly outcome: (typeof OUTCOMES)[number]
  readonly term: bigint
  readonly token: bigint
  readonly endMs: bigint
  /** Of the leader; `0x` if there is none. */
  readonly owner: Hex
}

const KINDS = ['read', 'campaign', 'resign'] as const
const OUTCOMES = ['leader', 'follower', 'none', 'full'] as const
const GROUPS_MAX = 20
const CANDIDATES_MAX = 8

/**
 * Elects a leader for each group, with terms. When its time has ended without a word of it, the next candidate that is alive
 * leads, at the next height, by nobody's call. Each term has the token of the height at which it began.
 */
export const leaderElection: Machine<LeaderState> = {
  id: 'leader-election@1',
  empty: [],
  state: stateCodec(),
  isCommand: (bytes) => decodeLeaderCommand(bytes) !== null,

  turn: (state, { agreedMs, token }) => state.map((group) => settle(group, agreedMs, token)),

  apply(state, bytes, { proposer, agreedMs, token }) {
    const command = decodeLeaderCommand(bytes)
    if (command === null) return { state, result: encodeLeaderResult('none', null) }
    const { kind, group: name, owner, ttlMs } = command
    const group = state.find((one) => one.name === name) ?? {
      name,
      term: 0n,
      token: 0n,
      isLed: false,
      candidates: [],
    }
    const isMe = (one: Holder | undefined): boolean => isSameHolder(one, { proposer, owner })
    const answer = (next: Group) => {
      const outcome = !next.isLed ? 'none' : isMe(next.candidates[0]) ? 'leader' : 'follower'
      return {
        state: [...state.filter((one) => one.name !== name), next].sort((a, b) => (a.name < b.name ? -1 : 1)),
        result: encodeLeaderResult(outcome, next),
      }
    }
    const full = { state, result: encodeLeaderResult('full', group) }
    if (kind === 'read') return { state, result: answer(group).result }
    const mine = group.candidates.findIndex(isMe)
    if (kind === 'resign') {
      if (mine < 0) return { state, result: answer(group).result }
      return answer(settle(without(group, mine), agreedMs, token))
    }
    const said = { proposer, owner, untilMs: agreedMs + BigInt(ttlMs) }
    if (mine >= 0) {
      const candidates = group.candidates.map((one, i) => (i === mine ? said : one))
      return answer({ ...group, candidates })
    }
    if (group.candidates.length >= CANDIDATES_MAX) return full
    if (group.term === 0n && group.candidates.length === 0 && state.length >= GROUPS_MAX) return full
    return answer(settle({ ...group, candidates: [...group.candidates, said] }, agreedMs, token))
  },
}

/**
 * Ends the leader whose time is over, drops candidates that are silent, and begins a term if nobody leads. A height begins at
 * most one term of a group, so that no two terms share a token.
 */
function settle(group: Group, agreedMs: bigint, token: bigint): Group {
  const { term, isLed } = group
  const candidates = group.candidates.filter(({ untilMs }, i) =>
    i === 0 && isLed ? !mayGrantNext(untilMs, agreedMs) : untilMs > agreedMs,
  )
  const goesOn = isLed && candidates[0] === group.candidates[0]
  if (goesOn) return { ...group, candidates }
  const begins = candidates.length > 0 && token > group.token
  if (!begins) return { ...group, candidates, isLed: false }
  return { ...group, candidates, isLed: true, term: term + 1n, token }
}

function without(group: Group, place: number): Group {
  const candidates = group.candidates.filter((_, i) => i !== place)
  return { ...group, candidates, isLed: group.isLed && place > 0 }
}

/** `u8 op ‖ group`, and but for read `owner`, for campaign `u32 ttlMs`. */
export function encodeLeaderCommand({ kind, group, owner, ttlMs }: LeaderCommand): Uint8Array {
  const to = putName(new ByteWriter().u8(KINDS.indexOf(kind)), group)
  if (kind !== 'read') putName(to, owner)
  if (kind === 'campaign') to.u32(ttlMs)
  return to.done()
}

/** Null for bytes that `encodeLeaderCommand` would not have written. */
export function decodeLeaderCommand(bytes: Uint8Array): LeaderCommand | null {
  const from = new ByteReader(bytes)
  const kind = KINDS[from.u8()]
  const group = nameIn(from)
  const owner = kind === 'read' ? '0x' : nameIn(from)
  const ttlMs = kind === 'campaign' ? from.u32() : 0
  if (kind === undefined || group === null || owner === null || !from.isWhole) return null
  const isTtl = ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max
  return kind === 'campaign' && !isTtl ? null : { kind, group, owner, ttlMs }
}

function encodeLeaderResult(outcome: LeaderResult['outcome'], group: Group | null): Uint8Array {
  const leader = group?.isLed === true ? group.candidates[0] : undefined
  const to = new ByteWriter().u8(OUTCOMES.indexOf(outcome)).u64(group?.term ?? 0n)
  return putToken(to, group?.token ?? 0n)
    .u64(leader?.untilMs ?? 0n)
    .bytes(fromHex(leader?.owner ?? '0x'))
    .done()
}

/** Null for bytes that no machine answered. */
export function decodeLeaderResult(bytes: Uint8Array): LeaderResult | null {
  const from = new ByteReader(bytes)
  const outcome = OUTCOMES[from.u8()]
  const [term, token, endMs, owner] = [from.u64(), tokenIn(from), from.u64(), toHex(from.rest())]
  return outcome === undefined || from.failed ? null : { outcome, term, token, endMs, owner }
}

/**
 * `groups × (name ‖ u64 term ‖ 16 bytes token ‖ u8 isLed ‖ u8 candidates ‖ each: address proposer ‖ owner ‖ u64
 * untilMs)`, by name.
 */
function stateCodec(): Codec<LeaderState> {
  return {
    encode(state) {
      const to = new ByteWriter()
      for (const { name, term, token, isLed, candidates } of state) {
        putToken(putName(to, name).u64(term), token)
          .u8(isLed ? 1 : 0)
          .u8(candidates.length)
        for (const candidate of candidates) putHolder(to, candidate).u64(candidate.untilMs)
      }
      return to.done()
    },
    decode(bytes) {
      const from = new ByteReader(bytes)
      const groups: Group[] = []
      while (!from.isWhole) {
        const group = groupIn(from)
        if (group === null) return null
        groups.push(group)
      }
      return ascends(groups.map(({ name }) => name)) && groups.length <= GROUPS_MAX ? groups : null
    },
  }
}

function groupIn(from: ByteReader): Group | null {
  const [name, term, token, led, count] = [nameIn(from), from.u64(), tokenIn(from), from.u8(), from.u8()]
  if (name === null || led > 1 || count > CANDIDATES_MAX || (led === 1 && count === 0)) return null
  const candidates: Candidate[] = []
  for (let i = 0; i < count; i += 1) {
    const [holder, untilMs] = [holderIn(from), from.u64()]
    if (holder === null) return null
    candidates.push({ ...holder, untilMs })
  }
  return from.failed ? null : { name, term, token, isLed: led === 1, candidates }
}
