import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postEvent } from '../../src/adapters/evm/operator.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import { devAccounts } from '../../src/adapters/hardhat/dev-accounts.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import { publishTask } from '../../src/cli/local/client.ts'
import { startLocalNetwork } from '../../src/cli/local/network.ts'
import type { LocalNetwork } from '../../src/cli/local/network.ts'
import { mineTo } from '../../src/cli/local/settle.ts'
import { Watch, waitFor } from '../../src/cli/local/watch.ts'
import type { Output } from '../../src/cli/output.ts'
import { rateLimitTask } from '../../src/cli/task-params.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { encodeBudgetEvent } from '../../src/reducers/rate-limit-codec.ts'
import { RsdpError, invariant } from '../../src/types/errors.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { EXAMPLE_PARAMS } from './budget.ts'
import type { Counted } from './compare-report.ts'
import { pacedTask } from './paced-task.ts'
import { ProviderClient } from './provider-client.ts'
import type { ProviderProcess } from './provider-process.ts'
import { startProviderProcess } from './provider-process.ts'
import { sessionName, WINDOWS_AHEAD } from './provider-source.ts'
import { RequestQueue } from './request-queue.ts'
import { Sender } from './sender.ts'
import { loadTrace, WINDOW_SECONDS } from './trace.ts'
import { requestsOfMember } from './traffic.ts'

export interface CompareOptions {
  readonly nodes: number
  /** Windows of the trace that are replayed, and heights that are decided. */
  readonly heights: number
  readonly windowMs: number
  /** Tokens a window; the provider lowers it to `laterBudget` when half of the heights are decided. */
  readonly budget: number
  readonly laterBudget: number
}

export interface Comparison {
  readonly agreed: Counted
  readonly even: Counted
  /** First height whose agreed budget is the lowered one. */
  readonly followedFrom: number
}

const BLOCK_MS = 250
const JOIN_BLOCKS = 60
/** R: heights per checkpoint. */
const EPOCH = 8
const STATIC_SESSION = 'static'

interface Stage {
  readonly options: CompareOptions
  readonly network: LocalNetwork
  readonly watch: Watch
  readonly output: Output
  readonly wait: (what: string, condition: () => boolean) => Promise<void>
}

/** Both variants at the same time, against a provider each; every process it starts has ended when it returns. */
export async function compareRun(
  options: CompareOptions,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<Comparison> {
  const { budget, windowMs, nodes } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'rsdp-compare-'))
  const token = randomBytes(16).toString('hex')
  const tokenFile = join(dataDir, 'provider-token')
  const watch = new Watch()
  const providers: ProviderProcess[] = []
  let network: LocalNetwork | null = null
  try {
    await writeFile(tokenFile, token, { mode: 0o600 })
    for (let i = 0; i < 2; i += 1) providers.push(await startProviderProcess(budget, windowMs, tokenFile))
    const [agreed, even] = providers.map(({ url }) => new ProviderClient(url))
    invariant(agreed !== undefined && even !== undefined, 'two providers were started')
    output.say(`✔ two providers, ${String(budget)} tokens per ${String(windowMs)} ms each`)
    // nodes inherit it: node run --provider
    process.env['RSDP_PROVIDER'] = providers[0]?.url
    network = await startLocalNetwork({
      nodes,
      port: 0,
      blockMs: BLOCK_MS,
      dataDir,
      deploymentFile: join(dataDir, 'deployment.json'),
      faults: new Map(),
      say: output.say,
      signal,
      onEvent: (node, event) => watch.take(node, event),
    })
    const { processes } = network
    const wait: Stage['wait'] = (what, condition) =>
      waitFor(condition, { what, timeoutMs: 60_000, signal, nodes: processes })
    return await run({ options, network, watch, output, wait }, agreed, even, token)
  } finally {
    delete process.env['RSDP_PROVIDER']
    await network?.stop()
    await Promise.all(providers.map((provider) => provider.stop()))
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function run(
  stage: Stage,
  agreed: ProviderClient,
  even: ProviderClient,
  token: string,
): Promise<Comparison> {
  const { options, network, output } = stage
  const reporter = reporterOf(stage)
  const taskId = await formCluster(stage, reporter)
  startEvenSplit(options, even)
  const decideAll = async (): Promise<number> => {
    for (let height = 1; height <= options.heights; height += 1) {
      await stage.wait(`height ${String(height)} decided`, () => stage.watch.decided.has(height))
      output.say(describe(height, stage.watch))
      if (height === Math.floor(options.heights / 2))
        await lowerBudget(stage, reporter, taskId, [agreed, even], token)
    }
    return followedFrom(stage)
  }
  const followed = await decideAll()
  const { deploymentId } = network.connection.deployment
  const counted = await Promise.all([
    count(agreed, sessionName(deploymentId, taskId), stage),
    count(even, STATIC_SESSION, stage),
  ])
  return { agreed: counted[0], even: counted[1], followedFrom: followed }
}

/** The account of the provider: named as reporter when the task is published. */
function reporterOf({ network, options }: Stage): Wallet {
  // the accounts before it are the client and the operators
  const account = devAccounts(options.nodes + 2).at(-1)
  invariant(account !== undefined, 'a local chain has more test accounts than nodes')
  return new Wallet(network.connection, account.privateKey)
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
  const reducerParams = toHex(rateLimit.params.encode({ ...EXAMPLE_PARAMS, budget: BigInt(budget) }))
  return { ...pacedTask(params, windowMs), reducerParams, reporters: [reporter.address] }
}

/** B/n a window for every member, whatever the others do. Nobody tells them of a new budget but the 429. */
function startEvenSplit(options: CompareOptions, provider: ProviderClient): void {
  const { nodes, heights, budget } = options
  const share = BigInt(Math.floor(budget / nodes))
  const rows = loadTrace()
  for (let member = 0; member < nodes; member += 1) {
    new Sender({
      provider,
      session: STATIC_SESSION,
      queue: new RequestQueue(requestsOfMember(rows, heights, member, nodes)),
      allowance: () => share,
      windows: heights + WINDOWS_AHEAD,
      clock: systemClock,
    }).start()
  }
}

/** The provider takes less from the next window on, and says so on the ledger from its own account. */
async function lowerBudget(
  { options, output }: Stage,
  reporter: Wallet,
  taskId: bigint,
  providers: readonly ProviderClient[],
  token: string,
): Promise<void> {
  const { laterBudget } = options
  await Promise.all(providers.map((provider) => provider.setBudget(laterBudget, token)))
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

/** Waits for the last window that a share can be spent in, then reads the counters. */
async function count(provider: ProviderClient, name: string, stage: Stage): Promise<Counted> {
  const { options, wait } = stage
  const windows = options.heights + WINDOWS_AHEAD
  const { firstWindow, windowMs, window, elapsedMs } = await provider.session(name, 1)
  const leftMs = (firstWindow + windows - window) * windowMs - elapsedMs
  const endMs = performance.now() + leftMs
  await wait(`window ${String(windows)} of ${name}`, () => performance.now() > endMs)
  const usage = await provider.usage(firstWindow)
  return { windows: usage.slice(0, windows), log: await provider.log(), firstWindow, windowMs }
}

function describe(height: number, watch: Watch): string {
  const state = decidedState(height, watch)
  const asked = state.rows.reduce((sum, { demand }) => sum + demand, 0n)
  const granted = state.rows.reduce((sum, { share }) => sum + share, 0n)
  return `height ${String(height).padStart(3)}  asked ${String(asked).padStart(7)} granted ${String(granted).padStart(6)} of ${String(state.budget)}`
}

function budgetAt(height: number, watch: Watch): bigint {
  return decidedState(height, watch).budget
}

function decidedState(height: number, watch: Watch): ReturnType<typeof rateLimit.state.decode> & object {
  const [first] = [...(watch.decided.get(height)?.values() ?? [])]
  const state = first === undefined ? null : rateLimit.state.decode(fromHex(first.state as Hex))
  invariant(state !== null, `height ${String(height)} has no state`)
  return state
}
