import type { Command } from 'commander'
import { Option } from 'commander'
import { dataDir, examples, json, sending } from '../flags.ts'
import type { MachineOptions, TaskSendOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** services show, put, remove, template. */
export function addServicesCommands(program: Command, run: RunCommand): void {
  const services = program
    .command('services')
    .description('services of a task of services@1: what they are, who hosts them, who is alive')
  services
    .command('show')
    .description('what the cluster agreed on last, from the node on a data directory')
    .addOption(dataDir())
    .addOption(new Option('--task <id>', 'the task; default: the newest of services@1 that the node runs'))
    .addOption(json())
    .addHelpText('after', examples('rsdp services show --data-dir ./node'))
    .action((options: MachineOptions) =>
      run('services show', options.json, async (context) =>
        (await import('../commands/services.ts')).servicesShow(options, context),
      ),
    )
  services
    .command('template')
    .description('prints a file for services put, with every key')
    .addOption(json())
    .addHelpText('after', examples('rsdp services template --json'))
    .action((options: { readonly json: boolean }) =>
      run('services template', options.json, async (context) =>
        (await import('../commands/services.ts')).servicesTemplate(context),
      ),
    )
  sending(services.command('put <task> <file>'), 'client’s or a reporter’s')
    .description(
      'adds the services of a YAML file to a task, or changes their specs: an event of its ledger each',
    )
    .addHelpText(
      'after',
      examples('rsdp services put 7 services.yaml --dry-run', 'rsdp services put 7 services.yaml --yes'),
    )
    .action((task: string, file: string, options: TaskSendOptions) =>
      run('services put', options.json, async (context) =>
        (await import('../commands/services.ts')).servicesPut(task, file, options, context),
      ),
    )
  sending(services.command('remove <task> <service>'), 'client’s or a reporter’s')
    .description('removes a service from a task: its copies stop')
    .addHelpText('after', examples('rsdp services remove 7 2 --yes'))
    .action((task: string, service: string, options: TaskSendOptions) =>
      run('services remove', options.json, async (context) =>
        (await import('../commands/services.ts')).servicesRemove(task, service, options, context),
      ),
    )
}
