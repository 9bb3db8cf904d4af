import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { VERBS } from '../../types/gateway.ts'
import type { Verb } from '../../types/gateway.ts'
import { dataDir, examples, integer, json, sending } from '../flags.ts'
import type {
  MachineOptions,
  PermitOptions,
  ServiceLockOptions,
  ServiceUnlockOptions,
  TaskSendOptions,
} from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** services show, put, remove, template, permit, lock, unlock. */
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
  addPermitCommand(services, run)
  addLockCommands(services, run)
}

/** What a client may ask of a service through gateways. */
function addPermitCommand(services: Command, run: RunCommand): void {
  sending(services.command('permit <task> <service> <key>'), 'client’s or a reporter’s')
    .description('lets an address ask a service through gateways, or no more: an event of the task’s ledger')
    .option(
      '--verbs <verbs>',
      `what of ${VERBS.join(',')}, comma-separated; none: nothing any more`,
      verbsIn,
      VERBS,
    )
    .option('--per-second <n>', 'requests a second at each gateway', integer(1, 65_535), 10)
    .addHelpText(
      'after',
      examples(
        'rsdp services permit 7 2 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --verbs get,put --per-second 50 --yes',
        'rsdp services permit 7 2 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --verbs none --yes',
      ),
    )
    .action((task: string, service: string, key: string, options: PermitOptions) =>
      run('services permit', options.json, async (context) =>
        (await import('../commands/services-permit.ts')).servicesPermit(
          { task, service, key },
          options,
          context,
        ),
      ),
    )
}

function verbsIn(text: string): readonly Verb[] {
  const given = text === 'none' ? [] : text.split(',')
  const unknown = given.find((one) => !(VERBS as readonly string[]).includes(one))
  if (unknown !== undefined) throw new InvalidArgumentError(`expected ${VERBS.join(', ')}, or none.`)
  return VERBS.filter((verb) => given.includes(verb))
}

/** Locks of transactions, at a service of kind lock. */
function addLockCommands(services: Command, run: RunCommand): void {
  const at = (command: Command): Command =>
    command
      .requiredOption(
        '--tx <number>',
        'the transaction, a number that its client chooses',
        integer(1, 2 ** 48 - 1),
      )
      .addOption(dataDir())
      .addOption(new Option('--task <id>', 'the task; default: the newest of services@1 that the node runs'))
      .addOption(json())
  at(
    services
      .command('lock')
      .argument('<service>', 'number of the service', integer(1, 65_535))
      .argument('<key>'),
  )
    .description('locks a key for a transaction, at a service of kind lock; prints its fencing token')
    .option('--read', 'shared with others who read', false)
    .option(
      '--work <n>',
      'operations done so far: of a deadlock who has done least gives way',
      integer(0, 65_535),
      0,
    )
    .option('--priority <n>', 'how urgent it is', integer(0, 255), 0)
    .option('--wait <seconds>', 'how long to wait while others have it', integer(0, 3_600), 30)
    .addHelpText(
      'after',
      examples(
        'rsdp services lock 5 account --tx 12 --data-dir ./node',
        'rsdp services lock 5 account --tx 12 --read --wait 0 --json --data-dir ./node',
      ),
    )
    .action((service: number, key: string, options: ServiceLockOptions) =>
      run('services lock', options.json, async (context) =>
        (await import('../commands/service-lock.ts')).servicesLock(service, key, options, context),
      ),
    )
  at(services.command('unlock').argument('<service>', 'number of the service', integer(1, 65_535)))
    .description('releases all that a transaction has locked at a service')
    .addHelpText('after', examples('rsdp services unlock 5 --tx 12 --data-dir ./node'))
    .action((service: number, options: ServiceUnlockOptions) =>
      run('services unlock', options.json, async (context) =>
        (await import('../commands/service-lock.ts')).servicesUnlock(service, options, context),
      ),
    )
}
