import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { openDeployment } from '../local/wallets.ts'
import type { TaskWatchOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import type { TaskSummary } from './task-list.ts'
import { parseTaskId, summary, unknownTask } from './task-list.ts'

/** How often the chain is asked. */
const LOOK_MS = 400
/** Nothing changes any more. */
const ENDED = new Set(['Closed', 'Expired', 'NoQuorum'])

/** One line per change until the result is published or the task has ended: text, or NDJSON with `--json`. */
export async function taskWatch(
  id: string,
  options: TaskWatchOptions,
  { json, output, signal }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  const deadline = performance.now() + options.timeout * 1000
  const print = (type: string, task: TaskSummary | null, reason?: string): boolean => {
    const line = json
      ? toJson({ type, ts: new Date().toISOString(), ...task, ...(reason === undefined ? {} : { reason }) })
      : task === null
        ? (reason ?? type)
        : `task ${id}  ${task.status.padEnd(10)} height ${String(task.height)}${task.finalized ? '  result published' : ''}`
    return output.line(line)
  }
  try {
    let last = ''
    while (!signal.aborted) {
      const task = await summary(connection, taskId)
      if (task.status === 'None') throw unknownTask(id)
      if (toJson(task) !== last && !print('task', task)) return EXIT.ok
      last = toJson(task)
      if (task.finalized || ENDED.has(task.status)) {
        if (json) print('end', null, task.finalized ? 'finalized' : task.status)
        return EXIT.ok
      }
      if (performance.now() > deadline) {
        throw new RsdpError({
          code: 'E_TIMEOUT',
          message: `task ${id} was not finalized within ${String(options.timeout)} s`,
          hint: 'give more time with --timeout, or look at the nodes’ logs',
          exit: EXIT.timeout,
        })
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    return EXIT.ok
  } finally {
    connection.close()
  }
}
