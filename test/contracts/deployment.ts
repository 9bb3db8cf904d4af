import { expect } from 'chai'
import { AbiCoder, TypedDataEncoder, getCreateAddress, id, keccak256 } from 'ethers'
import hre, { network } from 'hardhat'
import { deployRsdp } from '../../ignition/deploy.ts'
import { BOARD_POSITION, LOCAL_UNBONDING_BLOCKS, LOCAL_WINDOWS } from '../../ignition/modules/Rsdp.ts'
import { refused } from './refused.ts'
import { UNBONDING_BLOCKS, WINDOWS, deployWorld, label } from './world.ts'

const connection = await network.create()
const { ethers } = connection
const MAX_64 = 2n ** 64n - 1n
const MAX_32 = 2n ** 32n - 1n

/** Deploys registry, log and slasher for one board address and the board at whatever address comes. */
async function deployBoard(options: {
  registryFor?: string
  logFor?: string
  slasherFor?: string
  slasherLog?: string
  unbonding?: bigint
  unbondingSeconds?: bigint
  windows?: object
}) {
  const [deployer] = await ethers.getSigners()
  const token = await ethers.deployContract('StakeToken')
  const nonce = (await deployer!.getNonce()) + BOARD_POSITION
  const board = getCreateAddress({ from: deployer!.address, nonce })
  const { registryFor = board, logFor = board, slasherFor = board, unbonding = UNBONDING_BLOCKS } = options
  const registry = await ethers.deployContract('NodeRegistry', [
    ...[token, registryFor, unbonding, options.unbondingSeconds ?? 0n, 0],
  ])
  const log = await ethers.deployContract('PhaseLog', [logFor, id('nonce')])
  const slasher = await ethers.deployContract('Slasher', [slasherFor, options.slasherLog ?? log])
  const factory = await ethers.getContractFactory('TaskBoard')
  const deployed = factory.deploy(registry, log, slasher, { ...WINDOWS, ...options.windows })
  return { factory, deployed, board, log }
}

describe('Deployment', () => {
  it('refuses a registry, a log or a slasher that was built for another board', async () => {
    const other = getCreateAddress({ from: await (await ethers.getSigners())[5]!.getAddress(), nonce: 1 })
    for (const wrong of [{ registryFor: other }, { logFor: other }, { slasherFor: other }]) {
      const { factory, deployed, board } = await deployBoard(wrong)
      await refused(deployed, { interface: factory.interface } as never, 'NotWired', other, board)
    }
  })

  it('refuses a slasher that judges by another log', async () => {
    const other = getCreateAddress({ from: await (await ethers.getSigners())[5]!.getAddress(), nonce: 1 })
    const { factory, deployed, log } = await deployBoard({ slasherLog: other })
    const contract = { interface: factory.interface } as never
    await refused(deployed, contract, 'NotWired', other, await log.getAddress())
  })

  it('refuses a jail without end or without beginning', async () => {
    for (const jail of [0n, MAX_32 + 1n]) {
      const { factory, deployed } = await deployBoard({ windows: { jail } })
      const contract = { interface: factory.interface } as never
      await refused(deployed, contract, 'OutOfBounds', label('jail'), jail, 1, MAX_32)
    }
  })

  it('refuses stake that leaves faster than a task and its windows take', async () => {
    const { taskBlocksMax, closeGrace, evidence, reorgDepth } = WINDOWS
    const sum = taskBlocksMax + closeGrace + evidence + reorgDepth
    const { factory, deployed } = await deployBoard({ unbonding: sum })
    const contract = { interface: factory.interface } as never
    await refused(deployed, contract, 'OutOfBounds', label('unbonding'), sum, sum + 1n, MAX_64)
    await (
      await deployBoard({ unbonding: sum + 1n })
    ).deployed
  })

  it('refuses stake that leaves before the seconds of a task and its windows are over', async () => {
    const seconds = { taskSecondsMax: 900n, graceSeconds: 40n, evidenceSeconds: 50n, seedDelaySeconds: 10n }
    const windows = { ...seconds, jailSeconds: 7n }
    const { factory, deployed } = await deployBoard({ windows, unbondingSeconds: 999n })
    const contract = { interface: factory.interface } as never
    await refused(deployed, contract, 'OutOfBounds', label('unbondingSeconds'), 999n, 1000n, MAX_64)
    await (
      await deployBoard({ windows, unbondingSeconds: 1000n })
    ).deployed
    const forever = await deployBoard({ windows: { jailSeconds: MAX_32 + 1n } })
    await refused(forever.deployed, contract, 'OutOfBounds', label('jailSeconds'), MAX_32 + 1n, 0, MAX_32)
  })

  it('refuses a seed that is known while sign-up is open', async () => {
    const { factory, deployed } = await deployBoard({ windows: { reorgDepth: 0n } })
    const contract = { interface: factory.interface } as never
    await refused(deployed, contract, 'OutOfBounds', label('reorgDepth'), 0, 1, MAX_64)
  })

  it('refuses an unbonding time beyond any block number', async () => {
    const factory = await ethers.getContractFactory('NodeRegistry')
    const { address } = (await ethers.getSigners())[0]!
    const contract = { interface: factory.interface } as never
    for (const [field, times] of [
      ['unbondingBlocks', [MAX_32 + 1n, 0n]],
      ['unbondingSeconds', [0n, MAX_32 + 1n]],
    ] as const) {
      const deployed = factory.deploy(address, address, times[0], times[1], 0)
      await refused(deployed, contract, 'OutOfBounds', label(field), MAX_32 + 1n, 0, MAX_32)
    }
  })

  it('refuses the dev token on any chain but a local one', async () => {
    const elsewhere = await network.create({ override: { chainId: 10 } })
    const factory = await elsewhere.ethers.getContractFactory('StakeToken')
    await refused(factory.deploy(), { interface: factory.interface } as never, 'LocalChainsOnly', 10)
  })

  it('works through Ignition, with a new token and with an existing one', async () => {
    const first = await deployRsdp(await network.create())
    expect(first.board).to.be.properAddress
    const own = await network.create()
    const token = await (await own.ethers.deployContract('StakeToken')).getAddress()
    const second = await deployRsdp(own, { token, windows: { ...LOCAL_WINDOWS, evidence: 31 } })
    expect(second.token).to.equal(token)
    const board = await own.ethers.getContractAt('TaskBoard', second.board)
    expect(await board.windows()).to.deep.equal([2000n, 10n, 31n, 6n, 200n, 0n, 0n, 0n, 0n, 0n])
    expect([
      await board.registry(),
      await board.log(),
      await board.slasher(),
      await board.token(),
    ]).to.deep.equal([second.registry, second.log, second.slasher, token])
    const registry = await own.ethers.getContractAt('NodeRegistry', second.registry)
    expect(await registry.unbondingBlocks()).to.equal(LOCAL_UNBONDING_BLOCKS)
  })

  it('gives every deployment its own signing domain', async () => {
    const w = await deployWorld(connection)
    const deployment = await w.log.deploymentTransaction()!.wait()
    const block = (await ethers.provider.getBlock(deployment!.blockNumber))!
    const types = ['uint256', 'address', 'bytes32', 'uint256', 'address', 'bytes32']
    const verifyingContract = await w.log.getAddress()
    const values = [
      31337,
      verifyingContract,
      block.parentHash,
      block.timestamp,
      deployment!.from,
      id('nonce'),
    ]
    const salt = keccak256(AbiCoder.defaultAbiCoder().encode(types, values))
    expect(await w.log.deploymentId()).to.equal(salt)
    const domain = { name: 'RSDP', version: '3', chainId: 31337, verifyingContract, salt }
    expect(await w.log.domainSeparator()).to.equal(TypedDataEncoder.hashDomain(domain))
    const other = await deployWorld(connection)
    expect(await other.log.deploymentId()).not.to.equal(salt)
  })

  it('signs for another domain once the chain has forked', async () => {
    const w = await deployWorld(connection)
    const fork = await network.create({ override: { chainId: 10 } })
    const verifyingContract = await w.log.getAddress()
    await fork.networkHelpers.setCode(verifyingContract, await ethers.provider.getCode(w.log))
    const forked = await fork.ethers.getContractAt('PhaseLog', verifyingContract)
    const domain = { name: 'RSDP', version: '3', verifyingContract, salt: await w.log.deploymentId() }
    expect(await forked.domainSeparator()).to.equal(TypedDataEncoder.hashDomain({ ...domain, chainId: 10 }))
  })

  // instrumented contracts are larger
  const measured = hre.globalOptions.coverage ? it.skip : it
  measured('keeps every contract below the size limit', async () => {
    const w = await deployWorld(connection)
    for (const contract of [w.registry, w.log, w.slasher, w.board]) {
      const code = await ethers.provider.getCode(contract)
      expect((code.length - 2) / 2).to.be.lessThanOrEqual(24_576)
    }
  })
})
