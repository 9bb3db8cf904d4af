import type { MemberIndex } from '../types/ids.ts'

/** Refusals between two passes after which a member is isolated. */
const STRIKES_MAX = 64
/** Passes (seconds) for which it stays so. */
const ISOLATED_PASSES = 30

/** Members that are not listened to for a while because they broke the quotas again and again. */
export class Isolation {
  readonly #changed: (member: MemberIndex, isolated: boolean) => void
  readonly #strikes = new Map<MemberIndex, number>()
  /** Passes left, by member. */
  readonly #left = new Map<MemberIndex, number>()

  constructor(changed: (member: MemberIndex, isolated: boolean) => void) {
    this.#changed = changed
  }

  get members(): readonly MemberIndex[] {
    return [...this.#left.keys()]
  }

  holds(member: MemberIndex): boolean {
    return this.#left.has(member)
  }

  strike(member: MemberIndex): void {
    const strikes = (this.#strikes.get(member) ?? 0) + 1
    this.#strikes.set(member, strikes)
    if (strikes < STRIKES_MAX || this.#left.has(member)) return
    this.#left.set(member, ISOLATED_PASSES)
    this.#changed(member, true)
  }

  /** One second is over: strikes are forgotten, and who has waited long enough is released. */
  pass(): void {
    this.#strikes.clear()
    for (const [member, left] of this.#left) {
      if (left > 1) {
        this.#left.set(member, left - 1)
        continue
      }
      this.#left.delete(member)
      this.#changed(member, false)
    }
  }
}
