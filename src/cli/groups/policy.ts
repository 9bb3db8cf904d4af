import type { Command } from 'commander'
import { dataDir, deployment, examples, json, policyFile, rpcUrl } from '../flags.ts'
import type { PolicyCheckOptions, PolicyOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** policy show, check, explain: when a node signs up by itself. */
export function addPolicyCommands(program: Command, run: RunCommand): void {
  const policy = program.command('policy').description('when a node signs up for a task by itself')
  policy
    .command('show')
    .description('the policy in force, as a file to begin with')
    .option('--data-dir <dir>', 'the node’s own folder')
    .addOption(policyFile())
    .addOption(deployment())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp policy show   # write it to policy.json in the data directory and change it there',
        'rsdp policy show --data-dir ./alice --json',
      ),
    )
    .action((options: PolicyOptions) =>
      run('policy show', options.json, async (context) =>
        (await import('../commands/policy.ts')).policyShow(options, context),
      ),
    )
  policy
    .command('check <task>')
    .description('what each rule says to a published task now; exit 3 if the node would not sign up')
    .addOption(dataDir())
    .option('--key-file <file>', 'signing key (default: key in the data directory)')
    .addOption(policyFile())
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp policy check 1 --data-dir ./alice', 'rsdp policy check 1 --data-dir ./alice --json'),
    )
    .action((task: string, options: PolicyCheckOptions) =>
      run('policy check', options.json, async (context) =>
        (await import('../commands/policy-check.ts')).policyCheck(task, options, context),
      ),
    )
  policy
    .command('explain')
    .description('what each key of the policy means, and its value')
    .option('--data-dir <dir>', 'the node’s own folder')
    .addOption(policyFile())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp policy explain', 'rsdp policy explain --data-dir ./alice --json'))
    .action((options: PolicyOptions) =>
      run('policy explain', options.json, async (context) =>
        (await import('../commands/policy.ts')).policyExplain(options, context),
      ),
    )
}
