import type { Random } from '../../faults/random.ts'
import { stream } from '../draw.ts'

export const FAULT_KINDS = ['crash', 'stop', 'omission', 'byzantine', 'cut', 'slow'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Something that goes wrong with one node for a while. Times from the end of the warm-up, ms. */
export interface Fault {
  readonly kind: FaultKind
  readonly node: number
  readonly atMs: number
  readonly forMs: number
  /** Omission: part of the messages that are lost. */
  readonly loss: number
  /** Slow: how many times as long. */
  readonly slowness: number
}

export interface DrawnFaults {
  readonly count: number
  readonly kinds: readonly FaultKind[]
  readonly for_s: readonly [min: number, max: number]
  /** Part of the crashes that take a second node of the same region with them. */
  readonly correlated: number
}

/** Faults at random times on random nodes: the same for every treatment of a seed. */
export function drawFaults(
  seed: number,
  regions: readonly number[],
  measuredMs: number,
  { count, kinds, for_s: [min, max], correlated }: DrawnFaults,
): Fault[] {
  const random = stream(seed, 'faults')
  return Array.from({ length: count }, () =>
    drawOne(random, regions, measuredMs, kinds, [min, max], correlated),
  ).flat()
}

function drawOne(
  random: Random,
  regions: readonly number[],
  measuredMs: number,
  kinds: readonly FaultKind[],
  [min, max]: readonly [number, number],
  correlated: number,
): Fault[] {
  const kind = random.pick(kinds)
  const node = random.int(0, regions.length - 1)
  const atMs = random.fraction() * measuredMs * 0.8
  const forMs = 1000 * (min + random.fraction() * (max - min))
  const loss = 0.05 + 0.25 * random.fraction()
  const slowness = 2 + 4 * random.fraction()
  const isPair = random.chance(correlated)
  const one: Fault = { kind, node, atMs, forMs, loss, slowness }
  const other = regions.findIndex((region, i) => i !== node && region === regions[node])
  return kind === 'crash' && isPair && other >= 0 ? [one, { ...one, node: other }] : [one]
}
