import type { PhaseStatus } from '../../types/log.ts'

/** A seat on the ring. */
export interface RingSeat {
  readonly x: number
  readonly y: number
  /** Radius of its disc. */
  readonly r: number
  /** Where its name stands, and how it is anchored there. */
  readonly labelX: number
  readonly labelY: number
  readonly anchor: 'start' | 'middle' | 'end'
}

/** The ring's box is 320 × 240; names stand outside the ring. */
export const RING = { width: 320, height: 240, radius: 84 } as const
/** With more members names would overlap. */
export const NAMES_MAX = 16

/** Places of n seats, the first on top, clockwise. */
export function ringSeats(n: number): RingSeat[] {
  const [cx, cy] = [RING.width / 2, RING.height / 2]
  const r = Math.max(2, Math.min(15, (0.8 * Math.PI * RING.radius) / Math.max(1, n)))
  return Array.from({ length: n }, (_, i) => {
    const angle = (2 * Math.PI * i) / n - Math.PI / 2
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
    const out = RING.radius + r + 8
    const anchor = dx > 0.3 ? 'start' : dx < -0.3 ? 'end' : 'middle'
    const round = (value: number): number => Math.round(value * 10) / 10
    return {
      ...{ x: round(cx + RING.radius * dx), y: round(cy + RING.radius * dy), r: round(r), anchor },
      ...{ labelX: round(cx + out * dx), labelY: round(cy + out * dy + (dy > 0.3 ? 8 : dy < -0.3 ? 0 : 4)) },
    }
  })
}

/** How far a member is in a height, 0 … 1: the arc around its disc. */
export const PROGRESS: Readonly<Record<PhaseStatus, number>> = {
  INITIAL: 0,
  DEBATE: 1 / 3,
  SHARE: 2 / 3,
  IDLE: 1,
  CLOSE: 1,
}

/** Fewest seats of weight 1 that are a quorum: 3w > 2W. */
export function quorumOf(totalWeight: number): number {
  return Math.floor((2 * totalWeight) / 3) + 1
}
