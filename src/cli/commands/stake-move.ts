import { addStake, approve, faucet, requestUnbond, withdraw } from '../../adapters/evm/operator.ts'
import type { Done } from '../../adapters/evm/operator.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseAmount, toWei } from '../amount.ts'
import type { StakeOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { requireFree, requireTokens } from '../stake-limits.ts'
import type { StakeSession } from '../stake-session.ts'
import { withStake } from '../stake-session.ts'
import type { StakeView, TrancheView } from '../stake-view.ts'
import { showMoment, showWait, showWindow } from '../moments.ts'
import { endOf, inTokens, now, readStake } from '../stake-view.ts'
import { NOTHING_SENT } from '../wallet-session.ts'

/** Adds to the operator's free stake; approves the registry first if it may not pull so much yet. */
export function stakeDeposit(
  text: string,
  options: StakeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const amount = parseAmount(text)
  return withStake(options, context, async (session) => {
    const { wallet, stake, registry, isLocal, agreed } = session
    const { token } = stake
    const amountWei = toWei(amount, token.decimals)
    const missing = requireTokens(stake, amountWei, isLocal)
    const toApprove = stake.allowanceWei < amountWei
    const go = await agreed([
      `deposit  ${inTokens(amountWei, token)} of ${stake.wallet} to NodeRegistry ${registry}`,
      `free     ${inTokens(stake.freeWei, token)} → ${inTokens(stake.freeWei + amountWei, token)}`,
      ...(missing > 0n ? [`faucet   ${inTokens(missing, token)}, as this is a local chain`] : []),
      ...(toApprove ? [`approve  NodeRegistry may pull ${inTokens(amountWei, token)}`] : []),
    ])
    if (!go) return reportNothing(session, context, { amountWei })
    if (missing > 0n) await faucet(wallet, wallet.address, missing)
    if (toApprove) await approve(wallet, 'NodeRegistry', amountWei)
    const done = await addStake(wallet, amountWei)
    const text = `deposited ${inTokens(amountWei, token)} in block ${done.block}  ${done.hash}`
    return report(session, context, [done], text, { amountWei })
  })
}

/** Starts to unbond free stake. It can be withdrawn once the unbonding time is over. */
export function stakeUnbond(text: string, options: StakeOptions, context: CommandContext): Promise<ExitCode> {
  const amount = parseAmount(text)
  return withStake(options, context, async (session) => {
    const { wallet, stake, agreed } = session
    const { token } = stake
    const amountWei = toWei(amount, token.decimals)
    requireFree(stake, amountWei)
    const go = await agreed([
      `unbond   ${inTokens(amountWei, token)} of ${stake.operator}; withdrawable after ${showWindow(stake.unbondingBlocks, stake.unbondingSeconds)}`,
      `free     ${inTokens(stake.freeWei, token)} → ${inTokens(stake.freeWei - amountWei, token)}`,
    ])
    if (!go) return reportNothing(session, context, { amountWei })
    const done = await requestUnbond(wallet, amountWei)
    const { tranche, endsAt } = done
    const from = showMoment(endsAt, now(stake))
    const text =
      `unbonding ${inTokens(amountWei, token)} as tranche ${tranche}, from ${from} on: rsdp stake withdraw ${tranche}` +
      `  ${done.hash}`
    return report(session, context, [done], text, {
      ...{ amountWei, tranche },
      ...{ unbondingEndsAt: Number(endsAt.number), unbondingEndsTime: Number(endsAt.time) },
    })
  })
}

/** Takes out a tranche whose unbonding is over, or all of them. */
export function stakeWithdraw(
  text: string | undefined,
  options: StakeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const wanted = text === undefined ? null : parseTranche(text)
  return withStake(options, context, async (session) => {
    const { wallet, stake, agreed } = session
    const { token } = stake
    const due = dueTranches(stake, wanted)
    const amountWei = due.reduce((sum, tranche) => sum + tranche.amountWei, 0n)
    const names = due.map(({ tranche }) => tranche).join(', ')
    const go = await agreed([
      `withdraw ${inTokens(amountWei, token)} to ${stake.payout}: tranche ${names}`,
      ...(stake.payout === stake.wallet
        ? [`wallet   ${inTokens(stake.walletWei, token)} → ${inTokens(stake.walletWei + amountWei, token)}`]
        : []),
    ])
    const facts = { amountWei, tranches: due.map(({ tranche }) => tranche) }
    if (!go) return reportNothing(session, context, facts)
    const done: Done[] = []
    for (const { tranche } of due) done.push(await withdraw(wallet, tranche))
    const text = `withdrew ${inTokens(amountWei, token)}: tranche ${names}  ${done.map(({ hash }) => hash).join(' ')}`
    return report(session, context, done, text, facts)
  })
}

async function report(
  { wallet, stake: before }: StakeSession,
  { output }: CommandContext,
  done: readonly Done[],
  text: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const stake = await readStake(wallet.connection, before.operator)
  const transactions = done.map(({ hash, block, gasUsed }) => ({ hash, block, gasUsed }))
  output.result({ dryRun: false, ...facts, transactions, stake }, text)
  return EXIT.ok
}

function reportNothing(
  { stake }: StakeSession,
  { output }: CommandContext,
  facts: Readonly<Record<string, unknown>>,
): ExitCode {
  output.result({ dryRun: true, ...facts, transactions: [], stake }, NOTHING_SENT)
  return EXIT.ok
}

/** @throws RsdpError E_TRANCHE, E_NOTHING_DUE */
function dueTranches(stake: StakeView, wanted: bigint | null): readonly TrancheView[] {
  const { tranches } = stake
  const known = wanted === null ? tranches : tranches.filter(({ tranche }) => tranche === wanted)
  if (wanted !== null && known.length === 0) {
    throw new RsdpError({
      code: 'E_TRANCHE',
      message: `there is nothing to withdraw under tranche ${wanted}`,
      hint: 'rsdp stake status shows the tranches that are there',
      exit: EXIT.precondition,
      details: { tranche: wanted },
    })
  }
  const due = known.filter(({ isDue }) => isDue)
  if (due.length > 0) return due
  // later tranches end later
  const [next] = known.map(endOf)
  const at = now(stake)
  throw new RsdpError({
    code: 'E_NOTHING_DUE',
    message:
      next === undefined ? 'nothing is unbonding' : `nothing can be withdrawn before ${showMoment(next, at)}`,
    hint: next === undefined ? 'begin with rsdp stake unbond' : `wait ${showWait(next, at)}`,
    exit: EXIT.precondition,
    details: { block: stake.block, next: next?.number ?? null, nextTime: next?.time ?? null },
  })
}

function parseTranche(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text)
  throw new RsdpError({
    code: 'E_USAGE',
    message: `'${text}' is not a tranche number`,
    hint: 'rsdp stake status shows them',
    exit: EXIT.usage,
  })
}
