import type { LockAnswer, LockAsk } from '../types/lock-request.ts'

/** The locks of the tasks that this node was drawn for. */
export interface Locks {
  /** Asks the copy here or elsewhere, once. Never rejects. */
  ask(task: bigint, service: number, ask: LockAsk): Promise<LockAnswer>
}
