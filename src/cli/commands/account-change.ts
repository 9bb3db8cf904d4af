import type { Connection } from '../../adapters/evm/connection.ts'
import type { Done } from '../../adapters/evm/operator.ts'
import { acceptAccount, offerAccount, setPayout } from '../../adapters/evm/operator.ts'
import { accountOf } from '../../adapters/evm/reads.ts'
import { revertOf } from '../../adapters/evm/wallet.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { AccountOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import type { AccountView } from './account-show.ts'
import { noAccount, requireAccount, rowsOf } from './account-show.ts'
import { parseAddress } from '../account.ts'

/** Says where the operator is paid from now on. */
export function accountPayout(
  text: string,
  options: AccountOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const payout = text === 'wallet' ? null : parseAddress(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    if (payout !== null) refuseContract(connection, payout)
    const before = await requireOwn(connection, wallet.address)
    const to = payout ?? before.wallet
    const go = await agreed([
      `payout   of operator ${before.operator}: ${before.payout} → ${to}`,
      'paid     there: unbonded stake, rewards and fees, credits for proofs',
    ])
    if (!go) return nothing(context, before)
    const done = await setPayout(wallet, payout)
    return report(connection, context, before, done, `operator ${before.operator} is paid at ${to}`)
  })
}

/** Offers the account to another wallet. Nothing changes until that wallet accepts. */
export function accountOffer(
  text: string,
  options: AccountOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const newWallet = text === 'nobody' ? null : parseAddress(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const before = await requireOwn(connection, wallet.address)
    const { operator } = before
    if (newWallet !== null) {
      const { registry } = connection.contracts
      await attempt(connection, registry.offerAccount.staticCall(newWallet, { from: wallet.address }))
    }
    const effect =
      newWallet === null
        ? [`take back the offer of operator ${operator} to ${before.offeredTo ?? 'nobody'}`]
        : [
            `offer    operator ${operator}, with stake, keys, locks and jail, to ${newWallet}`,
            `then     once it accepts, ${wallet.address} can never act for an operator again`,
          ]
    if (!(await agreed(effect))) return nothing(context, before)
    const done = await offerAccount(wallet, newWallet)
    const next = newWallet === null ? '' : `\nnext  with the new wallet: rsdp account accept ${operator}`
    const what = `operator ${operator} is offered to ${newWallet ?? 'nobody'}`
    return report(connection, context, before, done, what, next)
  })
}

/** Takes an account over that was offered to the wallet. */
export function accountAccept(
  text: string,
  options: AccountOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const operator = parseAddress(text)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const before = await requireAccount(connection, operator)
    if (before.offeredTo !== wallet.address) throw notOffered(before, wallet.address)
    const { registry } = connection.contracts
    await attempt(connection, registry.acceptAccount.staticCall(operator, { from: wallet.address }))
    const go = await agreed([
      `accept   operator ${operator}: ${wallet.address} acts for it from now on, and for no other one ever`,
      ...rowsOf(before).map(([name, value]) => `${name.padEnd(10)} ${value}`),
    ])
    if (!go) return nothing(context, before)
    const done = await acceptAccount(wallet, operator)
    const what = `${wallet.address} acts for operator ${operator}`
    return report(connection, context, before, done, what, '\nnext  rsdp account show')
  })
}

/** The account for which a wallet acts. @throws RsdpError E_NO_ACCOUNT */
async function requireOwn(connection: Connection, wallet: Address): Promise<AccountView> {
  const operator = await accountOf(connection, wallet)
  if (operator === null) throw noAccount(wallet)
  return requireAccount(connection, operator)
}

/** Tokens that are sent to one of these stay there. @throws RsdpError E_PAYOUT */
function refuseContract({ deployment }: Connection, payout: Address): void {
  for (const [name, { address }] of Object.entries(deployment.contracts)) {
    if (address !== payout) continue
    throw new RsdpError({
      code: 'E_PAYOUT',
      message: `${payout} is the contract ${name}: tokens that are sent there are lost`,
      hint: 'give the address of a wallet, or the word wallet',
      exit: EXIT.usage,
      details: { payout, contract: name },
    })
  }
}

/** Tries a hand-over. @throws RsdpError E_WALLET_TAKEN, E_WALLET_IS_KEY */
async function attempt(connection: Connection, call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    const revert = revertOf(error)
    const refused = (code: `E_${string}`, message: string): RsdpError =>
      new RsdpError({ code, message, hint: 'use a wallet that was never used here', exit: EXIT.precondition })
    if (revert?.name === 'WalletTaken')
      throw refused('E_WALLET_TAKEN', 'the new wallet is, or was, the wallet of an operator')
    if (revert?.name === 'KeyIsOperator')
      throw refused('E_WALLET_IS_KEY', 'the new wallet is a signing key, which is online and may be stolen')
    throw connection.fault(error)
  }
}

function notOffered({ operator, wallet, offeredTo }: AccountView, to: Address): RsdpError {
  return new RsdpError({
    code: 'E_NOT_OFFERED',
    message: `operator ${operator} is offered to ${offeredTo ?? 'nobody'}, not to ${to}`,
    hint: `with the wallet ${wallet}: rsdp account offer ${to}`,
    exit: EXIT.precondition,
    details: { operator, wallet, offeredTo },
  })
}

function nothing({ output }: CommandContext, account: AccountView): ExitCode {
  output.result({ dryRun: true, account, transaction: null }, NOTHING_SENT)
  return EXIT.ok
}

async function report(
  connection: Connection,
  { output }: CommandContext,
  { operator }: AccountView,
  { hash, block, gasUsed }: Done,
  what: string,
  next = '',
): Promise<ExitCode> {
  const account = await requireAccount(connection, operator)
  const text = `${what} since block ${block}  ${hash}${next}`
  output.result({ dryRun: false, account, transaction: { hash, block, gasUsed } }, text)
  return EXIT.ok
}
