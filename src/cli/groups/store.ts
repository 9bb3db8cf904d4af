import type { Command } from 'commander'
import { Option } from 'commander'
import { dataDir, examples, ifVersion, integer, json } from '../flags.ts'
import type {
  KvOptions,
  MachineOptions,
  OnDataDirOptions,
  StorePurgeOptions,
  StoreWatchOptions,
} from '../options.ts'
import type { RunCommand } from '../run-command.ts'

const number = integer(1, 65_535)

/** store get, put, delete, watch, data, purge: keys and values of a store, at a node on this machine. */
export function addStoreCommands(program: Command, run: RunCommand): void {
  const store = program.command('store').description('keys and values of a store, a service of services@1')
  const asked = (command: Command): Command =>
    command
      .addOption(dataDir())
      .addOption(new Option('--task <id>', 'the task; default: the newest of services@1 that the node runs'))
      .addOption(json())
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
    .addOption(ifVersion())
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
    .addOption(ifVersion())
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
  addDataCommands(store, run, asked)
}

/** What copies leave on the disk of a node. */
function addDataCommands(store: Command, run: RunCommand, asked: (command: Command) => Command): void {
  store
    .command('data')
    .description(
      'what copies of stores have on the disk of a node: in use, or left there when they went elsewhere',
    )
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('rsdp store data --data-dir ./node'))
    .action((options: OnDataDirOptions) =>
      run('store data', options.json, async (context) =>
        (await import('../commands/store-data.ts')).storeData(options, context),
      ),
    )
  asked(store.command('purge').argument('<service>', 'number of the store', number))
    .description(
      'removes what a copy left on the disk of a node, for good; refuses while the members count on a copy there',
    )
    .option('--force', 'also if the node has no decided placement of the line: its tasks are over', false)
    .addHelpText(
      'after',
      examples(
        'rsdp store purge 1 --data-dir ./node',
        'rsdp store purge 1 --task 7 --force --data-dir ./node',
      ),
    )
    .action((service: number, options: StorePurgeOptions) =>
      run('store purge', options.json, async (context) =>
        (await import('../commands/store-data.ts')).storePurge(service, options, context),
      ),
    )
}
