import { leaseParams } from '../../demo/budget.ts'
import { leaseTask } from '../../demo/paced-task.ts'
import { TRACE_START } from '../../demo/trace.ts'
import { providerWallet } from '../demo/two-providers.ts'
import { postEvent } from '../../adapters/evm/operator.ts'
import { encodeBudgetEvent } from '../../reducers/rate-limit-codec.ts'
import type { TaskParams } from '../../types/task.ts'
import { publishTask } from '../local/client.ts'
import { mineTo } from '../local/settle.ts'
import type { Watch } from '../local/watch.ts'
import { rateLimitTask } from '../demo/rate-limit-task.ts'
import { checkTiming, fitTiming } from '../task-timing.ts'
import type { Pace } from '../task-timing.ts'
import { budgetAt, describeHeight } from './demo-report.ts'
import type { Stage } from './demo-stage.ts'
import { BLOCK_MS, LATER_BUDGET, missing, SLOW } from './demo-stage.ts'

/** R: heights per checkpoint in the demo. */
const EPOCH = 8
const PACE: Pace = {
  blockMsMin: BLOCK_MS / 2,
  blockMsMax: BLOCK_MS,
  roundTripMs: null,
  reached: 0,
  asked: 0,
}
/** Nodes act on what is a few blocks deep, and each sign-up is a block of its own. */
const JOIN_BLOCKS = 60
/** After this part of the heights the provider lowers its budget: the others are there for that to come deep enough in the chain. */
const EVENT_PART = 4
/** Heights that the new budget has for that, and to reach the provider before its last window, on a busy machine too. */
const EVENT_HEIGHTS = 8

/** Publishes the task; the nodes sign up by themselves and one of them draws the cluster. */
export async function formCluster({
  options,
  network,
  windowMs,
  watch,
  liar,
  say,
  wait,
}: Stage): Promise<{ taskId: bigint; params: TaskParams }> {
  const { nodes, heights, factor } = options
  const { client, connection } = network
  say(
    `\ntask     rate-lease@1 over the Azure LLM request trace from ${TRACE_START} on; one 10 s window = one height,` +
      ` replayed at factor ${String(factor)}`,
  )
  const task = rateLimitTask({
    nodes,
    heights,
    epoch: Math.min(EPOCH, heights),
    factor,
    joinBlocks: JOIN_BLOCKS,
    head: await connection.provider.getBlockNumber(),
    taskBlocksMax: connection.deployment.windows.taskBlocksMax,
  })
  const reporter = providerWallet(connection, nodes).address
  const { reorgDepth } = connection.deployment.windows
  const paced = fitTiming(leaseTask(task, windowMs, leaseParams(nodes)), PACE, reorgDepth)
  checkTiming(paced, PACE, reorgDepth)
  const params = { ...paced, reporters: [reporter] }
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
  await wait(`all ${String(nodes)} members connected to each other`, 60_000, () => watch.isMesh(nodes))
  const links = (nodes * (nodes - 1)) / 2
  say(`         ${String(links)}/${String(links)} links over libp2p (TCP, noise, yamux), to members alone`)
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
export async function decideHeights(stage: Stage, taskId: bigint): Promise<void> {
  const { options, network, providers, watch, liar, say, wait } = stage
  const { nodes, heights } = options
  const eventAt = eventHeight(heights)
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
    if (height === eventAt) {
      await providers.lower(LATER_BUDGET)
      const reporter = providerWallet(network.connection, nodes)
      const { seq, block } = await postEvent(reporter, taskId, encodeBudgetEvent(BigInt(LATER_BUDGET)))
      say(
        `ledger   event ${String(seq)} in block ${String(block)}, by the provider: the budget is ${String(LATER_BUDGET)} from now on`,
      )
    }
  }
  if (isLongEnoughForEvent(heights) && budgetAt(heights, watch) !== BigInt(LATER_BUDGET)) {
    throw missing('the budget from the ledger in the last height')
  }
  const [untold] = liar?.untold ?? []
  if (untold !== undefined) throw missing(`a lie at height ${String(untold.from)} or soon after`)
  // a liar at the same height may cost the round in which votes differed
  if (lowestMagnitude(watch) === 1 && roundsOf(watch).every((round) => round === 0))
    throw missing('a height disturbed by the node that is slow on purpose')
}

const eventHeight = (heights: number): number => Math.max(1, Math.floor(heights / EVENT_PART))

/** In a shorter demo the new budget may come too late on a busy machine. */
export function isLongEnoughForEvent(heights: number): boolean {
  return heights - eventHeight(heights) >= EVENT_HEIGHTS
}

/** Checkpoints and result on chain, put there by the members whose turn it was. */
export async function anchorHistory({ options, watch, say, wait }: Stage, params: TaskParams): Promise<void> {
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
export function roundsOf(watch: Watch): number[] {
  return [...watch.decided.values()].map((byNode) => [...byNode.values()][0]?.round ?? 0)
}

/** Smallest magnitude of any node's transitional validity: computed from the SHAREs it received. */
export function lowestMagnitude(watch: Watch): number {
  const magnitudes = [...watch.measured.values()].flatMap((byNode) =>
    [...byNode.values()].map(({ transitional }) => transitional?.magnitude ?? 1),
  )
  return Math.min(...magnitudes)
}
