import { lifeAt } from '../../types/life.ts'
import type { TaskStatus } from '../../types/task.ts'
import type { ChainTask } from './chain-task.ts'

/** In which history is still accepted. */
export const RUNNING: ReadonlySet<TaskStatus> = new Set(['Active', 'Finalizing'])

/** As with EIP-2935. */
const FORM_WINDOW = 8_191n

export interface MemoryWindows {
  readonly reorgDepth: number
  readonly closeGrace: number
}

/** By the contract's rule. There is no clock here, so blocks alone count, and there is no money, so nothing is claimed. */
export function statusOf(task: ChainTask, block: number, windows: MemoryWindows): TaskStatus {
  const { cluster, revokedAt, params, last, late, lastBlock, limit, signups } = task
  const at = (number: number) => ({ number: BigInt(number), time: 0n })
  const facts = {
    ...{ reorgDepth: BigInt(windows.reorgDepth), closeGrace: BigInt(windows.closeGrace) },
    ...{ formWindow: FORM_WINDOW, evidence: 0n },
    ...{ seedDelaySeconds: 0n, graceSeconds: 0n, evidenceSeconds: 0n },
    ...{ params, signups: signups.length, idle: cluster !== null && limit === 0, anchored: null },
    formed: cluster === null ? null : at(lastBlock),
    revoked: revokedAt === null ? null : at(revokedAt),
    complete: last === params.heights && late === 0,
  }
  return lifeAt(facts, at(block)).status
}
