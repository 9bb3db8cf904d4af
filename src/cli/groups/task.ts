import type { Command } from 'commander'
import { deployment, examples, integer, json, rpcUrl, sending } from '../flags.ts'
import type { ChainOptions, TaskPublishOptions, TaskWatchOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** task publish, list, status, watch, result. */
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
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp task result 1', 'rsdp task result 1 --json'))
    .action((id: string, options: ChainOptions) =>
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
}

function addPublish(task: Command, run: RunCommand): void {
  sending(task.command('publish'), 'client’s')
    .description('publishes a rate-limit task over the example trace, paid by the client')
    .option('--nodes <n>', 'seats of the cluster', integer(4, 31), 7)
    .option('--heights <n>', 'decisions to make', integer(1, 65_535), 24)
    .option('--epoch <n>', 'R: heights per checkpoint', integer(1, 255), 8)
    .option('--factor <n>', 'replay speed of the request trace', integer(1, 40), 10)
    .option('--join-blocks <n>', 'blocks that sign-up stays open', integer(2, 7_200), 20)
    .addHelpText(
      'after',
      examples('rsdp task publish --dry-run', 'rsdp task publish --nodes 4 --heights 60 --json'),
    )
    .action((options: TaskPublishOptions) =>
      run('task publish', options.json, async (context) =>
        (await import('../commands/task-publish.ts')).taskPublish(options, context),
      ),
    )
}
