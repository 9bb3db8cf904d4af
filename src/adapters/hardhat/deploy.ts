import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import type { HardhatEthersProvider } from '@nomicfoundation/hardhat-ethers/types'
import hardhatIgnition from '@nomicfoundation/hardhat-ignition-ethers'
import { computeAddress, formatEther, getCreateAddress, id } from 'ethers'
import type { NetworkConnection } from 'hardhat/types/network'
import devTokenModule from '../../../ignition/modules/DevToken.ts'
import rsdpModule, {
  BOARD_POSITION,
  LOCAL_BOUNTY_WEI,
  LOCAL_UNBONDING_BLOCKS,
  LOCAL_UNBONDING_SECONDS,
  LOCAL_WINDOWS,
  NO_SECONDS,
} from '../../../ignition/modules/Rsdp.ts'
import { keccak } from '../../codec/hex.ts'
import type { Chance } from '../../types/chance.ts'
import { chanceOf } from '../../types/chance.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import { buildContracts } from './build.ts'
import type { Creation } from './creations.ts'
import { findCreations } from './creations.ts'
import type { DeployPlan } from './deploy-resume.ts'
import { catchUp, readPlan, writePlan } from './deploy-resume.ts'
import { createEnvironment } from './environment.ts'

/** The creations and the dev token take about 16 million; the rest is for a base fee that rises meanwhile. */
const DEPLOY_GAS = 18_000_000n

/** Of Ignition's explanation, which repeats itself. */
const MESSAGE_CHARS_MAX = 400

const DAY = 86_400
/** Windows of any chain but a local one: days, and of blocks a quarter of what comes in that time if one comes every 12 s. */
// reorgDepth, seedDelaySeconds: between the last choice and the block that draws lie four epochs (EIP-4399)
// closeGrace: all the blocks of an hour, as after a stop of the chain they are what members are left with
const WINDOWS = {
  ...{ taskBlocksMax: 1_800, closeGrace: 300, evidence: 12_600, reorgDepth: 128, jail: 54_000 },
  ...{ taskSecondsMax: DAY, graceSeconds: 3_600, evidenceSeconds: 7 * DAY, seedDelaySeconds: 4 * 32 * 12 },
  jailSeconds: 30 * DAY,
}
const UNBONDING_BLOCKS = 25_200
const UNBONDING_SECONDS = 14 * DAY

/** Ignition's defaults are for chains with slow blocks; retries and fee bumps stay on. */
const IGNITION = { blockPollingInterval: 50, requiredConfirmations: 1 }

interface BlockWindows {
  readonly taskBlocksMax: number
  readonly closeGrace: number
  readonly evidence: number
  readonly reorgDepth: number
  readonly jail: number
}
export interface DeployWindows extends BlockWindows {
  readonly taskSecondsMax: number
  readonly graceSeconds: number
  readonly evidenceSeconds: number
  readonly seedDelaySeconds: number
  readonly jailSeconds: number
}

export interface DeployOptions {
  readonly rpcUrl: string
  readonly deployerKey: Hex
  /** 32 random bytes: what tells this deployment from an earlier one on a restarted chain. */
  readonly nonce: Digest
  /** The stake token; left out on a local chain, where the dev token is deployed. */
  readonly token?: Address
  /** Seconds that are left out are 0. */
  readonly windows?: BlockWindows & Partial<DeployWindows>
  readonly unbondingBlocks?: number
  readonly unbondingSeconds?: number
  /** Most that a proof is worth to its reporter; one token if left out. */
  readonly bountyWei?: bigint
  /**
   * The journal is kept here, until the deployment is whole and `forgetDeployment` is called: the same call goes on where an
   * interrupted one was. Left out: in a temporary folder that is removed.
   */
  readonly journalDir?: string
}

/** Has the shape of a deployment file. */
export interface Deployed {
  readonly schema: 1
  readonly chainId: number
  readonly deployer: Address
  readonly deployedAt: string
  readonly fromBlock: number
  readonly deploymentId: Digest
  readonly chance: Chance
  readonly windows: DeployWindows & { readonly unbonding: number; readonly unbondingSeconds: number }
  readonly bountyWei: string
  readonly contracts: Readonly<
    Record<
      'NodeRegistry' | 'PhaseLog' | 'Slasher' | 'TaskBoard' | 'BundleStore' | 'TaskLines',
      DeployedContract
    > & {
      StakeToken: DeployedToken
    }
  >
}
export interface DeployedContract {
  readonly address: Address
  readonly block: number
  readonly tx: Digest
  readonly codeHash: Digest
}
/** An existing token was deployed by somebody else, at a time that does not matter here. */
export interface DeployedToken extends Omit<DeployedContract, 'block' | 'tx'> {
  readonly block: number | null
  readonly tx: Digest | null
}

/**
 * Deploys one set of contracts through the Ignition modules to any RPC URL and reads back what a deployment file holds.
 * Compiles the contracts first if need be.
 *
 * With a `journalDir`, a deployment that was interrupted goes on, and deploys nothing twice. If the deployer has sent
 * something else meanwhile, the predicted address of the board no longer fits, and the contracts refuse to be built.
 *
 * @throws RsdpError E_RPC_DOWN, E_FUNDS_GAS, E_NO_TOKEN, E_BUILD, E_DEPLOY, E_DEPLOY_JOURNAL, E_TX_TIMEOUT
 */
export async function deployContracts(options: DeployOptions): Promise<Deployed> {
  await buildContracts()
  const scratch =
    options.journalDir === undefined ? await mkdtemp(join(tmpdir(), 'rsdp-ignition-')) : undefined
  const environment = await createEnvironment({
    plugins: [hardhatEthers, hardhatIgnition],
    paths: { ignition: options.journalDir ?? scratch ?? tmpdir() },
    networks: { target: { type: 'http', url: options.rpcUrl, accounts: [options.deployerKey] } },
  })
  const connection = await environment.network.create('target')
  try {
    return await deployOver(connection, options, options.journalDir ?? scratch ?? tmpdir())
  } catch (error) {
    throw error instanceof RsdpError ? error : deployError(error, options)
  } finally {
    await connection.close()
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}

async function deployOver(
  connection: NetworkConnection,
  options: DeployOptions,
  dir: string,
): Promise<Deployed> {
  const { provider } = connection.ethers
  const deployer = lower(computeAddress(options.deployerKey))
  const chainId = Number((await provider.getNetwork()).chainId)
  const local = chanceOf(chainId) === 'local'
  const plan = await planOf(provider, options, deployer, dir)
  const deploymentId = `chain-${chainId}-${plan.nonce.slice(2, 10)}`
  // a journal for each module: Ignition does not go on with one that knows futures of another
  const tokenId = `${deploymentId}-token`
  for (const name of [tokenId, deploymentId])
    await catchUp(provider, deployer, join(dir, 'deployments', name, 'journal.jsonl'), plan.before)
  // what is deployed already is paid for
  if (plan.board === null) await requireFunds(provider, deployer)
  const ignite = { config: IGNITION, defaultSender: deployer, deploymentId }
  let token = options.token
  if (token === undefined) {
    if (!local) throw noToken(chainId)
    const devToken = await connection.ignition.deploy(devTokenModule, { ...ignite, deploymentId: tokenId })
    token = lower(await devToken.token.getAddress())
  }
  const board = plan.board ?? (await boardOf(provider, deployer))
  writePlan(dir, { ...plan, board })
  const terms = termsOf(options, local)
  const { windows, unbondingBlocks, unbondingSeconds, bountyWei } = terms
  const parameters = { token, board, nonce: plan.nonce, ...terms }
  const rsdp = await connection.ignition.deploy(rsdpModule, { ...ignite, parameters: { Rsdp: parameters } })

  const addresses = {
    NodeRegistry: lower(await rsdp.registry.getAddress()),
    PhaseLog: lower(await rsdp.log.getAddress()),
    Slasher: lower(await rsdp.slasher.getAddress()),
    TaskBoard: lower(await rsdp.board.getAddress()),
    BundleStore: lower(await rsdp.bundles.getAddress()),
    TaskLines: lower(await rsdp.lines.getAddress()),
  }
  const created = Object.values(addresses)
  if (options.token === undefined) created.push(token)
  const creations = await findCreations(provider, plan.before, created)
  const describe = async (address: Address): Promise<DeployedContract> => {
    const creation = creations.get(address) as Creation
    return { address, ...creation, codeHash: await codeHash(provider, address) }
  }
  const registry = await describe(addresses.NodeRegistry)
  return {
    schema: 1,
    chainId,
    deployer,
    deployedAt: new Date().toISOString(),
    fromBlock: registry.block,
    deploymentId: await deploymentIdOf(provider, addresses.PhaseLog),
    chance: chanceOf(chainId),
    windows: { ...windows, unbonding: unbondingBlocks, unbondingSeconds },
    bountyWei: String(bountyWei),
    contracts: {
      StakeToken: {
        address: token,
        ...(creations.get(token) ?? { block: null, tx: null }),
        codeHash: await codeHash(provider, token),
      },
      NodeRegistry: registry,
      PhaseLog: await describe(addresses.PhaseLog),
      Slasher: await describe(addresses.Slasher),
      TaskBoard: await describe(addresses.TaskBoard),
      BundleStore: await describe(addresses.BundleStore),
      TaskLines: await describe(addresses.TaskLines),
    },
  }
}

async function deploymentIdOf(provider: HardhatEthersProvider, log: Address): Promise<Digest> {
  return (await provider.call({ to: log, data: id('deploymentId()').slice(0, 10) })) as Digest
}

/** The plan of an earlier call that was interrupted, or a new one. */
async function planOf(
  provider: HardhatEthersProvider,
  { nonce, token, windows, unbondingBlocks, unbondingSeconds, bountyWei }: DeployOptions,
  deployer: Address,
  dir: string,
): Promise<DeployPlan> {
  const wanted = { token, windows, unbondingBlocks, unbondingSeconds, bountyWei }
  const wish = JSON.stringify([deployer, wanted], (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  const genesis = ((await provider.getBlock(0))?.hash ?? NIL) as Digest
  const earlier = readPlan(dir, wish, genesis)
  if (earlier !== null) return earlier
  const plan = { wish, genesis, nonce, before: await provider.getBlockNumber(), board: null }
  writePlan(dir, plan)
  return plan
}

/** Where the board is going to be. */
async function boardOf(provider: HardhatEthersProvider, deployer: Address): Promise<Address> {
  const nonce = (await provider.getTransactionCount(deployer)) + BOARD_POSITION
  return lower(getCreateAddress({ from: deployer, nonce }))
}

/** The deployment is whole, and known: the journal is not needed any more. */
export async function forgetDeployment(journalDir: string): Promise<void> {
  await rm(journalDir, { recursive: true, force: true })
}

/** What is fixed for good at deployment, as asked for or as suits the chain. */
function termsOf({ windows, unbondingBlocks, unbondingSeconds, bountyWei }: DeployOptions, local: boolean) {
  return {
    windows: { ...NO_SECONDS, ...(windows ?? (local ? LOCAL_WINDOWS : WINDOWS)) },
    unbondingBlocks: unbondingBlocks ?? (local ? LOCAL_UNBONDING_BLOCKS : UNBONDING_BLOCKS),
    unbondingSeconds: unbondingSeconds ?? (local ? LOCAL_UNBONDING_SECONDS : UNBONDING_SECONDS),
    bountyWei: bountyWei ?? LOCAL_BOUNTY_WEI,
  }
}

const lower = (address: string): Address => address.toLowerCase() as Address

async function codeHash(provider: HardhatEthersProvider, address: Address): Promise<Digest> {
  return keccak((await provider.getCode(address)) as Hex)
}

async function requireFunds(provider: HardhatEthersProvider, deployer: Address): Promise<void> {
  const has = await provider.getBalance(deployer)
  const { maxFeePerGas, gasPrice } = await provider.getFeeData()
  const needs = DEPLOY_GAS * (gasPrice ?? maxFeePerGas ?? 0n)
  if (has >= needs && has > 0n) return
  throw new RsdpError({
    code: 'E_FUNDS_GAS',
    message: `${deployer} has ${formatEther(has)} ETH, a deployment needs about ${formatEther(needs)} ETH`,
    hint: `fund ${deployer}`,
    exit: EXIT.precondition,
    details: { address: deployer, hasWei: has, needsWei: needs },
  })
}

function noToken(chainId: number): RsdpError {
  return new RsdpError({
    code: 'E_NO_TOKEN',
    message: `chain ${chainId} is not a local one, so there is no dev token`,
    hint: 'name the ERC-20 token that nodes are to stake',
    exit: EXIT.precondition,
    details: { chainId },
  })
}

/** Hardhat and Ignition fail with long texts of their own. Those about the connection repeat the whole RPC URL. */
function deployError(cause: unknown, { rpcUrl, journalDir }: DeployOptions): RsdpError {
  const host = URL.canParse(rpcUrl) ? new URL(rpcUrl).host : 'the RPC URL'
  const text = (cause instanceof Error ? cause.message : String(cause)).replaceAll(rpcUrl, host)
  if (/cannot connect|ECONNREFUSED|timed out|fetch failed|HHE7\d\d/i.test(text)) {
    return new RsdpError({
      code: 'E_RPC_DOWN',
      message: `no usable answer from the chain at ${host}`,
      hint: 'is the chain running?',
      exit: EXIT.unreachable,
    })
  }
  return new RsdpError({
    code: 'E_DEPLOY',
    message: `deployment over ${host} failed: ${text.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_CHARS_MAX)}`,
    hint: `solve the cause and run the same command again: it goes on where it was${journalDir === undefined ? '' : `; to start anew, delete ${journalDir}`}`,
    exit: EXIT.precondition,
    cause,
  })
}
