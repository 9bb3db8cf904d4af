import type { LinePlan } from '../../adapters/evm/task-line.ts'
import { fundLine, makeLine } from '../../adapters/evm/task-line.ts'
import { faucet } from '../../adapters/evm/operator.ts'
import { byteLength } from '../../codec/hex.ts'
import { findMachine } from '../../reducers/catalog.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { parseAmount, toWei } from '../amount.ts'
import { twinFor } from '../app/task-twin.ts'
import { taskWork } from '../app/task-work.ts'
import { escrowMax } from '../local/client.ts'
import type { LineOpenOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { joinBlocksFor, taskOf, taskTimes } from '../task-params.ts'
import type { TaskWork } from '../task-params.ts'
import { parsePrices } from '../task-prices.ts'
import { fitRoom } from '../task-room.ts'
import { checkTiming, fitTiming, measurePace } from '../task-timing.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Bytes of the generation, at the end of a machine's params. */
const GENERATION_BYTES = 8
const QUARTER = 4

/** Makes a line, and funds it. Its first task is published by the first `renew`. */
export async function lineOpen(options: LineOpenOptions, context: CommandContext): Promise<ExitCode> {
  const pricesIn = parsePrices(options)
  const fee = parseAmount(options.fee ?? '1')
  const budget = options.budget === undefined ? null : parseAmount(options.budget)
  const { reducer = '' } = options
  const given = await taskWork(options)
  if (given?.usesPrevious !== true) throw forgetful()
  const { epoch, work, effect } = fitRoom(options, given)
  return withWallet(options, context, async ({ connection, wallet: owner, isLocal, agreed }) => {
    const { output } = context
    const { windows } = connection.deployment
    const token = await readToken(connection)
    const pace = await measurePace(connection)
    const joinBlocks = options.joinBlocks ?? joinBlocksFor(windows.reorgDepth, options.nodes, pace.blockMsMin)
    const { number, time } = await connection.latest()
    const [head, now] = [Number(number), Number(time)]
    const { joinSeconds, endSeconds, stallSeconds, nodes } = options
    const asked = { joinSeconds, endSeconds, stallSeconds }
    const times = taskTimes(windows, now, { joinBlocks, nodes }, asked)
    const taskBlocksMax = options.endBlocks ?? windows.taskBlocksMax
    const prices = pricesIn(token.decimals)
    const task = { ...options, epoch, joinBlocks, head, taskBlocksMax, times, prices }
    const twin = options.provable ? { twin: await twinFor({ ...options, reducer }, connection) } : {}
    const params = fitTiming({ ...taskOf(task, work), ...twin }, pace, windows.reorgDepth)
    const timing = checkTiming(params, pace, windows.reorgDepth)
    const plan = planOf(params, options, { head, now, fee: toWei(fee, token.decimals) })
    const budgetWei = budget === null ? 0n : toWei(budget, token.decimals)
    const escrowWei = escrowMax(params)
    const go = await agreed([
      `open     a line of ${owner.address}: tasks of ${params.maxNodes} seats, ${params.heights} heights`,
      `escrow   at most ${inTokens(escrowWei, token)} a task, and ${inTokens(plan.renewFee, token)} to whoever renews`,
      `budget   ${inTokens(budgetWei, token)}; what is not spent is yours again one task after you close the line`,
      ...effect,
      ...timing.effect,
    ])
    const facts = { owner: owner.address, plan, escrowWei, budgetWei }
    if (!go) {
      output.result({ dryRun: true, line: null, ...facts }, NOTHING_SENT, timing.warnings)
      return EXIT.ok
    }
    const { line, block } = await makeLine(owner, plan)
    if (budgetWei > 0n) {
      if (isLocal) await faucet(owner, owner.address, budgetWei)
      await fundLine(owner, line, budgetWei)
    }
    output.result(
      { dryRun: false, line, block, ...facts },
      `line ${line}  opened in block ${block}\nnext  rsdp line ${budgetWei === 0n ? 'fund' : 'keep'} ${line}`,
      timing.warnings,
    )
    return EXIT.ok
  })
}

/** @param at what the params were made for: times of a plan count from `renew` */
function planOf(
  params: Parameters<typeof escrowMax>[0],
  options: LineOpenOptions,
  { head, now, fee }: { readonly head: number; readonly now: number; readonly fee: bigint },
): LinePlan {
  const [signUp, signUpSeconds] = [
    params.joinDeadline - head,
    params.joinTime === 0 ? 0 : params.joinTime - now,
  ]
  const [length, seconds] = [params.endBlock - head, params.endTime === 0 ? 0 : params.endTime - now]
  const { withGeneration, reducerParams } = generationOf(options, params)
  const before = Math.min(options.beforeBlocks ?? 2 * signUp, length - 1)
  return {
    params: {
      ...params,
      reducerParams,
      joinDeadline: signUp,
      joinTime: signUpSeconds,
      endBlock: length,
      endTime: seconds,
    },
    withGeneration,
    renewBeforeBlocks: before,
    renewBeforeSeconds: seconds === 0 ? 0 : Math.min(options.beforeSeconds ?? 2 * signUpSeconds, seconds - 1),
    renewBeforeHeights: options.beforeHeights ?? Math.floor(params.heights / QUARTER),
    paceBlocks: options.paceBlocks ?? signUp,
    paceSeconds: options.paceSeconds ?? signUpSeconds,
    renewFee: fee,
  }
}

/** The stock machines read a generation at the end of their params: the line writes it. */
function generationOf(
  { reducer }: LineOpenOptions,
  { reducerParams }: TaskWork,
): { readonly withGeneration: boolean; readonly reducerParams: Hex } {
  const withGeneration = reducer !== undefined && findMachine(reducer) !== null
  if (!withGeneration) return { withGeneration, reducerParams }
  const kept = byteLength(reducerParams) - GENERATION_BYTES
  return { withGeneration, reducerParams: reducerParams.slice(0, 2 + 2 * kept) as Hex }
}

function forgetful(): RsdpError {
  return new RsdpError({
    code: 'E_LINE_REDUCER',
    message: 'a line hands the state of one task to the next, and this reducer takes none',
    hint: 'name one that uses the state before: --reducer kv-config@1, or --app',
    exit: EXIT.usage,
  })
}
