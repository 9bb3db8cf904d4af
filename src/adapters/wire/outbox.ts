/** Frames waiting for one peer, oldest first, bounded in number and bytes. The newest news is worth most: it stays. */
export class Outbox {
  readonly #framesMax: number
  readonly #bytesMax: number
  readonly #frames: Uint8Array[] = []
  #bytes = 0

  constructor(framesMax: number, bytesMax: number) {
    this.#framesMax = framesMax
    this.#bytesMax = bytesMax
  }

  /** Adds a frame. Returns how many old frames were dropped to make room. */
  push(frame: Uint8Array): number {
    this.#frames.push(frame)
    this.#bytes += frame.length
    let dropped = 0
    while (
      this.#frames.length > this.#framesMax ||
      (this.#bytes > this.#bytesMax && this.#frames.length > 1)
    ) {
      this.shift()
      dropped += 1
    }
    return dropped
  }

  /** The oldest frame, left in place; null when empty. */
  peek(): Uint8Array | null {
    return this.#frames[0] ?? null
  }

  /** Removes the oldest frame. */
  shift(): void {
    this.#bytes -= this.#frames.shift()?.length ?? 0
  }

  /** Removes everything. Returns how many frames that were. */
  clear(): number {
    const dropped = this.#frames.length
    this.#frames.length = 0
    this.#bytes = 0
    return dropped
  }
}
