import type { PhaseStatus } from '../../types/log.ts'

/** A phase that a member entered, as its node reports it. */
export interface LaneMark {
  readonly phase: PhaseStatus
  readonly round: number
  /** Unix time of the report, ms. */
  readonly atMs: number
}

/** Marks of one height by seat, as plain data. */
export type PlainLanes = readonly (readonly [seat: number, marks: readonly LaneMark[]])[]

/** Heights whose times are kept, the newest. */
export const LANES_MAX = 64
/** Of a seat in a height: rounds may be many. */
const MARKS_MAX = 24

/** Who entered which phase when, of the newest heights of a task. */
export class Lanes {
  readonly #heights = new Map<number, Map<number, LaneMark[]>>()

  static from(plain: readonly (readonly [height: number, lanes: PlainLanes])[]): Lanes {
    const lanes = new Lanes()
    for (const [height, seats] of plain)
      lanes.#heights.set(height, new Map(seats.map(([seat, marks]) => [seat, [...marks]])))
    return lanes
  }

  /** A height that lies before all that are kept is not taken. */
  take(height: number, seat: number, mark: LaneMark): void {
    const known = this.#heights.get(height)
    if (known === undefined && this.#heights.size >= LANES_MAX) {
      const oldest = Math.min(...this.#heights.keys())
      if (height < oldest) return
      this.#heights.delete(oldest)
    }
    const seats = known ?? new Map<number, LaneMark[]>()
    this.#heights.set(height, seats)
    const marks = seats.get(seat) ?? []
    seats.set(seat, marks)
    if (marks.length < MARKS_MAX) marks.push(mark)
  }

  /** Marks of a height by seat; null: not kept. */
  of(height: number): ReadonlyMap<number, readonly LaneMark[]> | null {
    return this.#heights.get(height) ?? null
  }

  plain(): readonly (readonly [height: number, lanes: PlainLanes])[] {
    return [...this.#heights].map(([height, seats]) => [height, [...seats]] as const)
  }
}

/** A piece of a member's lane: a phase from when it was entered until the next one. */
export interface LanePiece {
  readonly phase: 'DEBATE' | 'SHARE'
  readonly round: number
  /** Share of the time that the height took, 0 … 1. */
  readonly from: number
  readonly to: number
}

export interface DrawnLanes {
  /** From the first report to the last, ms. */
  readonly lastsMs: number
  readonly seats: readonly {
    readonly pieces: readonly LanePiece[]
    /** From the first report of any member until this one had decided; null: it has not. */
    readonly decidedMs: number | null
  }[]
}

/** The lanes of a height for drawing, one for each seat. A clock that jumps back makes no piece of negative length. */
export function drawLanes(bySeat: ReadonlyMap<number, readonly LaneMark[]>, seats: number): DrawnLanes {
  const times = [...bySeat.values()].flatMap((marks) => marks.map(({ atMs }) => atMs))
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const lastsMs = times.length === 0 ? 0 : last - first
  const at = (ms: number): number => (lastsMs === 0 ? 0 : (ms - first) / lastsMs)
  return {
    lastsMs,
    seats: Array.from({ length: seats }, (_, seat) => {
      const marks = bySeat.get(seat) ?? []
      const pieces = marks.flatMap(({ phase, round, atMs }, i): LanePiece[] => {
        if (phase !== 'DEBATE' && phase !== 'SHARE') return []
        const from = at(atMs)
        return [{ phase, round, from, to: Math.max(from, at(marks[i + 1]?.atMs ?? last)) }]
      })
      const end = marks.find(({ phase }) => phase === 'IDLE' || phase === 'CLOSE')
      return { pieces, decidedMs: end === undefined ? null : end.atMs - first }
    }),
  }
}
