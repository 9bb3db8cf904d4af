import type { Random } from '../../faults/random.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { leastConnections, mostFree, nextInTurn, powerOfTwo } from '../../services/placement/balancers.ts'
import type { Backend, Turns } from '../../services/placement/balancers.ts'

/** What a gateway may keep from one request of a service to the next. */
export interface Memory {
  turns: Turns
}

/** The production functions, and three baselines that only the laboratory compares with. */
export const BALANCERS = [
  'round-robin',
  'random',
  'priority',
  'weighted-round-robin',
  'least-connections',
  'resource-aware',
  'power-of-two',
] as const
export type BalancerName = (typeof BALANCERS)[number]

type Choose = (backends: readonly Backend[], memory: Memory, random: Random) => MemberIndex | null

const CHOICES: Readonly<Record<BalancerName, Choose>> = {
  'round-robin': (backends, memory) =>
    inTurn(
      backends.map((one) => ({ ...one, weight: 1 })),
      memory,
    ),
  random: (backends, _, random) => (backends.length === 0 ? null : random.pick(backends).member),
  priority: (backends) => inOrder(backends),
  'weighted-round-robin': (backends, memory) => inTurn(backends, memory),
  'least-connections': (backends) => leastConnections(backends),
  'resource-aware': (backends) => mostFree(backends),
  'power-of-two': (backends, _, random) => powerOfTwo(backends, [random.u32(), random.u32()]),
}

export function choose(
  name: BalancerName,
  backends: readonly Backend[],
  memory: Memory,
  random: Random,
): MemberIndex | null {
  return CHOICES[name](backends, memory, random)
}

function inTurn(backends: readonly Backend[], memory: Memory): MemberIndex | null {
  const next = nextInTurn(backends, memory.turns)
  if (next === null) return null
  memory.turns = next.turns
  return next.chosen
}

/** Connections for each unit of weight above which the next in order gets the request. */
const FULL = 1 / 8

/** The heaviest that is not full; all being full, the heaviest. */
function inOrder(backends: readonly Backend[]): MemberIndex | null {
  const sorted = [...backends].sort((a, b) => b.weight - a.weight || a.member - b.member)
  const free = sorted.find(({ connections, weight }) => connections < weight * FULL)
  return (free ?? sorted[0])?.member ?? null
}
