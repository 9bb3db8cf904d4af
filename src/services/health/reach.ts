import type { ContextMember, Input } from '../../reducers/reducer.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { weightOf } from '../slice.ts'
import { isInService, seatsIn } from './codec.ts'
import type { HealthObservation, HealthRow } from './codec.ts'

/**
 * The mutual graph: two members reach each other if each that is listed has heard the other lately. Of two that are both
 * not listed nothing new is known.
 *
 * @returns one set per seat; symmetric, nobody reaches itself
 */
export function mutualReach(
  before: readonly Pick<HealthRow, 'member' | 'reach'>[],
  observations: readonly Input<HealthObservation>[],
  members: number,
  reachMs: number,
): bigint[] {
  const last = new Map(before.map(({ member, reach }) => [member, reach]))
  const heard = new Map(
    observations.map(({ member, state }) => [
      member,
      new Set(state.peers.filter(({ silenceMs }) => silenceMs <= reachMs).map((peer) => peer.member)),
    ]),
  )
  const reach = Array.from({ length: members }, () => 0n)
  const edges = (a: MemberIndex, b: MemberIndex): boolean => {
    const [byA, byB] = [heard.get(a), heard.get(b)]
    if (byA === undefined && byB === undefined) return (((last.get(a) ?? 0n) >> BigInt(b)) & 1n) === 1n
    return byA?.has(b) !== false && byB?.has(a) !== false
  }
  for (let a = 0; a < members; a += 1)
    for (let b = a + 1; b < members; b += 1) {
      if (!edges(a, b)) continue
      reach[a] = (reach[a] ?? 0n) | (1n << BigInt(b))
      reach[b] = (reach[b] ?? 0n) | (1n << BigInt(a))
    }
  return reach
}

/** Connected parts of the members in service, each ascending, by their first member. */
export function components(rows: readonly HealthRow[]): MemberIndex[][] {
  const alive = new Map(rows.filter(({ verdict }) => isInService(verdict)).map((row) => [row.member, row]))
  const found: MemberIndex[][] = []
  const left = new Set(alive.keys())
  for (const first of alive.keys()) {
    if (!left.delete(first)) continue
    const part = [first]
    // grows while it is walked
    for (const seat of part)
      for (const next of seatsIn(alive.get(seat)?.reach ?? 0n, 128)) if (left.delete(next)) part.push(next)
    found.push(part.sort((a, b) => a - b))
  }
  return found
}

/** `whole`: everybody in service reaches everybody. `relayed`: somebody only through others. `parted`: somebody not at all. */
export type Connectivity = 'whole' | 'relayed' | 'parted'

export function connectivityOf(rows: readonly HealthRow[]): Connectivity {
  const parts = components(rows)
  if (parts.length > 1) return 'parted'
  const alive = (parts[0] ?? []).reduce((set, seat) => set | (1n << BigInt(seat)), 0n)
  const isWhole = rows.every(
    ({ member, verdict, reach }) =>
      !isInService(verdict) || (alive & ~reach & ~(1n << BigInt(member))) === 0n,
  )
  return isWhole ? 'whole' : 'relayed'
}

/** The part that goes on: more than 2/3 of all weight. Null: nobody has a quorum, and nobody goes on. */
export function primaryComponent(
  rows: readonly HealthRow[],
  members: readonly ContextMember[],
): MemberIndex[] | null {
  const total = members.reduce((sum, { weight }) => sum + weight, 0)
  return components(rows).find((part) => 3 * weightOf(members, part) > 2 * total) ?? null
}
