import { publishedEarlier } from '../../adapters/evm/operator.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { formFeeMax } from '../../types/form-fee.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { escrowMax, publishTask } from '../local/client.ts'
import type { TaskPublishOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { twinFor } from '../app/task-twin.ts'
import { taskWork } from '../app/task-work.ts'
import { showTime } from '../moments.ts'
import { rateLimitWork } from '../demo/rate-limit-task.ts'
import { joinBlocksFor, taskOf, taskTimes } from '../task-params.ts'
import { taskWatch } from './task-watch.ts'
import { parsePrices } from '../task-prices.ts'
import { fitRoom } from '../task-room.ts'
import { checkTiming, fitTiming, measurePace } from '../task-timing.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** No task lives longer. */
const WATCH_SECONDS_MAX = 86_400

/** Publishes a task, of the demo unless it is told otherwise, and pays its escrow. */
export async function taskPublish(options: TaskPublishOptions, context: CommandContext): Promise<ExitCode> {
  if (options.watch && context.json) throw twoOutputs()
  const taskId = await publish(options, context)
  if (!options.watch || taskId === null) return EXIT.ok
  return taskWatch(String(taskId), { ...options, timeout: WATCH_SECONDS_MAX }, context)
}

/** The task, of this run or an earlier one; null: it was shown only. */
async function publish(options: TaskPublishOptions, context: CommandContext): Promise<bigint | null> {
  const pricesIn = parsePrices(options)
  // before the chain's clock is read: it takes a while
  const given = (await taskWork(options)) ?? rateLimitWork(options.nodes)
  const { epoch, work, effect } = fitRoom(options, given)
  return withWallet(options, context, async ({ connection, wallet: client, agreed }) => {
    const { output } = context
    const { windows } = connection.deployment
    const { reorgDepth, taskBlocksMax } = windows
    const pace = await measurePace(connection)
    const joinBlocksMin = joinBlocksFor(reorgDepth, options.nodes, pace.blockMsMin)
    const joinBlocks = options.joinBlocks ?? joinBlocksMin
    if (joinBlocks <= reorgDepth) throw unseen(joinBlocks, reorgDepth, joinBlocksMin)
    const { number, time } = await connection.latest()
    const { joinSeconds, endSeconds, stallSeconds, nodes } = options
    const asked = { joinSeconds, endSeconds, stallSeconds }
    const times = taskTimes(windows, Number(time), { joinBlocks, nodes }, asked)
    const token = await readToken(connection)
    const prices = pricesIn(token.decimals)
    const task = { ...options, epoch, joinBlocks, head: Number(number), taskBlocksMax, times, prices }
    const asPublished = taskOf(task, work)
    const wanted = options.provable
      ? {
          ...asPublished,
          twin: await twinFor({ ...options, reducer: options.reducer ?? rateLimit.id }, connection),
        }
      : asPublished
    const params = fitTiming(wanted, pace, reorgDepth)
    const timing = checkTiming(params, pace, reorgDepth)
    const escrowWei = escrowMax(params)
    const go = await agreed([
      `publish  a task of ${client.address}: ${params.maxNodes} seats, ${params.heights} heights`,
      `escrow   at most ${inTokens(escrowWei, token)} to TaskBoard ${connection.deployment.contracts.TaskBoard.address}`,
      `drawing  ${inTokens(formFeeMax(params), token)} of it at most, to whoever draws the cluster`,
      ...effect,
      ...timing.effect,
    ])
    if (!go) {
      const facts = { dryRun: true, taskId: null, client: client.address, params, escrowWei, pace }
      output.result(facts, NOTHING_SENT, timing.warnings)
      return null
    }
    // blocks have passed since, so this call is another: what an interrupted run has published is what was asked for
    const earlier = await publishedEarlier(client)
    if (earlier !== null) {
      const { taskId, hash, block } = earlier
      output.result(
        { dryRun: false, taskId, client: client.address, resumed: true, transaction: { hash, block } },
        `task ${String(taskId)} was published by an earlier run in block ${String(block)}; for another, give the command again` +
          `\nnext  rsdp task watch ${String(taskId)}`,
      )
      return taskId
    }
    const taskId = await publishTask(client, params)
    output.result(
      { dryRun: false, taskId, client: client.address, params, escrowWei, pace },
      `task ${String(taskId)}  ${String(params.maxNodes)} seats, ${String(params.heights)} heights, R = ${String(params.epochHeights)},` +
        ` sign-up until block ${String(params.joinDeadline)}${params.joinTime === 0 ? '' : ` and ${showTime(params.joinTime)}`}\nnext  rsdp task watch ${String(taskId)}`,
      timing.warnings,
    )
    return taskId
  })
}

function twoOutputs(): RsdpError {
  return new RsdpError({
    code: 'E_USAGE',
    message: '--json answers once, and --watch goes on',
    hint: 'leave --watch out, then give rsdp task watch <id> --json',
    exit: EXIT.usage,
  })
}

function unseen(joinBlocks: number, reorgDepth: number, joinBlocksMin: number): RsdpError {
  return new RsdpError({
    code: 'E_JOIN_BLOCKS',
    message: `sign-up of ${joinBlocks} blocks is over before any node sees the task: nodes read ${reorgDepth} blocks deep`,
    hint: `give --join-blocks at least ${joinBlocksMin}, or leave it out`,
    exit: EXIT.usage,
    details: { joinBlocks, reorgDepth },
  })
}
