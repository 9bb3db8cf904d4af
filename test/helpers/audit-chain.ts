import { Wallet } from '../../src/adapters/evm/wallet.ts'
import { connect } from '../../src/adapters/evm/connect.ts'
import {
  finalize,
  form,
  freeze,
  join,
  postEvent,
  publish,
  quit,
  rotateKey,
} from '../../src/adapters/evm/operator.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { fromHex, keccak, utf8Hex } from '../../src/codec/hex.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Address, Digest } from '../../src/types/ids.ts'
import type { Script } from './audit-task.ts'
import { EPOCH_HEIGHTS, EVENT_DATA, HEIGHTS, REDUCER_PARAMS, scriptTask } from './audit-task.ts'
import type { ChainNode, TestNetwork } from './chain.ts'
import { startTestNetwork, testTask } from './chain.ts'

export interface AuditedNetwork {
  readonly net: TestNetwork
  readonly taskId: bigint
  readonly script: Script
}

const lower = (text: string): Address => text.toLowerCase() as Address

/**
 * A whole task on a local chain with real contracts and keys, anchored without running nodes. Besides the four members
 * one sign-up is withdrawn, one key frozen and one replaced, so that every event the auditor reads is there.
 */
export async function anchorTask(): Promise<AuditedNetwork> {
  const net = await startTestNetwork({
    nodes: 7,
    addressesOf: (_, index) => [`/ip4/127.0.0.1/tcp/${9100 + index}`],
  })
  const [alice, bob, carol, dave, erin, frank, grace] = net.nodes as ChainNode[]
  const { taskId, joinDeadline } = await publishAudited(net, alice!)
  for (const node of [erin!, alice!, bob!, frank!, carol!, grace!, dave!]) {
    await join(walletOf(net, node), taskId, node.key.address)
  }
  await quit(erin!.operator, taskId, erin!.key.address)
  await freeze(frank!.operator, frank!.key.address)
  const replacement = createKeyring(fromHex(keccak(utf8Hex('new key of grace'))))
  await rotateKey(grace!.operator, grace!.key.address, replacement, ['/ip4/127.0.0.1/tcp/9200'])
  await net.mineTo(joinDeadline + net.deployment.windows.reorgDepth)
  await form(walletOf(net, alice!), taskId)
  const cluster = await readCluster(net, taskId)
  await postEvent(net.client, taskId, fromHex(EVENT_DATA))
  const keys = cluster.members.map(({ key }) => net.nodes.find((node) => node.key.address === key)!.key)
  const script = scriptTask({ taskId, cluster, keys, domain: net.connection.domain })
  await anchor(net, alice!, taskId, script)
  return { net, taskId, script }
}

async function publishAudited(
  net: TestNetwork,
  reporter: ChainNode,
): Promise<{ taskId: bigint; joinDeadline: number }> {
  const params = await testTask(net, {
    reducerParams: REDUCER_PARAMS,
    minNodes: 4,
    maxNodes: 4,
    heights: HEIGHTS,
    epochHeights: EPOCH_HEIGHTS,
    calldataInputs: true,
    reporters: [reporter.operator.address],
  })
  const { taskId } = await publish(net.client, params)
  return { taskId, joinDeadline: params.joinDeadline }
}

async function readCluster(net: TestNetwork, taskId: bigint): Promise<Cluster> {
  const contract = net.connection.contracts.board
  const [formed] = await contract.queryFilter(contract.filters.ClusterFormed(taskId))
  const [, id, seed, , , keys, operators, weights] = formed!.args
  const members = keys.map((key, index) => ({
    index,
    key: lower(key),
    operator: lower(operators[index]!),
    weight: Number(weights[index]),
  }))
  return { id: id as Digest, seed: seed as Digest, members, totalWeight: members.length }
}

/** A wallet over a node's own key. */
function walletOf({ connection }: TestNetwork, { privateKey }: ChainNode): Wallet {
  return new Wallet(connection, privateKey)
}

async function anchor(net: TestNetwork, node: ChainNode, taskId: bigint, script: Script): Promise<void> {
  const chain = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment, privateKey: node.privateKey })
  for (const call of script.calls) {
    const sent = await chain.send(
      chain.prepareCheckpoint({
        ...call,
        first: Number(call.first),
        bitmap: Number(call.bitmap),
        sharedSeq: Number(call.sharedSeq),
      }),
    )
    if (sent.kind === 'reverted') throw new Error(`checkpoint: ${sent.error}`)
  }
  chain.close()
  await finalize(net.client, taskId, fromHex(script.result), script.previousRoot, script.inputsRoot)
}
