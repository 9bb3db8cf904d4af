import type { Command } from 'commander'
import { deployment, examples, json, keyFile, passwordFile, rpcUrl, sending } from '../flags.ts'
import type { FundOptions, StakeOptions, StakeStatusOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** stake status, deposit, unbond, withdraw, allow, and fund: what an operator does with its wallet. */
export function addStakeCommands(program: Command, run: RunCommand): void {
  const stake = program.command('stake').description('the operator’s stake: see it, add to it, take it out')
  stake
    .command('status')
    .description('free, locked and unbonding stake of an operator')
    .option('--operator <address>', 'operator, its wallet or a signing key (default: the wallet’s)')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(keyFile('operator’s'))
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText('after', examples('rsdp stake status --operator 0x70997970C51812dc3A010C7d01b50e0d17dc79C8'))
    .action((options: StakeStatusOptions) =>
      run('stake status', options.json, async (context) =>
        (await import('../commands/stake-status.ts')).stakeStatus(options, context),
      ),
    )
  sending(stake.command('deposit <amount>'), 'operator’s')
    .description('adds tokens to the operator’s free stake, after approving them')
    .addHelpText('after', examples('rsdp stake deposit 100 --dry-run', 'rsdp stake deposit 1e18wei --yes'))
    .action((amount: string, options: StakeOptions) =>
      run('stake deposit', options.json, async (context) =>
        (await import('../commands/stake-move.ts')).stakeDeposit(amount, options, context),
      ),
    )
  sending(stake.command('unbond <amount>'), 'operator’s')
    .description('starts to take free stake out; locked stake stays until its task is over')
    .addHelpText('after', examples('rsdp stake unbond 1.5 --dry-run', 'rsdp stake unbond 100 --yes --json'))
    .action((amount: string, options: StakeOptions) =>
      run('stake unbond', options.json, async (context) =>
        (await import('../commands/stake-move.ts')).stakeUnbond(amount, options, context),
      ),
    )
  sending(stake.command('withdraw [tranche]'), 'operator’s')
    .description('pays out a tranche whose unbonding is over; all of them if none is named')
    .addHelpText('after', examples('rsdp stake withdraw', 'rsdp stake withdraw 0 --yes --json'))
    .action((tranche: string | undefined, options: StakeOptions) =>
      run('stake withdraw', options.json, async (context) =>
        (await import('../commands/stake-move.ts')).stakeWithdraw(tranche, options, context),
      ),
    )
  addAllow(stake, run)
  sending(program.command('fund <to> <amount>'), 'sender’s')
    .description('sends the chain’s currency for gas to an address, or to the account of a key file')
    .addHelpText(
      'after',
      examples(
        'rsdp fund .rsdp/keys/operator.json 10   # on a local chain, from its first test account',
        'rsdp fund ./alice/key 0.1 --key-file ./operator.json --password-file ./operator.pw',
      ),
    )
    .action((to: string, amount: string, options: FundOptions) =>
      run('fund', options.json, async (context) =>
        (await import('../commands/fund.ts')).fund(to, amount, options, context),
      ),
    )
}

/** How much of the stake a signing key may lock by itself. */
function addAllow(stake: Command, run: RunCommand): void {
  sending(stake.command('allow <key> <per-task> <total>'), 'operator’s')
    .description(
      'says how many tokens a signing key may lock by itself, in one task and in all; 0 0: nothing',
    )
    .addHelpText(
      'after',
      examples(
        'rsdp stake allow 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 10 50 --dry-run',
        'rsdp stake allow 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 0 0 --yes --json',
      ),
    )
    .action((key: string, perTask: string, total: string, options: StakeOptions) =>
      run('stake allow', options.json, async (context) =>
        (await import('../commands/stake-allow.ts')).stakeAllow(key, perTask, total, options, context),
      ),
    )
}
