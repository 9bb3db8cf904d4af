import type { Logger } from '../ports/logger.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { RefusalCode } from './admit.ts'

/** The log tells of a member's first refusal of each kind in so many seconds. */
const TOLD_SECONDS = 60

/** Frames that were refused, all counted. A flood of bad frames must not become a flood of log lines. */
export class Refusals {
  readonly counts: Record<string, number> = {}
  readonly #told = new Set<string>()
  readonly #taskId: bigint
  readonly #logger: Logger

  constructor({ taskId, logger }: { readonly taskId: bigint; readonly logger: Logger }) {
    this.#taskId = taskId
    this.#logger = logger
  }

  add(from: MemberIndex, code: RefusalCode): void {
    this.counts[code] = (this.counts[code] ?? 0) + 1
    const line = `${from}/${code}`
    if (this.#told.has(line)) return
    this.#told.add(line)
    this.#logger.warn('frame.refused', { task: String(this.#taskId), from, code })
  }

  /** Once a second, by the ticks of the task. */
  second(since: number): void {
    if (since % TOLD_SECONDS === 0) this.#told.clear()
  }
}
