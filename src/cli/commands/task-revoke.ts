import type { Connection } from '../../adapters/evm/connection.ts'
import { revoke } from '../../adapters/evm/operator.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { isReached } from '../../types/moment.ts'
import type { TaskSendOptions } from '../options.ts'
import { showWindow } from '../moments.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import type { TaskSummary } from './task-list.ts'
import { parseTaskId, summary, unknownTask } from './task-list.ts'

/** Ends a task of the wallet's owner early. */
export function taskRevoke(id: string, options: TaskSendOptions, context: CommandContext): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const task = await summary(connection, taskId)
    await requireRevocable(connection, task, wallet.address)
    const facts = { taskId, status: task.status, client: task.client }
    const go = await agreed([
      `revoke   task ${id}, ${task.status}`,
      ...(await consequences(connection, task)),
    ])
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block, gasUsed } = await revoke(wallet, taskId)
    const { status } = await summary(connection, taskId)
    output.result(
      { dryRun: false, ...facts, status, transaction: { hash, block, gasUsed } },
      `revoked task ${id} in block ${block}, now ${status}  ${hash}\nnext  rsdp task claim ${id}`,
    )
    return EXIT.ok
  })
}

/** @throws RsdpError E_NO_TASK, E_NOT_CLIENT, E_TASK_STATUS, E_REVOKED */
async function requireRevocable(
  connection: Connection,
  { taskId, status, client }: TaskSummary,
  sender: Address,
): Promise<void> {
  if (status === 'None') throw unknownTask(String(taskId))
  const refused = (code: `E_${string}`, message: string, hint: string): RsdpError =>
    new RsdpError({ code, message, hint, exit: EXIT.precondition, details: { taskId, status, client } })
  if (client !== sender) {
    throw refused('E_NOT_CLIENT', `task ${taskId} is of ${client}, not of ${sender}`, 'give --key-file')
  }
  if (status !== 'Open' && status !== 'Active') {
    const hint = `rsdp task status ${taskId} shows where it stands`
    throw refused('E_TASK_STATUS', `task ${taskId} is ${status}: there is nothing to end`, hint)
  }
  const { revokedBlock } = await connection.read(connection.contracts.board.task(taskId))
  if (revokedBlock === 0n) return
  const hint = 'its cluster may still be drawn; if not, it expires'
  throw refused('E_REVOKED', `task ${taskId} was revoked in block ${revokedBlock}`, hint)
}

/** What becomes of the money, by how far the task has come. */
async function consequences(connection: Connection, task: TaskSummary): Promise<string[]> {
  const { deployment, contracts } = connection
  const { board } = contracts
  if (task.status === 'Active') {
    return [
      `earned   what is accepted up to height ${task.height} stays the members’`,
      `grace    ${showWindow(deployment.windows.closeGrace, deployment.windows.graceSeconds)} for heights that they have decided`,
    ]
  }
  const published = board.queryFilter(board.filters.TaskPublished(task.taskId), deployment.fromBlock)
  const [event] = await connection.read(published)
  const at = await connection.latest()
  const params = event?.args.params
  if (params !== undefined && isReached({ number: params.joinDeadline, time: params.joinTime }, at)) {
    const token = await readToken(connection)
    const shared = `the members share ${inTokens(params.rewardPerHeight, token)}`
    const drawn = params.formGasPrice === 0n ? '' : ', and whoever draws earns the fee for it'
    return [`drawing  still possible; then ${shared}${drawn}`]
  }
  return ['refund   all of the escrow, and every lock, at once']
}
