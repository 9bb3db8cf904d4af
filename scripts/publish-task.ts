/**
 * Publishes a rate-limit task over the demo's trace; on a local chain the first test account pays.
 *
 *   node scripts/publish-task.ts [seats] [heights] [rpcUrl] [deploymentFile]
 */
import { publishTask } from '../src/cli/local/client.ts'
import { openDeployment, openWallet } from '../src/cli/local/wallets.ts'
import { integerArgument, runScript } from '../src/cli/run-script.ts'
import { rateLimitTask } from '../src/cli/demo/rate-limit-task.ts'

await runScript(async (args) => {
  const [seats = '7', heights = '24', rpcUrl = 'http://127.0.0.1:8545', file = 'deployments/31337.json'] =
    args
  const connection = await openDeployment(rpcUrl, file)
  const client = await openWallet(connection, { rpcUrl, deployment: file, json: false })
  const params = rateLimitTask({
    nodes: integerArgument('seats', seats, 4, 31),
    heights: integerArgument('heights', heights, 1, 65_535),
    epoch: 8,
    factor: 10,
    joinBlocks: 40,
    head: await connection.provider.getBlockNumber(),
    taskBlocksMax: connection.deployment.windows.taskBlocksMax,
  })
  const taskId = await publishTask(client, params)
  console.log(`task ${String(taskId)}: sign-up until block ${String(params.joinDeadline)}`)
})
