import { RsdpError } from '../../types/errors.ts'

/** Most blocks asked for in one eth_getLogs: Hardhat's time grows faster than the number of logs. */
const BLOCKS_MAX = 2_000
/** Pages in a row that must succeed before a larger one is tried, at first and at most. */
const PATIENCE = { first: 4, max: 512 }
/** Errors that a smaller page does not help against. */
const NOT_ABOUT_SIZE = new Set(['E_RPC_LIMIT', 'E_RPC_AUTH', 'E_RPC_METHOD', 'E_RPC_BEHIND', 'E_RPC_STATE'])
/** Ways to give no answer that have nothing to do with its length. */
const SILENCE = new Set<unknown>(['unreachable', 'closed'])

/**
 * How many blocks of logs an endpoint gives at once. Endpoints limit blocks, logs, bytes or time, each in words of its
 * own, so any refusal but those that clearly mean something else halves the page. The size that is found is kept; after
 * a while a page of double the size is tried, less and less often if that fails.
 */
export class LogPages {
  readonly #max: number
  #blocks = BLOCKS_MAX
  #successes = 0
  #patience: number
  /** The page of this size is an attempt to grow. */
  #isAttempt = false

  /** @param max blocks of a page; above the default, pages grow from that as long as none is refused */
  constructor(max = BLOCKS_MAX) {
    this.#max = max
    this.#patience = max > BLOCKS_MAX ? 1 : PATIENCE.first
  }

  /** Reads a page that begins at `from`. @returns what `read` answered, and the last block that it is about, ≤ `to` */
  async read<T>(
    from: number,
    to: number,
    read: (last: number) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly last: number }> {
    while (true) {
      const last = Math.min(to, from + this.#blocks - 1)
      try {
        const answer = await read(last)
        this.#served(last - from + 1)
        return { answer, last }
      } catch (error) {
        if (last === from || !isAboutSize(error)) throw error
        this.#refused(last - from + 1)
      }
    }
  }

  #served(blocks: number): void {
    if (blocks < this.#blocks || this.#blocks === this.#max) return
    this.#isAttempt = false
    this.#successes += 1
    if (this.#successes < this.#patience) return
    this.#successes = 0
    this.#blocks = Math.min(this.#max, this.#blocks * 2)
    this.#isAttempt = true
  }

  #refused(blocks: number): void {
    const patience = this.#isAttempt ? this.#patience * 2 : this.#patience
    this.#patience = Math.min(PATIENCE.max, Math.max(PATIENCE.first, patience))
    this.#isAttempt = false
    this.#successes = 0
    // others that read beside this page may have found a smaller one meanwhile
    this.#blocks = Math.min(this.#blocks, Math.ceil(blocks / 2))
  }
}

function isAboutSize(error: unknown): boolean {
  if (!(error instanceof RsdpError) || NOT_ABOUT_SIZE.has(error.code)) return false
  return error.code.startsWith('E_RPC_') && !SILENCE.has(error.details['reason'])
}
