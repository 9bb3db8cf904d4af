import { claim, release } from '../../adapters/evm/operator.ts'
import { formatEther } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { table } from '../output.ts'
import type { LocalNetwork } from './network.ts'

/** Blocks mined at once to let the task's windows pass: only a local chain can do that. */
const MARGIN_BLOCKS = 2

/** Mines empty blocks up to a number, instead of waiting for them. */
export async function mineTo({ connection }: LocalNetwork, block: number): Promise<void> {
  const missing = block - (await connection.provider.getBlockNumber())
  if (missing > 0) await connection.provider.send('hardhat_mine', [`0x${missing.toString(16)}`])
}

/** Lets the evidence window pass, then everybody takes what is theirs: rewards, refund, locked stake. */
export async function settleTask(
  { connection, nodes, client }: LocalNetwork,
  taskId: bigint,
): Promise<{ text: string; data: Record<string, string> }> {
  const { closeGrace, evidence } = connection.deployment.windows
  const blocks = closeGrace + evidence + MARGIN_BLOCKS
  await connection.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`])
  const paid = await Promise.all(
    nodes.map(async ({ name, operator, key }) => {
      const amountWei = await unlessRefused(
        'NothingToClaim',
        0n,
        async () => (await claim(operator, taskId)).amountWei,
      )
      await unlessRefused('NotLocked', null, () => release(operator, taskId, key))
      return { name, amountWei }
    }),
  )
  const refund = await claim(client, taskId)
  const rows = [...paid, { name: 'client (refund)', amountWei: refund.amountWei }]
  const text = [
    `\npayout   ${String(blocks)} blocks later (mined at once on this local chain) the evidence window is over:`,
    table(
      ['who', 'RSDP'],
      rows.map(({ name, amountWei }) => [name, formatEther(amountWei)]),
    ),
  ].join('\n')
  return { text, data: Object.fromEntries(rows.map(({ name, amountWei }) => [name, String(amountWei)])) }
}

/** What a call gives; `nothing` if the contract refuses it since a convicted member has nothing left there. */
async function unlessRefused<T, N>(error: string, nothing: N, call: () => Promise<T>): Promise<T | N> {
  try {
    return await call()
  } catch (thrown) {
    if (thrown instanceof RsdpError && thrown.details['error'] === error) return nothing
    throw thrown
  }
}
