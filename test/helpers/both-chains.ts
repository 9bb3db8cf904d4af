import { connect } from '../../src/adapters/evm/connect.ts'
import { form, revoke, setAllowance } from '../../src/adapters/evm/operator.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { MemoryChain } from '../../src/adapters/memory/chain.ts'
import { memoryChainClient } from '../../src/adapters/memory/chain-client.ts'
import { encodeBatch } from '../../src/codec/batch.ts'
import { bitmapOf } from '../../src/codec/bitmap.ts'
import { concatHex } from '../../src/codec/hex.ts'
import { domainSeparator, hashObject, signingDigest, valueHash } from '../../src/codec/objects.ts'
import { appendRoot } from '../../src/codec/roots.ts'
import type { Chain, ChainEvent, CheckpointCall, PreparedCall, SendOutcome } from '../../src/ports/chain.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Checkpoint } from '../../src/types/objects.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { TestNetwork } from './chain.ts'
import { joinCall, publishTask, startTestNetwork, testTask } from './chain.ts'
import { digestOf } from './store-kit.ts'
import { atBlock } from './moments.ts'

export const CLOSE_GRACE = 10

/** A chain behind its port, with registered nodes and a client; whichever adapter it is. */
export interface Stage {
  /** Connections of the nodes, by node. */
  readonly nodes: readonly Chain[]
  readonly keys: readonly Keyring[]
  params(changes?: Partial<TaskParams>): Promise<TaskParams>
  publish(params: TaskParams): Promise<bigint>
  send(node: number, call: PreparedCall): Promise<SendOutcome>
  /** Draws the cluster; by nobody in particular. */
  form(taskId: bigint, seedBlock: number): Promise<void>
  /** The client ends a task. */
  revoke(taskId: bigint): Promise<void>
  /** The operator of a node says what its key may lock by itself. */
  allow(node: number, perTaskWei: bigint, totalWei: bigint): Promise<void>
  /** Mines until `block` is the latest. */
  mineTo(block: number): Promise<void>
  close(): Promise<void>
}

/** The real contracts, with so many nodes. */
export async function hardhatStage(count = 4): Promise<Stage & { readonly net: TestNetwork }> {
  const net = await startTestNetwork({ nodes: count })
  const { rpcUrl, deployment } = net
  const nodes = await Promise.all(
    net.nodes.map(({ privateKey }) => connect({ rpcUrl, deployment, privateKey })),
  )
  return {
    net,
    nodes,
    keys: net.nodes.map(({ key }) => key),
    params: (changes) => testTask(net, changes),
    publish: (params) => publishTask(net, params),
    send: (node, call) => nodes[node]!.send(call),
    form: async (taskId, seedBlock) => {
      await form(net.client, taskId, atBlock(seedBlock))
    },
    revoke: async (taskId) => {
      await revoke(net.client, taskId)
    },
    allow: async (node, perTaskWei, totalWei) => {
      const { operator, key } = net.nodes[node]!
      await setAllowance(operator, key.address, { perTaskWei, totalWei })
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
        ...{ joinTime: 0, endTime: 0, stallSeconds: 0 },
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
    form: async (taskId, seedBlock) => {
      const outcome = await send(0, await nodes[0]!.prepareForm(taskId, atBlock(seedBlock)))
      invariant(outcome.kind === 'mined', 'the cluster is drawn')
    },
    revoke: (taskId) => {
      chain.revoke(taskId)
      chain.mine()
      return Promise.resolve()
    },
    allow: (node, perTaskWei, totalWei) => {
      chain.setAllowance(keys[node]!.address, perTaskWei, totalWei)
      return Promise.resolve()
    },
    mineTo: (block) => {
      while (chain.head < block) chain.mine()
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

/** Everything that the chain has told of a task. */
export async function eventsOf(chain: Chain, taskId: bigint): Promise<ChainEvent[]> {
  const found: ChainEvent[] = []
  let cursor = { block: 0, hash: null as Digest | null }
  for (;;) {
    const page = await chain.eventsAfter(cursor.block, cursor.hash, 500)
    if (page === null) return found
    found.push(...page.events.filter((event) => 'taskId' in event && event.taskId === taskId))
    cursor = page
  }
}

/** A task for which everybody has signed up. */
export async function signedUp(stage: Stage, params: TaskParams): Promise<bigint> {
  const taskId = await stage.publish(params)
  for (const [i, { address }] of stage.keys.entries()) {
    const outcome = await stage.send(i, await joinCall(stage.nodes[i]!, taskId, address))
    invariant(outcome.kind === 'mined', 'all sign up')
  }
  return taskId
}

export async function drawn(stage: Stage, taskId: bigint, params: TaskParams): Promise<Cluster> {
  const [chain] = stage.nodes as [Chain]
  const seedBlock = params.joinDeadline + chain.reorgDepth
  await stage.mineTo(seedBlock)
  await stage.form(taskId, seedBlock)
  await stage.mineTo((await chain.head()) + chain.reorgDepth)
  const formed = (await eventsOf(chain, taskId)).find(({ kind }) => kind === 'clusterFormed')
  invariant(formed?.kind === 'clusterFormed', 'the cluster was drawn')
  return formed.cluster
}

export const SHARED_HEAD = { logSeq: 4, logHead: digestOf('head'), inputsHash: NIL }

/** A member's signature over a CHECKPOINT. */
export function checkpointSignature(
  stage: Stage,
  cluster: Cluster,
  member: number,
  said: Pick<Checkpoint, 'height' | 'root' | 'logSeq' | 'logHead' | 'inputsHash'>,
): Hex {
  const [{ domain }] = stage.nodes as [Chain]
  const object: Checkpoint = { type: 'checkpoint', ...said }
  const { key } = cluster.members[member]!
  return stage.keys
    .find(({ address }) => address === key)!
    .sign(signingDigest(domainSeparator(domain), hashObject(cluster.id, object)))
}

/** A checkpoint over the next `count` heights, signed by everybody unless said. */
export async function checkpoint(
  stage: Stage,
  cluster: Cluster,
  taskId: bigint,
  count: number,
  signers: readonly number[] = cluster.members.map(({ index }) => index),
): Promise<SendOutcome> {
  const [chain] = stage.nodes as [Chain]
  const { last, root: before } = await chain.logHead(taskId)
  const one = {
    stateHash: digestOf('state'),
    inputsRoot: digestOf('inputs'),
    inputs: bitmapOf(cluster.members.map(({ index }) => index)),
  }
  let root = before
  for (let i = 0; i < count; i += 1)
    root = appendRoot(root, valueHash({ ...one, eventSeq: 0, eventsHash: NIL }))
  const said = { height: last + count, root, ...SHARED_HEAD }
  const call: CheckpointCall = {
    taskId,
    first: last + 1,
    batch: encodeBatch(
      Array.from({ length: count }, () => ({ ...one, hint: 0, eventSeqDelta: 0 })),
      cluster.members.length,
    ),
    bitmap: bitmapOf(signers),
    sharedSeq: SHARED_HEAD.logSeq,
    sharedHead: SHARED_HEAD.logHead,
    exceptions: '0x',
    notes: '0x',
    inputs: '0x',
    signatures: concatHex(...signers.map((member) => checkpointSignature(stage, cluster, member, said))),
  }
  const key = cluster.members[(await chain.logHead(taskId)).turn]?.key
  const by = stage.keys.findIndex(({ address }) => address === key)
  return stage.send(by, chain.prepareCheckpoint(call))
}
