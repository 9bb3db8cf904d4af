import type { Life } from '../../types/life.ts'
import { lifeAt } from '../../types/life.ts'
import type { Moment } from '../../types/moment.ts'
import { isReached } from '../../types/moment.ts'
import type { TaskStatus } from '../../types/task.ts'
import type { ChainTask } from './chain-task.ts'

/** In which history is still accepted. */
export const RUNNING: ReadonlySet<TaskStatus> = new Set(['Active', 'Finalizing'])

/** As with EIP-2935. */
const FORM_WINDOW = 8_191n

/** How long a task goes on after its end, and evidence after that. */
export interface TimeWindows {
  readonly graceSeconds: number
  readonly evidenceBlocks: number
  readonly evidenceSeconds: number
}

export interface MemoryWindows {
  readonly reorgDepth: number
  readonly closeGrace: number
  readonly windows: TimeWindows | null
}

/** By the contract's rule. There is no money, so nothing is claimed. */
export function statusOf(task: ChainTask, at: Moment, windows: MemoryWindows): TaskStatus {
  return lifeOf(task, at, windows).status
}

/** Whether proofs are still taken. */
export function takesEvidence(task: ChainTask, at: Moment, windows: MemoryWindows): boolean {
  const { claimsOpenAt } = lifeOf(task, at, windows)
  return windows.windows === null || claimsOpenAt === null || !isReached(claimsOpenAt, at)
}

function lifeOf(task: ChainTask, at: Moment, { reorgDepth, closeGrace, windows }: MemoryWindows): Life {
  const { cluster, revokedAt, params, last, late, lastAt, limit, signups } = task
  const facts = {
    ...{ reorgDepth: BigInt(reorgDepth), closeGrace: BigInt(closeGrace), formWindow: FORM_WINDOW },
    ...{ evidence: BigInt(windows?.evidenceBlocks ?? 0), seedDelaySeconds: 0n },
    graceSeconds: BigInt(windows?.graceSeconds ?? 0),
    evidenceSeconds: BigInt(windows?.evidenceSeconds ?? 0),
    ...{ params, signups: signups.length, idle: cluster !== null && limit === 0, anchored: null },
    formed: cluster === null ? null : lastAt,
    revoked: revokedAt,
    complete: last === params.heights && late === 0,
  }
  return lifeAt(facts, at)
}
