/** A deployment that counts seconds, from the node's, the client's and the auditor's side. */
import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { claim, quit } from '../../src/adapters/evm/operator.ts'
import { auditTask } from '../../src/audit/audit-task.ts'
import { taskTimes } from '../../src/cli/task-params.ts'
import { seedAt } from '../../src/types/life.ts'
import type { Moment } from '../../src/types/moment.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, publishTask, startTestNetwork, testTask } from '../helpers/chain.ts'

const HOUR = 3_600
const WINDOWS = {
  ...{ taskBlocksMax: 2_000, closeGrace: 10, evidence: 30, reorgDepth: 3, jail: 20 },
  ...{ taskSecondsMax: 40 * HOUR, graceSeconds: 900, evidenceSeconds: 2 * HOUR },
  ...{ seedDelaySeconds: 300, jailSeconds: HOUR },
}

describe('a deployment that counts seconds', () => {
  let net: TestNetwork
  let chain: EvmChain
  let params: TaskParams
  let taskId: bigint

  before(async () => {
    net = await startTestNetwork({ windows: WINDOWS, unbondingBlocks: 3_000, unbondingSeconds: 45 * HOUR })
    const { rpcUrl, deployment } = net
    chain = await connect({ rpcUrl, deployment, privateKey: net.nodes[0]!.privateKey })
  })
  after(async () => {
    chain.close()
    await net.close()
  })

  const latest = (): Promise<Moment> => net.connection.latest()
  /** One block at this second, whose transactions wait meanwhile. */
  async function mineAt(time: number | bigint): Promise<void> {
    await net.connection.provider.send('evm_setNextBlockTimestamp', [`0x${BigInt(time).toString(16)}`])
    await net.mine(1)
  }
  const findings = async () => {
    const history = openHistory(net.rpcUrl, net.deployment)
    try {
      const { findings, unavailable, end } = auditTask(await history.read(taskId))
      return { findings, unavailable, end }
    } finally {
      history.close()
    }
  }

  it('takes a task with the times that the client’s defaults are', async () => {
    const at = await latest()
    const times = taskTimes(net.deployment.windows, Number(at.time), { joinBlocks: 20, nodes: 4 }, {})
    params = await testTask(net, { ...times, maxNodes: 4, minNodes: 3 + 1 })
    taskId = await publishTask(net, params)
    expect(times.stallSeconds).to.be.greaterThan(WINDOWS.graceSeconds)
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    await quit(net.nodes[3]!.operator, taskId, net.nodes[3]!.key.address)
    await joinTask(net.nodes[3]!.operator, taskId, net.nodes[3]!.key.address)
  })

  it('finds the seed block by time: the board takes it and nothing else', async () => {
    const seed = seedAt(params, { reorgDepth: 3n, seedDelaySeconds: 300n })
    await net.mineTo(Number(seed.number) + 5)
    expect(await chain.taskStatus(taskId)).to.equal('Open')
    expect(await chain.refusal(await chain.prepareForm(taskId, seed))).to.equal('TooEarly')
    await mineAt(seed.time - 1n)
    await mineAt(seed.time + 5n)
    const first = await latest()
    await mineAt(seed.time + 6n)
    await net.mine(20)
    // the block after it, given as if its number alone decided
    const other = { number: first.number + 1n, time: seed.time }
    expect(await chain.refusal(await chain.prepareForm(taskId, other))).to.equal('NotTheHeader')
    const outcome = await chain.send(await chain.prepareForm(taskId, seed))
    expect(outcome.kind).to.equal('mined')
    expect(await chain.taskStatus(taskId)).to.equal('Active')
  })

  it('is audited to the second: drawing, silence, escrow, claims', async () => {
    expect(await findings()).to.deep.include({ findings: [], unavailable: [] })
    await net.mine(params.stallBlocks + 1)
    expect(await chain.taskStatus(taskId)).to.equal('Active')
    const quiet = (await net.connection.contracts.log.head(taskId)).lastAt.time + BigInt(params.stallSeconds)
    await mineAt(quiet)
    expect(await chain.taskStatus(taskId)).to.equal('NoQuorum')
    const over = await findings()
    expect(over).to.deep.include({ findings: [], unavailable: [] })
    expect(over.end?.closedAt?.time).to.equal(quiet)
    await net.mine(40)
    await mineAt(quiet + BigInt(WINDOWS.evidenceSeconds))
    await claim(net.client, taskId)
    expect(await findings()).to.deep.include({ findings: [], unavailable: [] })
  })
})
