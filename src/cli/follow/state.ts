import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import type { Told } from '../../audit/follow.ts'
import { NOTHING_TOLD } from '../../audit/follow.ts'
import { TASK_STATUSES } from '../../types/task.ts'

const schema = z.strictObject({
  schema: z.literal(1),
  height: z.int().nonnegative(),
  status: z.enum(TASK_STATUSES).nullable(),
  alarms: z.array(z.string()),
})

/** What an earlier watcher of the task has told, so that nothing is told twice. A file that cannot be read says nothing. */
export function readTold(path: string): Told {
  try {
    const { height, status, alarms } = schema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return { height, status, alarms }
  } catch {
    return NOTHING_TOLD
  }
}

/** Whole or not at all. A disk that refuses costs no more than that lines are told again. */
export function writeTold(path: string, told: Told): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeWholeFile(path, `${JSON.stringify({ schema: 1, ...told })}\n`, { mode: 0o600, replace: true })
  } catch {
    // the next watcher tells it again
  }
}
