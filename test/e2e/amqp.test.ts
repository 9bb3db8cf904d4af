import { expect } from 'chai'
import { auditExitCode } from '../../src/audit/report.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { PrivateBroker } from '../helpers/private-broker.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'
import { skip } from '../helpers/skip.ts'

const NODES = 4
const HEIGHTS = 14
/** The broker is killed when a height from this one on was decided, … */
const KILLED_AT = 3
/** … and blocked at this one. */
const BLOCKED_AT = 8

describe('four processes over a broker that is killed, started anew and blocked', function () {
  this.timeout(600_000)
  let broker: PrivateBroker | null = null
  let network: FaultyNetwork | null = null
  let report: AuditReport
  /** The highest height that anybody had decided. */
  const height = (): number =>
    Math.max(0, ...network!.watch.of('height.decided').map(({ facts }) => Number(facts['height'])))
  const count = (event: string): number => network!.watch.of(event).length

  before(async function () {
    const made = await PrivateBroker.create()
    if (made === null) return skip(this, 'RabbitMQ is not installed')
    broker = made
    const { url } = made
    await made.start()
    network = await FaultyNetwork.create(NODES, url)
    for (const node of network.nodes) network.start(node)
    const taskId = await network.runTask(HEIGHTS, {})
    await network.until('the first heights', () => height() >= KILLED_AT)
    await made.kill()
    await network.until('all have lost the broker', () => count('broker.lost') === NODES)
    await made.start()
    await network.until('all are back', () => count('broker.open') === 2 * NODES)
    await network.until('heights after it', () => height() >= BLOCKED_AT)
    await made.block()
    await network.until('a node is blocked', () => count('broker.blocked') > 0)
    await made.unblock()
    await network.until('the result on chain', () => count('finalize.mined') > 0)
    report = await network.audit(taskId)
  })
  after(async () => {
    await network?.close()
    await broker?.close()
  })

  it('finish the task, and the audit finds nothing', () => {
    expect(report).to.deep.include({ heightsAnchored: HEIGHTS, heightsMax: HEIGHTS })
    expect(auditExitCode(report)).to.equal(EXIT.ok)
  })

  it('convict nobody', () => {
    expect(network!.watch.of('evidence.found')).to.deep.equal([])
  })

  it('are refused where a node with that key is connected', async () => {
    const [node] = network!.nodes
    const run = await rsdp(
      ...['node', 'run', '--data-dir', `${node!.dataDir}-twice`, '--key-file', `${node!.dataDir}/key`],
      ...['--rpc-url', network!.rpcUrl, '--deployment', network!.deploymentFile, '--transport', broker!.url],
    )
    expect([run.code, errorCode(run)]).to.deep.equal([EXIT.busy, 'E_ADDR_IN_USE'])
  })

  it('do not start without the broker, or with a user that it does not know', async () => {
    const [node] = network!.nodes
    await network!.stop(node!)
    const run = (transport: string): ReturnType<typeof rsdp> =>
      rsdp(
        ...['node', 'run', '--data-dir', node!.dataDir, '--rpc-url', network!.rpcUrl],
        ...['--deployment', network!.deploymentFile, '--transport', transport],
      )
    const stranger = await run(broker!.url.replace('guest:guest', 'guest:wrong-secret'))
    expect([stranger.code, errorCode(stranger)]).to.deep.equal([EXIT.precondition, 'E_BROKER_REFUSED'])
    expect(stranger.stdout + stranger.stderr).to.not.include('wrong-secret')
    await broker!.kill()
    const alone = await run(broker!.url)
    expect([alone.code, errorCode(alone)]).to.deep.equal([EXIT.unreachable, 'E_BROKER_UNREACHABLE'])
  })
})
