import type { Lane } from './flow.ts'

interface Waiting<F> {
  frames: F[]
  bytes: number
}

/**
 * Frames waiting for one peer, in two lanes, oldest first, each bounded in number and bytes. The protocol goes first, and what
 * services say never takes its room. The newest news is worth most: it stays.
 */
export class Outbox<F extends { readonly length: number }> {
  readonly #framesMax: number
  readonly #bytesMax: number
  readonly #lanes: Readonly<Record<Lane, Waiting<F>>> = {
    protocol: { frames: [], bytes: 0 },
    data: { frames: [], bytes: 0 },
  }

  /** The bounds are those of one lane. */
  constructor(framesMax: number, bytesMax: number) {
    this.#framesMax = framesMax
    this.#bytesMax = bytesMax
  }

  /** Adds a frame. Returns the old frames of its lane that were dropped to make room. */
  push(frame: F, lane: Lane): F[] {
    const waiting = this.#lanes[lane]
    waiting.frames.push(frame)
    waiting.bytes += frame.length
    const dropped: F[] = []
    while (
      waiting.frames.length > this.#framesMax ||
      (waiting.bytes > this.#bytesMax && waiting.frames.length > 1)
    )
      dropped.push(...shifted(waiting))
    return dropped
  }

  /** The frame that leaves next, left in place; null when empty. */
  next(): { readonly frame: F; readonly lane: Lane } | null {
    const lane = this.#lane
    const [frame] = this.#lanes[lane].frames
    return frame === undefined ? null : { frame, lane }
  }

  /** Removes the frame that leaves next. */
  shift(): void {
    shifted(this.#lanes[this.#lane])
  }

  /** Removes everything. */
  clear(): F[] {
    const { protocol, data } = this.#lanes
    return [protocol, data].flatMap((waiting) => {
      waiting.bytes = 0
      return waiting.frames.splice(0)
    })
  }

  get #lane(): Lane {
    return this.#lanes.protocol.frames.length > 0 ? 'protocol' : 'data'
  }
}

function shifted<F extends { readonly length: number }>(waiting: Waiting<F>): F[] {
  const first = waiting.frames.shift()
  waiting.bytes -= first?.length ?? 0
  return first === undefined ? [] : [first]
}
