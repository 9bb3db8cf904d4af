import type { Random } from '../../faults/random.ts'
import { isQuorum } from '../../protocol/quorum.ts'
import type { Cluster } from '../../types/cluster.ts'
import { NIL } from '../../types/ids.ts'
import { stream } from '../draw.ts'
import type { Cell } from '../scenario.ts'
import type { QuorumRule } from './rules.ts'

interface Counted {
  /** Two values have a quorum of confirmations. */
  forks: number
  rounds: number
  delays: number
  messages: number
}

const ROUNDS_MAX = 20
/** Message delays of a round that decides, and of one that times out and is changed. */
const DELAYS = { round: 3, change: 4 }

/**
 * Heights of two votes among n members, f of them liars, with the quorum as a parameter: share, then confirm. A liar that
 * leads sends each half of the honest another value, and all liars vote for both, share and confirm. Honest members vote
 * once a round, and confirm what a quorum shares; one who has confirmed stays with that value (its lock).
 */
export function playVotes(
  { votes: { members, liars, rule, heights } }: Cell,
  seed: number,
): Record<string, number> {
  const random = stream(seed, 'votes')
  const counted: Counted = { forks: 0, rounds: 0, delays: 0, messages: 0 }
  for (let height = 0; height < heights; height += 1) playHeight(members, liars, rule, random, counted)
  return {
    violations: counted.forks,
    violation_share: counted.forks / heights,
    rounds: counted.rounds / heights,
    delays: counted.delays / heights,
    messages: counted.messages / heights,
  }
}

function playHeight(
  members: number,
  liars: number,
  rule: QuorumRule,
  random: Random,
  counted: Counted,
): void {
  const suffices = quorumRule(rule, members)
  const order = random.shuffled(Array.from({ length: members }, (_, i) => i))
  const isLiar = (member: number): boolean => member < liars
  const locks = new Map<number, string>()
  const confirmed = new Map<string, Set<number>>()
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const leader = order[round % members] ?? 0
    counted.rounds += 1
    // proposal to all, then two votes of all to all
    counted.messages += members - 1 + 2 * members * (members - 1)
    const proposal = proposalsOf(isLiar(leader), members, round, random)
    const shares = votesOf(members, isLiar, (member) => locks.get(member) ?? proposal(member), ['a', 'b'])
    for (const [value, voters] of shares) {
      if (!suffices(voters.size)) continue
      const set = confirmed.get(value) ?? new Set()
      confirmed.set(value, set)
      for (let member = 0; member < members; member += 1) {
        // an honest member has heard those who say that they voted for its value
        const hears = isLiar(member) || (locks.get(member) ?? proposal(member)) === value
        if (!hears) continue
        set.add(member)
        if (!isLiar(member)) locks.set(member, value)
      }
    }
    const decided = [...confirmed.values()].filter((set) => suffices(set.size))
    if (decided.length > 1) counted.forks += 1
    if (decided.length > 0) {
      counted.delays += DELAYS.round
      return
    }
    counted.delays += DELAYS.round + DELAYS.change
    counted.messages += members * (members - 1)
  }
}

/** What a leader tells each member: one value, or as a liar two. A later honest leader proposes what somebody is locked on. */
function proposalsOf(
  isLying: boolean,
  members: number,
  round: number,
  random: Random,
): (member: number) => string {
  if (!isLying) return () => `r${round}`
  const half = new Set(random.shuffled(Array.from({ length: members }, (_, i) => i)).slice(0, members >> 1))
  return (member) => (half.has(member) ? 'a' : 'b')
}

function votesOf(
  members: number,
  isLiar: (member: number) => boolean,
  valueOf: (member: number) => string,
  both: readonly string[],
): Map<string, Set<number>> {
  const votes = new Map<string, Set<number>>()
  const add = (value: string, member: number): void => {
    votes.set(value, (votes.get(value) ?? new Set()).add(member))
  }
  for (let member = 0; member < members; member += 1) if (!isLiar(member)) add(valueOf(member), member)
  for (const value of new Set([...votes.keys(), ...both]))
    for (let member = 0; member < members; member += 1) if (isLiar(member)) add(value, member)
  return votes
}

function quorumRule(rule: QuorumRule, members: number): (votes: number) => boolean {
  if (rule === '2f+1') {
    const least = 2 * Math.floor((members - 1) / 3) + 1
    return (votes) => votes >= least
  }
  const cluster: Cluster = { id: NIL, seed: NIL, members: [], totalWeight: members }
  return (votes) => isQuorum(cluster, votes)
}
