import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { runAudit } from '../../src/audit/run.ts'
import { RsdpNode } from '../../src/node/node.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { ChainNode, TestNetwork } from '../helpers/chain.ts'
import { publishTask, startTestNetwork, testTask } from '../helpers/chain.ts'
import { eventually } from '../helpers/eventually.ts'
import type { LogLine } from '../helpers/runner-cluster.ts'
import { demandOf, recordingLogger } from '../helpers/runner-cluster.ts'

const HEIGHTS = 4
const EPOCH = 2
const BLOCK_MS = 250
const DEPTH = 6
const JOIN_BLOCKS = 60
const PATIENCE_MS = 300_000
const WINDOWS = { taskBlocksMax: 2_000, closeGrace: 60, evidence: 30, reorgDepth: DEPTH, jail: 200 }

interface Member {
  readonly node: RsdpNode
  readonly lines: LogLine[]
}

/** No blocks but those of transactions, and of the test, while the chain is turned back. */
describe('re-orgs within the depth: production nodes, the real contracts, the audit', function () {
  this.timeout(180_000)
  const hub = new MemoryHub('auto')
  const fatal: unknown[] = []
  let net: TestNetwork
  let members: Member[]
  let taskId: bigint

  before(async () => {
    net = await startTestNetwork({ windows: WINDOWS })
    members = await Promise.all(net.nodes.map(boot))
  })
  after(async () => {
    await rpc('evm_setIntervalMining', 0)
    await Promise.all(members.map(({ node }) => node.stop()))
    await net.close()
  })

  async function boot({ key, privateKey }: ChainNode): Promise<Member> {
    const { rpcUrl, deployment } = net
    const lines: LogLine[] = []
    const node = new RsdpNode({
      keyring: key,
      recover: recoverSigner,
      store: new MemoryDisk().open({ key: key.address, deploymentId: deployment.deploymentId }),
      chain: await connect({ rpcUrl, deployment, privateKey }),
      transport: hub.createTransport(key.address),
      runner: { run: (call) => Promise.resolve(runReducer(call)), stop: () => Promise.resolve() },
      clock: systemClock,
      logger: recordingLogger(lines),
      sourceFor: () => ({
        observe: (height) => Promise.resolve(demandOf(height)),
        decided: () => undefined,
      }),
      reducers: [rateLimit.id],
      autoJoin: true,
      policy: defaultPolicy(true),
      stockTwins: new Map(),
      pollMs: BLOCK_MS,
      onFatal: (error) => fatal.push(error),
    })
    await node.start()
    return { node, lines }
  }

  const rpc = (method: string, ...params: unknown[]): Promise<unknown> =>
    net.connection.provider.send(method, params)
  const head = async (): Promise<number> => Number(await rpc('eth_blockNumber'))
  /** How many members have said so, and how often in all. */
  const sayers = (event: string): number =>
    members.filter(({ lines }) => lines.some((line) => line.event === event)).length
  const times = (event: string): number =>
    members.flatMap(({ lines }) => lines).filter((line) => line.event === event).length
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    try {
      await eventually(condition, PATIENCE_MS)
    } catch (error) {
      throw new Error(`did not happen: ${what}`, { cause: error })
    }
  }

  /** Turns the chain back to a snapshot, and says by how many blocks. What comes then has another seed. */
  async function turnBack(snapshot: unknown): Promise<number> {
    const before = await head()
    expect(await rpc('evm_revert', snapshot)).equal(true)
    await rpc('hardhat_setPrevRandao', `0x${'5e'.repeat(32)}`)
    return before - (await head())
  }

  it('sign-ups that vanish are sent again, and nobody else’s', async () => {
    const params = await testTask(net, {
      ...{ heights: HEIGHTS, epochHeights: EPOCH, slotTicks: 60 },
      joinDeadline: (await head()) + JOIN_BLOCKS,
    })
    taskId = await publishTask(net, params)
    await net.mine(DEPTH - 1)
    const snapshot = await rpc('evm_snapshot')
    await net.mine(1)
    await until('all have signed up', () => times('task.joined') === 4)
    expect(await turnBack(snapshot)).within(1, DEPTH)
    expect(await net.connection.contracts.board.signupsOf(taskId)).empty
    await until('all have signed up once more', () => times('task.joined') === 8)
    expect(await net.connection.contracts.board.signupsOf(taskId)).length(4)
    expect(times('task.join-refused')).equal(0)
    await net.mineTo(params.joinDeadline)
  })

  it('a checkpoint that vanishes is brought again', async () => {
    await rpc('evm_setIntervalMining', BLOCK_MS)
    await until('all are members', () => sayers('task.running') === 4)
    await rpc('evm_setIntervalMining', 0)
    expect(times('checkpoint.mined'), 'checkpoints so far').equal(0)
    const snapshot = await rpc('evm_snapshot')
    await until('a checkpoint', () => times('checkpoint.mined') === 1)
    await net.mine(DEPTH - 3)
    expect(await turnBack(snapshot)).within(1, DEPTH)
    expect(Number((await net.connection.contracts.log.head(taskId)).last)).equal(0)
    await until('the checkpoint once more', () => times('checkpoint.mined') === 2)
    expect(Number((await net.connection.contracts.log.head(taskId)).last)).equal(EPOCH)
  })

  it('the result comes, no node has stopped, nobody is accused, and the audit finds nothing', async () => {
    await rpc('evm_setIntervalMining', BLOCK_MS)
    await until('the result', () => times('finalize.mined') > 0)
    await rpc('evm_setIntervalMining', 0)
    expect(fatal).deep.equal([])
    expect(times('evidence.found')).equal(0)
    await net.mineTo((await head()) + WINDOWS.closeGrace)
    const history = openHistory(net.rpcUrl, net.deployment)
    const report = await runAudit(history, taskId).finally(() => history.close())
    expect(report.findings).deep.equal([])
  })
})
