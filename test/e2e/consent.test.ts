/** C-1: what a production node signs up for by itself, with the policy that is its default off local chains. */
import { expect } from 'chai'
import { ContractFactory, Wallet as EthersWallet } from 'ethers'
import { readArtifact } from '../../src/adapters/evm/artifact.ts'
import { connect } from '../../src/adapters/evm/connect.ts'
import { claim } from '../../src/adapters/evm/operator.ts'
import { stakeAccount, tokenBalance } from '../../src/adapters/evm/reads.ts'
import { stockTwins } from '../../src/adapters/evm/stock-twins.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { NodeHealth } from '../../src/node/node-health.ts'
import { RsdpNode } from '../../src/node/node.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { ChainNode, TestNetwork } from '../helpers/chain.ts'
import { publishTask, STAKE_WEI, startTestNetwork, testTask } from '../helpers/chain.ts'
import { eventually } from '../helpers/eventually.ts'
import type { LogLine } from '../helpers/runner-cluster.ts'
import { demandOf, recordingLogger } from '../helpers/runner-cluster.ts'

const JOIN_BLOCKS = 120
/** LyingTwin.Moment */
const MOMENT = { caller: 0, block: 1, slot: 2 } as const
/** EIP-1167: every call is delegated to another contract. */
const proxyOf = (target: Address): Hex =>
  `0x3d602d80600a3d3981f3363d3d373d3d3d363d73${target.slice(2)}5af43d82803e903d91602b57fd5bf3`

describe('C-1: production nodes with the default policy', function () {
  this.timeout(240_000)
  let net: TestNetwork
  let deployer: EthersWallet
  let stock: Address
  const nodes: { readonly node: RsdpNode; readonly lines: LogLine[] }[] = []

  before(async () => {
    net = await startTestNetwork()
    deployer = new EthersWallet(net.chain.accounts[5]!.privateKey, net.connection.provider)
    stock = await deploy('reducers/RateLimitTwin.sol/RateLimitTwin')
    const hub = new MemoryHub('auto')
    for (const each of net.nodes) nodes.push(await start(each, hub))
  })
  after(async () => {
    await Promise.all(nodes.map(({ node }) => node.stop()))
    await net.close()
  })

  async function deploy(artifact: string, ...args: readonly unknown[]): Promise<Address> {
    const { abi, bytecode } = readArtifact(artifact) as ReturnType<typeof readArtifact> & { bytecode: Hex }
    return create(new ContractFactory([...abi], bytecode, deployer), args)
  }

  async function create(factory: ContractFactory, args: readonly unknown[]): Promise<Address> {
    const contract = await factory.deploy(...args)
    await contract.waitForDeployment()
    return (await contract.getAddress()).toLowerCase() as Address
  }

  const lying = (moment: number, at: bigint): Promise<Address> =>
    deploy('dev/LyingTwin.sol/LyingTwin', stock, moment, at)

  /** An account with code by EIP-7702. */
  async function delegated(): Promise<Address> {
    const account: Address = `0x${'7702'.repeat(10)}`
    await net.connection.provider.send('hardhat_setCode', [account, `0xef0100${stock.slice(2)}`])
    return account
  }

  async function start({ key, privateKey }: ChainNode, hub: MemoryHub): Promise<(typeof nodes)[number]> {
    const { rpcUrl, deployment } = net
    const lines: LogLine[] = []
    const disk = new MemoryDisk()
    const node = new RsdpNode({
      keyring: key,
      recover: recoverSigner,
      store: disk.open({ key: key.address, deploymentId: deployment.deploymentId }),
      chain: await connect({ rpcUrl, deployment, privateKey }),
      transport: hub.createTransport(key.address),
      runner: { run: (call) => Promise.resolve(runReducer(call)), stop: () => Promise.resolve() },
      clock: systemClock,
      logger: recordingLogger(lines),
      sourceFor: () => ({ observe: (height) => Promise.resolve(demandOf(height)), decided: () => undefined }),
      reducers: [rateLimit.id],
      autoJoin: true,
      policy: defaultPolicy(false),
      stockTwins: stockTwins(),
      pollMs: 100,
      onFatal: (error) => {
        throw error
      },
    })
    await node.start()
    return { node, lines }
  }

  /** A task that pays: a lock of 1 % of the stake, and that much again for a seat. */
  const paid = async (changes: Partial<TaskParams> = {}): Promise<TaskParams> => {
    const head = await net.connection.provider.getBlockNumber()
    return testTask(net, {
      stakePerNode: STAKE_WEI / 10n,
      rewardPerHeight: 42n,
      stateCap: 200,
      joinDeadline: head + JOIN_BLOCKS,
      ...changes,
    })
  }

  /** Publishes a task and waits until every node has looked at it; why each did not sign up, null if it did. */
  async function offered(params: TaskParams): Promise<{ taskId: bigint; reasons: (string | null)[] }> {
    const taskId = await publishTask(net, params)
    await net.mine(net.deployment.windows.reorgDepth + 1)
    const told = ({ lines }: (typeof nodes)[number]): LogLine | undefined =>
      lines.find(({ event, facts }) => facts['task'] === String(taskId) && /^task\.(not-)?join/.test(event))
    await eventually(() => nodes.every((each) => told(each) !== undefined), 60_000)
    const reasons = nodes.map((each) => (told(each)?.facts['reason'] ?? null) as string | null)
    return { taskId, reasons }
  }

  const allOf = (reason: string | null): (string | null)[] => nodes.map(() => reason)

  it('sign up for a paid task without a twin, and for one with the stock twin of its reducer', async () => {
    for (const twin of [`0x${'00'.repeat(20)}` as const, stock]) {
      const { taskId, reasons } = await offered(await paid({ twin }))
      expect(reasons).deep.equal(allOf(null))
      expect(await net.connection.contracts.board.signupsOf(taskId)).length(4)
    }
  })

  const twins: readonly (readonly [name: string, make: () => Promise<Address>])[] = [
    [
      'lies when the slasher asks',
      () => lying(MOMENT.caller, BigInt(net.deployment.contracts.Slasher.address)),
    ],
    ['is a proxy of the stock twin', () => create(new ContractFactory([], proxyOf(stock), deployer), [])],
    ['is an account that delegates to the stock twin', () => delegated()],
    ['reads the block number', () => lying(MOMENT.block, 2n ** 40n)],
    ['reads a storage slot', () => lying(MOMENT.slot, 0n)],
  ]
  for (const [name, make] of twins) {
    it(`do not sign up where the twin ${name}; its client gets its escrow back and nothing else`, async () => {
      const twin = await make()
      const before = await tokenBalance(net.connection, net.client.address)
      const stakes = await Promise.all(
        net.nodes.map(({ operator }) => stakeAccount(net.connection, operator.address)),
      )
      const params = await paid({ twin, joinDeadline: (await net.connection.provider.getBlockNumber()) + 40 })
      const { taskId, reasons } = await offered(params)
      expect(reasons).deep.equal(allOf('twin'))
      expect(await net.connection.contracts.board.signupsOf(taskId)).deep.equal([])
      await net.mineTo(params.joinDeadline + 1)
      await claim(net.client, taskId)
      expect(await tokenBalance(net.connection, net.client.address)).equal(before)
      const after = await Promise.all(
        net.nodes.map(({ operator }) => stakeAccount(net.connection, operator.address)),
      )
      expect(after).deep.equal(stakes)
    })
  }

  it('do not sign up for nothing, nor lock all they have', async () => {
    const all = await paid({ rewardPerHeight: 0n, stakePerNode: 10n * STAKE_WEI })
    expect((await offered(all)).reasons).deep.equal(allOf('reward'))
    const dear = await paid({ stakePerNode: 9n * STAKE_WEI, rewardPerHeight: 10n * STAKE_WEI, heights: 1 })
    expect((await offered(dear)).reasons).deep.equal(allOf('lock-per-task'))
  })

  it('have a bounded part of their stake in tasks that can never start, and say what they refused', async () => {
    // no cluster of 31 can come of four nodes; each task would lock 10 % of the stake until its sign-up is over
    const never = (): Promise<TaskParams> =>
      paid({ minNodes: 31, maxNodes: 31, stallBlocks: 400, stakePerNode: STAKE_WEI, rewardPerHeight: 1_000n })
    const answers: (string | null)[][] = []
    const ids: string[] = []
    for (let i = 0; i < 4; i += 1) {
      const { taskId, reasons } = await offered(await never())
      ids.push(String(taskId))
      answers.push(reasons)
    }
    expect(answers).deep.equal([allOf(null), allOf(null), allOf('lock-pending'), allOf('lock-pending')])
    for (const { operator } of net.nodes) {
      const { freeWei, lockedWei } = await stakeAccount(net.connection, operator.address)
      expect(Number(lockedWei) / Number(freeWei + lockedWei)).at.most(0.25)
    }
    const health: NodeHealth = nodes[0]!.node.health()
    // tasks of before are looked at again, and what is said of them may change meanwhile
    const notJoined = health.notJoined.filter(({ taskId }) => ids.includes(taskId))
    expect(notJoined.map(({ reason }) => reason)).deep.equal(['lock-pending', 'lock-pending'])
    expect(notJoined.at(-1)?.text).match(
      /^locks in tasks that are not drawn: \d+ % of the stake; at most 25 %$/,
    )
  })
})
