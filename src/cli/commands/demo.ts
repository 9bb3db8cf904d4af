import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TRACE_START } from '../../../examples/rate-limit/trace.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { TaskParams } from '../../types/task.ts'
import { postEvent } from '../../adapters/evm/operator.ts'
import { encodeBudgetEvent } from '../../reducers/rate-limit-codec.ts'
import { auditProcess, explainProcess } from '../local/audit-process.ts'
import { publishTask } from '../local/client.ts'
import type { Lie } from '../local/liar-watch.ts'
import { LiarWatch } from '../local/liar-watch.ts'
import { startLocalNetwork } from '../local/network.ts'
import type { LocalNetwork } from '../local/network.ts'
import { NODE_NAMES } from '../local/register-nodes.ts'
import { mineTo, settleTask } from '../local/settle.ts'
import { Watch, waitFor } from '../local/watch.ts'
import type { DemoOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { rateLimitTask } from '../task-params.ts'
import { budgetAt, describeHeight, sharesTable } from './demo-report.ts'

/** R: heights per checkpoint in the demo. */
const EPOCH = 8
/** The node that is slow on purpose, by order of start, and the height at which it is. */
const SLOW = { node: 2, height: 3, ms: 1_500 }
/** The node that lies, by order of start, and how. */
const LIAR = { node: 3, name: 'mallory' }
const LIES: readonly Lie[] = [
  {
    fault: 'equivocate-status',
    from: 3,
    to: 4,
    text: 'tells members of odd seats another STATUS than those of even seats',
    percent: 5,
  },
  {
    fault: 'equivocate-share',
    from: 9,
    to: 11,
    text: 'votes for the value towards members of even seats, for NIL towards the others',
    percent: 100,
  },
]
/** Nodes act on what is a few blocks deep, and each sign-up is a block of its own. */
const JOIN_BLOCKS = 60
const BLOCK_MS = 250
/** The provider's budget from the middle of the demo on, posted on the ledger; tokens per window. */
const LATER_BUDGET = 90_000n
/** Heights that the new budget has to get deep enough in the chain: in a shorter demo it may come too late. */
const EVENT_HEIGHTS = 5

/**
 * The whole story once: chain, contracts, staked nodes as processes, a task over real requests, checkpoints, result,
 * payout and audit. Everything it prints was computed by the nodes, the chain or the auditor; whatever it promises and
 * does not happen ends it with an error.
 */
export async function demo(options: DemoOptions, { output, signal }: CommandContext): Promise<ExitCode> {
  const started = performance.now()
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rsdp-demo-')))
  const watch = new Watch()
  const lies = LIES.filter(({ to }) => to <= options.heights)
  const liar = options.liar ? new LiarWatch(LIAR.name, lies) : null
  const faults = new Map([[SLOW.node, `delay-status:${String(SLOW.height)}:${String(SLOW.ms)}`]])
  if (liar !== null) faults.set(LIAR.node, liar.fault)
  let network: LocalNetwork | null = null
  try {
    network = await startLocalNetwork({
      nodes: options.nodes,
      port: 0,
      blockMs: BLOCK_MS,
      dataDir,
      deploymentFile: join(dataDir, 'deployment.json'),
      names: liar === null ? NODE_NAMES : NODE_NAMES.with(LIAR.node, LIAR.name),
      faults,
      say: output.say,
      signal,
      onEvent: (node, event) => {
        watch.take(node, event)
        liar?.take(node, event)
      },
    })
    const { processes } = network
    const summary = await story({
      options,
      network,
      watch,
      liar,
      say: output.say,
      wait: (what, timeoutMs, condition) => waitFor(condition, { what, timeoutMs, signal, nodes: processes }),
    })
    const stopped = await network.stop()
    if (stopped.some((code) => code !== 0 && code !== 143)) {
      throw missing(`clean shutdown of every node (exit codes ${stopped.join(', ')})`)
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    output.result({ ...summary, seconds: Number(seconds) }, `\n✔ all of it happened, in ${seconds} s`)
    return EXIT.ok
  } finally {
    await network?.stop()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}

/** What every chapter of the story works on. */
interface Stage {
  readonly options: DemoOptions
  readonly network: LocalNetwork
  readonly watch: Watch
  /** Null: nobody lies. */
  readonly liar: LiarWatch | null
  readonly say: (line: string) => void
  readonly wait: (what: string, timeoutMs: number, condition: () => boolean) => Promise<void>
}

async function story(stage: Stage): Promise<Record<string, unknown>> {
  const { options, network, watch, liar, say } = stage
  const { taskId, params } = await formCluster(stage)
  await decideHeights(stage, taskId)
  await convict(stage)
  await anchorHistory(stage, params)
  say(sharesTable(options.heights, watch))
  const paid = await settleTask(network, taskId)
  say(paid.text)
  say('\n$ rsdp audit: a separate process that knows only the RPC URL and the deployment file')
  const audit = await auditProcess(network, taskId)
  process.stderr.write(audit.text)
  if (audit.exitCode !== 0) throw missing(`an audit without findings (exit code ${String(audit.exitCode)})`)
  const convictions = (audit.data as AuditedConvictions).convictions
  checkConvictions(stage, convictions)
  await explainLast(stage, convictions)
  return {
    task: String(taskId),
    nodes: options.nodes,
    heights: options.heights,
    rounds: roundsOf(watch),
    lowestMagnitude: lowestMagnitude(watch),
    checkpoints: watch.of('checkpoint.mined').length,
    paid: paid.data,
    audit: audit.data,
    liar:
      liar === null
        ? null
        : {
            seat: liar.seat,
            lies: liar.told.map(({ fault, height }) => ({ fault, height })),
            convictions,
          },
  }
}

/** Publishes the task; the nodes sign up by themselves and one of them draws the cluster. */
async function formCluster({
  options,
  network,
  watch,
  liar,
  say,
  wait,
}: Stage): Promise<{ taskId: bigint; params: TaskParams }> {
  const { nodes, heights, factor } = options
  const { client, connection } = network
  say(
    `\ntask     rate-limit@1 over the Azure LLM request trace from ${TRACE_START} on; one 10 s window = one height,` +
      ` replayed at factor ${String(factor)}`,
  )
  const params = rateLimitTask({
    nodes,
    heights,
    epoch: Math.min(EPOCH, heights),
    factor,
    joinBlocks: JOIN_BLOCKS,
    head: await connection.provider.getBlockNumber(),
    taskBlocksMax: connection.deployment.windows.taskBlocksMax,
  })
  const taskId = await publishTask(client, params)
  say(
    `task ${String(taskId)}   published by ${client.address}; ${String(nodes)} seats, ${String(heights)} heights, R = ${String(params.epochHeights)}`,
  )
  await wait(
    `all ${String(nodes)} nodes signed up`,
    60_000,
    () => watch.nodesThatSaid('task.joined') === nodes,
  )
  await mineTo(network, params.joinDeadline)
  await wait(
    `all ${String(nodes)} nodes drawn into the cluster`,
    60_000,
    () => watch.nodesThatSaid('task.running') === nodes,
  )
  say(
    `task ${String(taskId)}   ${String(nodes)} nodes signed up, cluster drawn from the chain's randomness; quorum > 2/3 of the registered weight`,
  )
  say(
    `         node ${network.nodes[SLOW.node]?.name ?? ''} holds back its STATUS of height ${String(SLOW.height)} on purpose`,
  )
  if (liar !== null) {
    if (!liar.isActive || liar.seat === null) throw missing(`a node that says that it lies`)
    say(`         seat ${String(liar.seat)}, node ${liar.name}, is started as a liar: ${liar.fault}`)
  }
  say('')
  return { taskId, params }
}

/** Height after height, as the nodes' own logs report them. */
async function decideHeights(stage: Stage, taskId: bigint): Promise<void> {
  const { options, network, watch, liar, say, wait } = stage
  const { nodes, heights } = options
  const middle = Math.floor(heights / 2)
  for (let height = 1; height <= heights; height += 1) {
    const name = `height ${String(height)}`
    await wait(
      `${name} decided by all ${String(nodes)} nodes`,
      60_000,
      () => watch.decided.get(height)?.size === nodes,
    )
    await wait(`validity of ${name} measured`, 60_000, () => watch.measured.get(height)?.size === nodes)
    const line = describeHeight(height, watch)
    if (!line.agree) throw missing(`agreement at ${name}: nodes hold different values`)
    for (const lie of liar?.linesOf(height) ?? []) say(lie)
    say(line.text)
    for (const caught of liar?.newConvictions() ?? []) say(caught)
    if (height === middle) {
      const { seq, block } = await postEvent(network.client, taskId, encodeBudgetEvent(LATER_BUDGET))
      say(
        `ledger   event ${String(seq)} in block ${String(block)}: the budget is ${String(LATER_BUDGET)} from now on`,
      )
    }
  }
  if (heights - middle >= EVENT_HEIGHTS && budgetAt(heights, watch) !== LATER_BUDGET) {
    throw missing('the budget from the ledger in the last height')
  }
  const [untold] = liar?.untold ?? []
  if (untold !== undefined) throw missing(`a lie at height ${String(untold.from)} or soon after`)
  // a liar at the same height may cost the round in which votes differed
  if (lowestMagnitude(watch) === 1 && roundsOf(watch).every((round) => round === 0))
    throw missing('a height disturbed by the node that is slow on purpose')
}

/** Every lie that was told is proved on chain. */
async function convict({ liar, say, wait }: Stage): Promise<void> {
  if (liar === null) return
  await wait('a conviction for every lie', 60_000, () => liar.unpunished.length === 0)
  for (const caught of liar.newConvictions()) say(caught)
  say('')
}

interface AuditedConvictions {
  readonly convictions: readonly {
    readonly member: number
    readonly offence: string
    readonly percent: number
    readonly transaction: string
  }[]
}

/** The auditor confirms what the nodes read: the liar, for each of its lies, and nobody else. */
function checkConvictions({ liar }: Stage, convictions: AuditedConvictions['convictions']): void {
  const told = liar?.convictions ?? []
  if (convictions.length !== told.length) throw missing('the same convictions in chain, logs and audit')
  const innocent = convictions.find(({ member }) => member !== liar?.seat)
  if (innocent !== undefined) throw missing(`a cluster in which nobody honest is convicted`)
}

/** The gravest slash in full, by command. */
async function explainLast(
  { network, say }: Stage,
  convictions: AuditedConvictions['convictions'],
): Promise<void> {
  const last = convictions.at(-1)
  if (last === undefined) return
  say(`\n$ rsdp explain ${last.transaction}`)
  const explained = await explainProcess(network, last.transaction)
  process.stderr.write(explained.text)
  if (explained.exitCode !== 0) throw missing('an explanation of the slash')
}

/** Checkpoints and result on chain, put there by the members whose turn it was. */
async function anchorHistory({ options, watch, say, wait }: Stage, params: TaskParams): Promise<void> {
  const due = Math.ceil(options.heights / params.epochHeights)
  await wait(`${String(due)} checkpoints on chain`, 60_000, () => watch.of('checkpoint.mined').length >= due)
  for (const { node, facts } of watch.of('checkpoint.mined')) {
    say(
      `anchor   heights up to ${String(facts['height'])} in block ${String(facts['block'])} by ${node}:` +
        ` ${String(facts['signers'])} signatures, ${String(facts['gasUsed'])} gas`,
    )
  }
  await wait('the result on chain', 60_000, () => watch.of('finalize.mined').length > 0)
  say('result   last agreed state published; its hash is the one the checkpoints lead to\n')
}

/** Rounds in which the heights were decided. */
function roundsOf(watch: Watch): number[] {
  return [...watch.decided.values()].map((byNode) => [...byNode.values()][0]?.round ?? 0)
}

/** Smallest magnitude of any node's transitional validity: computed from the SHAREs it received. */
function lowestMagnitude(watch: Watch): number {
  const magnitudes = [...watch.measured.values()].flatMap((byNode) =>
    [...byNode.values()].map(({ transitional }) => transitional?.magnitude ?? 1),
  )
  return Math.min(...magnitudes)
}

function missing(what: string): RsdpError {
  return new RsdpError({
    code: 'E_MISSING_EVENT',
    message: `the demo promises, but did not see: ${what}`,
    hint: 'run it again with --data-dir to keep the logs, and report it if it repeats',
    exit: EXIT.mismatch,
  })
}
