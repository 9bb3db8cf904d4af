import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Connection } from '../../src/adapters/evm/connection.ts'
import { openConnection } from '../../src/adapters/evm/open-connection.ts'
import { writeDeployment } from '../../src/adapters/evm/deployment.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { runAudit } from '../../src/audit/run.ts'
import { publishTask } from '../../src/cli/local/client.ts'
import { parseLine } from '../../src/cli/local/node-process.ts'
import { registerNodes } from '../../src/cli/local/register-nodes.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { Watch } from '../../src/cli/local/watch.ts'
import { rateLimitTask } from '../../src/cli/demo/rate-limit-task.ts'
import type { FailPoint } from '../../src/node/failpoints.ts'
import type { Address } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { deployTestChain } from './chain.ts'
import { eventually } from './eventually.ts'
import type { WireFrame } from './wire-recorder.ts'
import { readFrames } from './wire-recorder.ts'

const NODE = fileURLToPath(new URL('wire-recorder-node.ts', import.meta.url))
const BLOCK_MS = 250
/** Sign-ups are a block each, and nodes act on what is a few blocks deep. */
const JOIN_BLOCKS = 240
/** Without a checkpoint for so long a task would be closed: a busy machine is no reason to. */
const STALL_BLOCKS = 1_000
/** For everything that a busy machine may delay. */
const PATIENCE_MS = 300_000
const STDERR_CHARS = 2_000
/** Exit code of a process that ended in order after SIGTERM. */
const TERMINATED = 143

/** What is arranged to happen to a process. */
export interface Fate {
  /** It kills itself at the n-th passage of this point of the driver. */
  readonly failAt?: `${FailPoint}:${number}`
  /** Frames with another node's STATUS of one height reach it late. */
  readonly hold?: { readonly height: number; readonly from: Address; readonly ms: number }
}

/** `rsdp node run` of one registered node, in one life after another on one data directory. */
export class RecordedNode {
  readonly name: string
  readonly key: Address
  /** What its processes received. */
  readonly wire: string
  readonly args: readonly string[]
  readonly dataDir: string
  /** When its processes died of SIGKILL and when they were started, wall clock. */
  readonly deaths: number[] = []
  readonly births: number[] = []
  /** Lines of its log. */
  readonly watch = new Watch()
  /** Why its process ended, if not of SIGKILL and not as it was asked to. */
  complaint = ''
  readonly #port: LocalNode['hold']
  #process: ChildProcess | null = null

  constructor({ name, key, dataDir, listen, hold }: LocalNode, rpcUrl: string, deploymentFile: string) {
    this.name = name
    this.#port = hold
    this.key = key
    this.dataDir = dataDir
    this.wire = join(dataDir, 'wire')
    this.args = ['node', 'run', '--data-dir', dataDir, '--listen', listen]
    this.args = [...this.args, '--rpc-url', rpcUrl, '--deployment', deploymentFile]
  }

  get isUp(): boolean {
    return this.#process !== null
  }

  /** Of the process that runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  start({ failAt, hold }: Fate = {}): void {
    this.#port.release()
    const env = { ...process.env, RSDP_WIRE_FILE: this.wire, RSDP_FAIL_AT: failAt ?? '' }
    const held = hold === undefined ? '' : `${hold.height}:${hold.from}:${hold.ms}`
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', NODE, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, RSDP_WIRE_HOLD: held },
    })
    this.#process = child
    this.births.push(Date.now())
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = parseLine(line)
      if (event !== null) this.watch.take(this.name, event)
    })
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr = (stderr + text.toString()).slice(-STDERR_CHARS)))
    child.once('close', (code, signal) => {
      this.#process = null
      if (signal === 'SIGKILL') this.deaths.push(Date.now())
      else if (code !== 0 && code !== TERMINATED) this.complaint = `${this.name} ended (${code}): ${stderr}`
    })
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.ended()
  }

  async ended(): Promise<void> {
    await eventually(() => !this.isUp, PATIENCE_MS)
  }

  async stop(): Promise<void> {
    this.#process?.kill('SIGTERM')
    await this.ended()
  }

  /** Heights decided, as its log has it. */
  get height(): number {
    return Math.max(0, ...this.watch.decided.keys())
  }

  frames(): WireFrame[] {
    return readFrames(this.wire)
  }

  /** What was left on the heap of its last life after each full collection. */
  heapsLeft(): readonly { readonly atMs: number; readonly bytes: number }[] {
    const file = `${this.wire}.heap`
    if (!existsSync(file)) return []
    const points = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [atMs, bytes] = line.split(' ')
        return { atMs: Number(atMs), bytes: Number(bytes) }
      })
    return points.filter(({ atMs }) => atMs >= (this.births.at(-1) ?? 0))
  }

  /** How late its event loop was in its last life, ms. */
  loopDelay(): { readonly p50: number; readonly p99: number; readonly max: number } {
    return JSON.parse(readFileSync(`${this.wire}.delay`, 'utf8')) as ReturnType<RecordedNode['loopDelay']>
  }
}

/** A real chain, registered nodes as processes that record what they receive, and one client. */
export class RecordedNetwork {
  readonly nodes: readonly RecordedNode[]
  readonly connection: Connection
  readonly #chain: DevChain
  readonly #client: Wallet
  readonly #scratch: string

  private constructor(
    chain: DevChain,
    connection: Connection,
    client: Wallet,
    nodes: readonly RecordedNode[],
    scratch: string,
  ) {
    this.#chain = chain
    this.connection = connection
    this.#client = client
    this.nodes = nodes
    this.#scratch = scratch
  }

  /** Nothing runs yet. */
  static async create(count: number): Promise<RecordedNetwork> {
    const { chain, deployment } = await deployTestChain({ blockMs: BLOCK_MS })
    const scratch = mkdtempSync(join(tmpdir(), 'rsdp-wire-'))
    const { rpcUrl } = chain
    const deploymentFile = join(scratch, 'deployment.json')
    await writeDeployment(deploymentFile, deployment)
    const connection = await openConnection({ rpcUrl, deployment })
    const nodes = await registerNodes(connection, count, scratch)
    const client = new Wallet(connection, chain.accounts[0]!.privateKey)
    const recorded = nodes.map((node) => new RecordedNode(node, rpcUrl, deploymentFile))
    return new RecordedNetwork(chain, connection, client, recorded, scratch)
  }

  /** Publishes a task for all nodes, when they are up, and waits until each runs it. */
  async runTask(heights: number, changes: Partial<TaskParams>): Promise<bigint> {
    await this.until('all are ready', () =>
      this.nodes.every(({ watch }) => watch.of('node.ready').length > 0),
    )
    const { taskId, params } = await this.publish(heights, changes)
    await this.until('all signed up', () =>
      this.nodes.every(({ watch }) => watch.of('task.joined').length > 0),
    )
    await this.mineTo(params.joinDeadline)
    await this.until('all drawn', () => this.nodes.every(({ watch }) => watch.of('task.running').length > 0))
    return taskId
  }

  /** Publishes a task for all nodes, at twice the demo's rate. */
  async publish(
    heights: number,
    changes: Partial<TaskParams>,
    joinBlocks = JOIN_BLOCKS,
  ): Promise<{ readonly taskId: bigint; readonly params: TaskParams }> {
    const head = await this.connection.provider.getBlockNumber()
    const { taskBlocksMax } = this.connection.deployment.windows
    const nodes = this.nodes.length
    const task = { nodes, heights, epoch: 8, factor: 20, joinBlocks, head, taskBlocksMax }
    const params = { ...rateLimitTask(task), stallBlocks: STALL_BLOCKS, ...changes }
    return { taskId: await publishTask(this.#client, params), params }
  }

  async mineTo(block: number): Promise<void> {
    const missing = block - (await this.connection.provider.getBlockNumber())
    if (missing > 0) await this.connection.provider.send('hardhat_mine', [`0x${missing.toString(16)}`])
  }

  /** Waits; a node that ends by itself, unless it was killed, ends the wait with what it said. */
  async until(what: string, condition: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const complaint = (): string => this.nodes.map((node) => node.complaint).join('')
    try {
      await eventually(() => complaint() !== '' || condition(), patienceMs)
    } catch (error) {
      const heights = this.nodes.map(({ name, height }) => `${name} ${height}`).join(', ')
      throw new Error(`did not happen: ${what}; heights decided: ${heights}`, { cause: error })
    }
    if (complaint() !== '') throw new Error(`a node ended before ${what}: ${complaint()}`)
  }

  /** What anybody finds who has the chain and the deployment file only. */
  async audit(taskId: bigint): Promise<AuditReport> {
    const history = openHistory(this.#chain.rpcUrl, this.connection.deployment)
    try {
      return await runAudit(history, taskId)
    } finally {
      history.close()
    }
  }

  /** Everything that any node has received. */
  frames(): WireFrame[] {
    return this.nodes.flatMap((node) => node.frames())
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    this.connection.close()
    await this.#chain.close()
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}
