/**
 * Breaks the contracts in one random place after the other and counts how many the tests notice:
 * `npm run mutants:contracts`. The fuzzer's campaign comes first, then the mocha suites up to the first failure.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EXIT } from '../src/types/exit-codes.ts'
import type { Site } from './mutation/operators.ts'
import { apply, sitesOf } from './mutation/operators.ts'
import type { Bytecodes } from './mutation/workshop.ts'
import { Workshop, compileAll } from './mutation/workshop.ts'

const USAGE = `Breaks the contracts in random places, one at a time, and lists what no test notices.

  npm run mutants:contracts -- --count 60 --seed 7

  --count N  mutants (default 20)
  --seed N   which of them (default 1)
  --skip N   leave out the first N of the seed's order (default 0)
  --in TEXT  only files with this in their path, as board/Settlement (default: all)
  --help

exit codes: 0 at least 95 % are noticed, 1 fewer, 2 usage, 3 the tests fail as it is`

const NOTICED_MIN = 0.95
const CAMPAIGN = ['solidity', 'test/solidity/Handler.t.sol', 'test/solidity/Campaign.t.sol']
/** Fast ones first. */
const SUITES = ['libraries', 'registry', 'board', 'money', 'checkpoint', 'penalties', 'slasher']
  .concat(['revoke', 'reduction', 'forged', 'deployment', 'twins', 'framing', 'silence', 'orders', 'honest'])
  .concat(['form-fee', 'account', 'allowance', 'terms', 'drawing', 'late-quit', 'time', 'results', 'pay'])
  .concat([
    'accusations',
    'challenged',
    'provable',
    'bundles',
    'seam',
    'line',
    'line-time',
    'long-logs',
    'stalled',
  ])
  .map((name) => `test/contracts/${name}.ts`)

const root = fileURLToPath(new URL('..', import.meta.url))
const { count, seed, skip, place } = options()
const sources = globSync('contracts/**/*.sol', { cwd: root, exclude: ['contracts/{dev,interfaces}/**'] })
  .filter((file) => place === null || file.includes(place))
  .sort()
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const sites = shuffled([...texts].flatMap(([file, text]) => sitesOf(file, text)))
const workshop = new Workshop()
process.on('exit', () => workshop.close())

const survivors: string[] = []
const noticed = { fuzzer: 0, suites: 0 }
let tried = 0
let same = 0
if (whoNotices(() => undefined) !== null) {
  console.error('error[E_TESTS]: the tests fail before anything is broken -> npm test')
  process.exit(EXIT.precondition)
}
console.log(`seed ${seed}: ${count} of ${sites.length} places`)
for (const site of sites.slice(skip)) {
  if (tried === count) break
  const started = performance.now()
  const verdict = judge(site)
  if (verdict === 'same') {
    same += 1
    continue
  }
  tried += 1
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`${verdict} (${seconds} s): ${name(site)}`)
  if (verdict === 'survives') survivors.push(name(site))
  else noticed[verdict] += 1
}
console.log(
  `${tried - survivors.length} of ${tried} noticed: ${noticed.fuzzer} by the fuzzer, ${noticed.suites} by suites; ` +
    `${same} do not compile or make no difference to the code`,
)
for (const survivor of survivors) console.log(`  not: ${survivor}`)
process.exitCode = tried - survivors.length >= NOTICED_MIN * tried ? EXIT.ok : EXIT.bug

/** Who notices a mutant; `same` if it does not compile, or to the same code. */
function judge(site: Site): 'fuzzer' | 'suites' | 'survives' | 'same' {
  const broken = apply(texts.get(site.file) ?? '', site)
  const deployed = workshop.users(site.file, 'deployed')
  const harnesses = workshop.users(site.file, 'harness')
  const codes = compileAll(deployed, site.file, broken)
  if (codes === null || workshop.areSame(codes)) return 'same'
  try {
    workshop.put(codes)
    const openLibraries = (): void =>
      workshop.put(compileAll(harnesses, site.file, broken) ?? new Map<string, Bytecodes>())
    return whoNotices(openLibraries) ?? 'survives'
  } finally {
    workshop.mend([...deployed, ...harnesses])
  }
}

/** @param prepare what the suites need, but not the fuzzer */
function whoNotices(prepare: () => void): 'fuzzer' | 'suites' | null {
  if (workshop.test(CAMPAIGN, { RSDP_FUZZ_RUNS: '1' }) !== null) return 'fuzzer'
  prepare()
  return workshop.test(['mocha', ...SUITES]) === null ? null : 'suites'
}

function name({ file, line, start, length, broken }: Site): string {
  const text = texts.get(file) ?? ''
  const whole = text.split('\n')[line - 1]?.trim() ?? ''
  return `${file}:${line} ${text.slice(start, start + length).trim()} -> ${broken || 'nothing'} in ${whole}`
}

/** Fisher–Yates by a small generator (mulberry32): the same order for the same seed. */
function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items]
  let state = seed
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [order[i], order[j]]
    if (a === undefined || b === undefined) continue
    order[i] = b
    order[j] = a
  }
  return order
}

function options(): { count: number; seed: number; skip: number; place: string | null } {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(EXIT.ok)
  }
  return {
    count: whole(values.count ?? '20'),
    seed: whole(values.seed ?? '1'),
    skip: whole(values.skip ?? '0'),
    place: values.in ?? null,
  }
}

function parse() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      options: { count: text, seed: text, skip: text, in: text, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function whole(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : refuse(`${text} is not a number up to 999999999`)
}

function refuse(message: string): never {
  console.error(`error[E_USAGE]: ${message} -> see --help`)
  process.exit(EXIT.usage)
}
