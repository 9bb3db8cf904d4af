import { connect } from '../../src/adapters/evm/connect.ts'
import { form, revoke } from '../../src/adapters/evm/operator.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { MemoryChain } from '../../src/adapters/memory/chain.ts'
import { memoryChainClient } from '../../src/adapters/memory/chain-client.ts'
import type { Chain, PreparedCall, SendOutcome } from '../../src/ports/chain.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import { invariant } from '../../src/types/errors.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { publishTask, startTestNetwork, testTask } from './chain.ts'

export const CLOSE_GRACE = 10

/** A chain behind its port, with four registered nodes and a client; whichever adapter it is. */
export interface Stage {
  /** Connections of the nodes, by node. */
  readonly nodes: readonly Chain[]
  readonly keys: readonly Keyring[]
  params(changes?: Partial<TaskParams>): Promise<TaskParams>
  publish(params: TaskParams): Promise<bigint>
  send(node: number, call: PreparedCall): Promise<SendOutcome>
  /** Draws the cluster; by nobody in particular. */
  form(taskId: bigint): Promise<void>
  /** The client ends a task. */
  revoke(taskId: bigint): Promise<void>
  /** Mines until `block` is the latest. */
  mineTo(block: number): Promise<void>
  close(): Promise<void>
}

export async function hardhatStage(): Promise<Stage> {
  const net = await startTestNetwork()
  const { rpcUrl, deployment } = net
  const nodes = await Promise.all(
    net.nodes.map(({ privateKey }) => connect({ rpcUrl, deployment, privateKey })),
  )
  return {
    nodes,
    keys: net.nodes.map(({ key }) => key),
    params: (changes) => testTask(net, changes),
    publish: (params) => publishTask(net, params),
    send: (node, call) => nodes[node]!.send(call),
    form: async (taskId) => {
      await form(net.client, taskId)
    },
    revoke: async (taskId) => {
      await revoke(net.client, taskId)
    },
    mineTo: (block) => net.mineTo(block),
    close: async () => {
      for (const node of nodes) node.close()
      await net.close()
    },
  }
}

/** The same nodes and tasks in memory. */
export async function memoryStage(like: Stage): Promise<Stage> {
  const [{ domain, reorgDepth }] = like.nodes as [Chain]
  const chain = new MemoryChain({ domain, reorgDepth, closeGrace: CLOSE_GRACE, recover: recoverSigner })
  const { keys } = like
  for (const { address } of keys) chain.register(address, address, 1)
  const nodes = keys.map(({ address }) => memoryChainClient(chain, address))
  let tasks = 0n
  const send = async (node: number, call: PreparedCall): Promise<SendOutcome> => {
    const outcome = nodes[node]!.send(call)
    chain.mine()
    return outcome
  }
  const params = await like.params()
  return {
    nodes,
    keys,
    params: (changes) =>
      Promise.resolve({
        ...params,
        joinDeadline: chain.head + 20,
        endBlock: chain.head + 1_000,
        ...changes,
      }),
    publish: (asked) => {
      tasks += 1n
      chain.publish(tasks, asked)
      chain.mine()
      return Promise.resolve(tasks)
    },
    send,
    form: async (taskId) => {
      const outcome = await send(0, nodes[0]!.prepareForm(taskId))
      invariant(outcome.kind === 'mined', 'the cluster is drawn')
    },
    revoke: (taskId) => {
      chain.revoke(taskId)
      chain.mine()
      return Promise.resolve()
    },
    mineTo: (block) => {
      while (chain.head < block) chain.mine()
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}
