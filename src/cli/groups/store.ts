import type { Command } from 'commander'
import { Option } from 'commander'
import { dataDir, examples, integer, json } from '../flags.ts'
import type { KvOptions, MachineOptions, StoreWatchOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** store get, put, delete, watch: keys and values of a store, at a node on this machine. */
export function addStoreCommands(program: Command, run: RunCommand): void {
  const store = program.command('store').description('keys and values of a store, a service of services@1')
  const asked = (command: Command): Command =>
    command
      .addOption(dataDir())
      .addOption(new Option('--task <id>', 'the task; default: the newest of services@1 that the node runs'))
      .addOption(json())
  const number = integer(1, 65_535)
  const condition = (): Option =>
    new Option(
      '--if-version <n>',
      'of a strong store: only if the key has this version; 0: only if it does not exist',
    ).argParser(integer(0, Number.MAX_SAFE_INTEGER))
  asked(store.command('get').argument('<service>', 'number of the store', number).argument('<key>'))
    .description(
      'the value; of a causal or eventual store all that stand side by side; exit 3 if there is no such key',
    )
    .addHelpText('after', examples('rsdp store get 1 limits --data-dir ./node'))
    .action((service: number, key: string, options: MachineOptions) =>
      run('store get', options.json, async (context) =>
        (await import('../commands/store.ts')).storeGet(service, key, options, context),
      ),
    )
  asked(
    store
      .command('put')
      .argument('<service>', 'number of the store', number)
      .argument('<key>')
      .argument('<value>'),
  )
    .description(
      'writes a value; returns when it is on the disks of a majority, or of one copy if the store is not strong',
    )
    .addOption(condition())
    .addHelpText(
      'after',
      examples(
        'rsdp store put 1 limits 100 --data-dir ./node',
        'rsdp store put 1 limits 200 --if-version 7 --data-dir ./node',
      ),
    )
    .action((service: number, key: string, value: string, options: KvOptions) =>
      run('store put', options.json, async (context) =>
        (await import('../commands/store.ts')).storePut(service, key, value, options, context),
      ),
    )
  asked(store.command('delete').argument('<service>', 'number of the store', number).argument('<key>'))
    .description('removes a key; exit 3 if there is no such key')
    .addOption(condition())
    .addHelpText('after', examples('rsdp store delete 1 limits --data-dir ./node'))
    .action((service: number, key: string, options: KvOptions) =>
      run('store delete', options.json, async (context) =>
        (await import('../commands/store.ts')).storeDelete(service, key, options, context),
      ),
    )
  asked(store.command('watch').argument('<service>', 'number of the store', number))
    .description('one line for each change of a strong store, at a node that has a copy, until interrupted')
    .option('--key <key>', 'of this key alone')
    .option(
      '--after <index>',
      'go on behind this entry; default: from now on',
      integer(0, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText('after', examples('rsdp store watch 1 --key limits --after 120 --json --data-dir ./node'))
    .action((service: number, options: StoreWatchOptions) =>
      run('store watch', options.json, async (context) =>
        (await import('../commands/store.ts')).storeWatch(service, options, context),
      ),
    )
}
