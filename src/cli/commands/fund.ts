import { formatEther } from 'ethers'
import { fund as send } from '../../adapters/evm/operator.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { keyOrAddress } from '../account.ts'
import { parseCurrency } from '../amount.ts'
import type { FundOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Sends the chain's currency from the wallet: gas money for a signing key, or on a local chain for a new wallet. */
export function fund(
  recipient: string,
  text: string,
  options: FundOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const to = keyOrAddress(recipient)
  const amountWei = parseCurrency(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const amount = `${formatEther(amountWei)} ETH`
    const has = await connection.read(connection.provider.getBalance(to))
    const facts = { from: wallet.address, to, amountWei }
    const go = await agreed([
      `send     ${amount} of ${wallet.address} to ${to}, which has ${formatEther(has)} ETH`,
    ])
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block, gasUsed } = await send(wallet, to, amountWei)
    output.result(
      { dryRun: false, ...facts, transaction: { hash, block, gasUsed } },
      `sent ${amount} to ${to} in block ${block}  ${hash}`,
    )
    return EXIT.ok
  })
}
