import { setAllowance } from '../../adapters/evm/operator.ts'
import { readAllowance } from '../../adapters/evm/reads.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseAllowance, showAllowance } from '../allowance.ts'
import type { StakeOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { withStake } from '../stake-session.ts'
import { inTokens } from '../stake-view.ts'
import { NOTHING_SENT } from '../wallet-session.ts'
import { parseAddress } from '../account.ts'

/** Replaces what a signing key of the wallet may lock by itself. What it has locked stays locked. */
export function stakeAllow(
  keyText: string,
  perTask: string,
  total: string,
  options: StakeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const key = parseAddress(keyText)
  return withStake(options, context, async ({ wallet, stake, agreed }) => {
    const { output } = context
    const { token } = stake
    const limits = parseAllowance(perTask, total, token.decimals)
    const before = await readAllowance(wallet.connection, key)
    const go = await agreed([
      `allow    ${key}: ${showAllowance(limits, token)}`,
      `before   ${showAllowance(before, token)}; ${inTokens(before.runningWei, token)} are locked by it`,
    ])
    const facts = { key, ...limits, before }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const done = await setAllowance(wallet, key, limits)
    output.result(
      { dryRun: false, ...facts, transaction: done },
      `${key}: ${showAllowance(limits, token)}  ${done.hash}`,
    )
    return EXIT.ok
  })
}
