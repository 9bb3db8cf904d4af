import { Option } from 'commander'
import type { Command } from 'commander'
import { deployment, examples, integer, passwordFile, rpcUrl } from '../flags.ts'
import type { NodePrivateOptions, NodeRunOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** node run, node private. */
export function addNodeCommands(program: Command, run: RunCommand): void {
  const node = program.command('node').description('run a staked node')
  node
    .command('run')
    .description('runs one node in the foreground; its log goes to stdout as JSON lines')
    .requiredOption('--data-dir <dir>', 'the node’s own folder: sign-once store, lock')
    .option('--key-file <file>', 'signing key (default: key in the data directory)')
    .addOption(passwordFile())
    .option('--listen <multiaddr...>', 'where to listen', ['/ip4/0.0.0.0/tcp/9100'])
    .option(
      '--health-port <port>',
      'port of /healthz, /readyz, /status on 127.0.0.1 (0 picks one)',
      integer(0, 65_535),
      0,
    )
    .option('--no-join', 'do not sign up for tasks')
    .option('--poll-ms <ms>', 'pause between two looks at the chain', integer(20, 60_000), 250)
    .addOption(
      new Option(
        '--provider <url>',
        'send the example’s requests to this provider (examples/rate-limit/provider.ts)',
      ).env('RSDP_PROVIDER'),
    )
    .option(
      '--fault <names>',
      'misbehave on purpose, on a local chain only: NAME, NAME:HEIGHT or NAME:FROM-TO, separated by commas (docs/faults.md)',
    )
    .addOption(rpcUrl())
    .addOption(deployment())
    .addHelpText(
      'after',
      examples(
        'rsdp node run --data-dir ./alice --listen /ip4/0.0.0.0/tcp/9100',
        'curl -s http://127.0.0.1:8781/status   # with --health-port 8781',
      ),
    )
    .action((options: NodeRunOptions) =>
      run('node run', false, async (context) =>
        (await import('../commands/node-run.ts')).nodeRun(options, context),
      ),
    )
  node
    .command('private <members>', { hidden: true })
    .description('runs one member of a private cluster, profile paper, in the foreground')
    .requiredOption('--data-dir <dir>', 'the node’s own folder with its key')
    .requiredOption('--listen <multiaddr...>', 'where to listen')
    .action((file: string, options: NodePrivateOptions) =>
      run('node private', false, async (context) =>
        (await import('../commands/node-private.ts')).nodePrivate(file, options, context),
      ),
    )
}
