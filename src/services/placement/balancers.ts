import type { MemberIndex } from '../../types/ids.ts'

/**
 * Choices that a gateway makes for each request, by itself, among the hosts that the agreed placement gives it. Weights are
 * agreed; queues and connections are its own count.
 */
export interface Backend {
  readonly member: MemberIndex
  /** ≥ 1 */
  readonly weight: number
  /** Requests that wait for an answer. */
  readonly connections: number
  /** Agreed use of the host, ‰. */
  readonly use: number
}

/** Smooth weighted round robin: how far each backend is behind its share. Of a backend that is new: 0. */
export type Turns = ReadonlyMap<MemberIndex, number>

/**
 * The next backend in turn: over Σ weights calls each is chosen as often as it weighs, and no two calls of one backend are
 * closer than they need be.
 *
 * @returns null of no backends
 */
export function nextInTurn(
  backends: readonly Backend[],
  turns: Turns,
): { readonly chosen: MemberIndex; readonly turns: Turns } | null {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0)
  const after = new Map(backends.map(({ member, weight }) => [member, (turns.get(member) ?? 0) + weight]))
  const first = firstOf(backends, (a, b) => (after.get(b.member) ?? 0) - (after.get(a.member) ?? 0))
  if (first === null) return null
  after.set(first.member, (after.get(first.member) ?? 0) - total)
  return { chosen: first.member, turns: after }
}

/** The backend with the fewest connections for its weight. */
export function leastConnections(backends: readonly Backend[]): MemberIndex | null {
  return firstOf(backends, byConnections)?.member ?? null
}

/** Of two drawn backends the one with fewer connections for its weight. The caller draws. */
export function powerOfTwo(
  backends: readonly Backend[],
  draws: readonly [number, number],
): MemberIndex | null {
  const drawn = draws.flatMap((draw) => backends[draw % backends.length] ?? [])
  return firstOf(drawn, byConnections)?.member ?? null
}

/**
 * The backend with the most free capacity for what already waits there: weight × free part / (connections + 1). Where none has any,
 * the one with the fewest connections for its weight.
 */
export function mostFree(backends: readonly Backend[]): MemberIndex | null {
  const free = ({ weight, use }: Backend): number => weight * Math.max(0, 1000 - use)
  return (
    firstOf(
      backends,
      (a, b) => free(b) * (a.connections + 1) - free(a) * (b.connections + 1) || byConnections(a, b),
    )?.member ?? null
  )
}

function byConnections(a: Backend, b: Backend): number {
  return a.connections * b.weight - b.connections * a.weight
}

/** The first in an order; of equals the lower seat. */
function firstOf(backends: readonly Backend[], compare: (a: Backend, b: Backend) => number): Backend | null {
  return backends.reduce<Backend | null>((best, one) => {
    if (best === null) return one
    const order = compare(one, best)
    return order < 0 || (order === 0 && one.member < best.member) ? one : best
  }, null)
}
