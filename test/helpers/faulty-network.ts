import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../../src/adapters/evm/connection.ts'
import { openConnection } from '../../src/adapters/evm/open-connection.ts'
import { writeDeployment } from '../../src/adapters/evm/deployment.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { DeployedTwins } from '../../src/adapters/hardhat/deploy-twins.ts'
import { deployTwins } from '../../src/adapters/hardhat/deploy-twins.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { runAudit } from '../../src/audit/run.ts'
import { publishTask } from '../../src/cli/local/client.ts'
import type { NodeEvent } from '../../src/cli/local/node-process.ts'
import { NodeProcess } from '../../src/cli/local/node-process.ts'
import { registerNodes } from '../../src/cli/local/register-nodes.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { Watch } from '../../src/cli/local/watch.ts'
import { rateLimitTask } from '../../src/cli/demo/rate-limit-task.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { deployTestChain } from './chain.ts'
import { eventually } from './eventually.ts'

const BLOCK_MS = 250
/** Evidence is accepted for longer than all tasks together last, so that nothing hangs on how busy the machine is. */
const WINDOWS = { taskBlocksMax: 4_000, closeGrace: 10, evidence: 4_000, reorgDepth: 6, jail: 200 }
const UNBONDING_BLOCKS = 10_000
/** Sign-ups are a block each, and nodes act on what is a few blocks deep. */
const JOIN_BLOCKS = 240
/** Without a checkpoint for so long a task would be closed: a busy machine is no reason to. */
const STALL_BLOCKS = 2_000
/** For everything that a busy machine may delay. */
const PATIENCE_MS = 300_000
const STOP_GRACE_MS = 10_000

interface Life {
  readonly node: LocalNode
  readonly fault: string | null
  readonly process: NodeProcess
  /** What this process said. */
  readonly watch: Watch
}

/** One local chain for one task after another, and staked nodes, each run as a process with or without a fault. */
export class FaultyNetwork {
  readonly rpcUrl: string
  readonly deploymentFile: string
  readonly connection: Connection
  readonly client: Wallet
  readonly twins: DeployedTwins
  readonly nodes: readonly LocalNode[]
  /** Further arguments of each node. */
  also: (node: LocalNode) => readonly string[] = () => []
  /** Told of all that processes say, as they say it. */
  heard: (node: LocalNode, event: NodeEvent) => void = () => undefined
  /** What all processes said. */
  readonly watch = new Watch()
  readonly #chain: DevChain
  readonly #scratch: string
  /** How the nodes talk. */
  readonly #transport: string
  readonly #lives = new Map<LocalNode, Life>()
  /** Head of the chain when an honest node first held a proof, by task and member. */
  readonly #firstFound = new Map<string, Promise<number>>()

  private constructor(
    chain: DevChain,
    connection: Connection,
    nodes: readonly LocalNode[],
    twins: DeployedTwins,
    scratch: string,
    transport: string,
  ) {
    this.rpcUrl = chain.rpcUrl
    this.deploymentFile = join(scratch, 'deployment.json')
    this.connection = connection
    this.client = new Wallet(connection, chain.accounts[0]!.privateKey)
    this.twins = twins
    this.nodes = nodes
    this.#chain = chain
    this.#scratch = scratch
    this.#transport = transport
  }

  /** Registers nodes; none runs yet. */
  static async create(count: number, transport = 'libp2p'): Promise<FaultyNetwork> {
    const { chain, deployment } = await deployTestChain({
      blockMs: BLOCK_MS,
      windows: WINDOWS,
      unbondingBlocks: UNBONDING_BLOCKS,
    })
    const { rpcUrl } = chain
    const twins = await deployTwins({ rpcUrl, deployerKey: chain.accounts[0]!.privateKey })
    const scratch = mkdtempSync(join(tmpdir(), 'rsdp-faulty-'))
    const connection = await openConnection({ rpcUrl, deployment })
    const nodes = await registerNodes(connection, count, scratch)
    const network = new FaultyNetwork(chain, connection, nodes, twins, scratch, transport)
    await writeDeployment(network.deploymentFile, deployment)
    return network
  }

  start(node: LocalNode, fault: string | null = null): void {
    const watch = new Watch()
    const args = ['--data-dir', node.dataDir, '--listen', node.listen, '--rpc-url', this.rpcUrl]
    args.push('--deployment', this.deploymentFile)
    if (fault !== null) args.push('--fault', fault)
    args.push(...this.also(node))
    const onEvent = (event: NodeEvent): void => {
      this.heard(node, event)
      watch.take(node.name, event)
      this.watch.take(node.name, event)
      if (event.event === 'evidence.found' && fault === null) this.#noteFound(event.facts)
    }
    node.hold.release()
    const env = { RSDP_TRANSPORT: this.#transport }
    const life = new NodeProcess({ name: node.name, args, env, onEvent })
    this.#lives.set(node, { node, fault, process: life, watch })
  }

  async stop(...nodes: readonly LocalNode[]): Promise<void> {
    const lives = nodes.flatMap((node) => this.#lives.get(node) ?? [])
    for (const { node } of lives) this.#lives.delete(node)
    await Promise.all(lives.map(({ process }) => process.stop(STOP_GRACE_MS)))
  }

  /** kill -9. */
  async kill(node: LocalNode): Promise<void> {
    this.signal(node, 'SIGKILL')
    await this.stop(node)
  }

  /** Processes of the nodes that run. */
  get pids(): readonly number[] {
    return this.#running.flatMap(({ process }) => process.pid ?? [])
  }

  /** Sends a signal to the process of a node that runs. */
  signal(node: LocalNode, signal: NodeJS.Signals): void {
    const pid = this.#lives.get(node)?.process.pid
    if (pid === undefined) throw new Error(`${node.name} does not run`)
    process.kill(pid, signal)
  }

  /** Whether the present process of a node has said this of a task, or at all. */
  hasSaid(node: LocalNode, event: string, taskId?: bigint): boolean {
    const life = this.#lives.get(node)
    if (life === undefined) return false
    return (taskId === undefined ? life.watch.of(event) : said(life.watch, event, taskId)).length > 0
  }

  /** Publishes a task for all that run, and waits until each runs it. */
  async runTask(heights: number, changes: Partial<TaskParams>): Promise<bigint> {
    const nodes = this.#running.length
    await this.until('all are ready', () =>
      this.#running.every(({ watch }) => watch.of('node.ready').length > 0),
    )
    const head = await this.head()
    const { taskBlocksMax } = this.connection.deployment.windows
    const task = { nodes, heights, epoch: 2, factor: 10, joinBlocks: JOIN_BLOCKS, head, taskBlocksMax }
    const params = { ...rateLimitTask(task), minNodes: nodes, stallBlocks: STALL_BLOCKS, ...changes }
    const taskId = await publishTask(this.client, params)
    const allSaid = (event: string): boolean =>
      this.#running.every(({ watch }) => said(watch, event, taskId).length > 0)
    await this.until('all signed up', () => allSaid('task.joined'))
    await this.mineTo(params.joinDeadline)
    await this.until('all drawn', () => allSaid('task.running'))
    return taskId
  }

  /** What processes said of a task, by any of them. */
  said(event: string, taskId: bigint): ReturnType<Watch['of']> {
    return said(this.watch, event, taskId)
  }

  /** Seats of a task by name of the node, as the nodes have them. */
  seatsOf(taskId: bigint): ReadonlyMap<string, number> {
    return new Map(
      this.said('task.running', taskId).map(({ node, facts }) => [node, Number(facts['member'])]),
    )
  }

  /** Path of a file that goes with the network. */
  file(name: string): string {
    return join(this.#scratch, name)
  }

  /** Head of the chain when an honest node first held a proof against a member; null if none ever did. */
  async firstFound(taskId: bigint, member: number): Promise<number | null> {
    return (await this.#firstFound.get(`${taskId}/${member}`)) ?? null
  }

  async head(): Promise<number> {
    return this.connection.provider.getBlockNumber()
  }

  async mineTo(block: number): Promise<void> {
    const missing = block - (await this.head())
    if (missing > 0) await this.connection.provider.send('hardhat_mine', [`0x${missing.toString(16)}`])
  }

  /** Waits; a node that ends by itself ends the wait with what it said. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const dead = (): Life | undefined => this.#running.find(({ process }) => process.exitCode !== null)
    try {
      await eventually(() => dead() !== undefined || condition(), PATIENCE_MS)
    } catch (error) {
      throw new Error(`did not happen: ${what}`, { cause: error })
    }
    const life = dead()
    if (life !== undefined) throw life.process.failure()
  }

  /** What anybody finds who has the chain and the deployment file only. */
  async audit(taskId: bigint): Promise<AuditReport> {
    const history = openHistory(this.rpcUrl, this.connection.deployment)
    try {
      return await runAudit(history, taskId)
    } finally {
      history.close()
    }
  }

  async close(): Promise<void> {
    await this.stop(...this.nodes)
    this.connection.close()
    await this.#chain.close()
    rmSync(this.#scratch, { recursive: true, force: true })
  }

  get #running(): readonly Life[] {
    return [...this.#lives.values()]
  }

  #noteFound({ task, member }: NodeEvent['facts']): void {
    const key = `${String(task)}/${String(member)}`
    if (!this.#firstFound.has(key)) this.#firstFound.set(key, this.head())
  }
}

function said(watch: Watch, event: string, taskId: bigint): ReturnType<Watch['of']> {
  return watch.of(event).filter(({ facts }) => facts['task'] === String(taskId))
}
