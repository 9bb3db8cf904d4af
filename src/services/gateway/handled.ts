/** What a host has to do with a request. `late`: its deadline has come here. `busy`: no room to remember it. */
export type Admission<Reply> =
  | { readonly admit: 'handle' | 'wait' }
  | { readonly admit: 'repeat'; readonly reply: Reply }
  | { readonly admit: 'refuse'; readonly why: 'late' | 'busy' }

/**
 * Requests that a host has begun: each is handled at most once, however often it comes. A request is remembered until its
 * deadline by the host's own clock, and refused from then on by the same clock, so it does not matter whose clock is right.
 */
export class Handled<Reply> {
  readonly #rowsMax: number
  readonly #rows = new Map<string, { readonly deadlineMs: number; reply: Reply | null }>()

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax
  }

  admit(id: string, deadlineMs: number, nowMs: number): Admission<Reply> {
    if (nowMs >= deadlineMs) return { admit: 'refuse', why: 'late' }
    const known = this.#rows.get(id)
    if (known !== undefined)
      return known.reply === null ? { admit: 'wait' } : { admit: 'repeat', reply: known.reply }
    if (this.#rows.size >= this.#rowsMax) this.#forget(nowMs)
    if (this.#rows.size >= this.#rowsMax) return { admit: 'refuse', why: 'busy' }
    this.#rows.set(id, { deadlineMs, reply: null })
    return { admit: 'handle' }
  }

  /** Handled, with this reply. */
  done(id: string, reply: Reply): void {
    const row = this.#rows.get(id)
    if (row !== undefined) row.reply = reply
  }

  #forget(nowMs: number): void {
    for (const [id, { deadlineMs }] of this.#rows) if (nowMs >= deadlineMs) this.#rows.delete(id)
  }
}
