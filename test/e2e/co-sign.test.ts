import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import { openHistory } from '../../src/adapters/evm/history.ts'
import { claim } from '../../src/adapters/evm/operator.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { runAudit } from '../../src/audit/run.ts'
import { RsdpNode } from '../../src/node/node.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { ChainNode, TestNetwork } from '../helpers/chain.ts'
import { publishTask, startTestNetwork, testTask } from '../helpers/chain.ts'
import { eventually } from '../helpers/eventually.ts'
import type { LogLine } from '../helpers/runner-cluster.ts'
import { demandOf, recordingLogger } from '../helpers/runner-cluster.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'

const HEIGHTS = 6
const EPOCH = 3
const BLOCK_MS = 250
/** Sign-ups are a block each, and nodes act on what is a few blocks deep. */
const JOIN_BLOCKS = 200
const PATIENCE_MS = 60_000
/** Time enough for the last checkpoint, too. */
const WINDOWS = { taskBlocksMax: 2_000, closeGrace: 60, evidence: 30, reorgDepth: 6, jail: 200 }

interface Member {
  readonly key: string
  readonly lines: LogLine[]
  readonly boot: () => Promise<RsdpNode>
  node: RsdpNode
}

describe('a member that the certificate left out: production nodes, the real contracts, the audit', function () {
  this.timeout(180_000)
  const hub = new MemoryHub('auto')
  let net: TestNetwork
  let members: Member[]
  let victim: Member
  let isCut = false
  let taskId: bigint
  let paid: bigint
  let report: AuditReport

  before(async () => {
    net = await startTestNetwork({ blockMs: BLOCK_MS, windows: WINDOWS })
    members = await Promise.all(net.nodes.map(create))
    const head = await net.connection.provider.getBlockNumber()
    const params = await testTask(net, {
      ...{ heights: HEIGHTS, epochHeights: EPOCH, slotTicks: 60, calldataInputs: true },
      joinDeadline: head + JOIN_BLOCKS,
    })
    taskId = await publishTask(net, params)
    await until('all have signed up', () => members.every((member) => said(member, 'task.joined') > 0))
    await net.mineTo(params.joinDeadline)
    await until('all have decided', () => members.every((member) => said(member, 'height.decided') > 0))
    victim = members[2]!
  })
  after(async () => {
    await Promise.all(members.map(({ node }) => node.stop()))
    await net.close()
  })

  async function create({ key, privateKey }: ChainNode): Promise<Member> {
    const { rpcUrl, deployment } = net
    const lines: LogLine[] = []
    const disk = new MemoryDisk()
    const boot = async (): Promise<RsdpNode> => {
      const node = new RsdpNode({
        keyring: key,
        recover: recoverSigner,
        store: disk.open({ key: key.address, deploymentId: deployment.deploymentId }),
        chain: await connect({ rpcUrl, deployment, privateKey }),
        transport: cuttable(hub.createTransport(key.address)),
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
        onFatal: (error) => {
          throw error
        },
      })
      await node.start()
      return node
    }
    return { key: key.address, lines, boot, node: await boot() }
  }

  /** A link on which nothing gets to the victim or away from it while it is cut off. */
  function cuttable(link: Transport): Transport {
    const isLost = (other: string): boolean => isCut && [link.key, other].includes(victim.key)
    return {
      key: link.key,
      addresses: () => link.addresses(),
      start: () => link.start(),
      stop: () => link.stop(),
      setPeers: (peers) => link.setPeers(peers),
      connected: () => link.connected(),
      counters: () => link.counters(),
      onMessage: (receive) =>
        link.onMessage((from, bytes) => {
          if (!isLost(from)) receive(from, bytes)
        }),
      broadcast: (bytes) => link.broadcast(bytes),
      send: (to, bytes) => link.send(to, bytes),
    }
  }

  const until = async (what: string, condition: () => boolean): Promise<void> => {
    try {
      await eventually(condition, PATIENCE_MS)
    } catch (error) {
      throw new Error(`did not happen: ${what}`, { cause: error })
    }
  }
  const said = ({ lines }: Member, event: string): number =>
    lines.filter((line) => line.event === event).length
  const missed = async (): Promise<readonly number[]> =>
    (await net.connection.contracts.log.tally(taskId)).missed.map(Number)
  /** How many checkpoints left out each member: on a busy machine not the victim alone. */
  async function timesLeftOut(): Promise<ReadonlyMap<Member, number>> {
    const { board, log } = net.connection.contracts
    const [formed] = await board.queryFilter(board.filters.ClusterFormed(taskId))
    const keys = [...formed!.args.signingKeys].map((key) => key.toLowerCase())
    const checkpoints = await log.queryFilter(log.filters.Checkpointed(taskId))
    const bitmaps = checkpoints.map(({ args }) => Number(args.bitmap))
    return new Map(
      members.map((member) => {
        const index = keys.indexOf(member.key)
        return [member, bitmaps.filter((bitmap) => ((bitmap >> index) & 1) === 0).length]
      }),
    )
  }
  const seat = (): number => report.cluster!.members.find(({ key }) => key === victim.key)!.index

  it('the others certify an epoch without it, and it is restarted meanwhile', async () => {
    isCut = true
    await victim.node.stop()
    victim.node = await victim.boot()
    const anchored = (): boolean => members.some((member) => said(member, 'checkpoint.mined') > 0)
    await until('a checkpoint', anchored)
    expect(said(victim, 'checkpoint.mined')).equal(0)
    expect((await timesLeftOut()).get(victim)).equal(1)
    expect(await missed()).include(EPOCH)
  })

  it('it catches up, adds its signature, and misses nothing any more', async () => {
    isCut = false
    await until('the co-signature', () => said(victim, 'co-sign.mined') > 0)
    await until('the result', () => members.some((member) => said(member, 'finalize.mined') > 0))
    const leftOut = await timesLeftOut()
    expect(leftOut.get(victim)).greaterThan(0)
    const all = (): boolean =>
      members.every((member) => said(member, 'co-sign.mined') === (leftOut.get(member) ?? 0))
    await until('all co-signatures', all)
    expect(await missed()).deep.equal([0, 0, 0, 0])
    for (const member of members) {
      expect(said(member, 'co-sign.refused')).equal(0)
      expect(said(member, 'evidence.found')).equal(0)
    }
  })

  it('it takes the reward of all heights', async () => {
    const { board, token } = net.connection.contracts
    const { closeGrace } = net.deployment.windows
    await net.mineTo((await net.connection.provider.getBlockNumber()) + closeGrace)
    await net.mineTo(Number(await board.claimsOpenAt(taskId)))
    const { operator } = net.nodes.find(({ key }) => key.address === victim.key)!
    const before = await token.balanceOf(operator.address)
    for (const node of net.nodes) await claim(node.operator, taskId)
    paid = (await token.balanceOf(operator.address)) - before
    const { rewardPerHeight } = await testTask(net)
    expect(paid >= (rewardPerHeight * BigInt(HEIGHTS)) / 4n).equal(true)
  })

  it('the audit confirms head and note that it signed, and what it has earned', async () => {
    const history = openHistory(net.rpcUrl, net.deployment)
    report = await runAudit(history, taskId).finally(() => history.close())
    expect(report.findings).deep.equal([])
    expect(report.unavailable).deep.equal([])
    expect(report.verdict).equal('verified')
    expect(report.gaps).deep.equal([])
    const [coSigned] = await net.connection.contracts.log.queryFilter(
      net.connection.contracts.log.filters.CoSigned(taskId),
    )
    expect([coSigned?.args.member, coSigned?.args.height]).deep.equal([BigInt(seat()), BigInt(EPOCH)])
    const log = report.logs.get(seat())!.filter(({ height }) => height <= EPOCH)
    expect(log.length).equal(Number(coSigned?.args.logSeq))
    expect(coSigned?.args.note, 'its log has a RESET').not.equal('0x')
    expect(log.some(({ event }) => event === 'RESET')).equal(true)
    const { operator } = net.nodes.find(({ key }) => key.address === victim.key)!
    const earned = report.money!.movements.filter(({ why }) => why.startsWith(`member ${seat()}: `))
    expect(earned.map(({ to, amount }) => [to, amount])).deep.equal([[operator.address, paid]])
    expect(earned[0]!.why).match(new RegExp(`^member ${seat()}: ${HEIGHTS} heights`))
  })
})
