import type { Command } from 'commander'
import {
  bodies,
  bundleMirror,
  bundles,
  dataDir,
  deployment,
  examples,
  integer,
  json,
  rpcUrl,
  sending,
} from '../flags.ts'
import type {
  AppNewOptions,
  AppOptions,
  AppPublishOptions,
  AppReplayOptions,
  AppTestOptions,
  DiffOptions,
  OnDataDirOptions,
  ReducerOptions,
  ReducerRunOptions,
} from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** app new, build, test, publish, replay, resume; diff; reducer inspect, run. */
export function addAppCommands(program: Command, run: RunCommand): void {
  const app = program.command('app').description('tasks of your own: a reducer and a source of states')
  addMaking(app, run)
  addPublished(app, run)
  addFrozen(program, app, run)
  addReducerCommands(program, run)
}

/** On the author's machine alone. */
function addMaking(app: Command, run: RunCommand): void {
  app
    .command('new <dir>')
    .description('writes an application that runs as it is: reducer.ts, source.ts, README.md')
    .option('--twin', 'with Twin.sol: a wrong state can be proved on chain', false)
    .addOption(json())
    .addHelpText('after', examples('rsdp app new hello', 'rsdp app new hello --twin'))
    .action((dir: string, options: AppNewOptions) =>
      run('app new', options.json, async (context) =>
        (await import('../commands/app.ts')).appNew(dir, options, context),
      ),
    )
  app
    .command('build [dir]')
    .description('compiles it: the bundle, whose hash is the reducer’s name for everybody, and the source')
    .addOption(json())
    .addHelpText('after', examples('rsdp app build', 'rsdp app build ./hello --json'))
    .action((dir: string | undefined, options: AppOptions) =>
      run('app build', options.json, async (context) =>
        (await import('../commands/app.ts')).appBuild(dir ?? '.', context),
      ),
    )
  app
    .command('test [dir]')
    .description(
      'builds it and tries its reducer: its example, spoilt inputs, other orders, a full cluster; and its twin against it',
    )
    .option(
      '--cases <n>',
      'cases in which the twin has to answer as the bundle does',
      integer(1, 1_000_000),
      100,
    )
    .addOption(json())
    .addHelpText('after', examples('rsdp app test', 'rsdp app test ./hello --cases 1000'))
    .action((dir: string | undefined, options: AppTestOptions) =>
      run('app test', options.json, async (context) =>
        (await import('../commands/app-test.ts')).appTest(dir ?? '.', options, context),
      ),
    )
}

function addPublished(app: Command, run: RunCommand): void {
  sending(app.command('publish [dir]'), 'author’s')
    .description(
      'puts the built bundle on chain, where every node and auditor finds it by its hash, and its twin',
    )
    .addHelpText('after', examples('rsdp app publish ./hello --dry-run', 'rsdp app publish ./hello --yes'))
    .action((dir: string | undefined, options: AppPublishOptions) =>
      run('app publish', options.json, async (context) =>
        (await import('../commands/app-publish.ts')).appPublish(dir ?? '.', options, context),
      ),
    )
  app
    .command('replay <task>')
    .description(
      'runs the heights of a task through another bundle and shows what changes; exit 6 if any does',
    )
    .option('--bundle <file>', 'the other bundle (default: the task’s own)')
    .option('--params <hex>', 'params for it (default: those of the task)')
    .addOption(bundles())
    .addOption(bundleMirror())
    .addOption(bodies())
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp app replay 1 --bundle hello/build/bundle.js',
        'rsdp app replay 1 --bundle hello/build/bundle.js --bodies http://127.0.0.1:7100',
      ),
    )
    .action((task: string, options: AppReplayOptions) =>
      run('app replay', options.json, async (context) =>
        (await import('../commands/app-replay.ts')).appReplay(task, options, context),
      ),
    )
}

/** What to do about a task in which the own states are not those that are decided. */
function addFrozen(program: Command, app: Command, run: RunCommand): void {
  app
    .command('resume <task>')
    .description('lets the node vote again in a task that was frozen, once its reason is known and gone')
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('rsdp app resume 1 --data-dir ./alice'))
    .action((task: string, options: OnDataDirOptions) =>
      run('app resume', options.json, async (context) =>
        (await import('../commands/diff.ts')).appResume(task, options, context),
      ),
    )
  program
    .command('diff <task>')
    .description('where the own state of a node differs from the decided one; exit 6 if it does')
    .option('--app <dir>', 'folder of the application that the task is of: its reducer reads the states')
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp diff 1 --data-dir ./alice', 'rsdp diff 1 --data-dir ./alice --app ./hello'),
    )
    .action((task: string, options: DiffOptions) =>
      run('diff', options.json, async (context) =>
        (await import('../commands/diff.ts')).diff(task, options, context),
      ),
    )
}

function addReducerCommands(program: Command, run: RunCommand): void {
  const reducer = program.command('reducer').description('bundles: reducers of others')
  reducer
    .command('inspect <bundle>')
    .description(
      'what a bundle is, by its id or its file: name, size, fuel to start it, who has published it',
    )
    .addOption(bundles())
    .addOption(bundleMirror())
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp reducer inspect hello/build/bundle.js'))
    .action((bundle: string, options: ReducerOptions) =>
      run('reducer inspect', options.json, async (context) =>
        (await import('../commands/reducer.ts')).reducerInspect(bundle, options, context),
      ),
    )
  reducer
    .command('run <bundle>')
    .description('runs a bundle over inputs, member 0 first: its state, and the fuel that it takes')
    .requiredOption('--params <hex>', 'params of the reducer')
    .requiredOption('--inputs <hex...>', 'states that members bring')
    .addOption(bundles())
    .addOption(bundleMirror())
    .addOption(rpcUrl())
    .addOption(deployment())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp reducer run hello/build/bundle.js --params 0x00000000000003e8 --inputs 0x0000000000000007',
      ),
    )
    .action((bundle: string, options: ReducerRunOptions) =>
      run('reducer run', options.json, async (context) =>
        (await import('../commands/reducer.ts')).reducerRun(bundle, options, context),
      ),
    )
}
