import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { publishTask } from '../local/client.ts'
import { openDeployment, openWallet } from '../local/wallets.ts'
import type { TaskPublishOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { rateLimitTask } from '../task-params.ts'

/** Publishes a rate-limit task and pays its escrow. */
export async function taskPublish(
  options: TaskPublishOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const client = await openWallet(connection, options)
    const params = rateLimitTask({
      ...options,
      head: await connection.read(connection.provider.getBlockNumber()),
      taskBlocksMax: connection.deployment.windows.taskBlocksMax,
    })
    const taskId = await publishTask(client, params)
    output.result(
      { taskId, client: client.address, params },
      `task ${String(taskId)}  ${String(params.maxNodes)} seats, ${String(params.heights)} heights, R = ${String(params.epochHeights)},` +
        ` sign-up until block ${String(params.joinDeadline)}\nnext  rsdp task watch ${String(taskId)}`,
    )
    return EXIT.ok
  } finally {
    connection.close()
  }
}
