/** How far behind the newest sequence number a frame may come. */
const WINDOW = 1_024n

/** Which sequence numbers of one session were taken: each is taken once, and none that is far behind the newest. */
export class ReplayWindow {
  #newest = 0n
  /** Bit i: `#newest − i` was taken. */
  #taken = 0n

  /** Whether the number could still be taken. */
  isFresh(sequence: bigint): boolean {
    if (sequence > this.#newest) return true
    const behind = this.#newest - sequence
    return behind < WINDOW && ((this.#taken >> behind) & 1n) === 0n
  }

  /** Takes a fresh number. */
  take(sequence: bigint): void {
    if (sequence <= this.#newest) {
      this.#taken |= 1n << (this.#newest - sequence)
      return
    }
    const ahead = sequence - this.#newest
    this.#taken = ahead >= WINDOW ? 1n : ((this.#taken << ahead) | 1n) & ((1n << WINDOW) - 1n)
    this.#newest = sequence
  }
}
