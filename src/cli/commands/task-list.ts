import type { Connection } from '../../adapters/evm/connection.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { TaskStatus } from '../../types/task.ts'
import { TASK_STATUSES } from '../../types/task.ts'
import { openDeployment } from '../local/wallets.ts'
import type { ChainOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

export interface TaskSummary {
  readonly taskId: bigint
  readonly status: TaskStatus
  readonly client: string
  readonly members: number
  /** Last height that the chain has accepted. */
  readonly height: number
  readonly finalized: boolean
}

export async function taskList(options: ChainOptions, { output }: CommandContext): Promise<ExitCode> {
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const count = await connection.read(connection.contracts.board.tasks())
    const tasks: TaskSummary[] = []
    for (let taskId = 1n; taskId <= count; taskId += 1n) tasks.push(await summary(connection, taskId))
    const text = table(
      ['task', 'status', 'client', 'members', 'height', 'finalized'],
      tasks.map(({ taskId, status, client, members, height, finalized }) => [
        taskId,
        status,
        client,
        members,
        height,
        finalized ? 'yes' : 'no',
      ]),
    )
    output.result({ tasks }, tasks.length === 0 ? 'no tasks yet: rsdp task publish' : text)
    return EXIT.ok
  } finally {
    connection.close()
  }
}

const NO_RESULT = `0x${'00'.repeat(32)}`

/** Where a task stands, as the contracts say. */
export async function summary(connection: Connection, taskId: bigint): Promise<TaskSummary> {
  const { board, log } = connection.contracts
  const [view, [status], head] = await connection.read(
    Promise.all([board.task(taskId), board.statusOf(taskId), log.head(taskId)]),
  )
  return {
    taskId,
    status: TASK_STATUSES[Number(status)] ?? 'None',
    client: view.client.toLowerCase(),
    members: Number(view.members),
    height: Number(head.last),
    finalized: view.resultHash !== NO_RESULT,
  }
}

/** A task number from the command line. */
export function parseTaskId(text: string): bigint {
  if (/^[1-9]\d{0,15}$/.test(text)) return BigInt(text)
  throw new RsdpError({
    code: 'E_USAGE',
    message: `'${text}' is not a task number`,
    hint: 'rsdp task list shows them',
    exit: EXIT.usage,
  })
}

export function unknownTask(id: string): RsdpError {
  return new RsdpError({
    code: 'E_NO_TASK',
    message: `there is no task ${id} on this deployment`,
    hint: 'rsdp task list shows them',
    exit: EXIT.precondition,
  })
}
