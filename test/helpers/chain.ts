import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { id } from 'ethers'
import type { Connection } from '../../src/adapters/evm/connection.ts'
import { openConnection } from '../../src/adapters/evm/open-connection.ts'
import type { Deployment } from '../../src/adapters/evm/deployment.ts'
import { deploymentPath, writeDeployment } from '../../src/adapters/evm/deployment.ts'
import {
  addStake,
  approve,
  faucet,
  fund,
  join as signUp,
  publish,
  register,
} from '../../src/adapters/evm/operator.ts'
import { readTerms } from '../../src/adapters/evm/reads.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { DeployOptions } from '../../src/adapters/hardhat/deploy.ts'
import { deployContracts } from '../../src/adapters/hardhat/deploy.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { fromHex } from '../../src/codec/hex.ts'
import { termsHash } from '../../src/codec/roots.ts'
import type { Chain, PreparedCall } from '../../src/ports/chain.ts'
import { invariant } from '../../src/types/errors.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Address, Digest, Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'

export const ETHER = 10n ** 18n
export const STAKE_WEI = 1_000n

/** A registered and funded node: one signing key of one operator. */
export interface ChainNode {
  readonly name: string
  readonly privateKey: Hex
  readonly key: Keyring
  readonly operator: Wallet
}

export interface TestNetworkOptions extends Partial<
  Pick<DeployOptions, 'windows' | 'unbondingBlocks' | 'unbondingSeconds'>
> {
  readonly nodes?: number
  /** 0 (the default): only transactions and `mine` make blocks. */
  readonly blockMs?: number
  readonly port?: number
  /** The chain to deploy to; by default a new one. */
  readonly chain?: DevChain
  /** What tells the deployment from others; by default another one each time. */
  readonly nonce?: Digest
  /** Blocks are mined one by one, so that each names its parent; slow. */
  readonly isWhole?: boolean
  /** Multiaddrs to register for a node; none by default. */
  readonly addressesOf?: (
    node: Pick<ChainNode, 'name' | 'key' | 'privateKey'>,
    index: number,
  ) => readonly string[]
}

/** A local chain in this process, a deployment on it, a client with tokens, and registered nodes. */
export interface TestNetwork {
  readonly chain: DevChain
  readonly rpcUrl: string
  readonly deployment: Deployment
  /** The file of the deployment, in a temporary folder. */
  readonly deploymentFile: string
  readonly connection: Connection
  /** Has tokens, and has approved all of them for the task board. */
  readonly client: Wallet
  readonly nodes: readonly ChainNode[]
  mine(blocks: number): Promise<void>
  /** Mines until `block` is the latest; the next transaction is in `block + 1`. */
  mineTo(block: number): Promise<void>
  close(): Promise<void>
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace']

/** Local chain with deployed contracts, no actors yet. */
export async function deployTestChain(
  options: TestNetworkOptions = {},
): Promise<{ readonly chain: DevChain; readonly deployment: Deployment }> {
  const chain =
    options.chain ?? (await startDevChain({ port: options.port ?? 0, blockMs: options.blockMs ?? 0 }))
  const { windows, unbondingBlocks, unbondingSeconds } = options
  const deployment = await deployContracts({
    rpcUrl: chain.rpcUrl,
    deployerKey: chain.accounts[0]!.privateKey,
    nonce: options.nonce ?? (id(`deployment ${performance.now()}`) as Digest),
    ...(windows === undefined ? {} : { windows }),
    ...(unbondingSeconds === undefined ? {} : { unbondingSeconds }),
    ...(unbondingBlocks === undefined ? {} : { unbondingBlocks }),
  })
  return { chain, deployment }
}

export async function startTestNetwork(options: TestNetworkOptions = {}): Promise<TestNetwork> {
  const { chain, deployment } = await deployTestChain(options)
  const { rpcUrl } = chain
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-chain-'))
  const deploymentFile = deploymentPath(dir, deployment.chainId)
  await writeDeployment(deploymentFile, deployment)
  const connection = await openConnection({ rpcUrl, deployment })
  const client = new Wallet(connection, chain.accounts[1]!.privateKey)
  await faucet(client, client.address, 10n ** 12n)
  await approve(client, 'TaskBoard', 10n ** 12n)
  const nodes: ChainNode[] = []
  for (let i = 0; i < (options.nodes ?? 4); i++) {
    nodes.push(await registeredNode(client, i, options.addressesOf ?? (() => [])))
  }
  // the last one alone: of blocks that are mined many at a time, most have no randomness
  const mine = async (blocks: number): Promise<void> => {
    if (options.isWhole === true) {
      for (let i = 0; i < blocks; i += 1) await connection.provider.send('evm_mine', [])
      return
    }
    if (blocks > 1) await connection.provider.send('hardhat_mine', [`0x${(blocks - 1).toString(16)}`])
    if (blocks > 0) await connection.provider.send('hardhat_mine', ['0x1'])
  }
  return {
    chain,
    rpcUrl,
    deployment,
    deploymentFile,
    connection,
    client,
    nodes,
    mine,
    mineTo: async (block) => mine(block - (await connection.provider.getBlockNumber())),
    close: async () => {
      connection.close()
      await chain.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Node `index` with keys that follow from its name, gas money for both of them, and 10 tasks' worth of stake. */
export async function registeredNode(
  funder: Wallet,
  index: number,
  addressesOf: NonNullable<TestNetworkOptions['addressesOf']> = () => [],
): Promise<ChainNode> {
  const name = NAMES[index] ?? `node-${index}`
  const privateKey = id(`key of ${name}`) as Hex
  const key = createKeyring(fromHex(privateKey))
  const operator = new Wallet(funder.connection, id(`operator ${name}`) as Hex)
  for (const to of [key.address, operator.address]) await fund(funder, to, 10n * ETHER)
  await faucet(funder, operator.address, 10n * STAKE_WEI)
  await approve(operator, 'NodeRegistry', 10n * STAKE_WEI)
  const allowance = { perTaskWei: 10n * STAKE_WEI, totalWei: 10n * STAKE_WEI }
  // both calls open an account
  const deposit = index === 0 ? 10n * STAKE_WEI : 0n
  if (deposit > 0n) await addStake(operator, deposit)
  const stake = 10n * STAKE_WEI - deposit
  await register(operator, key, stake, allowance, addressesOf({ name, key, privateKey }, index))
  return { name, privateKey, key, operator }
}

/** A task for all nodes of the network, relative to the present block. */
export async function testTask(net: TestNetwork, changes: Partial<TaskParams> = {}): Promise<TaskParams> {
  const now = await net.connection.provider.getBlockNumber()
  return {
    reducer: id('rate-limit@1') as Digest,
    reducerParams: `0x${'00'.repeat(6)}03e8${'00'.repeat(6)}03e8`,
    usesPrevious: false,
    twin: `0x${'00'.repeat(20)}`,
    predecessor: 0n,
    minNodes: net.nodes.length,
    maxNodes: net.nodes.length,
    heights: 64,
    epochHeights: 32,
    stateCap: 600,
    inputCap: 600,
    calldataInputs: false,
    stakePerNode: STAKE_WEI,
    rewardPerHeight: 42n,
    checkpointFee: 9n,
    formGasPrice: 2n,
    joinDeadline: now + 20,
    ...{ joinTime: 0, endTime: 0, stallSeconds: 0 },
    endBlock: now + 1_000,
    stallBlocks: 400,
    turnBlocks: 2,
    maxEvents: 8,
    tickMs: 50,
    debateTicks: 10,
    shareTicks: 10,
    confirmTicks: 10,
    helloTicks: 10,
    slotTicks: 100,
    reporters: [],
    ...changes,
  }
}

/** Publishes a task of the client. */
export async function publishTask(net: TestNetwork, changes: Partial<TaskParams> = {}): Promise<bigint> {
  const { taskId } = await publish(net.client, await testTask(net, changes))
  return taskId
}

/** Signs a key up under the terms that the task has, by its operator's wallet or by the key. */
export async function joinTask(wallet: Wallet, taskId: bigint, key: Address): Promise<void> {
  const terms = await readTerms(wallet.connection, taskId)
  invariant(terms !== null, `task ${taskId} is published`)
  await signUp(wallet, taskId, key, terms)
}

/** The call by which a node signs its key up under the terms that the task has now. */
export async function joinCall(chain: Chain, taskId: bigint, key: Address): Promise<PreparedCall> {
  const terms = await chain.terms(taskId)
  const none = { client: key, paramsHash: NIL, twinCodeHash: NIL }
  return chain.prepareJoin(taskId, key, termsHash(chain.domain.chainId, chain.board, taskId, terms ?? none))
}
