import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { auditExitCode } from '../../src/audit/report.ts'
import { readControl } from '../../src/cli/control/file.ts'
import { waitFor } from '../../src/cli/local/watch.ts'
import type { StoredHeight } from '../../src/ports/store.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'
import type { RecordedNode } from '../helpers/wire-recorder-network.ts'
import { RecordedNetwork } from '../helpers/wire-recorder-network.ts'

const HEIGHTS = 16
const EPOCH = 4
const LEAVE_HEIGHT = 4
/** One second per height: a busy machine must still give its order in mid-run. */
const SLOT_TICKS = 20

const dataOf = ({ stdout }: CliRun): unknown => (JSON.parse(stdout) as { data: unknown }).data

describe('orders to running nodes', function () {
  this.timeout(240_000)
  let network: RecordedNetwork
  let report: AuditReport
  let heights: StoredHeight[]
  let leaver: RecordedNode
  let taskId: bigint
  const runs: Record<string, CliRun> = {}

  const dirOf = ({ args }: RecordedNode): string => args[args.indexOf('--data-dir') + 1]!
  const order = (node: RecordedNode, command: readonly string[]): Promise<CliRun> =>
    rsdpHere('node', ...command, '--data-dir', dirOf(node), '--json')

  before(async () => {
    network = await RecordedNetwork.create(5)
    const [alice, bob, carol] = network.nodes as [RecordedNode, RecordedNode, RecordedNode]
    leaver = carol
    runs['before'] = await order(alice, ['status'])
    for (const node of network.nodes) node.start()
    taskId = await network.runTask(HEIGHTS, { epochHeights: EPOCH, slotTicks: SLOT_TICKS })
    runs['status'] = await order(alice, ['status'])
    runs['stranger'] = await order(carol, ['leave', '99', '--yes'])
    runs['silent'] = await order(carol, ['leave', String(taskId)])
    await network.until('the time to leave', () => alice.height >= LEAVE_HEIGHT)
    runs['leave'] = await order(carol, ['leave', String(taskId), '--yes'])
    // the CLOSE is on record: the next process of the same node has to go on with it
    await carol.kill()
    runs['killed'] = await order(carol, ['status'])
    carol.start()
    await network.until('the result on chain', () =>
      network.nodes.some(({ watch }) => watch.of('finalize.mined').length > 0),
    )
    runs['over'] = await order(alice, ['leave', String(taskId), '--yes'])
    // after a restart it knows the end only once the others have told it
    await waitFor(
      async () => {
        runs['left'] = await order(carol, ['status'])
        return runs['left'].stdout.includes('"membership":"left"')
      },
      { what: 'the leaver has left', timeoutMs: 60_000, signal: new AbortController().signal, nodes: [] },
    )
    report = await network.audit(taskId)
    runs['stop'] = await order(bob, ['stop'])
    await bob.ended()
    heights = decidedBy(bob)
  })
  after(() => network.close())

  function decidedBy(node: RecordedNode): StoredHeight[] {
    const { deploymentId } = network.connection.deployment
    const store = openStore({ dataDir: dirOf(node), key: node.key, deploymentId })
    try {
      return store.heights(report.cluster!.id, 1, HEIGHTS)
    } finally {
      store.close()
    }
  }

  it('status shows the task, and says when no node runs, before the first and after a killed one', () => {
    expect((dataOf(runs['status']!) as { health: { tasks: unknown[] } }).health.tasks).length(1)
    for (const run of [runs['before']!, runs['killed']!])
      expect([run.code, errorCode(run)]).deep.equal([EXIT.precondition, 'E_NODE_NOT_RUNNING'])
  })

  it('leave is refused for a task it is not in, and asks before it signs', () => {
    expect([runs['stranger']!.code, errorCode(runs['stranger']!)]).deep.equal([3, 'E_NOT_MEMBER'])
    expect([runs['silent']!.code, errorCode(runs['silent']!)]).deep.equal([2, 'E_NEEDS_INPUT'])
  })

  it('leave answers once the CLOSE is signed, and the node leaves though it was killed then', () => {
    expect(runs['leave']!.code, runs['leave']!.stderr).equal(EXIT.ok)
    expect(dataOf(runs['leave']!)).deep.equal({ taskId: String(taskId), membership: 'leaving' })
    const { health } = dataOf(runs['left']!) as { health: { tasks: { membership: string }[] } }
    expect(health.tasks.map(({ membership }) => membership)).deep.equal(['left'])
  })

  it('one list holds the CLOSE, and the leaver is in none after it', () => {
    const member = report.cluster!.members.findIndex(({ key }) => key === leaver.key)
    const lists = heights.map(({ decided }) => decided.inputs)
    const closing = lists.flatMap((inputs, i) =>
      inputs.some(({ object }) => object.type === 'close') ? [i + 1] : [],
    )
    expect(closing).length(1)
    expect(closing[0]).greaterThan(LEAVE_HEIGHT).and.lessThan(HEIGHTS)
    const later = lists.slice(closing[0]).flatMap((inputs) => inputs.map((input) => input.member))
    expect(later).not.include(member)
  })

  it('the others finish the task, and the audit passes over t5 and t7', () => {
    expect(report.findings).deep.equal([])
    expect(auditExitCode(report)).equal(EXIT.ok)
    expect(report.heightsAnchored).equal(HEIGHTS)
    const { t5, t7 } = report.counts.transitionsByEvent
    expect(t5).at.least(4)
    expect(t7).equal(t5)
  })

  it('a task whose heights are all decided cannot be left', () => {
    expect([runs['over']!.code, errorCode(runs['over']!)]).deep.equal([3, 'E_TASK_OVER'])
  })

  it('stop ends the process in order and takes the way to it away', () => {
    expect(runs['stop']!.code, runs['stop']!.stderr).equal(EXIT.ok)
    const bob = network.nodes[1]!
    expect(bob.watch.of('node.stopped')).length(1)
    expect(readControl(dirOf(bob))).equal(null)
  })

  it('what gives orders is for the owner of the data directory only', async () => {
    const dir = dirOf(network.nodes[0]!)
    const file = join(dir, 'control.json')
    expect(statSync(file).mode & 0o777).equal(0o600)
    const control = readControl(dir)!
    const ask = (token: string, method = 'POST'): Promise<Response> =>
      fetch(`http://127.0.0.1:${control.port}/v1/stop`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(method === 'POST' ? { body: '{}' } : {}),
      })
    expect((await ask('0'.repeat(64))).status).equal(401)
    expect((await ask(control.token, 'GET')).status).equal(405)
    expect(network.nodes[0]!.isUp).equal(true)
    expect(readFileSync(join(dir, 'node.log'), 'utf8')).not.include(control.token)
  })

  it('the file of a node that was killed gives no other process orders', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'rsdp-control-'))
    try {
      const control = readControl(dirOf(network.nodes[0]!))!
      const token = 'f'.repeat(64)
      writeFileSync(join(scratch, 'control.json'), JSON.stringify({ ...control, token }))
      const run = await rsdpHere('node', 'stop', '--data-dir', scratch)
      expect([run.code, errorCode(run)]).deep.equal([EXIT.precondition, 'E_NODE_NOT_RUNNING'])
      expect(network.nodes[0]!.isUp).equal(true)
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  })
})
