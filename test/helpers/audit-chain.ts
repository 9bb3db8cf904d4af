import { Wallet } from '../../src/adapters/evm/wallet.ts'
import { connect } from '../../src/adapters/evm/connect.ts'
import {
  acceptAccount,
  addStake,
  approve,
  claim,
  faucet,
  finalize,
  form,
  freeze,
  fund,
  offerAccount,
  postEvent,
  publish,
  quit,
  release,
  revoke,
  rotateKey,
  setPayout,
} from '../../src/adapters/evm/operator.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { concatHex, fromHex, keccak, toHex, utf8Hex } from '../../src/codec/hex.ts'
import { domainSeparator, encodeFields, hashObject, signingDigest } from '../../src/codec/objects.ts'
import type { Chain } from '../../src/ports/chain.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Cluster, Member } from '../../src/types/cluster.ts'
import type { Address, Digest, Hex, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Checkpoint, Share, Status } from '../../src/types/objects.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { Script, Twist } from './audit-task.ts'
import { EPOCH_HEIGHTS, EVENT_DATA, HEIGHTS, LATE_HEIGHT, REDUCER_PARAMS, scriptTask } from './audit-task.ts'
import type { ChainNode, TestNetwork, TestNetworkOptions } from './chain.ts'
import { joinTask, startTestNetwork, testTask } from './chain.ts'
import { NOTHING } from '../../src/codec/objects.ts'
import { atBlock } from './moments.ts'

const MEMBERS = 4

export interface AnchorOptions extends Pick<TestNetworkOptions, 'isWhole' | 'chain' | 'nonce'> {
  /** Seats, at least 4, which is the default. */
  readonly members?: number
  readonly params?: Partial<TaskParams>
  /** Of the whole task, and of an epoch, which is a checkpoint; default: 8 and 4. */
  readonly heights?: number
  readonly epochHeights?: number
  /** What members do wrong, as far as contracts accept it. */
  readonly twist?: Twist
}

export interface AuditedNetwork {
  readonly net: TestNetwork
  readonly taskId: bigint
  readonly script: Script
}

/** Wei. */
const GAS_MONEY = 10n ** 18n

const lower = (text: string): Address => text.toLowerCase() as Address

/**
 * A whole task on a local chain with real contracts and keys, anchored without running nodes. Besides the four members
 * one sign-up is withdrawn, one key frozen and one replaced; seat 0's operator hands its account over in mid-task; the client revokes the task before its last checkpoint, which
 * is accepted in the grace; hints and notes are published again; then three members are convicted and one of them released,
 * and some take what is theirs, so
 * that every event the auditor reads is there.
 */
export async function anchorTask({
  members = MEMBERS,
  params = {},
  heights = HEIGHTS,
  epochHeights = EPOCH_HEIGHTS,
  twist = {},
  ...options
}: AnchorOptions = {}): Promise<AuditedNetwork> {
  const net = await startTestNetwork({
    ...options,
    nodes: members + 3,
    addressesOf: (_, index) => [`/ip4/127.0.0.1/tcp/${9100 + index}`],
  })
  const [alice, bob, carol, dave, erin, frank, grace, ...others] = net.nodes as ChainNode[]
  const size = { minNodes: members, maxNodes: members, heights, epochHeights, ...params }
  const { taskId, joinDeadline } = await publishAudited(net, alice!, size)
  for (const node of [erin!, alice!, bob!, frank!, carol!, grace!, dave!, ...others]) {
    await joinTask(walletOf(net, node), taskId, node.key.address)
  }
  await quit(erin!.operator, taskId, erin!.key.address)
  await freeze(frank!.operator, frank!.key.address)
  const replacement = createKeyring(fromHex(keccak(utf8Hex('new key of grace'))))
  await rotateKey(grace!.operator, grace!.key.address, replacement, ['/ip4/127.0.0.1/tcp/9200'])
  const seedBlock = joinDeadline + net.deployment.windows.reorgDepth
  await net.mineTo(seedBlock)
  await form(walletOf(net, alice!), taskId, atBlock(seedBlock))
  const cluster = await readCluster(net, taskId)
  await postEvent(net.client, taskId, fromHex(EVENT_DATA))
  const [first] = cluster.members
  const next = await handOver(net, first!)
  const keys = cluster.members.map(({ key }) => net.nodes.find((node) => node.key.address === key)!.key)
  const script = scriptTask({
    taskId,
    cluster,
    keys,
    client: net.client.address,
    domain: net.connection.domain,
    ...{ twist, heights, epochHeights },
  })
  await anchor(net, cluster, taskId, script, epochHeights)
  await convict(net, taskId, cluster, keys)
  // alice drew the cluster; her account may be the one that was handed over
  const claimants = first!.key === alice!.key.address ? [next] : [next, alice!.operator]
  await settle(net, taskId, cluster, claimants)
  return { net, taskId, script }
}

async function publishAudited(
  net: TestNetwork,
  reporter: ChainNode,
  changes: Partial<TaskParams>,
): Promise<{ taskId: bigint; joinDeadline: number }> {
  const params = await testTask(net, {
    reducerParams: REDUCER_PARAMS,
    calldataInputs: true,
    reporters: [reporter.operator.address],
    ...changes,
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

/** The chain as the member sees it whose turn it is. */
async function submitter(net: TestNetwork, { members }: Cluster, taskId: bigint): Promise<Chain> {
  const { rpcUrl, deployment } = net
  const reader = await connect({ rpcUrl, deployment })
  const { turn } = await reader.logHead(taskId)
  reader.close()
  const { privateKey } = net.nodes.find(({ key }) => key.address === members[turn]!.key)!
  return connect({ rpcUrl, deployment, privateKey })
}

async function anchor(
  net: TestNetwork,
  cluster: Cluster,
  taskId: bigint,
  script: Script,
  epochHeights: number,
): Promise<void> {
  for (const [i, call] of script.calls.entries()) {
    if (i === script.calls.length - 1) await revoke(net.client, taskId)
    const chain = await submitter(net, cluster, taskId)
    const sent = await chain.send(
      chain.prepareCheckpoint({
        ...call,
        first: Number(call.first),
        sharedSeq: Number(call.sharedSeq),
      }),
    )
    chain.close()
    if (sent.kind === 'reverted') throw new Error(`checkpoint: ${sent.error}`)
  }
  await republish(net, taskId, script, epochHeights)
  const { previousRoot, inputsRoot, inputs } = script
  await finalize(net.client, taskId, { state: fromHex(script.result), previousRoot, inputsRoot, inputs })
}

/** The client publishes hints and notes of the first checkpoint once more. */
async function republish(
  net: TestNetwork,
  taskId: bigint,
  { calls }: Script,
  epochHeights: number,
): Promise<void> {
  const [first] = calls
  const rounds = Uint8Array.from({ length: epochHeights }, (_, i) => (i + 1 === LATE_HEIGHT ? 1 : 0))
  const call = [taskId, epochHeights, toHex(rounds), first!.notes] as const
  const data = net.connection.contracts.log.interface.encodeFunctionData('republish', [...call]) as Hex
  await net.client.execute('republish', { to: net.deployment.contracts.PhaseLog.address, data })
}

/**
 * Seat 1 signed two SHAREs, seat 2 two STATUS, seat 3 a SHARE without a list; of a log of seat 3 a step is opened. After the evidence window seat 2 is
 * released, and pays more because of seat 1.
 */
async function convict(
  net: TestNetwork,
  taskId: bigint,
  cluster: Cluster,
  keys: readonly Keyring[],
): Promise<void> {
  const { slasher } = net.connection.contracts
  const to = net.deployment.contracts.Slasher.address
  const separator = domainSeparator(net.connection.domain)
  const sign = (member: MemberIndex, object: Share | Status | Checkpoint): [Hex, Hex] => [
    encodeFields(object),
    keys[member]!.sign(signingDigest(separator, hashObject(cluster.id, object))),
  ]
  const share: Share = {
    ...{ type: 'share', height: 3, round: 1, parent: NIL, ...NOTHING },
    ...{ inputs: 7n, validRound: -1 },
  }
  const status: Status = { type: 'status', height: 4, parent: NIL, stateHash: NIL, eventSeq: 0 }
  const entries: readonly Hex[] = [`0x${'11'.repeat(55)}`, `0x${'22'.repeat(55)}`]
  const logHead = entries.reduce((head, entry) => keccak(concatHex(head, entry)), NIL)
  const checkpoint: Checkpoint = {
    ...{ type: 'checkpoint', height: 2, root: NIL, logSeq: 2, logHead, inputsHash: NIL },
  }
  const { interface: abi } = slasher
  const proofs = [
    abi.encodeFunctionData('equivocation', [
      taskId,
      1,
      3,
      ...sign(1, share),
      ...sign(1, { ...share, eventSeq: 1 }),
    ]),
    abi.encodeFunctionData('equivocation', [
      taskId,
      2,
      2,
      ...sign(2, status),
      ...sign(2, { ...status, eventSeq: 1 }),
    ]),
    abi.encodeFunctionData('unjustifiedVote', [taskId, 3, 3, ...sign(3, { ...share, inputs: 1n })]),
    abi.encodeFunctionData('openLog', [taskId, 3, ...sign(3, checkpoint), NIL, concatHex(...entries)]),
  ]
  for (const data of proofs) await net.client.execute('evidence', { to, data: data as Hex })
  const { closeGrace, evidence } = net.deployment.windows
  await net.mineTo((await net.connection.provider.getBlockNumber()) + closeGrace + evidence + 1)
  await release(net.client, taskId, cluster.members[2]!.key)
}

/** A wallet that the operator of a seat hands its account over to in mid-task; it is paid elsewhere. */
async function handOver(net: TestNetwork, { key, operator }: Member): Promise<Wallet> {
  const old = net.nodes.find((node) => node.key.address === key)!.operator
  const next = new Wallet(net.connection, keccak(utf8Hex('next wallet')))
  await fund(net.client, next.address, GAS_MONEY)
  await faucet(old, old.address, 1n)
  await approve(old, 'NodeRegistry', 1n)
  await addStake(old, 1n)
  await offerAccount(old, next.address)
  await acceptAccount(next, operator)
  await setPayout(next, net.client.address)
  return next
}

/** The client, seat 0, whoever drew and a sign-up that was not drawn take what is theirs; the others leave it. */
async function settle(
  net: TestNetwork,
  taskId: bigint,
  { members }: Cluster,
  claimants: readonly Wallet[],
): Promise<void> {
  const [first] = members
  await claim(net.client, taskId)
  for (const wallet of claimants) await claim(wallet, taskId)
  await release(net.client, taskId, first!.key)
  const [, , , , , frank] = net.nodes
  await release(net.client, taskId, frank!.key.address)
}
