import type { Command } from 'commander'
import { MEMBERS_MAX } from '../../types/ids.ts'
import { deployment, examples, integer, json, rpcUrl, sending } from '../flags.ts'
import type { ChainOptions, LineKeepOptions, LineOpenOptions, TaskSendOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

const BLOCKS_MAX = 1_000_000
const SECONDS_MAX = 31_536_000
const LINE = '0x5FbDB2315678afecb367f032d93F642f64180aa3'

/** line open, fund, renew, keep, show, close. */
export function addLineCommands(program: Command, run: RunCommand): void {
  const line = program
    .command('line')
    .description(
      'lines of tasks: a contract publishes one after the other, out of a budget, for whoever asks',
    )
  addOpen(line, run)
  sending(line.command('fund <line> <amount>'), 'sender’s')
    .description('adds tokens to the budget of a line; only the owner of a closed line takes anything out')
    .addHelpText(
      'after',
      examples(`rsdp line fund ${LINE} 100 --dry-run`, `rsdp line fund ${LINE} 1e18wei --yes`),
    )
    .action((address: string, amount: string, options: TaskSendOptions) =>
      run('line fund', options.json, async (context) =>
        (await import('../commands/line-send.ts')).lineFund(address, amount, options, context),
      ),
    )
  sending(line.command('renew <line>'), 'keeper’s')
    .description('has a line publish its next task, if that is due, and earns the fee')
    .addHelpText(
      'after',
      examples(`rsdp line renew ${LINE} --dry-run`, `rsdp line renew ${LINE} --yes --json`),
    )
    .action((address: string, options: TaskSendOptions) =>
      run('line renew', options.json, async (context) =>
        (await import('../commands/line-send.ts')).lineRenew(address, options, context),
      ),
    )
  sending(line.command('keep <line>'), 'keeper’s')
    .description(
      'renews a line whenever that is due, and collects what its tasks did not spend, until it is stopped or the line is closed',
    )
    .option('--every <seconds>', 'how often the chain is asked', integer(1, 3_600), 2)
    .option('--paid-only', 'leave renewals to others that earn no fee', false)
    .addHelpText(
      'after',
      examples(`rsdp line keep ${LINE} --yes`, `rsdp line keep ${LINE} --every 12 --paid-only --yes --json`),
    )
    .action((address: string, options: LineKeepOptions) =>
      run('line keep', options.json, async (context) =>
        (await import('../commands/line-keep.ts')).lineKeep(address, options, context),
      ),
    )
  line
    .command('show <line>')
    .description('budget, plan and tasks of a line, and what its next renewal would do')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples(`rsdp line show ${LINE}`, `rsdp line show ${LINE} --json`))
    .action((address: string, options: ChainOptions) =>
      run('line show', options.json, async (context) =>
        (await import('../commands/line-show.ts')).lineShow(address, options, context),
      ),
    )
  sending(line.command('close <line>'), 'owner’s')
    .description(
      'closes a line of the wallet’s one task’s length from now; given again after that, takes the rest',
    )
    .addHelpText(
      'after',
      examples(`rsdp line close ${LINE} --dry-run`, `rsdp line close ${LINE} --yes --json`),
    )
    .action((address: string, options: TaskSendOptions) =>
      run('line close', options.json, async (context) =>
        (await import('../commands/line-send.ts')).lineClose(address, options, context),
      ),
    )
}

function addOpen(line: Command, run: RunCommand): void {
  sending(line.command('open'), 'owner’s')
    .description('makes a line of tasks of a reducer that is handed the state before, and funds it')
    .option('--app <dir>', 'folder of an application: its reducer, and the params of its example')
    .option('--reducer <name>', 'a stock reducer, with --params')
    .option('--params <json>', 'params of the reducer: JSON with its fields, or hex')
    .option('--provable', 'with the twin of the reducer: a wrong state can be proved on chain', false)
    .option('--nodes <n>', 'seats of each cluster', integer(4, MEMBERS_MAX), 7)
    .option('--heights <n>', 'heights of each task', integer(1, 65_535), 1_000)
    .option(
      '--epoch <n>',
      'R: heights per checkpoint (default: 8, or as many as their inputs fit into)',
      integer(1, 255),
    )
    .option('--factor <n>', 'slots of 10 / n seconds', integer(1, 40), 10)
    .option('--join-blocks <n>', 'blocks of each sign-up (default: as task publish)', integer(2, 7_200))
    .option('--join-seconds <n>', 'and seconds, where the deployment counts them', integer(1, SECONDS_MAX))
    .option('--end-blocks <n>', 'blocks of each task (default: the longest)', integer(10, BLOCKS_MAX))
    .option('--end-seconds <n>', 'and seconds, where the deployment counts them', integer(1, SECONDS_MAX))
    .option('--stall-seconds <n>', 'seconds without a checkpoint that end a task', integer(1, SECONDS_MAX))
    .option(
      '--before-blocks <n>',
      'renew so many blocks before the end (default: twice the sign-up)',
      integer(0, BLOCKS_MAX),
    )
    .option(
      '--before-seconds <n>',
      'and so many seconds (default: twice the sign-up)',
      integer(0, SECONDS_MAX),
    )
    .option(
      '--before-heights <n>',
      'or once so few heights are left (default: a quarter)',
      integer(0, 65_534),
    )
    .option(
      '--pace-blocks <n>',
      'least blocks between two tasks (default: the sign-up)',
      integer(0, BLOCKS_MAX),
    )
    .option('--pace-seconds <n>', 'and least seconds (default: the sign-up)', integer(0, SECONDS_MAX))
    .option('--fee <amount>', 'tokens for whoever renews (default: 1)')
    .option('--budget <amount>', 'tokens that the line gets at once (default: none)')
    .option('--stake <amount>', 'tokens that each seat locks (default: 100)')
    .option('--reward <amount>', 'tokens that a height pays, shared by its members (default: 1)')
    .option('--checkpoint-fee <amount>', 'tokens for each checkpoint, to whoever brings it (default: 1)')
    .option(
      '--form-gas-price <amount>',
      'tokens for a unit of gas, to whoever draws a cluster (default: 0.00001)',
    )
    .addHelpText(
      'after',
      examples(
        `rsdp line open --reducer kv-config@1 --params '{"minHeightTicks":5,"sessionIdleMs":60000,"generation":0}' --dry-run`,
        'rsdp line open --app ./hello --nodes 4 --heights 200 --budget 5000 --yes --json',
        'rsdp line open --app ./hello --provable --nodes 4 --heights 200 --dry-run',
      ),
    )
    .action((options: LineOpenOptions) =>
      run('line open', options.json, async (context) =>
        (await import('../commands/line-open.ts')).lineOpen(options, context),
      ),
    )
}
