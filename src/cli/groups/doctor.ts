import type { Command } from 'commander'
import { dataDir, deployment, examples, json, rpcUrl } from '../flags.ts'
import type { SupportBundleOptions } from '../operator-options.ts'
import type { DoctorOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** doctor, support-bundle, config show / validate: what this machine has, and what a command would run with. */
export function addDoctorCommands(program: Command, run: RunCommand): void {
  program
    .command('doctor')
    .description(
      'checks chain, contracts, clock and peers; with --data-dir also the node’s key, port, stake and gas',
    )
    .option('--data-dir <dir>', 'the node’s own folder')
    .option('--key-file <file>', 'signing key (default: key in the data directory)')
    .option('--listen <multiaddr...>', 'where the node is to listen', ['/ip4/0.0.0.0/tcp/9100'])
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp doctor', 'rsdp doctor --data-dir ./alice --json'))
    .action((options: DoctorOptions) =>
      run('doctor', options.json, async (context) =>
        (await import('../commands/doctor.ts')).doctor(options, context),
      ),
    )
  addSupportBundle(program, run)
  const config = program.command('config').description('where settings come from')
  config
    .command('show [command...]')
    .description('settings of a command and where each comes from: flag, environment, default')
    .addOption(json())
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        'rsdp config show node run',
        'RSDP_POLL_MS=500 rsdp config show --json node run --data-dir ./alice',
      ),
    )
    .action((words: string[], options: { readonly json: boolean }) =>
      run('config show', options.json, async (context) =>
        (await import('../commands/config-show.ts')).configShow(words, program, context),
      ),
    )
  config
    .command('validate [command...]')
    .description('whether a command takes its settings, and every RSDP_* variable is one; exit 2 if not')
    .addOption(json())
    .passThroughOptions()
    .addHelpText(
      'after',
      examples('rsdp config validate', 'RSDP_POLL_MS=500 rsdp config validate node run --data-dir ./alice'),
    )
    .action((words: string[], options: { readonly json: boolean }) =>
      run('config validate', options.json, async (context) =>
        (await import('../commands/config-validate.ts')).configValidate(words, program, context),
      ),
    )
}

function addSupportBundle(program: Command, run: RunCommand): void {
  program
    .command('support-bundle')
    .description(
      'writes log, status, settings, versions and the result of doctor, without secrets, into one .tar.gz',
    )
    .addOption(dataDir())
    .option('--out <file>', 'file to write (default: rsdp-support-TIME.tar.gz)')
    .option('--force', 'replace a file that is there', false)
    .option(
      '--secret-file <file...>',
      'files whose lines and values must not be in it, beside those that are found: docs/operator.md',
    )
    .option('--listen <multiaddr...>', 'where the node is to listen, for doctor', ['/ip4/0.0.0.0/tcp/9100'])
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp support-bundle --data-dir ./alice',
        'rsdp support-bundle --data-dir ./alice --secret-file ./alice.pw --out alice.tar.gz',
      ),
    )
    .action((options: SupportBundleOptions) =>
      run('support-bundle', options.json, async (context) =>
        (await import('../commands/support-bundle.ts')).supportBundle(options, program, context),
      ),
    )
}
