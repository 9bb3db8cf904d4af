import type { Command } from 'commander'
import { examples, integer, json } from '../flags.ts'
import type { LabAdviseOptions, LabListOptions, LabReportOptions, LabRunOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** lab run, report, list: experiments on the services, in a seeded model. */
export function addLabCommands(program: Command, run: RunCommand): void {
  const lab = program
    .command('lab')
    .description('experiments: what a policy or a number of replicas does to a load')
  lab
    .command('run <scenario>')
    .description('plays the cells and seeds of a scenario that its result file lacks; may be interrupted')
    .option('--seeds <a..b>', 'seeds of each cell; default: those of the scenario')
    .option('--workers <n>', 'threads', integer(1, 64), 2)
    .option('--out <file>', 'result file; default: results/ next to the scenario')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp lab run experiments/E-H1.yaml', 'rsdp lab run experiments/E-H1.yaml --seeds 1..5'),
    )
    .action((scenario: string, options: LabRunOptions) =>
      run('lab run', options.json, async (context) =>
        (await import('../commands/lab.ts')).labRun(scenario, options, context),
      ),
    )
  lab
    .command('advise <scenario>')
    .description('ranks other policies, copies or quorums for your load; may be interrupted')
    .option('--trace <file>', 'your requests: a line ms,size, then one a line; default: recorded ones')
    .option('--seeds <n>', 'seeds of each way to run it; default: those of the scenario', integer(2, 100_000))
    .option('--workers <n>', 'threads', integer(1, 64), 2)
    .option('--out <file>', 'result file; default: <scenario>.advice.jsonl')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp lab advise my.yaml', 'rsdp lab advise my.yaml --trace requests.csv --seeds 10 --json'),
    )
    .action((scenario: string, options: LabAdviseOptions) =>
      run('lab advise', options.json, async (context) =>
        (await import('../commands/lab-advise.ts')).labAdvise(scenario, options, context),
      ),
    )
  lab
    .command('report')
    .description('tables of all results of a folder, with intervals, tests, and what the documents claim')
    .option('--dir <dir>', 'folder of the scenarios', 'experiments')
    .option('--out <file>', 'write the page there instead of stdout')
    .option('--html <file>', 'write a page with pictures, too')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp lab report', 'rsdp lab report --out docs/experiments.md --html experiments.html'),
    )
    .action((options: LabReportOptions) =>
      run('lab report', options.json, async (context) =>
        (await import('../commands/lab.ts')).labReport(options, context),
      ),
    )
  lab
    .command('list')
    .description('scenarios of a folder, and what of each has been played')
    .option('--dir <dir>', 'folder of the scenarios', 'experiments')
    .addOption(json())
    .addHelpText('after', examples('rsdp lab list'))
    .action((options: LabListOptions) =>
      run('lab list', options.json, async (context) =>
        (await import('../commands/lab.ts')).labList(options, context),
      ),
    )
}
