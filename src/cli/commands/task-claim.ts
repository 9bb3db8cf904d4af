import type { Connection } from '../../adapters/evm/connection.ts'
import { claim } from '../../adapters/evm/operator.ts'
import { accountOf, claimsOpenAt, readHolder } from '../../adapters/evm/reads.ts'
import { revertOf } from '../../adapters/evm/wallet.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { TaskSendOptions } from '../options.ts'
import { isReached } from '../../types/moment.ts'
import { showMoment, showWait } from '../moments.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import { parseTaskId, summary, unknownTask } from './task-list.ts'

/** Pays all that a task owes: rewards and fees of seats where the operator is paid, the client's rest to the wallet. */
export function taskClaim(id: string, options: TaskSendOptions, context: CommandContext): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const refusal = await claimRefusal(connection, taskId)
    if (refusal !== null) throw refusal
    const amountWei = await owed(connection, taskId, wallet.address)
    const amount = inTokens(amountWei, await readToken(connection))
    const operator = await accountOf(connection, wallet.address)
    const payout = operator === null ? null : ((await readHolder(connection, operator))?.payout ?? null)
    const facts = { taskId, account: wallet.address, operator, payout, amountWei }
    const { client } = await summary(connection, taskId)
    if (!(await agreed([`claim    ${amount} of task ${id} to ${payees(wallet.address, client, payout)}`]))) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block, gasUsed } = await claim(wallet, taskId).catch((error: unknown) => {
      // somebody else's claim, mined in between, has burnt what was left to burn
      throw isNothingDue(error) ? nothingDue(taskId, wallet.address) : error
    })
    output.result(
      { dryRun: false, ...facts, transaction: { hash, block, gasUsed } },
      `claimed ${amount} of task ${id} in block ${block}  ${hash}`,
    )
    return EXIT.ok
  })
}

/** Seats are paid where the operator is, the client's rest at the client. */
function payees(wallet: Address, client: string, payout: Address | null): string {
  if (payout === null || payout === wallet) return wallet
  return wallet === client ? `${payout} for seats, ${wallet} as client` : payout
}

/** Why a task does not pay yet, or null: E_NO_TASK, E_TASK_RUNNING, E_CLAIM_EARLY. */
export async function claimRefusal(connection: Connection, taskId: bigint): Promise<RsdpError | null> {
  const { status } = await summary(connection, taskId)
  if (status === 'None') return unknownTask(String(taskId))
  const opensAt = await claimsOpenAt(connection, taskId)
  const at = await connection.latest()
  const opens = { opensAt: opensAt?.number ?? null, opensAtTime: opensAt?.time ?? null }
  const details = { taskId, status, block: Number(at.number), ...opens }
  if (opensAt === null) {
    return new RsdpError({
      code: 'E_TASK_RUNNING',
      message: `task ${taskId} is ${status}: what it owes is not settled yet`,
      hint: `wait for its end: rsdp task watch ${taskId}`,
      exit: EXIT.precondition,
      details,
    })
  }
  if (isReached(opensAt, at)) return null
  return new RsdpError({
    code: 'E_CLAIM_EARLY',
    message: `task ${taskId} still takes evidence; it pays from ${showMoment(opensAt, at)} on`,
    hint: `wait ${showWait(opensAt, at)}`,
    exit: EXIT.precondition,
    details,
  })
}

/** What the contract would pay now. A claim that only burns what nobody has earned is left to those who are paid. @throws RsdpError E_NOTHING_DUE */
async function owed(connection: Connection, taskId: bigint, from: Address): Promise<bigint> {
  const amountWei = await connection.contracts.board.claim
    .staticCall(taskId, { from })
    .catch((error: unknown) => {
      if (revertOf(error)?.name !== 'NothingToClaim') throw connection.fault(error)
      return 0n
    })
  if (amountWei === 0n) throw nothingDue(taskId, from)
  return amountWei
}

function isNothingDue(error: unknown): boolean {
  return error instanceof RsdpError && error.details['error'] === 'NothingToClaim'
}

function nothingDue(taskId: bigint, account: Address): RsdpError {
  return new RsdpError({
    code: 'E_NOTHING_DUE',
    message: `task ${taskId} owes ${account} nothing, or nothing more`,
    hint: `rsdp audit ${taskId} says who was paid what`,
    exit: EXIT.precondition,
    details: { taskId, account },
  })
}
