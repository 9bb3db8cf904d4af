import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import hardhatIgnition from '@nomicfoundation/hardhat-ignition-ethers'
import { computeAddress } from 'ethers'
import twinsModule from '../../../ignition/modules/Twins.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Hex } from '../../types/ids.ts'
import { buildContracts } from './build.ts'
import { createEnvironment } from './environment.ts'

/** Ignition's defaults are for chains with slow blocks. */
const IGNITION = { blockPollingInterval: 50, requiredConfirmations: 1 }

/** Of Ignition's explanation, which repeats itself. */
const MESSAGE_CHARS_MAX = 400

export interface DeployTwinsOptions {
  readonly rpcUrl: string
  readonly deployerKey: Hex
}

/** Where the twin of each stock reducer is, by reducer id. */
export type DeployedTwins = Readonly<
  Record<'rate-limit@1' | 'time-slots@1' | 'popular-value@1' | 'median@1' | 'weighted-vote@1', Address>
>

/**
 * Deploys the twins to any RPC URL. Compiles the contracts first if need be. Nothing else may send from the deployer's
 * account meanwhile.
 *
 * @throws RsdpError E_DEPLOY, E_BUILD
 */
export async function deployTwins({ rpcUrl, deployerKey }: DeployTwinsOptions): Promise<DeployedTwins> {
  await buildContracts()
  const scratch = await mkdtemp(join(tmpdir(), 'rsdp-twins-'))
  const environment = await createEnvironment({
    plugins: [hardhatEthers, hardhatIgnition],
    paths: { ignition: scratch },
    networks: { target: { type: 'http', url: rpcUrl, accounts: [deployerKey] } },
  })
  const connection = await environment.network.create('target')
  try {
    const { rateLimit, timeSlots, popularValue, median, weightedVote } = await connection.ignition.deploy(
      twinsModule,
      { config: IGNITION, defaultSender: computeAddress(deployerKey).toLowerCase(), deploymentId: 'twins' },
    )
    return {
      'rate-limit@1': await addressOf(rateLimit),
      'time-slots@1': await addressOf(timeSlots),
      'popular-value@1': await addressOf(popularValue),
      'median@1': await addressOf(median),
      'weighted-vote@1': await addressOf(weightedVote),
    }
  } catch (cause) {
    throw deployError(cause, rpcUrl)
  } finally {
    await connection.close()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function addressOf(contract: { getAddress(): Promise<string> }): Promise<Address> {
  return (await contract.getAddress()).toLowerCase() as Address
}

/** The cause repeats the RPC URL, which may hold a secret. */
function deployError(cause: unknown, rpcUrl: string): RsdpError {
  const host = URL.canParse(rpcUrl) ? new URL(rpcUrl).host : 'the RPC URL'
  const text = (cause instanceof Error ? cause.message : String(cause)).replaceAll(rpcUrl, host)
  return new RsdpError({
    code: 'E_DEPLOY',
    message: `deployment over ${host} failed: ${text.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_CHARS_MAX)}`,
    hint: 'is the chain running, and has the deployer gas? nothing refers to half a set of twins: deploy again',
    exit: EXIT.precondition,
  })
}
