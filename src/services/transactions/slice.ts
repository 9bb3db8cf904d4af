import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { MemberRow } from '../../reducers/fixed-width.ts'
import { oneOf, u16, u32, u48 } from '../fields.ts'
import type { Slice } from '../slice.ts'
import { NO_HEAD, tablesCodec } from '../tables.ts'
import { victims, VICTIM_POLICIES } from './deadlock.ts'
import type { TxFacts, VictimPolicy } from './deadlock.ts'
import type { TxNumber, WaitEdge } from './locks.ts'

/** A wait at the locks of a member, as it says. */
export interface WaitRow extends MemberRow, WaitEdge {}

/** A wait with what its node knows of the one who waits. */
export interface SaidWait extends WaitEdge, Omit<TxFacts, 'tx'> {}

export interface VictimRow {
  readonly tx: TxNumber
}

export interface DeadlockState {
  /** Waits that this height has heard of. */
  readonly waits: readonly WaitRow[]
  /** Transactions that have to abort, as long as they are in a wait. */
  readonly victims: readonly VictimRow[]
}

export interface DeadlockObservation {
  readonly waits: readonly SaidWait[]
}

export interface DeadlockPolicy {
  readonly victim: VictimPolicy
}

/** Most waits that a member can report, and that the state keeps. */
export const SAID_MAX = 64
export const WAITS_MAX = 192
export const VICTIMS_MAX = 64
/** Heights for which the same seats come first when waits do not fit: two in a row make a deadlock. */
const TURN_HEIGHTS = 8

const edgeFields = { waiter: u48, holder: u48, stamp: u32 }

export const deadlockPolicy = struct<DeadlockPolicy>({ victim: oneOf(VICTIM_POLICIES) })

/**
 * Deadlocks over all nodes, as the cluster agrees on them.
 *
 * - Only the node that has a lock says who waits at it.
 * - A wait counts when its node has reported it at two heights in a row with the same stamp. Every input of a height is made
 *   before every input of the next one, so at the moment between the two all waits that count are there at once: a cycle of
 *   them is a deadlock and no phantom.
 * - Victims stay victims while they are in a reported wait.
 */
export const deadlock: Slice<DeadlockState, DeadlockObservation, DeadlockPolicy> = {
  state: tablesCodec<object, { waits: WaitRow; victims: VictimRow }>(NO_HEAD, {
    waits: {
      row: struct<WaitRow>({ member: u8, ...edgeFields }),
      rowsMax: WAITS_MAX,
      keyOf: ({ member, stamp }) => member * 2 ** 32 + stamp,
    },
    victims: { row: struct<VictimRow>({ tx: u48 }), rowsMax: VICTIMS_MAX, keyOf: ({ tx }) => tx },
  }),
  observation: tablesCodec<object, { waits: SaidWait }>(NO_HEAD, {
    waits: {
      row: struct<SaidWait>({ ...edgeFields, work: u16, priority: u8, beganMs: u48 }),
      rowsMax: SAID_MAX,
      keyOf: ({ stamp }) => stamp,
    },
  }),
  empty: { waits: [], victims: [] },

  fold(previous, observations, { height, members }, { victim }) {
    const said = observations.flatMap(({ member, state }) => state.waits.map((wait) => ({ ...wait, member })))
    const before = new Set(previous.waits.map(nameOf))
    const agreed = said.filter((wait) => before.has(nameOf(wait)))
    const waiting = new Set(said.flatMap(({ waiter, holder }) => [waiter, holder]))
    const kept = previous.victims.filter(({ tx }) => waiting.has(tx)).map(({ tx }) => tx)
    const gone = new Set(kept)
    const left = agreed.filter(({ waiter, holder }) => !gone.has(waiter) && !gone.has(holder))
    const fresh = victims(left, factsIn(said), victim)
    const first = Math.floor(height / TURN_HEIGHTS) % Math.max(1, members.length)
    const rank = (member: number): number => (member - first + members.length) % Math.max(1, members.length)
    const waits = said
      .sort((a, b) => rank(a.member) - rank(b.member) || a.stamp - b.stamp)
      .slice(0, WAITS_MAX)
      .sort((a, b) => a.member - b.member || a.stamp - b.stamp)
      .map(({ member, waiter, holder, stamp }) => ({ member, waiter, holder, stamp }))
    const all = [...kept, ...fresh].slice(0, VICTIMS_MAX).sort((a, b) => a - b)
    return { waits, victims: all.map((tx) => ({ tx })) }
  },

  /** Waits are of one height; in a new cluster they are reported anew. */
  reseat: (state) => ({ ...state, waits: [] }),
}

function nameOf({ member, waiter, holder, stamp }: WaitRow): string {
  return `${member} ${waiter} ${holder} ${stamp}`
}

/** Facts of those who wait: of what nodes say the most work, the least priority, the earliest beginning. */
function factsIn(said: readonly SaidWait[]): TxFacts[] {
  const facts = new Map<TxNumber, TxFacts>()
  for (const { waiter: tx, work, priority, beganMs } of said) {
    const known = facts.get(tx) ?? { tx, work, priority, beganMs }
    facts.set(tx, {
      tx,
      work: Math.max(known.work, work),
      priority: Math.min(known.priority, priority),
      beganMs: Math.min(known.beganMs, beganMs),
    })
  }
  return [...facts.values()]
}
