import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { NodeProcess } from '../../src/cli/local/node-process.ts'
import { Watch } from '../../src/cli/local/watch.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { publishTask, startTestNetwork } from '../helpers/chain.ts'
import type { FakeRpc, RpcRequest } from '../helpers/chain-rpc.ts'
import { rpcProxy } from '../helpers/chain-rpc.ts'
import { eventually } from '../helpers/eventually.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { rsdp } from '../helpers/rsdp.ts'

const PATIENCE_MS = 300_000

describe('a node over two endpoints', function () {
  this.timeout(900_000)
  let net: TestNetwork
  let proxy: FakeRpc
  let dir: string
  let node: NodeProcess
  let spoil: (request: RpcRequest, result: unknown) => unknown
  const watch = new Watch()
  const honest = (_: RpcRequest, result: unknown): unknown => result
  before(async () => {
    spoil = honest
    net = await startTestNetwork({ nodes: 1, blockMs: 250 })
    proxy = await rpcProxy(
      net.rpcUrl,
      () => false,
      (request, result) => spoil(request, result),
    )
    dir = mkdtempSync(join(tmpdir(), 'rsdp-endpoints-'))
    writeFileSync(join(dir, 'key'), `${net.nodes[0]!.privateKey}\n`, { mode: 0o600 })
    node = new NodeProcess({
      name: 'alice',
      args: ['--data-dir', dir, '--listen', '/ip4/127.0.0.1/tcp/0', ...urls(), '--no-join'],
      onEvent: (event) => watch.take('alice', event),
    })
    await eventually(() => watch.of('node.ready').length > 0, PATIENCE_MS)
  })
  after(async () => {
    await node.stop(10_000)
    await proxy.close()
    await net.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const urls = (): string[] => [
    '--rpc-url',
    net.rpcUrl,
    '--rpc-url',
    proxy.url,
    '--deployment',
    net.deploymentFile,
  ]
  /** The command, again while a busy machine keeps the endpoints from answering in time. */
  async function answered(...args: readonly string[]): Promise<CliRun> {
    let run = await rsdp(...args)
    for (let times = 0; times < 10 && (run.stdout + run.stderr).includes('E_RPC_DOWN'); times += 1)
      run = await rsdp(...args)
    return run
  }
  const troubles = (): unknown[] => watch.of('endpoint.trouble').map(({ facts }) => facts['kind'])

  it('one leaves events out: it is named in the log and by node status, the node stays ready', async () => {
    spoil = ({ method }, result) => (method === 'eth_getLogs' ? [] : result)
    await publishTask(net, { minNodes: 4, maxNodes: 4 })
    await eventually(() => troubles().includes('logs'), PATIENCE_MS)
    const [said] = watch.of('endpoint.trouble')
    expect(said?.facts['endpoint']).equal(new URL(proxy.url).origin)
    spoil = honest
    const isOver = new RegExp(`endpoint ${new URL(proxy.url).origin} .*troubles so far: 1`)
    let status = await rsdp('node', 'status', '--data-dir', dir)
    // it is over with the next page of events, which comes with a block
    for (let times = 0; times < 20 && !isOver.test(status.stdout); times += 1)
      status = await rsdp('node', 'status', '--data-dir', dir)
    expect(status.code, status.stdout).equal(0)
    expect(status.stdout).match(isOver)
    expect(status.stdout).match(new RegExp(`endpoint ${net.rpcUrl} +nothing wrong$`, 'm'))
  })

  it('one goes to a fork: the node follows what it has read, commands end with E_RPC_FORK', async () => {
    const from = await net.connection.provider.getBlockNumber()
    spoil = ({ method, params }, result) =>
      method === 'eth_getBlockByNumber' && Number(params[0]) >= from - 20 && result !== null
        ? { ...(result as object), hash: id(`fork ${String(params[0])}`) }
        : result
    await eventually(() => troubles().includes('fork'), PATIENCE_MS)
    const status = await rsdp('node', 'status', '--data-dir', dir, '--json')
    expect(status.stdout).include('"kind":"fork"')
    const list = await answered('task', 'list', ...urls())
    expect(list.code).equal(4)
    expect(list.stderr).include('E_RPC_FORK')
    const doctor = await answered('doctor', ...urls())
    expect(doctor.code).equal(4)
    expect(doctor.stdout).include('E_RPC_FORK')
    spoil = honest
  })

  it('one is gone: node and commands go on, doctor names it', async () => {
    await proxy.close()
    await eventually(() => troubles().includes('down'), PATIENCE_MS)
    const doctor = await rsdp('doctor', ...urls())
    expect(doctor.stdout).match(new RegExp(`▲ warn endpoint +${new URL(proxy.url).origin} down:`))
    const list = await answered('task', 'list', ...urls())
    expect(list.code, list.stderr).equal(0)
    const log = readFileSync(join(dir, 'node.log'), 'utf8')
    expect(log).include('"endpoint.trouble"')
    expect(node.exitCode).equal(null)
  })
})
