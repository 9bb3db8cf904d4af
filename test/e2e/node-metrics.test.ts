import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { seriesMax } from '../../src/adapters/system/metrics-registry.ts'
import { PROCESS_METRICS } from '../../src/adapters/system/process-metrics.ts'
import { readControl } from '../../src/cli/control/file.ts'
import { NODE_METRICS } from '../../src/compose/metrics/specs.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import type { Sample } from '../helpers/parse-metrics.ts'
import { parseMetrics } from '../helpers/parse-metrics.ts'
import { secretIn } from '../helpers/secret-scan.ts'
import { untar } from '../helpers/untar.ts'

const NODES = 4
const HEIGHTS = 2
const ASKED = [
  '/healthz',
  '/readyz',
  '/status',
  '/v1/openapi.json',
  '/v1/tasks',
  '/v1/tasks/1/state',
  '/v1/tasks/1/heights',
]

describe('metrics of nodes that run, and what they keep to themselves', function () {
  this.timeout(300_000)
  let network: FaultyNetwork

  before(async () => {
    network = await FaultyNetwork.create(NODES)
    network.also = (node) => (node === network.nodes[0] ? ['--ui-port', '0'] : [])
    for (const node of network.nodes) network.start(node)
    const taskId = await network.runTask(HEIGHTS, {})
    await network.until('the result on chain', () => network.said('finalize.mined', taskId).length > 0)
  })
  after(() => network.close())

  const urlOf = (node: number): string =>
    `http://127.0.0.1:${readControl(network.nodes[node]!.dataDir)!.port}`
  const textOf = async (url: string): Promise<string> => (await fetch(url)).text()
  const scrape = async (node: number): Promise<readonly Sample[]> =>
    parseMetrics(await textOf(`${urlOf(node)}/metrics`)).samples

  it('serves every metric of the page, in a bounded number of series', async () => {
    const { types } = parseMetrics(await textOf(`${urlOf(0)}/metrics`))
    const specs = { ...NODE_METRICS, ...PROCESS_METRICS }
    expect(Object.keys(types)).deep.equal(Object.keys(specs))
    expect((await scrape(0)).length).most(seriesMax(specs))
  })

  it('counts what has happened', async () => {
    const all = await Promise.all(network.nodes.map((_, i) => scrape(i)))
    const value = (samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number =>
      samples
        .filter((one) => one.name === name)
        .filter((one) => Object.entries(labels).every(([label, text]) => one.labels[label] === text))
        .reduce((sum, one) => sum + one.value, 0)
    for (const samples of all) {
      expect(value(samples, 'rsdp_node_ready')).equal(1)
      expect(value(samples, 'rsdp_heights_decided_total')).equal(HEIGHTS)
      expect(value(samples, 'rsdp_peers', { state: 'connected' })).equal(NODES - 1)
      expect(value(samples, 'rsdp_messages_total', { direction: 'in' })).above(0)
      expect(value(samples, 'rsdp_phase_duration_seconds_count', { phase: 'DEBATE' })).least(HEIGHTS)
      expect(value(samples, 'rsdp_wallet_balance_eth')).above(9).and.below(10.1)
      expect(value(samples, 'rsdp_convictions_total')).equal(0)
    }
    const sent = (kind: string): number =>
      all.reduce(
        (sum, samples) => sum + value(samples, 'rsdp_anchor_transactions_total', { kind, result: 'mined' }),
        0,
      )
    expect([sent('checkpoint'), sent('finalize')]).deep.equal([1, 1])
  })

  const pageUrl = (): string => String(network.watch.of('ui.listening')[0]?.facts['url'])

  it('serves the dashboard to whoever asks for it: what it has said itself, and where the chain is', async () => {
    const { key } = network.nodes[0]!
    expect(await textOf(pageUrl())).include('<!doctype html>')
    const { rpcUrl, nodes } = JSON.parse(await textOf(`${pageUrl()}/setup.json`)) as Record<string, unknown>
    expect({ rpcUrl, nodes }).deep.equal({ rpcUrl: network.rpcUrl, nodes: [{ name: 'here', key }] })
    const state = await textOf(`${pageUrl()}/nodes/here/tasks/1/heights/${HEIGHTS}`)
    expect(state).include('0x')
    const feed = (await fetch(`${pageUrl()}/feed`)).body!.getReader()
    let told = ''
    while (!told.includes('\n\n')) told += Buffer.from((await feed.read()).value).toString()
    await feed.cancel()
    for (const part of ['event: snapshot', '"here"', `"height":${HEIGHTS}`]) expect(told).include(part)
    expect((await fetch(pageUrl(), { method: 'POST' })).status).equal(405)
  })

  const secretsOf = (): readonly string[] =>
    network.nodes.flatMap(({ dataDir }) => {
      const key = readFileSync(join(dataDir, 'key'), 'utf8').trim().replace(/^0x/, '')
      expect(key).match(/^[0-9a-f]{64}$/i)
      return [key, readControl(dataDir)!.token]
    })

  it('no key and no token is in a log, a metric or an answer of the API', async () => {
    const secrets = secretsOf()
    expect(new Set(secrets).size).equal(2 * NODES)
    const texts = await Promise.all(
      network.nodes.flatMap(({ dataDir }, i) => [
        Promise.resolve(readFileSync(join(dataDir, 'node.log'), 'utf8')),
        ...['/metrics', ...ASKED].map((path) => textOf(`${urlOf(i)}${path}`)),
      ]),
    )
    texts.push(await textOf(`${pageUrl()}/setup.json`))
    for (const text of texts) {
      expect(text.length).above(0)
      for (const secret of secrets) expect(text.toLowerCase().includes(secret.toLowerCase())).equal(false)
    }
  })

  it('nor in a support bundle, which has the log and what the node says', async () => {
    const { dataDir } = network.nodes[0]!
    const out = join(dataDir, 'bundle.tar.gz')
    const chain = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile]
    const run = await rsdpHere('support-bundle', '--data-dir', dataDir, '--out', out, ...chain)
    expect(run.code, run.stderr).equal(0)
    const archive = readFileSync(out)
    for (const secret of secretsOf())
      for (const bytes of [archive, gunzipSync(archive), Buffer.from(run.stdout + run.stderr)])
        expect(secretIn(bytes, secret)).equal(null)
    const files = new Map([...untar(archive)].map(([name, bytes]) => [name.split('/')[1], bytes.toString()]))
    expect(files.get('node.log')).include('"event":"height.decided"')
    expect(files.get('metrics.txt')).include('rsdp_node_ready 1')
    expect(files.get('status.json')).include('"ready": true')
    expect(files.get('doctor.json')).include('code hashes are those of')
    expect(files.get('deployment.json')).include('"TaskBoard"')
  })
})
