import type { Command } from 'commander'
import { Option } from 'commander'
import type { WorkVerb } from '../commands/work.ts'
import { examples, integer } from '../flags.ts'
import type { WorkOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'
import { asked } from './asked.ts'

interface Verb {
  readonly verb: WorkVerb
  readonly text: string
  /** Names a job. */
  readonly job?: boolean
  readonly flags: readonly Option[]
  readonly examples: readonly string[]
}

/** work add, claim, renew, done, fail, list: queues of jobs of a task of work-assignment@1. */
export function addWorkCommands(program: Command, run: RunCommand): void {
  const group = program.command('work').description('queues of jobs of a task of work-assignment@1')
  for (const { verb, text, job = false, flags, examples: lines } of verbs()) {
    const command = asked(group.command(job ? `${verb} <queue> <job>` : `${verb} <queue>`)).description(text)
    for (const flag of flags) command.addOption(flag)
    command.addHelpText('after', examples(...lines.map((line) => `rsdp work ${line} --data-dir ./node`)))
    const act = (queue: string, name: string | null, options: WorkOptions): Promise<void> =>
      run(`work ${verb}`, options.json, async (context) =>
        (await import('../commands/work.ts')).work(verb, queue, name, options, context),
      )
    if (job) command.action((queue: string, name: string, options: WorkOptions) => act(queue, name, options))
    else command.action((queue: string, options: WorkOptions) => act(queue, null, options))
  }
}

function verbs(): readonly Verb[] {
  const as = (): Option =>
    new Option('--as <worker>', 'who you are, among the clients of this node').makeOptionMandatory()
  const token = (): Option =>
    new Option('--token <n>', 'the fencing token of your claim').makeOptionMandatory()
  const ttl = (): Option =>
    new Option('--ttl <seconds>', 'how long it is yours without a word: 2 to 3,600')
      .argParser(integer(2, 3_600))
      .default(60)
  return [
    {
      verb: 'add',
      text: 'adds a job; exit 7 if the queue has one of this name, or no room',
      job: true,
      flags: [
        new Option('--body <text>', 'what is to be done, up to 512 bytes'),
        new Option('--tries <n>', 'how often it may be claimed before it has failed: 1 to 255')
          .argParser(integer(1, 255))
          .default(3),
      ],
      examples: ['add mails 42', 'add mails 43 --body "to: alice" --tries 5'],
    },
    {
      verb: 'claim',
      text: 'takes the job that waits longest; prints it with its fencing token; exit 7 if none waits',
      flags: [as(), ttl()],
      examples: ['claim mails --as worker-1', 'claim mails --as worker-1 --ttl 300 --json'],
    },
    {
      verb: 'renew',
      text: 'goes on holding a job; exit 7 if it is not yours any more',
      job: true,
      flags: [as(), token(), ttl()],
      examples: ['renew mails 42 --as worker-1 --token 4294967298'],
    },
    {
      verb: 'done',
      text: 'says that a job is done; exit 7 if it is not yours any more',
      job: true,
      flags: [as(), token(), new Option('--output <text>', 'what came of it, up to 64 bytes')],
      examples: ['done mails 42 --as worker-1 --token 4294967298 --output sent'],
    },
    {
      verb: 'fail',
      text: 'gives a job back: it waits again behind the others, until its tries are used up',
      job: true,
      flags: [as(), token()],
      examples: ['fail mails 42 --as worker-1 --token 4294967298'],
    },
    {
      verb: 'list',
      text: 'all jobs of a queue, also those that are over and not forgotten yet',
      flags: [],
      examples: ['list mails', 'list mails --json'],
    },
  ]
}
