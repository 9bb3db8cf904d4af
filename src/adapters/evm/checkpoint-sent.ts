import { toBeHex } from 'ethers'
import type { CheckpointCall } from '../../ports/chain.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Connection } from './connection.ts'

/**
 * The checkpoint that was accepted in a block, out of the calldata of its transaction: the event has no signatures. Null if
 * another contract passed it on.
 */
export async function checkpointSent(
  connection: Connection,
  taskId: bigint,
  block: number,
  height: number,
): Promise<CheckpointCall | null> {
  const { log } = connection.contracts
  const { address } = connection.deployment.contracts.PhaseLog
  const topics = [log.interface.getEvent('Checkpointed').topicHash, toBeHex(taskId, 32)]
  const filter = { address, topics, fromBlock: block, toBlock: block }
  for (const found of await connection.read(connection.provider.getLogs(filter))) {
    const event = log.interface.decodeEventLog('Checkpointed', found.data, found.topics)
    if (Number(event['last']) !== height) continue
    const sent = await connection.read(connection.provider.getTransaction(found.transactionHash))
    return sent?.to?.toLowerCase() === address ? readCall(connection, sent.data) : null
  }
  return null
}

function readCall({ contracts: { log } }: Connection, data: string): CheckpointCall | null {
  const call = log.interface.parseTransaction({ data })
  if (call?.name !== 'checkpoint') return null
  const { taskId, first, bitmap, sharedSeq, sharedHead } = call.args.toObject() as Record<
    string,
    bigint | string
  >
  const bytes = (name: string): Hex => String(call.args.getValue(name)).toLowerCase() as Hex
  return {
    taskId: BigInt(taskId ?? 0),
    first: Number(first),
    bitmap: BigInt(bitmap ?? 0),
    sharedSeq: Number(sharedSeq),
    sharedHead: String(sharedHead).toLowerCase() as Digest,
    batch: bytes('batch'),
    exceptions: bytes('exceptions'),
    notes: bytes('notes'),
    inputs: bytes('inputs'),
    signatures: bytes('signatures'),
  }
}
