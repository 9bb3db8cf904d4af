import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postEvent } from '../../adapters/evm/operator.ts'
import type { Wallet } from '../../adapters/evm/wallet.ts'
import { fromHex } from '../../codec/hex.ts'
import { publishTask } from '../local/client.ts'
import { startLocalNetwork } from '../local/network.ts'
import type { LocalNetwork } from '../local/network.ts'
import { mineTo } from '../local/settle.ts'
import { Watch, waitFor } from '../local/watch.ts'
import type { Output } from '../output.ts'
import { rateLimitTask } from './rate-limit-task.ts'
import { rateLease } from '../../reducers/rate-lease.ts'
import { encodeBudgetEvent } from '../../reducers/rate-limit-codec.ts'
import { RsdpError, invariant } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { TaskParams } from '../../types/task.ts'
import { leaseParams } from '../../demo/budget.ts'
import { leaseTask } from '../../demo/paced-task.ts'
import { sessionName } from '../../demo/provider-source.ts'
import { WINDOW_SECONDS } from '../../demo/trace.ts'
import type { Comparison, Wait } from './two-providers.ts'
import { providerWallet, TwoProviders } from './two-providers.ts'

export interface CompareOptions {
  readonly nodes: number
  /** Windows of the trace that are replayed, and heights that are decided. */
  readonly heights: number
  readonly windowMs: number
  /** Tokens a window; the provider lowers it to `laterBudget` when half of the heights are decided. */
  readonly budget: number
  readonly laterBudget: number
}

export interface Compared extends Comparison {
  /** First height whose agreed budget is the lowered one. */
  readonly followedFrom: number
}

const BLOCK_MS = 250
const JOIN_BLOCKS = 60
/** R: heights per checkpoint. */
const EPOCH = 8

interface Stage {
  readonly options: CompareOptions
  readonly network: LocalNetwork
  readonly watch: Watch
  readonly output: Output
  readonly providers: TwoProviders
  readonly wait: Wait
}

/** Both variants at the same time, against a provider each; every process it starts has ended when it returns. */
export async function compareRun(
  options: CompareOptions,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<Compared> {
  const { budget, windowMs, nodes } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'rsdp-compare-'))
  const watch = new Watch()
  let providers: TwoProviders | null = null
  let network: LocalNetwork | null = null
  try {
    providers = await TwoProviders.start(budget, windowMs, dataDir)
    output.say(`✔ two providers, ${String(budget)} tokens per ${String(windowMs)} ms each`)
    network = await startLocalNetwork({
      nodes,
      port: 0,
      blockMs: BLOCK_MS,
      dataDir,
      deploymentFile: join(dataDir, 'deployment.json'),
      faults: new Map(),
      provider: providers.url,
      say: output.say,
      signal,
      onEvent: (node, event) => watch.take(node, event),
    })
    const { processes } = network
    const wait: Wait = (what, condition) =>
      waitFor(condition, { what, timeoutMs: 60_000, signal, nodes: processes })
    return await run({ options, network, watch, output, providers, wait })
  } finally {
    await network?.stop()
    await providers?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function run(stage: Stage): Promise<Compared> {
  const { options, network, output, providers, watch, wait } = stage
  const { nodes, heights, budget } = options
  const reporter = providerWallet(network.connection, nodes)
  const taskId = await formCluster(stage, reporter)
  providers.startEvenSplit(nodes, heights, budget)
  for (let height = 1; height <= heights; height += 1) {
    await wait(`height ${String(height)} decided`, () => watch.decided.has(height))
    output.say(describe(height, watch))
    if (height === Math.floor(heights / 2)) await lowerBudget(stage, reporter, taskId)
  }
  const followed = followedFrom(stage)
  const { deploymentId } = network.connection.deployment
  const counted = await providers.count(sessionName(deploymentId, taskId), heights, wait)
  return { ...counted, followedFrom: followed }
}

async function formCluster(stage: Stage, reporter: Wallet): Promise<bigint> {
  const { options, network, watch, output, wait } = stage
  const { nodes } = options
  const params = await taskParams(stage, reporter)
  const taskId = await publishTask(network.client, params)
  await wait('all nodes signed up', () => watch.nodesThatSaid('task.joined') === nodes)
  await mineTo(network, params.joinDeadline)
  await wait('all nodes drawn', () => watch.nodesThatSaid('task.running') === nodes)
  output.say(`✔ task ${String(taskId)} runs on ${String(nodes)} nodes; reporter ${reporter.address}`)
  return taskId
}

async function taskParams({ options, network }: Stage, reporter: Wallet): Promise<TaskParams> {
  const { nodes, heights, windowMs, budget } = options
  const { connection } = network
  const params = rateLimitTask({
    nodes,
    heights,
    epoch: Math.min(EPOCH, heights),
    factor: (WINDOW_SECONDS * 1000) / windowMs,
    joinBlocks: JOIN_BLOCKS,
    head: await connection.provider.getBlockNumber(),
    taskBlocksMax: connection.deployment.windows.taskBlocksMax,
  })
  const lease = leaseParams(nodes, BigInt(budget))
  return { ...leaseTask(params, windowMs, lease), reporters: [reporter.address] }
}

/** The provider takes less from the next window on, and says so on the ledger from its own account. */
async function lowerBudget(
  { options, output, providers }: Stage,
  reporter: Wallet,
  taskId: bigint,
): Promise<void> {
  const { laterBudget } = options
  await providers.lower(laterBudget)
  const { seq, block } = await postEvent(reporter, taskId, encodeBudgetEvent(BigInt(laterBudget)))
  output.say(
    `ledger   both providers lower the budget to ${String(laterBudget)}; event ${String(seq)} in block ${String(block)}`,
  )
}

function followedFrom({ options, watch }: Stage): number {
  for (let height = 1; height <= options.heights; height += 1) {
    if (budgetAt(height, watch) === BigInt(options.laterBudget)) return height
  }
  throw new RsdpError({
    code: 'E_MISSING_EVENT',
    message: 'no height was decided with the lowered budget',
    hint: 'give more --heights: an event counts once it is deep enough in the chain',
    exit: EXIT.mismatch,
  })
}

function describe(height: number, watch: Watch): string {
  const state = decidedState(height, watch)
  const asked = state.rows.reduce((sum, { demand }) => sum + demand, 0n)
  const granted = state.rows.reduce((sum, { share }) => sum + share, 0n)
  return `height ${String(height).padStart(3)}  claimed ${String(asked).padStart(7)} lent ${String(granted).padStart(6)} of ${String(state.budget)}`
}

function budgetAt(height: number, watch: Watch): bigint {
  return decidedState(height, watch).budget
}

function decidedState(height: number, watch: Watch): ReturnType<typeof rateLease.state.decode> & object {
  const [first] = [...(watch.decided.get(height)?.values() ?? [])]
  const state = first === undefined ? null : rateLease.state.decode(fromHex(first.state as Hex))
  invariant(state !== null, `height ${String(height)} has no state`)
  return state
}
