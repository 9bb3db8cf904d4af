import { BatchedRpc } from '../adapters/evm/batched-rpc.ts'
import type { Deployment } from '../adapters/evm/deployment.ts'
import { readComplete } from '../adapters/evm/complete/read-complete.ts'
import type { CompleteInit } from '../adapters/evm/complete/read-complete.ts'
import { requestOver } from '../adapters/evm/history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from '../adapters/evm/http-rpc.ts'
import { nodePost } from '../adapters/evm/node-post.ts'
import { parseRpcUrls } from '../adapters/evm/rpc-url.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Completeness } from '../ports/completeness.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Digest } from '../types/ids.ts'
import type { AuditOptions } from './options.ts'

/**
 * A task's history over the first endpoint, with the proof that its logs are all there. Says how much it is going to read.
 *
 * @throws RsdpError E_HEAD, also if nobody vouches for a head
 */
export async function readCompletely(
  taskId: bigint,
  { rpcUrl, head }: AuditOptions,
  deployment: Deployment,
  say: (line: string) => void,
): Promise<{ readonly read: TaskHistory; readonly proof: Completeness }> {
  const [first, second] = parseRpcUrls(rpcUrl).map(
    (url) => new BatchedRpc(new HttpRpc(url, HTTP_LIMITS, nodePost)),
  )
  try {
    const { history: read, proof } = await readComplete({
      ...{ request: requestOver(first as BatchedRpc), deployment, taskId, head: vouchedFor(head, second) },
      announce: ({ headers, bytes }) =>
        say(
          `proving: ${headers} headers, 100 at a time, about ${Math.ceil(bytes / 1024)} KiB, and the receipts of every block whose bloom filter names a contract`,
        ),
    })
    return { read, proof }
  } finally {
    first?.close()
    second?.close()
  }
}

function vouchedFor(head: string | undefined, second: BatchedRpc | undefined): CompleteInit['head'] {
  if (head !== undefined && /^0x[0-9a-f]{64}$/i.test(head)) return { pinned: head.toLowerCase() as Digest }
  if (head === undefined && second !== undefined) return { name: second.shown, confirm: requestOver(second) }
  throw new RsdpError({
    code: 'E_HEAD',
    message:
      head === undefined ? 'nobody says which chain is the right one' : `'${head}' is not a block hash`,
    hint: 'give --head with the hash of a block, or a second --rpc-url',
    exit: EXIT.usage,
  })
}
