import type { Command } from 'commander'
import {
  announce,
  bundleMirror,
  bundles,
  dataDir,
  deployment,
  examples,
  integer,
  json,
  maxFeeGwei,
  passwordFile,
  policyFile,
  rpcUrl,
  sending,
  transport,
  yes,
  serveAddress,
} from '../flags.ts'
import type {
  NodeFreezeOptions,
  NodeInitOptions,
  NodeLeaveOptions,
  NodePrivateOptions,
  NodeRegisterOptions,
  NodeRotateOptions,
  NodeRunOptions,
  NodeStatusOptions,
  NodeSystemdOptions,
  NodeStopOptions,
  NodeTrustStoreOptions,
  NodeUpdateOptions,
  WatchOptions,
} from '../node-options.ts'
import type { RunCommand } from '../run-command.ts'

/**
 * node init, register, run, systemd, status, stop, leave, trust-store, update-addresses, rotate-key, freeze, and the hidden node
 * private; watch.
 */
export function addNodeCommands(program: Command, run: RunCommand): void {
  const node = program.command('node').description('run a staked node')
  addPreparing(node, run)
  addRun(node, run)
  addSystemd(node, run)
  addOrders(node, run)
  addRegistered(node, run)
  addPrivate(node, run)
  addWatch(program, run)
}

function addRun(node: Command, run: RunCommand): void {
  node
    .command('run')
    .description('runs one node in the foreground; its log goes to stdout as JSON lines')
    .addOption(dataDir())
    .option('--key-file <file>', 'signing key (default: key in the data directory)')
    .addOption(passwordFile())
    .addOption(transport())
    .option('--listen <multiaddr...>', 'where to listen', ['/ip4/0.0.0.0/tcp/9100'])
    .option(
      '--api-port <port>',
      'port of the local API on 127.0.0.1 (0 picks one): docs/api.md',
      integer(0, 65_535),
      0,
    )
    .option(
      '--metrics-port <port>',
      'serve /metrics on 127.0.0.1 at a port of its own, too (0 picks one): docs/metrics.md',
      integer(0, 65_535),
    )
    .option(
      '--serve <host:port>',
      'take signed calls of clients from anywhere, for services whose gateway is placed here: docs/services.md (port 0 picks one)',
      serveAddress,
    )
    .option(
      '--ui-port <port>',
      'serve the dashboard on 127.0.0.1, which only reads, to everybody on this machine (0 picks one)',
      integer(0, 65_535),
    )
    .option('--ui-rpc-url <url>', 'endpoint that the dashboard asks (default: the first of --rpc-url)')
    .option('--no-join', 'do not sign up for tasks')
    .addOption(policyFile())
    .addOption(maxFeeGwei())
    .option('--poll-ms <ms>', 'pause between two looks at the chain', integer(20, 60_000), 250)
    .option('--provider <url>', 'send the demo’s requests to this provider (src/cli/demo/provider.ts)')
    .option('--app <dir...>', 'folders of applications to run tasks of, each with its build (rsdp app build)')
    .option('--host <file>', 'where the node stands and what it has for services, YAML: docs/services.md')
    .option('--feed <reducer...>', 'reducers whose states come over the local API: names, or ids of bundles')
    .addOption(bundles())
    .addOption(bundleMirror())
    .option(
      '--fault <names>',
      'misbehave on purpose, on a local chain only: NAME, NAME:HEIGHT or NAME:FROM-TO, separated by commas (docs/faults.md)',
    )
    .option(
      '--links <file>',
      'slow and cut links to peers, on a local chain only, JSON: {"0x…key": {"delayMs": 4, "isCut": false}}; read again when it changes',
    )
    .addOption(rpcUrl())
    .addOption(deployment())
    .addHelpText(
      'after',
      examples(
        'rsdp node run --data-dir ./alice --listen /ip4/0.0.0.0/tcp/9100',
        'rsdp node run --data-dir ./alice --policy ./policy.json',
        'curl -s http://127.0.0.1:8781/status   # with --api-port 8781',
      ),
    )
    .action((options: NodeRunOptions) =>
      run('node run', false, async (context) => {
        const { nodeRun } = await import('../commands/node-run.ts')
        const { demoApplication } = await import('../../demo/application.ts')
        return nodeRun(options, context, (place) => demoApplication(options.provider, place))
      }),
    )
}

function addSystemd(node: Command, run: RunCommand): void {
  node
    .command('systemd')
    .description('prints a hardened unit of systemd that runs the node of a data directory')
    .addOption(dataDir())
    .addOption(deployment())
    .option('--user <name>', 'user that the node runs as', 'rsdp')
    .option('--password-file <file>', 'file of the key’s password, which systemd hands to the node alone')
    .option(
      '--env-file <file>',
      'file of RSDP_ settings, for the unit to read (default: /etc/rsdp/ and the folder’s name, .env)',
    )
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp node systemd --data-dir /var/lib/rsdp/alice --deployment /etc/rsdp/1.json --password-file /etc/rsdp/alice.pw',
        'rsdp node systemd --data-dir ./alice --password-file ./alice.pw --user alice --json',
      ),
    )
    .action((options: NodeSystemdOptions) =>
      run('node systemd', options.json, async (context) =>
        (await import('../commands/node-systemd.ts')).nodeSystemd(options, context),
      ),
    )
}

function addPrivate(node: Command, run: RunCommand): void {
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

function addPreparing(node: Command, run: RunCommand): void {
  node
    .command('init')
    .description('makes a data directory with an encrypted signing key, and says what comes next')
    .addOption(dataDir())
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText('after', examples('rsdp node init --data-dir ./alice --password-file ./pw'))
    .action((options: NodeInitOptions) =>
      run('node init', options.json, async (context) =>
        (await import('../commands/node-init.ts')).nodeInit(options, context),
      ),
    )
  sending(node.command('register'), 'operator’s')
    .description('registers a node’s signing key with its operator’s wallet, with stake and addresses')
    .addOption(dataDir())
    .option('--node-password-file <file>', 'password of the key in the data directory')
    .option('--stake <amount>', 'tokens to stake with it: 100, 1.5, 1e18wei')
    .option(
      '--allow-per-task <amount>',
      'tokens that the signing key may lock in one task by itself; 0: only the wallet signs it up (on a local chain: all)',
    )
    .option('--allow-total <amount>', 'tokens that it may lock in all tasks together')
    .addOption(announce())
    .addHelpText(
      'after',
      examples(
        'rsdp node register --data-dir ./alice --node-password-file ./pw --stake 100 --allow-per-task 10 --allow-total 50 --announce /ip4/127.0.0.1/tcp/9100',
        'rsdp node register --data-dir ./alice --key-file ./operator.json --password-file ./operator.pw --stake 100 --allow-per-task 10 --allow-total 50 --announce /ip4/203.0.113.7/tcp/9100 --dry-run',
      ),
    )
    .action((options: NodeRegisterOptions) =>
      run('node register', options.json, async (context) =>
        (await import('../commands/node-register.ts')).nodeRegister(options, context),
      ),
    )
}

/** What an operator changes about a key that is registered. */
function addRegistered(node: Command, run: RunCommand): void {
  sending(node.command('update-addresses <key>'), 'operator’s or the node’s own')
    .description('replaces the addresses at which peers reach a registered node; none: it dials the others')
    .addOption(announce())
    .addHelpText(
      'after',
      examples(
        'rsdp node update-addresses 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --announce /ip4/203.0.113.7/tcp/9100 --dry-run',
        'rsdp node update-addresses ./alice/key --announce /dns4/alice.example/tcp/9100 --key-file ./operator.json --password-file ./operator.pw --yes',
      ),
    )
    .action((key: string, options: NodeUpdateOptions) =>
      run('node update-addresses', options.json, async (context) =>
        (await import('../commands/node-keys.ts')).nodeUpdateAddresses(key, options, context),
      ),
    )
  sending(node.command('rotate-key <key>'), 'operator’s')
    .description(
      'puts the key of a new data directory (node init) in the place of a registered one, for ever',
    )
    .addOption(dataDir())
    .option('--node-password-file <file>', 'password of the key in the data directory')
    .addOption(announce())
    .addHelpText(
      'after',
      examples(
        'rsdp node rotate-key ./alice/key --data-dir ./alice2 --node-password-file ./alice2.pw --announce /ip4/203.0.113.7/tcp/9100 --dry-run',
        'rsdp node rotate-key 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --data-dir ./alice2 --key-file ./operator.json --yes',
      ),
    )
    .action((key: string, options: NodeRotateOptions) =>
      run('node rotate-key', options.json, async (context) =>
        (await import('../commands/node-keys.ts')).nodeRotateKey(key, options, context),
      ),
    )
  sending(node.command('freeze <key>'), 'operator’s')
    .description('keeps a stolen signing key out of every later task, for ever')
    .addHelpText(
      'after',
      examples(
        'rsdp node freeze 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --dry-run',
        'rsdp node freeze ./alice/key --key-file ./operator.json --password-file ./operator.pw --yes',
      ),
    )
    .action((key: string, options: NodeFreezeOptions) =>
      run('node freeze', options.json, async (context) =>
        (await import('../commands/node-keys.ts')).nodeFreeze(key, options, context),
      ),
    )
}

function addWatch(program: Command, run: RunCommand): void {
  program
    .command('watch')
    .description(
      'follows the node on a data directory: a page on a terminal, else a line per change; until interrupted',
    )
    .addOption(dataDir())
    .option('--every <seconds>', 'pause between two looks', integer(1, 3_600), 1)
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp watch --data-dir ./alice', 'rsdp watch --data-dir ./alice --every 5 --json'),
    )
    .action((options: WatchOptions) =>
      run('watch', options.json, async (context) =>
        (await import('../commands/watch.ts')).watch(options, context),
      ),
    )
}

function addOrders(node: Command, run: RunCommand): void {
  node
    .command('status')
    .description(
      'what the node on a data directory says of itself; exit 3 if none runs there, 4 if it is not ready',
    )
    .addOption(dataDir())
    .option(
      '--wait <seconds>',
      'wait up to this many seconds until the node is ready (exit 5)',
      integer(1, 3_600),
    )
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp node status --data-dir ./alice', 'rsdp node status --data-dir ./alice --wait 30 --json'),
    )
    .action((options: NodeStatusOptions) =>
      run('node status', options.json, async (context) =>
        (await import('../commands/node-control.ts')).nodeStatus(options, context),
      ),
    )
  node
    .command('stop')
    .description('ends the node on a data directory in order, and waits until it is gone; it leaves no task')
    .addOption(dataDir())
    .option('--timeout <seconds>', 'give up waiting after this long (exit 5)', integer(1, 3_600), 30)
    .addOption(json())
    .addHelpText('after', examples('rsdp node stop --data-dir ./alice'))
    .action((options: NodeStopOptions) =>
      run('node stop', options.json, async (context) =>
        (await import('../commands/node-control.ts')).nodeStop(options, context),
      ),
    )
  node
    .command('leave <task>')
    .description('leaves a running task for good: the node signs CLOSE, which cannot be taken back')
    .addOption(dataDir())
    .addOption(yes())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp node leave 1 --data-dir ./alice', 'rsdp node leave 1 --data-dir ./alice --yes --json'),
    )
    .action((task: string, options: NodeLeaveOptions) =>
      run('node leave', options.json, async (context) =>
        (await import('../commands/node-control.ts')).nodeLeave(task, options, context),
      ),
    )
  node
    .command('trust-store <task>')
    .description(
      'makes the node sign in a task although its store may lack what was signed: may cost the whole lock',
    )
    .addOption(dataDir())
    .option('--stake-at-risk', 'I know what this may cost', false)
    .addOption(yes())
    .addOption(json())
    .addHelpText('after', examples('rsdp node trust-store 1 --data-dir ./alice --stake-at-risk'))
    .action((task: string, options: NodeTrustStoreOptions) =>
      run('node trust-store', options.json, async (context) =>
        (await import('../commands/node-control.ts')).nodeTrustStore(task, options, context),
      ),
    )
}
