import type { LineView } from '../../adapters/evm/task-line.ts'
import { closeLine, fundLine, readLine, renewLine, withdrawLine } from '../../adapters/evm/task-line.ts'
import { faucet } from '../../adapters/evm/operator.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import { isReached } from '../../types/moment.ts'
import { parseAddress } from '../account.ts'
import { parseAmount, toWei } from '../amount.ts'
import { showMoment } from '../moments.ts'
import type { TaskSendOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Adds to a budget. */
export function lineFund(
  text: string,
  amountText: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const [line, amount] = [lineAddress(text), parseAmount(amountText)]
  return withWallet(options, context, async ({ connection, wallet, isLocal, agreed }) => {
    const { output } = context
    const view = await readLine(connection, line)
    const token = await readToken(connection)
    const amountWei = toWei(amount, token.decimals)
    const go = await agreed([
      `fund     ${line} with ${inTokens(amountWei, token)}`,
      `owner    ${view.owner}, who takes what is left if the line is closed`,
    ])
    if (!go) {
      output.result({ dryRun: true, line, amountWei, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    if (isLocal) await faucet(wallet, wallet.address, amountWei)
    const { hash, block } = await fundLine(wallet, line, amountWei)
    const budgetWei = view.budgetWei + amountWei
    output.result(
      { dryRun: false, line, amountWei, budgetWei, transaction: { hash, block } },
      `funded in block ${block}: budget ${inTokens(budgetWei, token)}\nnext  rsdp line keep ${line}`,
    )
    return EXIT.ok
  })
}

/** Has a line publish its next task. */
export function lineRenew(
  text: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const line = lineAddress(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const view = await readLine(connection, line)
    if (!view.isDue) throw notDue(view)
    const token = await readToken(connection)
    const fee = view.isPaid ? inTokens(view.renewFee, token) : 'nothing: the last task had no accepted height'
    const go = await agreed([
      `renew    ${line}: the next task goes on from ${view.predecessor === 0n ? 'nothing' : `task ${view.predecessor}`}`,
      ...(view.isLost ? ['lost     what was decided after the last checkpoint: next generation'] : []),
      `fee      ${fee}`,
    ])
    if (!go) {
      output.result({ dryRun: true, line, taskId: null, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block, taskId, predecessor, feeWei } = await renewLine(wallet, line)
    output.result(
      { dryRun: false, line, taskId, predecessor, feeWei, transaction: { hash, block } },
      `task ${taskId}  published in block ${block}, after task ${predecessor}\nnext  rsdp task watch ${taskId}`,
    )
    return EXIT.ok
  })
}

/** Closes a line of the wallet's; once the notice is over, takes the rest. */
export function lineClose(
  text: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const line = lineAddress(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const view = await readLine(connection, line)
    if (view.owner !== wallet.address) throw notOwner(view, wallet.address)
    const { closesAt } = view
    const now = await connection.latest()
    if (closesAt !== null && !isReached(closesAt, now)) throw notClosed(line, closesAt, now)
    const token = await readToken(connection)
    if (closesAt !== null && view.budgetWei === 0n) throw nothingLeft(line)
    const go = await agreed(
      closesAt === null
        ? [`close    ${line}, one task’s length from now; tasks that are published go on`]
        : [`withdraw ${inTokens(view.budgetWei, token)} from ${line} to ${wallet.address}`],
    )
    const facts = { line, withdrawnWei: closesAt === null ? 0n : view.budgetWei }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block } = await (closesAt === null ? closeLine(wallet, line) : withdrawLine(wallet, line))
    const after = await readLine(connection, line)
    output.result(
      { dryRun: false, ...facts, closesAt: after.closesAt, transaction: { hash, block } },
      closesAt === null
        ? `line ${line} is closed from ${after.closesAt === null ? 'now' : showMoment(after.closesAt, now)} on\nnext  rsdp line close ${line} takes the rest then`
        : `withdrew ${inTokens(view.budgetWei, token)} in block ${block}`,
    )
    return EXIT.ok
  })
}

/** @throws RsdpError E_ADDRESS */
export const lineAddress = (text: string): Address => parseAddress(text)

function notDue({ line, tasks }: LineView): RsdpError {
  const last = tasks.at(-1)?.taskId
  return new RsdpError({
    code: 'E_LINE_NOT_DUE',
    message: `the next task of ${line} is not due${last === undefined ? ': the line is closed' : ` while task ${last} runs`}`,
    hint: 'rsdp line keep waits for it',
    exit: EXIT.precondition,
    details: { line, last: last ?? null },
  })
}

function notOwner({ line, owner }: LineView, sender: Address): RsdpError {
  return new RsdpError({
    code: 'E_NOT_OWNER',
    message: `${line} is of ${owner}, not of ${sender}`,
    hint: 'give --key-file',
    exit: EXIT.precondition,
    details: { line, owner, sender },
  })
}

function notClosed(line: Address, closesAt: Moment, now: Moment): RsdpError {
  return new RsdpError({
    code: 'E_LINE_NOTICE',
    message: `${line} is closed from ${showMoment(closesAt, now)} on, and pays nothing out before`,
    hint: 'give the command again then',
    exit: EXIT.precondition,
    details: { line },
  })
}

function nothingLeft(line: Address): RsdpError {
  return new RsdpError({
    code: 'E_NOTHING_DUE',
    message: `the budget of ${line} is empty`,
    hint: 'what its last tasks did not spend comes back by rsdp line keep, after their evidence windows',
    exit: EXIT.precondition,
    details: { line },
  })
}
