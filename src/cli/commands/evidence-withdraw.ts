import { withdrawCredit } from '../../adapters/evm/operator.ts'
import { accountOf, readHolder } from '../../adapters/evm/reads.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { TaskSendOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Pays what the wallet was credited for proofs, of all tasks: an operator's wallet where its operator is paid. */
export function evidenceWithdraw(options: TaskSendOptions, context: CommandContext): Promise<ExitCode> {
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const operator = await accountOf(connection, wallet.address)
    const address = operator ?? wallet.address
    const to = (operator === null ? null : await readHolder(connection, operator))?.payout ?? address
    const amountWei = await connection.read(connection.contracts.registry.creditOf(address))
    if (amountWei === 0n) {
      throw new RsdpError({
        code: 'E_NOTHING_DUE',
        message: `${address} is credited nothing`,
        hint: 'what a node has proved is credited to its signing key: give --key-file DATA_DIR/key',
        exit: EXIT.precondition,
      })
    }
    const amount = inTokens(amountWei, await readToken(connection))
    if (!(await agreed([`withdraw ${amount} to ${to}`]))) {
      output.result({ dryRun: true, account: address, to, amountWei, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { hash, block, gasUsed } = await withdrawCredit(wallet)
    output.result(
      { dryRun: false, account: address, to, amountWei, transaction: { hash, block, gasUsed } },
      `withdrew ${amount} in block ${block}  ${hash}`,
    )
    return EXIT.ok
  })
}
