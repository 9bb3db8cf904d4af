import type { Logger } from '../ports/logger.ts'
import type { Address } from '../types/ids.ts'

/** Frames that are none. A peer's noise must not fill the log: told at the 1st, 10th, 100th … time. */
export class Malformed {
  readonly #logger: Logger
  readonly #counts = new Map<Address, number>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  count(from: Address): void {
    const count = (this.#counts.get(from) ?? 0) + 1
    this.#counts.set(from, count)
    if (/^10*$/.test(String(count))) this.#logger.warn('frame.malformed', { from, count })
  }
}
