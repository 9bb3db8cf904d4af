import { claim, release } from '../../adapters/evm/operator.ts'
import { formatEther } from 'ethers'
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
  { connection, nodes, client }: Pick<LocalNetwork, 'connection' | 'nodes' | 'client'>,
  taskId: bigint,
): Promise<{ text: string; data: Record<string, string> }> {
  const { closeGrace, evidence } = connection.deployment.windows
  const blocks = closeGrace + evidence + MARGIN_BLOCKS
  await connection.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`])
  const { board, registry } = connection.contracts
  const { fromBlock } = connection.deployment
  const penalties = await connection.read(board.queryFilter(board.filters.Penalised(taskId), fromBlock))
  const convicted = new Set(penalties.map(({ args }) => args.key.toLowerCase()))
  const paid = await Promise.all(
    nodes.map(async ({ name, operator, key }) => {
      // a convicted member earns nothing, and has no lock to release if all of it was taken
      const amountWei = convicted.has(key) ? 0n : (await claim(operator, taskId)).amountWei
      const lock = await connection.read(registry.lockOf(taskId, key))
      if (!convicted.has(key) || lock > 0n) await release(operator, taskId, key)
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
