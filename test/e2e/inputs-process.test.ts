import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { id } from 'ethers'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { registerNodes } from '../../src/cli/local/register-nodes.ts'
import { startNodes, stopNodes } from '../../src/cli/local/start-nodes.ts'
import type { Digest } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { eventually } from '../helpers/eventually.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'
import { skip } from '../helpers/skip.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const PATIENCE_MS = 300_000

/** A real process whose streams lead where a test says. */
class Run {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  code: number | null = null

  constructor(args: readonly string[], stdio: StdioOptions) {
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], { stdio })
    this.child.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()))
    this.child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()))
    this.child.once('exit', (code, signal) => (this.code = code ?? (signal === null ? 1 : 128)))
  }

  async ended(): Promise<number | null> {
    await eventually(() => this.code !== null, PATIENCE_MS)
    return this.code
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.code === null) this.child.kill(signal)
    return this.ended()
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('streams, disks and ports of real processes', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let nodes: LocalNode[]
  const runs: Run[] = []

  before(async () => {
    net = await startTestNetwork({ nodes: 0, blockMs: 500 })
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-process-'))
    nodes = await registerNodes(net.connection, 5, scratch)
  })
  after(async () => {
    await Promise.all(runs.map((run) => run.stop()))
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  const start = (args: readonly string[], stdio: StdioOptions): Run => {
    const run = new Run(args, stdio)
    runs.push(run)
    return run
  }
  const chain = (rpcUrl = net.rpcUrl): string[] => ['--rpc-url', rpcUrl, '--deployment', net.deploymentFile]
  function runNode({ dataDir, listen, hold }: LocalNode, stdio: StdioOptions, rpcUrl?: string): Run {
    hold.release()
    return start(['node', 'run', '--data-dir', dataDir, '--listen', listen, ...chain(rpcUrl)], stdio)
  }
  const logOf = ({ dataDir }: LocalNode): string => {
    const path = join(dataDir, 'node.log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  const isReady = async ({ dataDir }: LocalNode): Promise<boolean> =>
    (await rsdpHere('node', 'status', '--data-dir', dataDir)).code === 0

  it('a node goes on when nobody reads its output any more, and its log file stays', async () => {
    const [node] = nodes as [LocalNode]
    const run = runNode(node, ['ignore', 'pipe', 'pipe'])
    await new Promise((resolve) => run.child.stdout!.once('data', resolve))
    // as `| head -1` does, and a log collector that is started again
    run.child.stdout!.destroy()
    run.child.stderr!.destroy()
    await eventually(() => logOf(node).includes('node.ready'), PATIENCE_MS)
    expect((await rsdpHere('node', 'leave', '9', '--data-dir', node.dataDir, '--yes')).code).equal(3)
    await eventually(() => logOf(node).includes('task.leave'), PATIENCE_MS)
    expect([run.code, await isReady(node)]).deep.equal([null, true])
    expect(await run.stop()).equal(143)
    expect(logOf(node)).include('node.stopped')
  })

  it('a network that is killed leaves no node behind: each stops in order', async () => {
    const [node] = nodes as [LocalNode]
    const started = logOf(node).length
    const script = join(scratch, 'network.mts')
    const args = ['--data-dir', node.dataDir, '--listen', node.listen, ...chain()]
    const home = JSON.stringify(
      fileURLToPath(new URL('../../src/cli/local/node-process.ts', import.meta.url)),
    )
    writeFileSync(
      script,
      `import { NodeProcess } from ${home}
      const { pid } = new NodeProcess({ name: 'dave', args: ${JSON.stringify(args)}, onEvent: ({ event }) => {
        if (event === 'node.ready') console.log(pid)
      } })`,
    )
    const network = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script])
    let printed = ''
    network.stdout.on('data', (data: Buffer) => (printed += data.toString()))
    await eventually(() => printed !== '', PATIENCE_MS)
    network.kill('SIGKILL')
    const pid = Number(printed)
    await eventually(() => !isRunning(pid), PATIENCE_MS)
    expect(logOf(node).slice(started)).include('node.stopped')
  })

  it('a node does not wait for a reader that reads nothing, nor for a full disk behind stdout', async () => {
    const [, node, other] = nodes as [LocalNode, LocalNode, LocalNode]
    const fifo = join(scratch, 'fifo')
    execFileSync('mkfifo', [fifo])
    // a pipe that is full before the node begins: waiting for its reader would be for ever
    const filler = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    expect(() => {
      for (;;) writeSync(filler, Buffer.alloc(4_096, '.'))
    }).throw(/EAGAIN/)
    const stdout = openSync(fifo, 'r+')
    const run = runNode(node, ['ignore', stdout, 'pipe'])
    await eventually(() => logOf(node).includes('node.ready'), PATIENCE_MS)
    expect((await rsdpHere('node', 'leave', '9', '--data-dir', node.dataDir, '--yes')).code).equal(3)
    expect(await isReady(node)).equal(true)
    if (existsSync('/dev/full')) {
      const full = openSync('/dev/full', 'w')
      const blocked = runNode(other, ['ignore', full, full])
      closeSync(full)
      await eventually(() => logOf(other).includes('node.ready'), PATIENCE_MS)
      expect(await blocked.stop()).equal(143)
    }
    expect(await run.stop()).equal(143)
    for (const file of [filler, stdout]) closeSync(file)
  })

  it('commands end quietly, with their own exit code, when nobody reads their result', async () => {
    const unread = async (...args: readonly string[]): Promise<Run> => {
      const run = start(args, ['ignore', 'pipe', 'pipe'])
      run.child.stdout!.destroy()
      await run.ended()
      return run
    }
    const help = await unread('--help')
    const list = await unread('task', 'list', ...chain())
    const failed = await unread('audit', '77', '--json', ...chain())
    expect([help.code, list.code, failed.code]).deep.equal([0, 0, 3])
    expect([help.stderr, list.stderr]).deep.equal(['', ''])
    expect(failed.stderr).match(/^error\[E_NO_TASK\]/m)
    for (const { stderr } of [help, list, failed]) expect(stderr).not.match(/EPIPE|at .+:\d+:\d+/)
  })

  it('a result that does not fit the disk behind stdout is said to be lost', async function () {
    if (!existsSync('/dev/full')) skip(this, 'this system has no /dev/full')
    const full = openSync('/dev/full', 'w')
    const run = start(['task', 'list', ...chain()], ['ignore', full, 'pipe'])
    closeSync(full)
    expect(await run.ended()).equal(3)
    expect(run.stderr).match(/^error\[E_OUTPUT\]: .*ENOSPC/)
  })

  it('a disk that cannot be written is told as that, at every place where a node writes', async () => {
    const [, , , node] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    writeFileSync(join(scratch, 'file'), '')
    const words = [
      'node',
      'run',
      ...chain(),
      '--listen',
      node.listen,
      '--key-file',
      join(node.dataDir, 'key'),
    ]
    const blocked = join(scratch, 'blocked')
    // where the control file would be put together
    const places = {
      log: join(scratch, 'file', 'deeper'),
      logIsFolder: join(scratch, 'log-folder'),
    }
    mkdirSync(join(places.logIsFolder, 'node.log'), { recursive: true })
    for (const [what, dir] of Object.entries(places)) {
      const run = await rsdp(...words, '--data-dir', dir)
      expect([run.code, errorCode(run)], what).deep.equal([3, 'E_DISK'])
    }
    mkdirSync(join(blocked, 'control.json'), { recursive: true })
    node.hold.release()
    const control = await rsdp(...words, '--data-dir', blocked)
    expect([control.code, errorCode(control)]).deep.equal([3, 'E_DISK'])
    expect(readFileSync(join(blocked, 'node.log'), 'utf8')).match(/"event":"node.failed"|node.failed/)
    for (const made of [
      await rsdp('keys', 'list', '--json', '--keys-dir', join(scratch, 'file')),
      await rsdp('evidence', 'show', '1', '1', '--out', '/dev/full', ...chain()),
    ])
      expect(errorCode(made) ?? 'none').not.equal('E_BUG')
  })

  it('a full disk under the log costs lines, not the node', async function () {
    if (!existsSync('/dev/full')) skip(this, 'this system has no /dev/full')
    const [, , , , node] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode, LocalNode]
    symlinkSync('/dev/full', join(node.dataDir, 'node.log'))
    const run = runNode(node, ['ignore', 'ignore', 'pipe'])
    const status = await rsdp('node', 'status', '--data-dir', node.dataDir, '--wait', '120')
    expect(status.code, status.stderr + run.stderr).equal(0)
    expect(await run.stop()).equal(143)
  })

  it('a re-org deeper than the depth is in node.log, with a way on', async () => {
    const [, , , node] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    const { deploymentId } = net.connection.deployment
    const store = openStore({ dataDir: node.dataDir, key: node.key, deploymentId })
    store.setCursor(3, id('a block that is gone') as Digest)
    store.close()
    const run = runNode(node, ['ignore', 'ignore', 'ignore'])
    expect(await run.ended()).equal(6)
    const failed = logOf(node)
      .split('\n')
      .find((line) => line.includes('node.failed'))!
    expect(failed).include('E_REORG').and.include('After a deep re-org')
  })

  it('node status and watch tell that a node is not ready, the one by its exit code', async () => {
    const [node] = nodes as [LocalNode]
    const { hostname, port } = new URL(net.rpcUrl)
    const sockets = new Set<Socket>()
    const relay = createServer((inbound) => {
      const outbound = connect(Number(port), hostname)
      for (const socket of [inbound, outbound]) sockets.add(socket.on('error', () => undefined))
      inbound.pipe(outbound).pipe(inbound)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const { port: relayed } = relay.address() as AddressInfo
    const run = runNode(node, ['ignore', 'ignore', 'pipe'], `http://127.0.0.1:${relayed}`)
    const status = (...more: readonly string[]): Promise<CliRun> =>
      rsdp('node', 'status', '--data-dir', node.dataDir, ...more)
    expect((await status('--wait', '120')).code, run.stderr).equal(0)
    const watched = start(['watch', '--data-dir', node.dataDir], ['ignore', 'pipe', 'pipe'])
    const isSeen = (what: RegExp): Promise<void> => eventually(() => what.test(watched.stdout), PATIENCE_MS)
    await isSeen(/Z  node 0x\w+ ready$/m)
    relay.close()
    for (const socket of sockets) socket.destroy()
    await eventually(() => logOf(node).includes('chain.unreachable'), PATIENCE_MS)
    const cut = await status()
    expect(cut.code).equal(4)
    expect(cut.stdout).include('not ready: the chain is not reached')
    expect((await status('--wait', '1')).code).equal(5)
    expect(logOf(node)).include('node.not-ready')
    await isSeen(/Z  node 0x\w+ not ready: the chain is not reached/m)
    expect(await run.stop()).equal(143)
    await isSeen(/Z  node gone: no process answers$/m)
    expect([await watched.stop('SIGINT'), watched.stderr]).deep.equal([130, ''])
    const none = await status()
    expect([none.code, errorCode(none)]).deep.equal([3, 'E_NODE_NOT_RUNNING'])
  })

  it('a node whose port another program has taken gets another one, and the chain says so', async () => {
    const [node] = nodes as [LocalNode]
    node.hold.release()
    const port = Number(/tcp\/(\d+)/.exec(node.listen)![1])
    const other = createServer().listen(port, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { rpcUrl, deploymentFile } = net
    const signal = new AbortController().signal
    const running = await startNodes([node], { rpcUrl, deploymentFile, signal, onEvent: () => undefined })
    try {
      const { listen } = running.nodes[0]!
      expect(listen).not.equal(node.listen)
      const { registry } = net.connection.contracts
      const told = await registry.queryFilter(registry.filters.AddressesUpdated(node.key))
      expect(told).length(2)
    } finally {
      await stopNodes(running.processes)
      other.close()
    }
  })
})
