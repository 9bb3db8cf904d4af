import { invariant } from '../../types/errors.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { WeightFunction } from './profile.ts'

/** 1 in fixed point. */
export const ONE = 10n ** 18n

/** Member j's weight from a list of them; strangers weigh nothing. */
export function listedWeights(weights: readonly bigint[]): WeightFunction {
  return (member) => weights[member] ?? 0n
}

/**
 * Trust-based weights: w_j = Σ_l T(v_l, v_j) (paper, eq. 6), fixed point 1e18, rounded down.
 *
 * Identities cost nothing, so trust is counted by owner: an owner is trusted as much as the most trusted of its
 * identities, gives away 1 in all however many rows it fills, and its weight is split evenly among its identities. With
 * one identity per owner this is eq. 6 over rows that sum to 1. A row of zeros gives nothing away.
 *
 * @param trust T(v_l, v_j), integers ≥ 0: row l is what member l thinks of each
 * @param owners owner of each member; absent: every member is its own
 */
export function trustWeights(trust: readonly (readonly bigint[])[], owners?: readonly string[]): bigint[] {
  const ownerOf = (member: MemberIndex): string => owners?.[member] ?? `#${member}`
  const identities = new Map<string, MemberIndex[]>()
  trust.forEach((_, member) => {
    identities.set(ownerOf(member), [...(identities.get(ownerOf(member)) ?? []), member])
  })
  const received = new Map<string, bigint>()
  for (const own of identities.values()) {
    for (const row of own.map((member) => trust[member] ?? [])) {
      for (const [owner, share] of normalisedRow(row, identities)) {
        received.set(owner, (received.get(owner) ?? 0n) + share / BigInt(own.length))
      }
    }
  }
  return trust.map((_, member) => {
    const owner = ownerOf(member)
    return (received.get(owner) ?? 0n) / BigInt(identities.get(owner)?.length ?? 1)
  })
}

/** What one row gives to each owner; at most 1 in all. */
function normalisedRow(
  row: readonly bigint[],
  identities: ReadonlyMap<string, readonly MemberIndex[]>,
): [string, bigint][] {
  const trusted = [...identities].map(([owner, members]): [string, bigint] => {
    const levels = members.map((member) => row[member] ?? 0n)
    invariant(
      levels.every((level) => level >= 0n),
      'trust is never negative',
    )
    return [owner, levels.reduce((a, b) => (a > b ? a : b), 0n)]
  })
  const sum = trusted.reduce((total, [, level]) => total + level, 0n)
  return sum === 0n ? [] : trusted.map(([owner, level]) => [owner, (level * ONE) / sum])
}

/** What a node says it has. Nobody can check it: only for clusters whose members have no reason to lie. */
export interface Resources {
  /** BW_j, kbit/s. */
  readonly bandwidth: bigint
  /** CPU_j, thousandths of a core. */
  readonly cpu: bigint
  /** RAM_j, MiB. */
  readonly memory: bigint
}

/** The default f_res: the geometric mean, so that units do not matter, rounded down, at least 1. */
export function capacity({ bandwidth, cpu, memory }: Resources): bigint {
  const root = cubeRoot(bandwidth * cpu * memory)
  return root > 0n ? root : 1n
}

/** Resource-based weights: w_j = f_res(BW_j, CPU_j, RAM_j) (paper, section 4), which is always positive. */
export function resourceWeights(
  resources: readonly Resources[],
  fRes: (resources: Resources) => bigint = capacity,
): bigint[] {
  return resources.map((has) => {
    const weight = fRes(has)
    invariant(weight > 0n, 'f_res returns a positive number')
    return weight
  })
}

/** ⌊∛n⌋, by bisection. */
function cubeRoot(n: bigint): bigint {
  let low = 0n
  let high = 1n
  while (high ** 3n <= n) high *= 2n
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle ** 3n <= n) low = middle
    else high = middle
  }
  return low
}
