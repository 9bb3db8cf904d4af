import { concatHex, keccak } from '../codec/hex.ts'
import type { Cluster } from '../types/cluster.ts'
import { invariant } from '../types/errors.ts'
import type { MemberIndex } from '../types/ids.ts'

/**
 * Mandatory resynchronisation (paper, section 5): slots evenly distributed over the members, a period of each replica's
 * own, or a driver that says when, such as cron.
 */
export type Schedule = 'slots' | 'asynchronous' | 'external'

/**
 * Time slots of the evenly distributed resynchronisation schedule.
 *
 *   slot_i = (ΔT / |A|) · rank(id_i, A)          (paper, eq. 8)
 *
 * A is the on-chain member set; the rank is over hashes salted with the cluster's seed, so ids cannot be ground.
 *
 * @param order members by rank, no duplicates, 1 ≤ |A| ≤ 128
 * @param periodTicks ΔT in ticks, integer, ≥ |A|
 * @returns first tick of each member's slot, in [0, ΔT), all distinct
 */
export function slotStarts(
  order: readonly MemberIndex[],
  periodTicks: number,
): ReadonlyMap<MemberIndex, number> {
  invariant(periodTicks >= order.length, 'the period must have a tick for every slot')
  return new Map(order.map((member, rank) => [member, Math.floor((periodTicks * rank) / order.length)]))
}

/** Whose slot holds `tick`, counted from the start of any period. */
export function slotOwner(order: readonly MemberIndex[], periodTicks: number, tick: number): MemberIndex {
  const offset = ((tick % periodTicks) + periodTicks) % periodTicks
  let owner = order[0] ?? 0
  for (const [member, start] of slotStarts(order, periodTicks)) {
    if (start <= offset) owner = member
  }
  return owner
}

const phasesKnown = new WeakMap<Cluster, readonly bigint[]>()

/** Offset of a replica's own period: from its key and the cluster's seed, so that periods do not run in step. */
export function asynchronousPhase(cluster: Cluster, self: MemberIndex, periodTicks: number): number {
  let phases = phasesKnown.get(cluster)
  if (phases === undefined) {
    // hashed once: engines ask at every tick
    phases = cluster.members.map(({ key }) => BigInt(keccak(concatHex(cluster.seed, key))))
    phasesKnown.set(cluster, phases)
  }
  return Number((phases[self] ?? 0n) % BigInt(periodTicks))
}

/** Whether a replica's own period has begun anew since the opening at tick `since`. Periods begin at k·ΔT + phase. */
export function asynchronousDue(phase: number, periodTicks: number, since: number, now: number): boolean {
  const begun = (tick: number): number => Math.floor((tick - phase) / periodTicks)
  return begun(now) > begun(since)
}
