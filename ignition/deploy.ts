import { getCreateAddress, hexlify, randomBytes } from 'ethers'
import type { network } from 'hardhat'
import DevToken from './modules/DevToken.ts'
import Rsdp, {
  BOARD_POSITION,
  LOCAL_BOUNTY_WEI,
  LOCAL_UNBONDING_BLOCKS,
  LOCAL_WINDOWS,
} from './modules/Rsdp.ts'

type Connection = Awaited<ReturnType<typeof network.create>>

export interface DeployOptions {
  /** an existing ERC-20; without it the dev token is deployed, which only local chains allow */
  token?: string
  windows?: typeof LOCAL_WINDOWS
  unbondingBlocks?: number
  bountyWei?: bigint
}

export interface Deployment {
  token: string
  registry: string
  log: string
  slasher: string
  board: string
  bundles: string
}

/**
 * Deploys RSDP through Ignition with the connection's first account, and returns the addresses.
 *
 * Nothing else may send from that account meanwhile: the board's address is predicted from its nonce, and the board's
 * constructor reverts if the prediction was wrong.
 */
export async function deployRsdp(connection: Connection, options: DeployOptions = {}): Promise<Deployment> {
  const { ethers, ignition } = connection
  const token = options.token ?? (await (await ignition.deploy(DevToken)).token.getAddress())
  const [deployer] = await ethers.getSigners()
  if (deployer === undefined) throw new Error('the network has no account to deploy from')
  const nonce = (await deployer.getNonce()) + BOARD_POSITION
  const parameters = {
    token,
    board: getCreateAddress({ from: deployer.address, nonce }),
    nonce: hexlify(randomBytes(32)),
    windows: options.windows ?? LOCAL_WINDOWS,
    unbondingBlocks: options.unbondingBlocks ?? LOCAL_UNBONDING_BLOCKS,
    bountyWei: options.bountyWei ?? LOCAL_BOUNTY_WEI,
  }
  const { registry, log, slasher, board, bundles } = await ignition.deploy(Rsdp, {
    parameters: { Rsdp: parameters },
  })
  return {
    token,
    registry: await registry.getAddress(),
    log: await log.getAddress(),
    slasher: await slasher.getAddress(),
    board: await board.getAddress(),
    bundles: await bundles.getAddress(),
  }
}
