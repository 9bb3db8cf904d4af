import type { Command } from 'commander'
import { Argument, Option } from 'commander'
import { deployment, examples, integer, json, passwordFile, rpcUrl, transport } from '../flags.ts'
import type { DemoOptions, DeployCommandOptions, DevOptions, WalletOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** demo, dev, deploy, twins deploy. */
export function addNetworkCommands(program: Command, run: RunCommand): void {
  addDemo(program, run)
  addDev(program, run)
  program
    .command('deploy')
    .description('deploys the contracts to a chain that already runs and writes the deployment file')
    .addOption(rpcUrl())
    .addOption(deployment())
    .option('--key-file <file>', 'deployer’s key file; on a local chain its first test account if left out')
    .addOption(passwordFile())
    .option('--token <address>', 'ERC-20 to stake; on a local chain a test token is deployed if left out')
    .option(
      '--bounty-wei <n>',
      'most that a proof is worth to its reporter, about the price of 150,000 gas (10^18)',
    )
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp deploy',
        'rsdp deploy --rpc-url https://rpc.example --key-file ./deployer.json --password-file ./pw --token 0x… --deployment deployments/11155111.json',
      ),
    )
    .action((options: DeployCommandOptions) =>
      run('deploy', options.json, async (context) =>
        (await import('../commands/deploy.ts')).deploy(options, context),
      ),
    )
  program
    .command('twins')
    .description('the Solidity twins of the stock reducers')
    .command('deploy')
    .description('deploys them and names them in the deployment file, for tasks that are --provable')
    .addOption(rpcUrl())
    .addOption(deployment())
    .option('--key-file <file>', 'deployer’s key file; on a local chain its first test account if left out')
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp twins deploy', 'rsdp twins deploy --key-file ./deployer.json --json'),
    )
    .action((options: WalletOptions) =>
      run('twins deploy', options.json, async (context) =>
        (await import('../commands/twins-deploy.ts')).twinsDeploy(options, context),
      ),
    )
}

function addDemo(program: Command, run: RunCommand): void {
  program
    .command('demo')
    .description('chain, contracts, staked nodes, a real workload and its audit, in one go; ends by itself')
    .addArgument(
      new Argument(
        '[story]',
        'limits: a rate limit that liars cannot bend; telecom: services on five nodes (takes --data-dir and --json only)',
      )
        .choices(['limits', 'telecom'])
        .default('limits'),
    )
    .option('--nodes <n>', 'nodes, each its own process', integer(4, 31), 7)
    .option('--heights <n>', 'decisions to make', integer(4, 60), 24)
    .option('--factor <n>', 'replay speed of the request trace', integer(1, 20), 10)
    .option('--no-liar', 'no node lies')
    .option('--ui', 'with the dashboard; the network stays up at the end, until Ctrl-C', false)
    .option('--ui-port <port>', 'port of the dashboard', integer(0, 65_535), 8780)
    .option('--data-dir <dir>', 'keep the nodes’ data there instead of in a folder that is removed')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp demo', 'rsdp demo --ui', 'rsdp demo telecom', 'rsdp demo --nodes 4 --heights 8 --json'),
    )
    .action((story: string, options: DemoOptions) =>
      run('demo', options.json, async (context) =>
        story === 'telecom'
          ? (await import('../commands/demo-telecom.ts')).demoTelecom(options, context)
          : (await import('../commands/demo.ts')).demo(options, context),
      ),
    )
}

function addDev(program: Command, run: RunCommand): void {
  program
    .command('dev')
    .description('a local network that stays up: chain, contracts and staked nodes, until Ctrl-C')
    .option('--nodes <n>', 'nodes, each its own process', integer(4, 31), 7)
    .option('--port <port>', 'port of the chain', integer(0, 65_535), 8545)
    .option('--block-ms <ms>', 'a block at least this often', integer(50, 60_000), 250)
    .option('--data-dir <dir>', 'where nodes keep their data', '.rsdp/dev')
    .addOption(deployment())
    .addOption(
      new Option(
        '--profile <profile>',
        'paper: no certificates, not safe against liars; with --no-chain only',
      )
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
    .option('--app <dir>', 'folder of an application that the nodes run, too; it is built first')
    .option('--feed <reducer...>', 'reducers whose states come over the API of each node')
    .option('--ui-port <port>', 'port of the dashboard', integer(0, 65_535), 8780)
    .option('--no-ui', 'no dashboard')
    .option('--fault <what>', 'the last node misbehaves, as node run --fault says: to see it caught')
    .addOption(transport())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp dev',
        'rsdp dev --app ./hello',
        'rsdp dev --fault equivocate-share:3-5',
        'rsdp dev --transport amqp://guest:guest@127.0.0.1:5672',
        'rsdp dev --nodes 4 --port 8546 --deployment /tmp/d.json',
        'rsdp dev --profile paper --no-chain --nodes 5',
        'rsdp dev --profile paper --no-chain --schedule "*/5 * * * * *"',
      ),
    )
    .action((options: DevOptions) =>
      run('dev', options.json, async (context) => (await import('../commands/dev.ts')).dev(options, context)),
    )
}
