import type { TaskHistory } from '../ports/chain-history.ts'
import type { Moment } from '../types/moment.ts'

/** When a block came: its number, and its time where the deployment counts seconds, else 0. */
export function momentOf({ times }: Pick<TaskHistory, 'times'>, block: bigint): Moment {
  return { number: block, time: times.get(block) ?? 0n }
}

/** Whether the deployment counts seconds. */
export function isTimed({ expected }: Pick<TaskHistory, 'expected'>): boolean {
  return expected.windows.taskSecondsMax > 0n
}

/** A moment as text: its block, and its second where seconds count. */
export function shown({ number, time }: Moment): string {
  return time === 0n ? `block ${number}` : `block ${number} and second ${time}`
}
