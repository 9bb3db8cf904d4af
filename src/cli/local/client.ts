import { approve, faucet, publish } from '../../adapters/evm/operator.ts'
import type { Wallet } from '../../adapters/evm/wallet.ts'
import { formFeeMax } from '../../types/form-fee.ts'
import type { TaskParams } from '../../types/task.ts'
import { isLocalChain } from './chains.ts'

/** Escrow of a task at the most: no more fees can fall due than there are heights. */
export function escrowMax(params: TaskParams): bigint {
  const { rewardPerHeight, checkpointFee, heights } = params
  return (rewardPerHeight + checkpointFee) * BigInt(heights) + formFeeMax(params)
}

/** Publishes a task and pays its escrow; on a local chain the tokens come from the faucet. */
export async function publishTask(client: Wallet, params: TaskParams): Promise<bigint> {
  const escrow = escrowMax(params)
  if (isLocalChain(client.connection.deployment.chainId)) await faucet(client, client.address, escrow)
  await approve(client, 'TaskBoard', escrow)
  const { taskId } = await publish(client, params)
  return taskId
}
