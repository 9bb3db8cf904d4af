import type { Message } from './types.ts'

/** Bytes of a snapshot in one message. */
const PART_BYTES = 48_000

/** One part of a snapshot. */
export function partOf(
  data: Uint8Array,
  part: number,
): { readonly part: number; readonly parts: number; readonly bytes: Uint8Array } {
  const parts = Math.max(1, Math.ceil(data.length / PART_BYTES))
  const at = Math.min(part, parts - 1)
  return { part: at, parts, bytes: data.slice(at * PART_BYTES, (at + 1) * PART_BYTES) }
}

/** The parts of a snapshot that have come, in their order. */
export class Parts {
  #index = 0
  #count = 1
  #parts: Uint8Array[] = []

  /** Number of the part that is missing next. */
  get next(): number {
    return this.#parts.length
  }

  /** False: it was there, or it is not its turn. A part of another snapshot begins anew. */
  add({ last, part, parts, bytes }: Message & { kind: 'snapshot' }): boolean {
    if (last.index !== this.#index) {
      this.#index = last.index
      this.#parts = []
    }
    this.#count = parts
    if (part !== this.#parts.length) return false
    this.#parts.push(bytes)
    return true
  }

  /** All of it; null: parts are missing. */
  get whole(): Uint8Array | null {
    if (this.#parts.length < this.#count) return null
    return joined(this.#parts)
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const one of parts) {
    whole.set(one, at)
    at += one.length
  }
  return whole
}
