/** What happened, in order: a running hash, and the lines themselves if somebody wants to read them. */
export class Trace {
  readonly #tell: ((line: string) => void) | null
  readonly #nowMs: () => number
  #low = 0x811c9dc5
  #high = 0xcbf29ce4
  /** Everything that was noted so far. */
  events = 0

  constructor(nowMs: () => number, tell: ((line: string) => void) | null) {
    this.#nowMs = nowMs
    this.#tell = tell
  }

  get isTold(): boolean {
    return this.#tell !== null
  }

  note(line: string): void {
    const stamped = this.#stamp(line)
    this.events += 1
    for (let i = 0; i < stamped.length; i += 1) {
      const code = stamped.charCodeAt(i)
      this.#low = Math.imul(this.#low ^ code, 0x01000193)
      this.#high = Math.imul(this.#high ^ (code + i), 0x01000193)
    }
    this.#tell?.(stamped)
  }

  /** For a reader only: not part of the hash. */
  tell(line: string): void {
    this.#tell?.(this.#stamp(line))
  }

  #stamp(line: string): string {
    return `${this.#nowMs().toFixed(1).padStart(10)} ${line}`
  }

  /** 16 hex digits that stand for everything noted. */
  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }
}
