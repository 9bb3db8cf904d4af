/**
 * Runs the test suites one after another and ends with one line: N passed, N failed, N skipped.
 *
 * Fails on any failed test, a suite that ran none, a crash, and on more skips than SKIPS_MAX.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Counts } from '../test/helpers/counting-reporter.ts'

/** More than this many skipped tests fail the run: a skip is for a machine that lacks something, not a parking place. */
const SKIPS_MAX = 3
/** A suite that takes longer is stuck. */
const SUITE_MINUTES_MAX = 45
/** A suite whose tests have ended must exit by itself: what keeps it alive is a leak. */
const EXIT_SECONDS_MAX = 15

const USAGE = `Runs the test suites.

  npm test                          all suites
  ./rsdp --script scripts/test.ts --suite unit,property

  --suite NAMES  only these: check, unit, property, scenarios, sim, conformance, contracts, solidity, proofs, e2e
  --json         the summary as JSON on stdout, everything else on stderr
  --help`

const root = fileURLToPath(new URL('..', import.meta.url))
const reporter = join(root, 'test/helpers/counting-reporter.ts')
const bin = (path: string): string => join(root, 'node_modules', path)

interface Command {
  readonly name: string
  readonly args: readonly string[]
}

interface Suite {
  readonly name: string
  /** Without a match the suite does not exist yet. */
  readonly files: string
  /** Commands that are one test each, by exit code; else the one command that writes its counts. */
  readonly checks?: readonly Command[]
  readonly args?: readonly string[]
}

function mochaSuite(name: string, timeoutMs: number): Suite {
  const files = `test/${name}/**/*.test.ts`
  return {
    name,
    files,
    args: [
      bin('mocha/bin/mocha.js'),
      '--forbid-only',
      '--timeout',
      `${timeoutMs}`,
      '--reporter',
      reporter,
      files,
    ],
  }
}

const CHECKS: readonly Command[] = [
  {
    name: 'format (prettier)',
    args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  },
  { name: 'lint (eslint)', args: [bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.'] },
  {
    name: 'lint (solhint)',
    args: [
      bin('solhint/solhint.js'),
      '--noPoster',
      '--disc',
      '--max-warnings',
      '0',
      'contracts/**/*.sol',
      'test/{solidity,proofs}/*.sol',
    ],
  },
  { name: 'types (tsc)', args: [bin('typescript/bin/tsc')] },
]

const SUITES: readonly Suite[] = [
  { name: 'check', files: 'package.json', checks: CHECKS },
  mochaSuite('unit', 10_000),
  mochaSuite('property', 120_000),
  mochaSuite('scenarios', 10_000),
  mochaSuite('sim', 300_000),
  mochaSuite('conformance', 60_000),
  {
    name: 'contracts',
    // Hardhat's runner takes every file of the folder
    files: 'test/contracts/**/*.ts',
    args: [bin('hardhat/dist/src/cli.js'), 'test', 'mocha'],
  },
  { name: 'solidity', files: 'test/solidity/*.t.sol', args: ['test/helpers/solidity-suite.ts'] },
  mochaSuite('proofs', 300_000),
  mochaSuite('e2e', 300_000),
]

const { values: options } = parse()
if (options.help === true) {
  console.log(USAGE)
  process.exit(0)
}
const stdout = options.json === true ? 2 : 1
const say = (line: string): void => (options.json === true ? console.error(line) : console.log(line))
const scratch = mkdtempSync(join(tmpdir(), 'rsdp-test-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const results: (Counts & { readonly suite: string; readonly seconds: number })[] = []
for (const suite of chosen()) {
  say(`\n──── ${suite.name} ────`)
  const start = performance.now()
  const counts = suite.checks === undefined ? await runSuite(suite) : await runChecks(suite.checks)
  results.push({ suite: suite.name, seconds: Math.round((performance.now() - start) / 100) / 10, ...counts })
}
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

async function runChecks(checks: readonly Command[]): Promise<Counts> {
  let passed = 0
  const failed: string[] = []
  for (const { name, args } of checks) {
    const { problem } = await run(args, {})
    say(`  ${problem === null ? '✔' : '✖'} ${name}`)
    if (problem === null) passed += 1
    else failed.push(name)
  }
  return { passed, failed, skipped: [] }
}

async function runSuite(suite: Suite): Promise<Counts> {
  const file = join(scratch, `${suite.name}.json`)
  const { problem } = await run(
    suite.args ?? [],
    { RSDP_TEST_COUNTS: file, RSDP_TEST_REPORTER: reporter },
    file,
  )
  if (!existsSync(file))
    return { passed: 0, failed: [`${suite.name}: ${problem ?? 'no counts'}`], skipped: [] }
  const counts = JSON.parse(readFileSync(file, 'utf8')) as Counts
  const failed = [...counts.failed]
  if (counts.passed + failed.length + counts.skipped.length === 0) failed.push(`${suite.name}: ran no test`)
  else if (problem !== null && failed.length === 0) failed.push(`${suite.name}: ${problem}`)
  return { ...counts, failed }
}

/** Runs one Node process to its end; `problem` says what was wrong with how it ended. */
async function run(
  args: readonly string[],
  env: Record<string, string>,
  counts?: string,
): Promise<{ problem: string | null }> {
  // a process group of its own, so that stopping a suite also stops what it started
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    // Hardhat reports home and looks for news unless told not to; CI makes suites the same with and without a terminal
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true', ...env },
    stdio: ['ignore', stdout, 2],
    detached: true,
  })
  const reasons: string[] = []
  const stop = (signal: NodeJS.Signals, reason: string): void => {
    reasons.push(reason)
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }
  const limit = setTimeout(
    () => stop('SIGKILL', `stuck for ${SUITE_MINUTES_MAX} minutes`),
    SUITE_MINUTES_MAX * 60_000,
  )
  let idleSeconds = 0
  const watch = setInterval(() => {
    if (counts !== undefined && existsSync(counts)) idleSeconds += 1
    if (idleSeconds > EXIT_SECONDS_MAX)
      stop('SIGKILL', `did not exit within ${EXIT_SECONDS_MAX} s after its last test`)
  }, 1_000)
  const quit = (signal: NodeJS.Signals): void => {
    stop(signal, 'interrupted')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', quit).once('SIGTERM', quit)
  const ended = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? null : `ended with ${code === null ? signal : `exit code ${code}`}`),
    )
  })
  clearTimeout(limit)
  clearInterval(watch)
  process.off('SIGINT', quit).off('SIGTERM', quit)
  return { problem: reasons[0] ?? ended }
}

function report(): void {
  const skipped = results.flatMap((result) => result.skipped)
  const failed = results.flatMap((result) => result.failed)
  if (skipped.length > SKIPS_MAX) failed.push(`${skipped.length} tests skipped, at most ${SKIPS_MAX} may be`)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)

  say('\n──── summary ────')
  for (const { suite, seconds, ...counts } of results) {
    say(
      `  ${suite.padEnd(12)} ${`${counts.passed}`.padStart(5)} passed ${`${counts.failed.length}`.padStart(4)} failed ${`${counts.skipped.length}`.padStart(4)} skipped ${seconds.toFixed(1).padStart(8)} s`,
    )
  }
  for (const { name, reason } of skipped) say(`  skipped: ${name} (${reason})`)
  for (const name of failed) say(`  FAILED: ${name}`)
  if (options.json === true) {
    const data = { passed, failed, skipped, suites: results }
    console.log(JSON.stringify({ schema: 1, ok: failed.length === 0, command: 'test', data }))
  }
  say(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
