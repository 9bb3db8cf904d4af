import type { Command } from 'commander'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import { bodies, bundleMirror, bundles, deployment, examples, integer, json, rpcUrl } from '../flags.ts'
import type { AuditFollowOptions, AuditOptions, SimOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** audit, sim. */
export function addCheckCommands(program: Command, run: RunCommand): void {
  addAudit(program, run)
  addSim(program, run)
}

/** audit. */
function addAudit(program: Command, run: RunCommand): void {
  const audit = program
    .command('audit [id]')
    .description('rebuilds and checks every step of a task from chain data alone; exit 6 on any mismatch')
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(bundles())
    .addOption(bundleMirror())
    .addOption(bodies())
    .option('--keep-bodies <dir>', 'keep those that are right in this folder, and the bundle')
    .addOption(json())
    .option('--tasks <numbers>', 'several tasks, e.g. 1,2,5..9; what was done is kept if it is interrupted')
    .option('--all', 'every task of the board', false)
    .option('--heights <a..b>', 'what is said of these heights of the task, whole checkpoints')
    .option('--csv <file>', 'write the verdict as CSV, too: a row per step, finding and missing field')
    .option('--html <file>', 'write it as one HTML file, too: no script, no request')
    .option('--board', 'all tasks, and their sum against the tokens that board and registry hold', false)
    .option('--complete', 'prove by headers and receipts that no log was left out or invented', false)
    .option('--head <hash>', 'with --complete: audit up to this block, which you know to be of the chain')
    .option('--full', 'every checkpoint, the members’ addresses, the ledger of payments', false)
    .option('--wei', 'amounts as whole numbers of the token’s smallest unit', false)
    .addHelpText(
      'after',
      examples(
        'rsdp audit 1',
        'rsdp audit 1 --full',
        'rsdp audit 1 --rpc-url http://127.0.0.1:8545 --json',
        'rsdp audit 1 --heights 5..9 --html report.html',
        'rsdp audit --tasks 1,2,5..9 --csv verdicts.csv',
      ),
    )
    .action((id: string | undefined, options: AuditOptions) =>
      run('audit', options.json, async (context) => {
        const { audit, auditTasks, auditWholeBoard } = await import('../commands/audit.ts')
        const isMany = options.all || options.tasks !== undefined
        const ways = [id !== undefined, options.tasks !== undefined, options.all, options.board]
        if (ways.filter(Boolean).length > 1 || (options.heights !== undefined && (isMany || options.board)))
          throw conflict()
        if (options.board) return auditWholeBoard(options, context)
        return isMany ? auditTasks(options, context) : audit(id ?? '1', options, context)
      }),
    )
  addFollow(audit, run)
}

/** sim. */
function addSim(program: Command, run: RunCommand): void {
  program
    .command('sim')
    .description(
      'production nodes in a simulated world of faults and liars; exit 6 if any seed breaks a promise',
    )
    .option('--seeds <a..b>', 'seeds to run', '1..100')
    .option('--seed <n>', 'run this one again', integer(0, 999_999_999))
    .option('--workers <n>', 'threads', integer(1, 64), 2)
    .option('--heights <n>', 'decisions per seed', integer(1, 60), 8)
    .option('--nodes <n>', 'members in every world; default: drawn, 4 to 13', integer(4, MEMBERS_MAX))
    .option('--liar <name>', 'all liars are of this kind')
    .option('--liars <a..b>', 'most weight of liars, % of all, drawn between; default: below a third')
    .option('--app <dir>', 'folder of an application that the world runs; it is built first')
    .option('--reorgs', 're-orgs of the chain in every world; default: in a third of them')
    .option('--absence', 'the chain stops for six hours, a member is away for a day; no other faults')
    .option('--trace', 'with --seed: tell everything that happens, on stderr', false)
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp sim --seeds 1..1000 --workers 2',
        'rsdp sim --seed 17 --trace',
        'rsdp sim --app ./hello --seeds 1..20',
      ),
    )
    .action((options: SimOptions) =>
      run('sim', options.json, async (context) => (await import('../commands/sim.ts')).sim(options, context)),
    )
}

function conflict(): RsdpError {
  return new RsdpError({
    code: 'E_USAGE',
    message: 'one task, --tasks, --all and --board exclude each other; --heights is of one task',
    hint: 'run the command with --help for examples',
    exit: EXIT.usage,
  })
}

/** audit follow. */
function addFollow(audit: Command, run: RunCommand): void {
  audit
    .command('follow <id>')
    .description(
      'audits a running task checkpoint by checkpoint; exit 6 at the first lie, 0 when the task ends verified',
    )
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(bundles())
    .addOption(bundleMirror())
    .addOption(bodies())
    .option('--poll-ms <ms>', 'time between two looks at the chain', integer(50, 60_000), 1_000)
    .option('--timeout <seconds>', 'give up after this long (exit 5)', integer(1, 31_536_000))
    .option('--keep-going', 'tell of every lie, and exit 6 when the task has ended', false)
    .option('--webhook <url>', 'POST each lie and the end as JSON; no redirects to another host')
    .option('--metrics-port <port>', 'serve /metrics on 127.0.0.1 (0 picks a free port)', integer(0, 65_535))
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp audit follow 1',
        'rsdp audit follow 1 --json --timeout 600 --webhook https://alerts.example/rsdp',
      ),
    )
    .action((id: string, options: AuditFollowOptions) =>
      run('audit follow', options.json, async (context) =>
        (await import('../commands/audit-follow.ts')).auditFollow(id, options, context),
      ),
    )
}
