import type { Command } from 'commander'
import { Option } from 'commander'
import { examples, integer } from '../flags.ts'
import type { ClaimOptions, KvOptions, KvWatchOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'
import { asked } from './asked.ts'
import { addWorkCommands } from './work.ts'

/** kv get, put, delete, watch; lock, leader and work: what machines of tasks are told, by a node on this machine. */
export function addMachineCommands(program: Command, run: RunCommand): void {
  addKvCommands(program, run)
  addClaimCommands(program, run, 'lock', 'locks of a task of lock@1', {
    acquire: 'takes a lock, or renews the own one; prints its fencing token',
    release: 'gives the own lock back',
    read: 'says who holds a lock, and until when',
  })
  addClaimCommands(program, run, 'leader', 'leaders of a task of leader-election@1', {
    campaign: 'wants to lead a group, or says that it is alive',
    resign: 'leads no more, and wants to no more',
    read: 'says who leads a group, and until when',
  })
  addWorkCommands(program, run)
}

function addKvCommands(program: Command, run: RunCommand): void {
  const kv = program.command('kv').description('keys and values of a task of kv-config@1')
  const condition = (): Option =>
    new Option(
      '--if-version <n>',
      'only if the key has this version; 0: only if it does not exist',
    ).argParser(integer(0, Number.MAX_SAFE_INTEGER))
  asked(kv.command('get <key>'))
    .description('the value, after every write that was acknowledged before; exit 3 if there is no such key')
    .addHelpText('after', examples('rsdp kv get limits --data-dir ./node'))
    .action((key: string, options: KvOptions) =>
      run('kv get', options.json, async (context) =>
        (await import('../commands/kv.ts')).kvGet(key, options, context),
      ),
    )
  asked(kv.command('put <key> <value>'))
    .description('writes a value; returns when it is decided')
    .addOption(condition())
    .addHelpText(
      'after',
      examples(
        'rsdp kv put limits 100 --data-dir ./node',
        'rsdp kv put limits 200 --if-version 7 --data-dir ./node',
      ),
    )
    .action((key: string, value: string, options: KvOptions) =>
      run('kv put', options.json, async (context) =>
        (await import('../commands/kv.ts')).kvPut(key, value, options, context),
      ),
    )
  asked(kv.command('delete <key>'))
    .description('removes a key; exit 3 if there is no such key')
    .addOption(condition())
    .addHelpText('after', examples('rsdp kv delete limits --data-dir ./node'))
    .action((key: string, options: KvOptions) =>
      run('kv delete', options.json, async (context) =>
        (await import('../commands/kv.ts')).kvDelete(key, options, context),
      ),
    )
  asked(kv.command('watch <key>'))
    .description('one line for each height that has changed the key, until interrupted')
    .option('--after <height>', 'go on after this height; 0: from the beginning', integer(0, 65_535), 0)
    .addHelpText(
      'after',
      examples(
        'rsdp kv watch limits --data-dir ./node',
        'rsdp kv watch limits --after 120 --json --data-dir ./node',
      ),
    )
    .action((key: string, options: KvWatchOptions) =>
      run('kv watch', options.json, async (context) =>
        (await import('../commands/kv-watch.ts')).kvWatch(key, options, context),
      ),
    )
}

function addClaimCommands(
  program: Command,
  run: RunCommand,
  name: 'lock' | 'leader',
  description: string,
  verbs: Readonly<Record<string, string>>,
): void {
  const group = program.command(name).description(description)
  for (const [verb, text] of Object.entries(verbs)) {
    const command = asked(group.command(`${verb} <name>`)).description(text)
    if (verb !== 'read') command.requiredOption('--as <owner>', 'who you are, among the clients of this node')
    if (verb === 'acquire' || verb === 'campaign')
      command.option(
        '--ttl <seconds>',
        'how long it counts without a word: 2 to 3,600',
        integer(2, 3_600),
        10,
      )
    const rest = verb === 'read' ? '' : ' --as worker-1'
    command
      .addHelpText('after', examples(`rsdp ${name} ${verb} jobs${rest} --data-dir ./node`))
      .action((of: string, options: ClaimOptions) =>
        run(`${name} ${verb}`, options.json, async (context) =>
          (await import('../commands/claim.ts')).claim(name, verb, of, options, context),
        ),
      )
  }
}
