import type { TaskHistory } from '../../../ports/chain-history.ts'
import type { Completeness } from '../../../ports/completeness.ts'
import { RsdpError } from '../../../types/errors.ts'
import { EXIT } from '../../../types/exit-codes.ts'
import type { Digest } from '../../../types/ids.ts'
import type { Deployment } from '../deployment.ts'
import { EvmHistory } from '../history.ts'
import type { RpcRequest } from '../history-rpc.ts'
import { badAnswer, bytes, quantity } from '../history-rpc.ts'
import { CompletenessProof } from './proof.ts'
import { RecordedLogs } from './recorded-logs.ts'

export interface CompleteInit {
  /** The endpoint that is audited. */
  readonly request: RpcRequest
  readonly deployment: Deployment
  readonly taskId: bigint
  /** The head that somebody vouches for: a hash, or another endpoint that says which block has this number. */
  readonly head: { readonly pinned: Digest } | { readonly name: string; readonly confirm: RpcRequest }
  /** Told before the headers are read. */
  readonly announce?: (work: { readonly headers: number; readonly bytes: number }) => void
}

interface Head {
  readonly block: bigint
  readonly hash: Digest
  readonly by: string
}

/**
 * The history of a task, and a proof that no log of it was left out, invented or changed: headers down from a head that
 * somebody vouches for, bloom filters to find the blocks that may hold an event, and their receipts against the header.
 * State and code are told by the endpoint all the same.
 *
 * @throws RsdpError E_HEAD if the endpoint does not have the pinned block or has another at that height; E_RPC_DOWN, E_NO_TASK
 */
export async function readComplete(
  init: CompleteInit,
): Promise<{ readonly history: TaskHistory; readonly proof: Completeness }> {
  const { deployment, taskId } = init
  const logs = new RecordedLogs()
  const request = logs.over(init.request)
  const head = await headOf(init, request)
  const history = await new EvmHistory(request, deployment).read(taskId, head.block)
  const proof = new CompletenessProof({
    request,
    deployment,
    logs,
    announce: init.announce ?? (() => undefined),
  })
  return { history, proof: await proof.make({ ...head, to: Number(head.block) }) }
}

async function headOf({ head, deployment }: CompleteInit, request: RpcRequest): Promise<Head> {
  if ('pinned' in head) {
    const found = await blockBy(request, 'eth_getBlockByHash', head.pinned)
    if (found === null) throw headError(`the endpoint has no block ${head.pinned}`)
    return { block: found.number, hash: head.pinned, by: 'you' }
  }
  // as deep as a re-org goes: two honest endpoints may differ above
  const depth = BigInt(deployment.windows.reorgDepth)
  const heads = await Promise.all([request, head.confirm].map((ask) => ask('eth_blockNumber', [])))
  const [own = 0n, other = 0n] = heads.map((number) => quantity('eth_blockNumber', number))
  const least = own < other ? own : other
  const block = least > depth ? least - depth : 0n
  const tag = `0x${block.toString(16)}`
  const mine = await blockBy(request, 'eth_getBlockByNumber', tag)
  const theirs = await blockBy(head.confirm, 'eth_getBlockByNumber', tag)
  if (theirs === null || mine === null) throw headError(`block ${block} is missing at one endpoint`)
  if (mine.hash !== theirs.hash)
    throw headError(`block ${block} is ${mine.hash} here and ${theirs.hash} at ${head.name}`)
  return { block, hash: theirs.hash, by: head.name }
}

async function blockBy(
  request: RpcRequest,
  method: string,
  which: string,
): Promise<{ readonly number: bigint; readonly hash: Digest } | null> {
  const answer = await request(method, [which, false])
  if (answer === null) return null
  if (typeof answer !== 'object') throw badAnswer(method, 'no block')
  const { number, hash } = answer as Readonly<Record<string, unknown>>
  return { number: quantity(method, number), hash: bytes(method, hash) }
}

function headError(message: string): RsdpError {
  return new RsdpError({
    code: 'E_HEAD',
    message: `${message}: it serves another chain, another fork, or is behind`,
    hint: 'find out which chain is the right one; pin its head with --head',
    exit: EXIT.mismatch,
  })
}
