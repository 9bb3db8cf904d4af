import { readLine } from '../../adapters/evm/task-line.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { openDeployment } from '../local/wallets.ts'
import { showMoment } from '../moments.ts'
import type { ChainOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { lineAddress } from './line-send.ts'
import { summary } from './task-list.ts'

/** Where a line stands, with its tasks. */
export async function lineShow(
  text: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const address = lineAddress(text)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const view = await readLine(connection, address)
    const token = await readToken(connection)
    const now = await connection.latest()
    const tasks = []
    for (const task of view.tasks) {
      const { status, height } = await summary(connection, task.taskId)
      tasks.push({ ...task, status, height })
    }
    const next = view.isDue
      ? `is due, from ${view.predecessor === 0n ? 'nothing' : `task ${view.predecessor}`}`
      : 'is not due'
    output.result(
      { ...view, tasks },
      [
        `line     ${view.line}, of ${view.owner}`,
        `budget   ${inTokens(view.budgetWei, token)}, ${inTokens(view.renewFee, token)} for a renewal`,
        `next     ${next}${view.isLost ? '; what was decided after the last checkpoint may be lost' : ''}`,
        ...(view.closesAt === null ? [] : [`closes   ${showMoment(view.closesAt, now)}`]),
        ...(view.nextPlanAt === null
          ? []
          : [`plan     another one from ${showMoment(view.nextPlanAt, now)} on`]),
        ...tasks.map(
          ({ taskId, predecessor, generation, status, height, block }) =>
            `task ${taskId}  after ${predecessor}, generation ${generation}, block ${block}: ${status}, height ${height}`,
        ),
      ].join('\n'),
    )
    return EXIT.ok
  } finally {
    connection.close()
  }
}
