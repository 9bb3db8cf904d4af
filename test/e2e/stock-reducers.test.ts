import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { RsdpClient } from '../../src/api/client.ts'
import { readDeployment } from '../../src/adapters/evm/deployment.ts'
import type { LocalNetwork } from '../../src/cli/local/network.ts'
import { startLocalNetwork } from '../../src/cli/local/network.ts'
import { toHex } from '../../src/codec/hex.ts'
import { findReducer, hasTwin, reducerIds } from '../../src/reducers/catalog.ts'
import { DEFAULT_POLICY } from '../../src/services/policy.ts'
import { services } from '../../src/services/services.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { observed } from '../helpers/services-inputs.ts'

const NODES = 4
const NOTHING = `0x${'00'.repeat(32)}`
const choice = (byte: string): string => `0x${byte.repeat(32)}`

/** What node i brings to a task, and what the members must agree on; the task's params by their names. */
const CASES: Readonly<
  Record<string, { params: string; input: (i: number) => unknown; agreed: Readonly<Record<string, unknown>> }>
> = {
  'rate-limit@1': {
    params: '{"budget":100,"demandMax":60}',
    input: (i) => ({ budget: 0n, rows: [{ member: 0, demand: BigInt(10 * (i + 1)), share: 0n }] }),
    agreed: { budget: '100' },
  },
  'time-slots@1': {
    params: '{"slots":4}',
    input: (i) => ({
      seed: NOTHING,
      period: 1n,
      slots: 0,
      rows: [{ member: 0, granted: 0n, wanted: 1n << BigInt(i) }],
    }),
    agreed: { slots: 4 },
  },
  'popular-value@1': {
    params: '{}',
    input: (i) => ({
      seed: NOTHING,
      value: NOTHING,
      count: 0,
      rows: [{ member: 0, value: choice(i < 3 ? '11' : '22') }],
    }),
    agreed: { value: choice('11') },
  },
  'median@1': {
    params: '{"min":-40000,"max":85000}',
    input: (i) => ({ median: 0n, rows: [{ member: 0, value: BigInt(i === 3 ? 80_000 : 21_500) }] }),
    agreed: { median: '21500' },
  },
  'weighted-vote@1': {
    params: '{"weightMin":1,"weightMax":5}',
    input: (i) => ({
      seed: NOTHING,
      choice: NOTHING,
      share: 0n,
      rows: [{ member: 0, choice: choice(i === 0 ? '11' : '22'), weight: i === 0 ? 5n : 1n }],
    }),
    agreed: { choice: choice('11') },
  },
}

const TWINNED = reducerIds().filter(hasTwin)

describe('every stock reducer with a twin, by its name, on four nodes', function () {
  this.timeout(600_000)
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-stock-'))
  const deployment = join(folder, 'deployment.json')
  let network: LocalNetwork

  const run = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const place = ['--rpc-url', network.rpcUrl, '--deployment', deployment, '--json']
    const { code, stdout, stderr } = await rsdpHere(...args, ...place)
    expect(code, `rsdp ${args.join(' ')}: ${stdout}${stderr}`).to.equal(0)
    return JSON.parse(stdout) as Record<string, unknown>
  }
  const clientOf = (dataDir: string): RsdpClient =>
    new RsdpClient(
      JSON.parse(readFileSync(join(dataDir, 'control.json'), 'utf8')) as { port: number; token: string },
    )

  before(async () => {
    network = await startLocalNetwork({
      nodes: NODES,
      port: 0,
      blockMs: 250,
      dataDir: folder,
      deploymentFile: deployment,
      faults: new Map(),
      feed: [...TWINNED, services.id],
      withTwins: true,
      say: () => undefined,
      signal: new AbortController().signal,
      onEvent: () => undefined,
    })
  })
  after(async () => {
    await network.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('there is a case for each', () => {
    expect(Object.keys(CASES).toSorted()).to.deep.equal(TWINNED.toSorted())
  })

  for (const [name, { params, input, agreed }] of Object.entries(CASES))
    it(`${name}: agreed, provable, audited`, async () => {
      const size = [
        '--nodes',
        String(NODES),
        '--heights',
        '2',
        '--epoch',
        '2',
        '--factor',
        '20',
        '--join-blocks',
        '40',
      ]
      const published = await run(
        'task',
        'publish',
        '--reducer',
        name,
        '--params',
        params,
        '--provable',
        ...size,
      )
      const twins = (await readDeployment(deployment)).twins
      const { taskId, params: terms } = published['data'] as { taskId: string; params: { twin: string } }
      expect(terms.twin.toLowerCase()).to.equal(twins?.[name])
      const task = BigInt(taskId)
      const { state } = findReducer(name)!
      for (const [i, { dataDir }] of network.nodes.entries()) {
        const client = clientOf(dataDir)
        const known = async (): Promise<boolean> =>
          (await client.tasks()).tasks.some((one) => one.task === taskId && one.reducer === name)
        while (!(await known())) await sleep(50)
        await client.setInput(task, toHex(state.encode(input(i))))
      }
      const place = ['--rpc-url', network.rpcUrl, '--deployment', deployment]
      expect((await rsdpHere('task', 'watch', taskId, '--timeout', '120', ...place)).code).to.equal(0)
      const { data } = (await run('task', 'result', taskId)) as { data: { reducer: string; value: object } }
      expect(data.reducer).to.equal(name)
      expect(data.value).to.deep.include(agreed)
      const report = (await run('audit', taskId)) as { data: { verdict: string } }
      expect(report.data.verdict).to.equal('verified')
    })

  it('services@1: its heights go on from each other, audited with the inputs of a member', async () => {
    const params = JSON.stringify(DEFAULT_POLICY)
    const size = ['--nodes', String(NODES), '--heights', '3', '--epoch', '3', '--factor', '20']
    const published = await run(
      ...['task', 'publish', '--reducer', services.id, '--params', params],
      ...[...size, '--join-blocks', '40'],
    )
    const { taskId } = published['data'] as { taskId: string }
    const capacity = { cpu: 800, memory: 1600, throughput: 1000, transactions: 300 }
    for (const [i, { dataDir }] of network.nodes.entries()) {
      const client = clientOf(dataDir)
      const known = async (): Promise<boolean> =>
        (await client.tasks()).tasks.some((one) => one.task === taskId && one.reducer === services.id)
      while (!(await known())) await sleep(50)
      const own = { capacity, cpu: 100 * i, memory: 10, throughput: 10, transactions: 10, lockContention: 0 }
      const input = observed({ clock: { clockMs: 5_000 + i }, metrics: { own: [own], peers: [] } })
      await client.setInput(BigInt(taskId), toHex(services.state.encode(input)))
    }
    const place = ['--rpc-url', network.rpcUrl, '--deployment', deployment]
    expect((await rsdpHere('task', 'watch', taskId, '--timeout', '120', ...place)).code).to.equal(0)
    const { data } = (await run('task', 'result', taskId)) as {
      data: { value: { header: object; metrics: { rows: object[] } } }
    }
    expect(data.value.header).to.deep.include({ heights: 3 })
    expect(data.value.metrics.rows.length).to.be.greaterThan(2)
    const bodies = network.nodes[0]!.dataDir
    const report = (await run('audit', taskId, '--bodies', bodies)) as { data: { verdict: string } }
    expect(report.data.verdict).to.equal('verified')
  })
})
