import type { GroupView } from '../replication/view.ts'
import type { Address } from '../../types/ids.ts'
import type { NoQuorum, Position } from './types.ts'

/** How far another copy is, as its primary knows. */
export interface Peer {
  /** Everything up to here is on its disk. */
  match: number
  /** Next entry that it is sent. */
  next: number
}

/** What a copy knows while it leads under one token. Nothing of it outlives a restart. */
export class Lead {
  readonly token: bigint
  /** Index of the first entry under this token; null: it still reads what a majority has. */
  first: number | null = null
  /** Whether the first entry is committed: from then on it serves. */
  isServing = false
  /** Ends of the logs of those that have promised to refuse smaller tokens. */
  readonly positions = new Map<Address, Position>()
  readonly peers = new Map<Address, Peer>()
  /** Copy whose log is longer than its own, and ticks since it was asked. */
  source: Address | null = null
  sourceTicks = 0

  constructor(token: bigint) {
    this.token = token
  }

  peer(key: Address): Peer {
    let peer = this.peers.get(key)
    if (peer === undefined) {
      peer = { match: 0, next: this.first ?? 1 }
      this.peers.set(key, peer)
    }
    return peer
  }

  /** Who has the longest log of those that have promised; null: no majority has yet. */
  longest(group: GroupView, self: Address): Address | null {
    if (!isMajority(this.positions.size, group)) return null
    return [...this.positions].reduce(
      (best, [key, last]) => (isBehind(this.#positionOf(best), last) ? key : best),
      self,
    )
  }

  /** Last entry that a majority has on disk, as far as this copy knows. */
  storedByMajority({ members, size }: GroupView, self: Address, own: number): number {
    const stored = members.map((key) => (key === self ? own : (this.peers.get(key)?.match ?? 0)))
    return stored.sort((a, b) => b - a)[Math.floor(size / 2)] ?? 0
  }

  #positionOf(key: Address): Position {
    return this.positions.get(key) ?? { epoch: 0n, index: 0 }
  }
}

/** Requests that wait for a majority. */
const PENDING_MAX = 512

/** Why a primary does nothing for its clients now; null: it does. */
export function whyNot(
  { isServing }: Lead,
  { successor }: GroupView,
  holdsLease: boolean,
  waiting: number,
): NoQuorum | null {
  if (!isServing) return 'taking-over'
  if (successor !== null) return 'handing-over'
  if (!holdsLease) return 'lease-over'
  return waiting >= PENDING_MAX ? 'busy' : null
}

export function isMajority(count: number, { size }: GroupView): boolean {
  return 2 * count > size
}

/** Everybody else who gets entries. */
export function othersOf({ members, learners }: GroupView, self: Address): Address[] {
  return [...members, ...learners].filter((key) => key !== self)
}

/** Whether a log ends behind another one. */
export function isBehind(a: Position, b: Position): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.index < b.index)
}
