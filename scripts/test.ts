/**
 * Runs the test suites and ends with one line: N passed, N failed, N skipped.
 *
 * Suites run side by side, one a core; then end-to-end files, three for two cores, and one more whenever the cores have little
 * to do: they wait for blocks and processes half of their time. What a process prints is shown when it ends. Fails on any failed test, a suite that ran none, a crash, and on
 * more skips than SKIPS_MAX. An end-to-end file that fails runs once more, alone: what passes then is named as FLAKY.
 */
import { closeSync, existsSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Counts } from '../test/helpers/counting-reporter.ts'
import type { Lanes } from '../test/helpers/lanes.ts'
import { makeElasticLanes, makeLanes } from '../test/helpers/lanes.ts'
import { runFiles } from '../test/helpers/run-files.ts'
import type { FilesRun } from '../test/helpers/run-files.ts'
import { runProcess } from './suites/process.ts'
import type { Suite } from './suites/suites.ts'
import { reporter, root, SUITES } from './suites/suites.ts'

/** More than this many skipped tests fail the run: a skip is for a machine that lacks something, not a parking place. */
const SKIPS_MAX = 5
/** What all suites may take on two idle cores; a busy machine is no failure, so that it is printed alone. */
const TARGET_MINUTES = 20
/** Cores that were busy for less than this share of a look have room for another file. */
const ROOM_PERCENT = 75
const LOOK_MS = 4_000

const USAGE = `Runs the test suites.

  npm test                          all suites
  ./rsdp --script scripts/test.ts --suite unit,property

  --suite NAMES  only these: check, unit, property, scenarios, sim, conformance, contracts, solidity, proofs, e2e
  --json         the summary as JSON on stdout, everything else on stderr
  --help`

const { values: options } = parse()
if (options.help === true) {
  console.log(USAGE)
  process.exit(0)
}
const cores = availableParallelism()
const begun = performance.now()
const say = (line: string): void => (options.json === true ? console.error(line) : console.log(line))
const scratch = mkdtempSync(join(tmpdir(), 'rsdp-test-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

interface SuiteRun extends FilesRun {
  readonly suite: string
  readonly seconds: number
  /** Of the machine's cores meanwhile, by this and whatever else ran, in percent: where it is low, more lanes help. */
  readonly busyPercent: number
}

const suites = chosen()
const whole = makeLanes(cores)
const results = await Promise.all(
  suites.filter(({ isRetried }) => isRetried !== true).map((suite) => timed(suite, whole)),
)
const files = makeElasticLanes(cores + Math.ceil(cores / 2), 3 * cores)
const stopLooking = whereThereIsRoom(files.addOne)
for (const suite of suites.filter(({ isRetried }) => isRetried === true))
  results.push(await timed(suite, files.inLane))
stopLooking()
report()

function parse(): { values: { suite?: string; json?: boolean; help?: boolean } } {
  try {
    return parseArgs({
      options: {
        suite: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    return refuse('E_USAGE', `${(error as Error).message} -> see --help`, 2)
  }
}

function refuse(code: string, message: string, exit: number): never {
  console.error(`error[${code}]: ${message}`)
  process.exit(exit)
}

/** The suites to run. Inside the offline test the end-to-end suite is left out: it would run itself. */
function chosen(): readonly Suite[] {
  const nested = process.env['RSDP_TEST_NESTED'] === '1'
  const here = SUITES.filter(({ files }) => globSync(files, { cwd: root }).length > 0)
  const run = new Set(SUITES.flatMap(({ files }) => globSync(files, { cwd: root })))
  const isTest = (file: string): boolean => /^describe\(/m.test(readFileSync(join(root, file), 'utf8'))
  const homeless = globSync('test/**/*.ts', { cwd: root }).filter((file) => !run.has(file) && isTest(file))
  if (homeless.length > 0)
    refuse('E_NO_SUITE', `no suite runs ${homeless.join(', ')} -> name it *.test.ts in a suite's folder`, 1)
  if (options.suite === undefined) return here.filter(({ name }) => !(nested && name === 'e2e'))
  return options.suite.split(',').map((wanted) => {
    const known = SUITES.map(({ name }) => name)
    if (!known.includes(wanted)) refuse('E_USAGE', `no suite "${wanted}" -> one of ${known.join(', ')}`, 2)
    return (
      here.find(({ name }) => name === wanted) ??
      refuse('E_NO_TESTS', `suite "${wanted}" has no tests yet -> leave it out`, 3)
    )
  })
}

function longestFirst({ long = [] }: Suite): (a: string, b: string) => number {
  const rank = (file: string): number => {
    const index = long.findIndex((name) => file.endsWith(`/${name}.test.ts`))
    return index < 0 ? long.length : index
  }
  return (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)
}

/** Calls whenever the cores had little to do for a while; what is returned ends that. */
function whereThereIsRoom(call: () => void): () => void {
  let look = startWatch()
  const timer = setInterval(() => {
    const { busyPercent } = look()
    look = startWatch()
    if (busyPercent < ROOM_PERCENT) call()
  }, LOOK_MS)
  return () => clearInterval(timer)
}

/** How long it was until the call, and how busy the cores were. */
function startWatch(): () => Pick<SuiteRun, 'seconds' | 'busyPercent'> {
  const start = performance.now()
  const before = coreTimes()
  return () => {
    const after = coreTimes()
    const busyPercent = Math.round((100 * (after.busy - before.busy)) / (after.all - before.all))
    return { seconds: (performance.now() - start) / 1_000, busyPercent }
  }
}

/** Milliseconds of all cores since the machine started. */
function coreTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map(({ times }) => times)
  const all = times.flatMap((each) => Object.values(each)).reduce((sum, ms) => sum + ms, 0)
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) }
}

/** Runs a suite, timed from when its first piece of work has a lane. */
async function timed(suite: Suite, inLane: Lanes): Promise<SuiteRun> {
  const watches: ReturnType<typeof startWatch>[] = []
  const counts = await runSuite(suite, (work) =>
    inLane(() => {
      watches.push(startWatch())
      return work()
    }),
  )
  const [took = startWatch()] = watches
  return { suite: suite.name, ...counts, ...took() }
}

async function runSuite(suite: Suite, inOrder: Lanes): Promise<FilesRun> {
  if (suite.isRetried !== true) return inOrder(() => runWhole(suite))
  const files = globSync(suite.files, { cwd: root }).sort(longestFirst(suite))
  return runFiles(files, inOrder, (file) => runTests(file, [...(suite.args ?? []), file]))
}

async function runWhole({ name, checks, args = [] }: Suite): Promise<FilesRun> {
  if (checks === undefined) return { ...(await runTests(name, args)), flaky: [] }
  let passed = 0
  const failed: string[] = []
  for (const check of checks) {
    const problem = await runShown(check.name, { args: check.args, env: {} })
    if (problem === null) passed += 1
    else failed.push(check.name)
  }
  return { passed, failed, skipped: [], flaky: [] }
}

/** The counts that one process of tests leaves; a crash, or no test at all, is a failure. */
async function runTests(name: string, args: readonly string[]): Promise<Counts> {
  const file = join(mkdtempSync(join(scratch, 'run-')), 'counts.json')
  // transaction journals of commands are files of the user's
  const env = { RSDP_TEST_COUNTS: file, RSDP_TEST_REPORTER: reporter, XDG_STATE_HOME: `${file}.state` }
  const problem = await runShown(name, { args, env, counts: file })
  if (!existsSync(file)) return { passed: 0, failed: [`${name}: ${problem ?? 'no counts'}`], skipped: [] }
  const counts = JSON.parse(readFileSync(file, 'utf8')) as Counts
  const failed = [...counts.failed]
  if (counts.passed + failed.length + counts.skipped.length === 0) failed.push(`${name}: ran no test`)
  else if (problem !== null && failed.length === 0) failed.push(`${name}: ${problem}`)
  return { ...counts, failed }
}

/** Runs a process and then shows, in one piece, what it printed: others run beside it. */
async function runShown(
  name: string,
  run: Omit<Parameters<typeof runProcess>[0], 'output'>,
): Promise<string | null> {
  const printed = join(mkdtempSync(join(scratch, 'output-')), 'printed')
  const output = openSync(printed, 'w')
  say(`… ${name}`)
  const start = performance.now()
  const { problem } = await runProcess({ ...run, output })
  closeSync(output)
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  say(`\n──── ${problem === null ? '✔' : '✖'} ${name}, ${seconds} s ────`)
  say(readFileSync(printed, 'utf8').trimEnd())
  return problem
}

function report(): void {
  const skipped = results.flatMap((result) => result.skipped)
  const failed = results.flatMap((result) => result.failed)
  const flaky = results.flatMap((result) => result.flaky)
  if (skipped.length > SKIPS_MAX) failed.push(`${skipped.length} tests skipped, at most ${SKIPS_MAX} may be`)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)

  say('\n──── summary ────')
  for (const { suite, seconds, busyPercent, ...counts } of results) {
    say(
      `  ${suite.padEnd(12)} ${`${counts.passed}`.padStart(5)} passed ${`${counts.failed.length}`.padStart(4)} failed ${`${counts.skipped.length}`.padStart(4)} skipped ${seconds.toFixed(1).padStart(8)} s, cores ${busyPercent} % busy`,
    )
  }
  if (options.suite === undefined) {
    const minutes = (performance.now() - begun) / 60_000
    const verdict = minutes <= TARGET_MINUTES ? 'met' : 'missed'
    say(`  ${minutes.toFixed(1)} minutes; target on two idle cores: ${TARGET_MINUTES}, ${verdict}`)
  }
  for (const { name, reason } of skipped) say(`  skipped: ${name} (${reason})`)
  for (const name of flaky) say(`  FLAKY: ${name}`)
  for (const name of failed) say(`  FAILED: ${name}`)
  if (options.json === true) {
    const data = { passed, failed, skipped, flaky, suites: results }
    console.log(JSON.stringify({ schema: 1, ok: failed.length === 0, command: 'test', data }))
  }
  say(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
