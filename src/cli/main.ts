import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { EXIT } from '../types/exit-codes.ts'
import type {
  ChainOptions,
  DemoOptions,
  DeployCommandOptions,
  DevOptions,
  NodePrivateOptions,
  NodeRunOptions,
  SimOptions,
  TaskPublishOptions,
  TaskWatchOptions,
} from './options.ts'
import { toJson } from './output.ts'
import { runCommand } from './run-command.ts'

/** Every command imports what it needs when it runs: `--help` must not wait for libp2p or Hardhat. */
const program = new Command('rsdp')
  .description('Staked nodes agree on one state after another; anyone can audit every step from an RPC URL.')
  .version('0.1.0')
  .showSuggestionAfterError()
  .showHelpAfterError('(run with --help for examples)')
  .configureHelp({ sortSubcommands: false })
  .exitOverride()

const rpcUrl = (): Option =>
  new Option('--rpc-url <url>', 'JSON-RPC endpoint of the chain')
    .env('RSDP_RPC_URL')
    .default('http://127.0.0.1:8545')
const deployment = (): Option =>
  new Option('--deployment <file>', 'deployment file')
    .env('RSDP_DEPLOYMENT')
    .default('deployments/31337.json')
const json = (): Option => new Option('--json', 'one JSON envelope on stdout instead of text').default(false)

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected an integer from ${min} to ${max}.`)
    }
    return value
  }
}

program
  .command('demo')
  .description('chain, contracts, staked nodes, a real workload and its audit, in one go; ends by itself')
  .option('--nodes <n>', 'nodes, each its own process', integer(4, 13), 7)
  .option('--heights <n>', 'decisions to make', integer(4, 60), 24)
  .option('--factor <n>', 'replay speed of the request trace', integer(1, 40), 10)
  .option('--no-liar', 'no node lies')
  .option('--data-dir <dir>', 'keep the nodes’ data there instead of in a folder that is removed')
  .addOption(json())
  .addHelpText('after', '\nExamples:\n  $ rsdp demo\n  $ rsdp demo --nodes 4 --heights 8 --json')
  .action((options: DemoOptions) =>
    runCommand('demo', options.json, async (context) =>
      (await import('./commands/demo.ts')).demo(options, context),
    ),
  )

program
  .command('dev')
  .description('a local network that stays up: chain, contracts and staked nodes, until Ctrl-C')
  .option('--nodes <n>', 'nodes, each its own process', integer(4, 13), 7)
  .option('--port <port>', 'port of the chain', integer(0, 65_535), 8545)
  .option('--block-ms <ms>', 'a block at least this often', integer(50, 60_000), 250)
  .option('--data-dir <dir>', 'where nodes keep their data', '.rsdp/dev')
  .addOption(deployment())
  .addOption(
    new Option('--profile <profile>', 'paper: no certificates, not safe against liars; with --no-chain only')
      .choices(['bft', 'paper'])
      .default('bft'),
  )
  .option('--no-chain', 'a private cluster: members from a file, no contracts, no stake')
  .addOption(
    new Option('--selection <rule>', 'profile paper: how a state is finalised')
      .choices(['popular', 'weighted', 'merge'])
      .default('popular'),
  )
  .option(
    '--schedule <schedule>',
    'profile paper: slots, asynchronous, or a cron expression that all nodes follow',
    'slots',
  )
  .addHelpText(
    'after',
    '\nExamples:\n  $ rsdp dev\n  $ rsdp dev --nodes 4 --port 8546 --deployment /tmp/d.json\n  $ rsdp dev --profile paper --no-chain --nodes 5\n  $ rsdp dev --profile paper --no-chain --schedule "*/5 * * * * *"',
  )
  .action((options: DevOptions) =>
    runCommand('dev', false, async (context) => (await import('./commands/dev.ts')).dev(options, context)),
  )

program
  .command('deploy')
  .description('deploys the contracts to a chain that already runs and writes the deployment file')
  .addOption(rpcUrl())
  .addOption(deployment())
  .option('--key-file <file>', 'deployer’s key file; on a local chain its first test account if left out')
  .option('--password-file <file>', 'password of an encrypted key file')
  .option('--token <address>', 'ERC-20 to stake; on a local chain a test token is deployed if left out')
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ rsdp deploy\n  $ rsdp deploy --rpc-url https://rpc.example --key-file ./deployer.json --password-file ./pw --token 0x… --deployment deployments/11155111.json',
  )
  .action((options: DeployCommandOptions) =>
    runCommand('deploy', options.json, async (context) =>
      (await import('./commands/deploy.ts')).deploy(options, context),
    ),
  )

const node = program.command('node').description('run a staked node')
node
  .command('run')
  .description('runs one node in the foreground; its log goes to stdout as JSON lines')
  .requiredOption('--data-dir <dir>', 'the node’s own folder: sign-once store, lock')
  .option('--key-file <file>', 'signing key (default: key in the data directory)')
  .option('--password-file <file>', 'password of an encrypted key file')
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
    '\nExamples:\n  $ rsdp node run --data-dir ./alice --listen /ip4/0.0.0.0/tcp/9100\n  $ curl -s http://127.0.0.1:8781/status   # with --health-port 8781',
  )
  .action((options: NodeRunOptions) =>
    runCommand('node run', false, async (context) =>
      (await import('./commands/node-run.ts')).nodeRun(options, context),
    ),
  )
node
  .command('private <members>', { hidden: true })
  .description('runs one member of a private cluster, profile paper, in the foreground')
  .requiredOption('--data-dir <dir>', 'the node’s own folder with its key')
  .requiredOption('--listen <multiaddr...>', 'where to listen')
  .action((file: string, options: NodePrivateOptions) =>
    runCommand('node private', false, async (context) =>
      (await import('./commands/node-private.ts')).nodePrivate(file, options, context),
    ),
  )

const task = program.command('task').description('publish tasks and follow them')
task
  .command('publish')
  .description('publishes a rate-limit task over the example trace, paid by the client')
  .addOption(rpcUrl())
  .addOption(deployment())
  .option('--key-file <file>', 'client’s key file; on a local chain its first test account if left out')
  .option('--password-file <file>', 'password of an encrypted key file')
  .option('--nodes <n>', 'seats of the cluster', integer(4, 31), 7)
  .option('--heights <n>', 'decisions to make', integer(1, 65_535), 24)
  .option('--epoch <n>', 'R: heights per checkpoint', integer(1, 255), 8)
  .option('--factor <n>', 'replay speed of the request trace', integer(1, 40), 10)
  .option('--join-blocks <n>', 'blocks that sign-up stays open', integer(2, 7_200), 20)
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ rsdp task publish\n  $ rsdp task publish --nodes 4 --heights 60 --json',
  )
  .action((options: TaskPublishOptions) =>
    runCommand('task publish', options.json, async (context) =>
      (await import('./commands/task-publish.ts')).taskPublish(options, context),
    ),
  )
task
  .command('list')
  .description('tasks on this deployment with their status')
  .addOption(rpcUrl())
  .addOption(deployment())
  .addOption(json())
  .addHelpText('after', '\nExamples:\n  $ rsdp task list\n  $ rsdp task list --json')
  .action((options: ChainOptions) =>
    runCommand('task list', options.json, async (context) =>
      (await import('./commands/task-list.ts')).taskList(options, context),
    ),
  )
task
  .command('watch <id>')
  .description('follows a task until it is finalized; with --json one line per change')
  .addOption(rpcUrl())
  .addOption(deployment())
  .option('--timeout <seconds>', 'give up after this long (exit 5)', integer(1, 86_400), 600)
  .addOption(json())
  .addHelpText('after', '\nExamples:\n  $ rsdp task watch 1\n  $ rsdp task watch 1 --timeout 60 --json')
  .action((id: string, options: TaskWatchOptions) =>
    runCommand('task watch', options.json, async (context) =>
      (await import('./commands/task-watch.ts')).taskWatch(id, options, context),
    ),
  )

program
  .command('audit [id]')
  .description('rebuilds and checks every step of a task from chain data alone; exit 6 on any mismatch')
  .addOption(rpcUrl())
  .addOption(deployment())
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ rsdp audit 1\n  $ rsdp audit 1 --rpc-url http://127.0.0.1:8545 --json',
  )
  .action((id: string | undefined, options: ChainOptions) =>
    runCommand('audit', options.json, async (context) =>
      (await import('./commands/audit.ts')).audit(id ?? '1', options, context),
    ),
  )

program
  .command('sim')
  .description(
    'production nodes in a simulated world of faults and liars; exit 6 if any seed breaks a promise',
  )
  .option('--seeds <a..b>', 'seeds to run', '1..100')
  .option('--seed <n>', 'run this one again', integer(0, 999_999_999))
  .option('--workers <n>', 'threads', integer(1, 64), 2)
  .option('--heights <n>', 'decisions per seed', integer(1, 60), 8)
  .option('--liar <name>', 'all liars are of this kind')
  .option('--trace', 'with --seed: tell everything that happens, on stderr', false)
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ rsdp sim --seeds 1..1000 --workers 2\n  $ rsdp sim --seed 17 --trace',
  )
  .action((options: SimOptions) =>
    runCommand('sim', options.json, async (context) =>
      (await import('./commands/sim.ts')).sim(options, context),
    ),
  )

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // commander has printed its own message: help and version are no failure, everything else is misuse
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error.exitCode !== 0 && process.argv.includes('--json')) {
    const hint = 'run the command with --help for examples'
    const problem = { code: 'E_USAGE', message: error.message, hint, details: {} }
    process.stdout.write(`${toJson({ schema: 1, ok: false, command: 'rsdp', error: problem })}\n`)
  }
}
