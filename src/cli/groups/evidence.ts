import type { Command } from 'commander'
import { deployment, examples, json, keyFile, maxFeeGwei, passwordFile, rpcUrl, sending } from '../flags.ts'
import type { ChainOptions, EvidenceShowOptions, TaskSendOptions, WalletOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** evidence, explain. */
export function addEvidenceCommands(program: Command, run: RunCommand): void {
  const evidence = program.command('evidence').description('proofs of misbehaviour: read, judge, submit')
  const onChain = (command: Command): Command =>
    command.addOption(rpcUrl()).addOption(deployment()).addOption(json())
  onChain(evidence.command('list <task>'))
    .description('convictions of a task, each judged again from its evidence')
    .addHelpText('after', examples('rsdp evidence list 1', 'rsdp evidence list 1 --json'))
    .action((task: string, options: ChainOptions) =>
      run('evidence list', options.json, async (context) =>
        (await import('../commands/evidence.ts')).evidenceList(task, options, context),
      ),
    )
  onChain(evidence.command('show <task> <n>'))
    .description('one conviction in full: the rule, the objects side by side, who paid whom')
    .option('--out <file>', 'write the proof to a file that can be verified and submitted')
    .addHelpText('after', examples('rsdp evidence show 1 1', 'rsdp evidence show 1 1 --out proof.json'))
    .action((task: string, n: string, options: EvidenceShowOptions) =>
      run('evidence show', options.json, async (context) =>
        (await import('../commands/evidence.ts')).evidenceShow(task, n, options, context),
      ),
    )
  onChain(evidence.command('verify <file>'))
    .description('judges a proof by the rules alone; exit 6 if it proves nothing')
    .addHelpText('after', examples('rsdp evidence verify proof.json'))
    .action((file: string, options: ChainOptions) =>
      run('evidence verify', options.json, async (context) =>
        (await import('../commands/evidence.ts')).evidenceVerify(file, options, context),
      ),
    )
  onChain(evidence.command('submit <file>'))
    .description('brings a proof to the chain; the reporter is credited a tenth of what it takes')
    .addOption(keyFile('reporter’s'))
    .addOption(passwordFile())
    .addOption(maxFeeGwei())
    .addHelpText('after', examples('rsdp evidence submit proof.json --key-file reporter.json'))
    .action((file: string, options: WalletOptions) =>
      run('evidence submit', options.json, async (context) =>
        (await import('../commands/evidence.ts')).evidenceSubmit(file, options, context),
      ),
    )
  sending(evidence.command('withdraw'), 'reporter’s')
    .description('pays the reporter what it was credited for proofs')
    .addHelpText('after', examples('rsdp evidence withdraw --dry-run', 'rsdp evidence withdraw --yes'))
    .action((options: TaskSendOptions) =>
      run('evidence withdraw', options.json, async (context) =>
        (await import('../commands/evidence-withdraw.ts')).evidenceWithdraw(options, context),
      ),
    )
  onChain(program.command('explain <what>'))
    .description(
      'explains a slash by its transaction, or all slashes of a node by its key, operator or wallet',
    )
    .addHelpText('after', examples('rsdp explain 0x12…ab', 'rsdp explain 0xf39F…2266 --json'))
    .action((what: string, options: ChainOptions) =>
      run('explain', options.json, async (context) =>
        (await import('../commands/explain.ts')).explain(what, options, context),
      ),
    )
}
