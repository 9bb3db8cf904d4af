import type { Command } from 'commander'
import { Option } from 'commander'
import type { Protocol } from '../../types/transaction.ts'
import { dataDir, examples, integer, json } from '../flags.ts'
import type { MachineOptions, OnDataDirOptions, TxRunOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** The kinds again: a list of names is not loaded for its help. */
const PROTOCOLS = ['agreed', '2pc', '3pc'] as const satisfies readonly Protocol[]

/** tx run, show, list: transactions over strong stores, at a node on this machine. */
export function addTxCommands(program: Command, run: RunCommand): void {
  const tx = program.command('tx').description('transactions over the strong stores of a task of services@1')
  const task = (): Option =>
    new Option('--task <id>', 'the task; default: the newest of services@1 that the node runs')
  tx.command('run')
    .description('changes several stores, or none of them; exit 3 if it is aborted')
    .addOption(new Option('--put <service/key=value...>', 'writes a key of a store').default([]))
    .addOption(new Option('--delete <service/key...>', 'removes a key').default([]))
    .addOption(
      new Option(
        '--if <service/key@version...>',
        'only if the key has this version; 0: only if there is none',
      ).default([]),
    )
    .addOption(
      new Option(
        '--protocol <name>',
        'who decides: a task of transactions@1, this node, or a majority of the stores',
      )
        .choices(PROTOCOLS)
        .default('agreed'),
    )
    .option('--timeout <seconds>', 'for how long stores may take to vote', integer(1, 20), 5)
    .addOption(dataDir())
    .addOption(task())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp tx run --put 1/alice=90 2/bob=110 --if 1/alice@7 2/bob@4 --data-dir ./node',
        'rsdp tx run --delete 1/cart --put 2/order=paid --protocol 2pc --json --data-dir ./node',
      ),
    )
    .action((options: TxRunOptions) =>
      run('tx run', options.json, async (context) =>
        (await import('../commands/tx.ts')).txRun(options, context),
      ),
    )
  tx.command('show <transaction>')
    .description('what became of a transaction, at the node that was told to run it')
    .addOption(dataDir())
    .addOption(task())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp tx show 0xf6ecb785abc70db336614a67abfb127d1d5c5c7d/1700000000550 --data-dir ./node'),
    )
    .action((name: string, options: MachineOptions) =>
      run('tx show', options.json, async (context) =>
        (await import('../commands/tx.ts')).txShow(name, options, context),
      ),
    )
  tx.command('list')
    .description(
      'transactions that are not over: those of this node, and those in doubt at stores that it leads',
    )
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('rsdp tx list --data-dir ./node'))
    .action((options: OnDataDirOptions) =>
      run('tx list', options.json, async (context) =>
        (await import('../commands/tx.ts')).txList(options, context),
      ),
    )
}
