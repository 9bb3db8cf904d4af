import type { Command } from 'commander'
import { deployment, examples, json, keyFile, passwordFile, rpcUrl, sending } from '../flags.ts'
import type { AccountOptions, WalletOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** account show, payout, offer, accept: who acts for an operator, and where it is paid. */
export function addAccountCommands(program: Command, run: RunCommand): void {
  const account = program
    .command('account')
    .description('the operator’s account: which wallet acts for it, where it is paid')
  account
    .command('show [operator]')
    .description('wallet, payout address, offer, jail and stake of an operator (default: the wallet’s)')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(keyFile('operator’s'))
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp account show', 'rsdp account show 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json'),
    )
    .action((operator: string | undefined, options: WalletOptions) =>
      run('account show', options.json, async (context) =>
        (await import('../commands/account-show.ts')).accountShow(operator, options, context),
      ),
    )
  sending(account.command('payout <address>'), 'operator’s')
    .description('says where the operator is paid from now on; `wallet`: at its wallet')
    .addHelpText(
      'after',
      examples(
        'rsdp account payout 0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65 --dry-run',
        'rsdp account payout wallet --yes --json',
      ),
    )
    .action((address: string, options: AccountOptions) =>
      run('account payout', options.json, async (context) =>
        (await import('../commands/account-change.ts')).accountPayout(address, options, context),
      ),
    )
  sending(account.command('offer <wallet>'), 'operator’s')
    .description('offers the account to another wallet, which must accept it; `nobody` takes the offer back')
    .addHelpText(
      'after',
      examples(
        'rsdp account offer 0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc --dry-run',
        'rsdp account offer nobody --yes --json',
      ),
    )
    .action((wallet: string, options: AccountOptions) =>
      run('account offer', options.json, async (context) =>
        (await import('../commands/account-change.ts')).accountOffer(wallet, options, context),
      ),
    )
  sending(account.command('accept <operator>'), 'new wallet’s')
    .description('takes an account over that was offered to this wallet; this cannot be undone')
    .addHelpText(
      'after',
      examples(
        'rsdp account accept 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --key-file ./new.json --dry-run',
        'rsdp account accept 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --key-file ./new.json --yes --json',
      ),
    )
    .action((operator: string, options: AccountOptions) =>
      run('account accept', options.json, async (context) =>
        (await import('../commands/account-change.ts')).accountAccept(operator, options, context),
      ),
    )
}
