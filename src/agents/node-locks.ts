import type { Locks } from '../ports/locks.ts'
import { NO_SEAT } from '../services/placement/codec.ts'
import { decodeLockAnswer, encodeLockAsk, isLockAsk } from '../services/transactions/lock-wire.ts'
import type { Agreed } from '../services/services.ts'
import type { MemberIndex } from '../types/ids.ts'
import { lockAnswer } from '../types/lock-request.ts'
import type { LockAnswer, LockAsk } from '../types/lock-request.ts'
import type { Copy } from './kind.ts'
import type { Remote } from './remote.ts'

export interface NodeLocksInit {
  /** What is decided of the line of a task, and what runs here; null: nothing. */
  readonly lineOf: (task: bigint) => {
    readonly task: bigint
    readonly state: Pick<Agreed, 'header' | 'placement'>
    readonly self: MemberIndex
    readonly copyOf: (service: number) => Copy | null
  } | null
  readonly remote: Pick<Remote, 'ask'>
}

/** Locks of the tasks that this node was drawn for: a request goes to the one copy, here or elsewhere, once. */
export class NodeLocks implements Locks {
  readonly #init: NodeLocksInit

  constructor(init: NodeLocksInit) {
    this.#init = init
  }

  async ask(task: bigint, service: number, ask: LockAsk): Promise<LockAnswer> {
    if (!isLockAsk(ask)) return lockAnswer('bad-request')
    const line = this.#init.lineOf(task)
    const row = line?.state.placement.services.find((one) => one.service === service)
    if (line === null || row?.kind !== 'lock') return lockAnswer('no-service')
    const { primary } = row
    const bytes = encodeLockAsk(ask)
    if (primary === line.self) {
      const reply = await line.copyOf(service)?.request(bytes)
      return answerIn(reply ?? null) ?? lockAnswer('no-host')
    }
    const to = primary === NO_SEAT ? undefined : line.state.header.seats[primary]?.key
    if (to === undefined) return lockAnswer('no-host')
    const said = await this.#init.remote.ask(to, { task: line.task, service }, bytes)
    if (said.outcome === 'unhandled') return lockAnswer('no-host')
    return answerIn(said.outcome === 'handled' ? said.reply : null) ?? lockAnswer('unknown')
  }
}

function answerIn(bytes: Uint8Array | null): LockAnswer | null {
  return bytes === null ? null : decodeLockAnswer(bytes)
}
