import type { Command } from 'commander'
import { deployment, examples, integer, json, rpcUrl, sending } from '../flags.ts'
import type {
  ChainOptions,
  TaskPublishOptions,
  TaskResultOptions,
  TaskSendOptions,
  TaskWatchOptions,
} from '../options.ts'
import type { RunCommand } from '../run-command.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'

/** Of a duration that is asked for: a year. What a deployment allows, is less. */
const SECONDS_MAX = 31_536_000

/** task publish, list, status, result, watch, revoke, join, claim, release. */
export function addTaskCommands(program: Command, run: RunCommand): void {
  const task = program.command('task').description('publish tasks and follow them')
  addPublish(task, run)
  task
    .command('list')
    .description('tasks on this deployment with their status')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp task list', 'rsdp task list --json'))
    .action((options: ChainOptions) =>
      run('task list', options.json, async (context) =>
        (await import('../commands/task-list.ts')).taskList(options, context),
      ),
    )
  task
    .command('status <id>')
    .description('where one task stands: cluster, height accepted by the chain, escrow, result')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp task status 1', 'rsdp task status 1 --json'))
    .action((id: string, options: ChainOptions) =>
      run('task status', options.json, async (context) =>
        (await import('../commands/task-status.ts')).taskStatus(id, options, context),
      ),
    )
  task
    .command('result <id>')
    .description('the published result, decoded if its reducer is known; exit 5 if there is none yet')
    .option('--app <dir>', 'folder of the application that the task is of: its reducer reads the result')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp task result 1', 'rsdp task result 1 --app ./hello --json'))
    .action((id: string, options: TaskResultOptions) =>
      run('task result', options.json, async (context) =>
        (await import('../commands/task-result.ts')).taskResult(id, options, context),
      ),
    )
  task
    .command('watch <id>')
    .description('follows a task until it is finalized; with --json one line per change')
    .addOption(rpcUrl())
    .addOption(deployment())
    .option('--timeout <seconds>', 'give up after this long (exit 5)', integer(1, 86_400), 600)
    .addOption(json())
    .addHelpText('after', examples('rsdp task watch 1', 'rsdp task watch 1 --timeout 60 --json'))
    .action((id: string, options: TaskWatchOptions) =>
      run('task watch', options.json, async (context) =>
        (await import('../commands/task-watch.ts')).taskWatch(id, options, context),
      ),
    )
  addMoney(task, run)
}

/** What a task's parties do with their wallets after `publish`. */
function addMoney(task: Command, run: RunCommand): void {
  sending(task.command('revoke <id>'), 'client’s')
    .description('ends a task of the client early: what nobody has earned goes back')
    .addHelpText('after', examples('rsdp task revoke 1 --dry-run', 'rsdp task revoke 1 --yes --json'))
    .action((id: string, options: TaskSendOptions) =>
      run('task revoke', options.json, async (context) =>
        (await import('../commands/task-revoke.ts')).taskRevoke(id, options, context),
      ),
    )
  sending(task.command('join <id> <key>'), 'operator’s')
    .description('signs a node’s key up with its operator’s wallet, after showing what it agrees to')
    .addHelpText(
      'after',
      examples(
        'rsdp task join 1 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --dry-run',
        'rsdp task join 1 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --yes --json',
      ),
    )
    .action((id: string, key: string, options: TaskSendOptions) =>
      run('task join', options.json, async (context) =>
        (await import('../commands/task-join.ts')).taskJoin(id, key, options, context),
      ),
    )
  sending(task.command('claim <id>'), 'operator’s or client’s')
    .description('pays the wallet what a finished task owes it: rewards and fees, or the client’s rest')
    .addHelpText('after', examples('rsdp task claim 1 --dry-run', 'rsdp task claim 1 --yes --json'))
    .action((id: string, options: TaskSendOptions) =>
      run('task claim', options.json, async (context) =>
        (await import('../commands/task-claim.ts')).taskClaim(id, options, context),
      ),
    )
  sending(task.command('release <id> [key]'), 'sender’s')
    .description('turns the locks of a finished task into free stake: of one signing key, or of all')
    .addHelpText('after', examples('rsdp task release 1', 'rsdp task release 1 0xf39F…2266 --yes'))
    .action((id: string, key: string | undefined, options: TaskSendOptions) =>
      run('task release', options.json, async (context) =>
        (await import('../commands/task-release.ts')).taskRelease(id, key, options, context),
      ),
    )
}

function addPublish(task: Command, run: RunCommand): void {
  sending(task.command('publish'), 'client’s')
    .description('publishes a task, paid by the client: a rate-limit task over the demo’s trace, or of --app')
    .option('--app <dir>', 'folder of an application: its reducer, and the params of its example')
    .option('--reducer <name>', 'a stock reducer, with --params')
    .option('--params <json>', 'params of the reducer: JSON with its fields, or hex')
    .option('--provable', 'with the twin of the reducer: a wrong state can be proved on chain', false)
    .option('--nodes <n>', 'seats of the cluster', integer(4, MEMBERS_MAX), 7)
    .option('--heights <n>', 'decisions to make', integer(1, 65_535), 24)
    .option(
      '--epoch <n>',
      'R: heights per checkpoint (default: 8, or as many as their inputs fit into)',
      integer(1, 255),
    )
    .option('--factor <n>', 'replay speed of the request trace', integer(1, 40), 10)
    .option(
      '--join-blocks <n>',
      'blocks that sign-up stays open (default: twice the depth at which nodes read the chain, 10 s at least, and one a node)',
      integer(2, 7_200),
    )
    .option(
      '--join-seconds <n>',
      'and the seconds; on chains whose deployment counts them (default: 12 per block)',
      integer(1, SECONDS_MAX),
    )
    .option(
      '--end-seconds <n>',
      'seconds until the task ends (default: the longest)',
      integer(1, SECONDS_MAX),
    )
    .option(
      '--stall-seconds <n>',
      'seconds without a checkpoint that end it (default: twice the grace, 12 per block)',
      integer(1, SECONDS_MAX),
    )
    .option('--stake <amount>', 'tokens that each seat locks (default: 100)')
    .option('--reward <amount>', 'tokens that a height pays, shared by its members (default: 1)')
    .option('--checkpoint-fee <amount>', 'tokens for each checkpoint, to whoever brings it (default: 1)')
    .option(
      '--form-gas-price <amount>',
      'tokens for a unit of gas, to whoever draws the cluster (default: 0.00001)',
    )
    .option('--watch', 'then follow it until it is finalized or has ended', false)
    .addHelpText(
      'after',
      examples(
        'rsdp task publish --dry-run',
        'rsdp task publish --nodes 4 --heights 60 --json',
        'rsdp task publish --stake 50 --reward 0.2 --checkpoint-fee 0.5 --form-gas-price 2e9wei --dry-run',
        `rsdp task publish --reducer median@1 --params '{"min":-40000,"max":85000}' --provable`,
      ),
    )
    .action((options: TaskPublishOptions) =>
      run('task publish', options.json, async (context) =>
        (await import('../commands/task-publish.ts')).taskPublish(options, context),
      ),
    )
}
