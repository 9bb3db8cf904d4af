import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runToEnd, withoutNetwork } from '../helpers/no-network.ts'
import type { Ended } from '../helpers/no-network.ts'
import { skip } from '../helpers/skip.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LAST_LINES = 40

/** Prints its interfaces, whether loopback carries a connection, and why the rest of the world is out of reach. */
const PROBE = `
  const net = require('node:net')
  const reach = (port, host) => new Promise((resolve) => {
    const socket = net.connect({ port, host, timeout: 5000 })
    socket.on('connect', () => { socket.destroy(); resolve('reached') })
    socket.on('timeout', () => { socket.destroy(); resolve('timeout') })
    socket.on('error', (error) => resolve(error.code))
  })
  const server = net.createServer().listen(0, '127.0.0.1', async () => {
    const loopback = await reach(server.address().port, '127.0.0.1')
    const world = await reach(443, '192.0.2.1')
    const dns = await require('node:dns').promises.lookup('example.com').then(() => 'resolved', (e) => 'failed')
    console.log(JSON.stringify({ interfaces: Object.keys(require('node:os').networkInterfaces()), loopback, world, dns }))
    server.close()
  })`

describe('without network', function () {
  this.timeout(20 * 60_000)
  let prefix: readonly string[] = []

  before(function () {
    const found = withoutNetwork()
    if ('reason' in found) skip(this, found.reason)
    prefix = found.prefix
  })

  function offline(command: readonly string[]): Promise<Ended> {
    const env: NodeJS.ProcessEnv = { ...process.env, RSDP_TEST_NESTED: '1' }
    delete env['RSDP_TEST_COUNTS']
    delete env['RSDP_TEST_REPORTER']
    return runToEnd([...prefix, ...command], root, env)
  }

  function expectSuccess({ code, output }: Ended): void {
    expect(
      code,
      `exit code; the end of its output:\n${output.split('\n').slice(-LAST_LINES).join('\n')}`,
    ).equal(0)
  }

  it('(there is really none, only loopback)', async () => {
    const probe = await offline([process.execPath, '-e', PROBE])
    expectSuccess(probe)
    expect(JSON.parse(probe.output)).deep.equal({
      interfaces: ['lo'],
      loopback: 'reached',
      world: 'ENETUNREACH',
      dns: 'failed',
    })
  })

  it('./rsdp demo works', async function () {
    if (!existsSync(join(root, 'src/cli/main.ts'))) skip(this, 'the command line does not exist yet')
    expectSuccess(await offline(['./rsdp', 'demo']))
  })

  // the demo starts a chain, nodes and an audit: what other suites need is the same
  it('npm test works', async () => {
    const run = await offline(['npm', 'test', '--', '--suite', 'scenarios'])
    expectSuccess(run)
    expect(run.output.trimEnd().split('\n').at(-1)).match(/^[1-9]\d* passed, 0 failed, \d+ skipped$/)
  })
})
