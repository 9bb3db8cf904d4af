import type { Command } from 'commander'
import { deployment, examples, json } from '../flags.ts'
import type { PageOptions, VerifyPageOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** page, verify-page. */
export function addPageCommands(program: Command, run: RunCommand): void {
  program
    .command('page')
    .description('the dashboard as one file that audits any deployment over any RPC endpoint, and its hashes')
    .option('--out <file>', 'where to write it')
    .option('--pin', 'write its hashes into the deployment file', false)
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp page', 'rsdp page --out dashboard.html', 'rsdp page --pin'))
    .action((options: PageOptions) =>
      run('page', options.json, async (context) =>
        (await import('../commands/page.ts')).page(options, context),
      ),
    )
  program
    .command('verify-page [page]')
    .description(
      'whether a dashboard that is served, or a file, is the one that the deployment file pins; exit 6 if it is another',
    )
    .option('--own', 'compare with the page of this program instead of the pinned one', false)
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp verify-page', 'rsdp verify-page dashboard.html --own'))
    .action((page: string | undefined, options: VerifyPageOptions) =>
      run('verify-page', options.json, async (context) =>
        (await import('../commands/page.ts')).verifyPage(page ?? 'http://127.0.0.1:8780/', options, context),
      ),
    )
}
