/**
 * Holds the Solidity twins against the TypeScript reducers: numbered cases, every answer of `validate`, `aggregate` and
 * `close` compared byte by byte, in the EVM that the tests use. Ends at the first difference with exit code 1.
 */
import { parseArgs } from 'node:util'
import hre, { network } from 'hardhat'
import { answerOf, caseJson, firstDifference } from '../test/helpers/twin-answers.ts'
import type { Difference } from '../test/helpers/twin-answers.ts'
import { twinCase } from '../test/helpers/twin-cases.ts'
import type { TwinCase } from '../test/helpers/twin-cases.ts'
import { ROOMY, TWINNED_IDS, deployTwinChain } from '../test/helpers/twin-chain.ts'
import type { TwinChain, TwinnedId } from '../test/helpers/twin-chain.ts'

const USAGE = `Compares the reducers with their Solidity twins.

  npm run twins -- --first 1 --count 200000

  --first N   number of the first case (default 1): runs of adjoining ranges add up
  --count N   cases of each reducer (default 10000)
  --json      the summary as JSON on stdout, progress on stderr
  --help`

/** Solidity never frees memory: the harness would pay for every case before. */
const BATCH = 8
const PROGRESS_MS = 10_000

interface Tally {
  cases: number
  /** Cases by number of inputs, up to each bound of SIZES. */
  sizes: number[]
  /** Inputs that `validate` takes, and those that it does not. */
  accepted: number
  rejected: number
  /** What `aggregate` gives a state for, and what both sides refuse. */
  aggregates: number
  refusals: number
  /** What `close` gives a state for; both sides refuse the others. */
  closes: number
}

const SIZES = [3, 7, 15, 33, 255]

const { first, count, json } = options()
const say = (line: string): void => (json ? console.error(line) : console.log(line))
await hre.tasks.getTask('build').run({ quiet: true })
const chain = await deployTwinChain(await network.create({ override: ROOMY }))
const start = performance.now()
const tallies: Record<string, Tally> = {}
const failed = await checkAll()
finish(failed)

async function checkAll(): Promise<object | null> {
  let told = start
  for (const reducer of TWINNED_IDS) {
    const tally = {
      cases: 0,
      sizes: SIZES.map(() => 0),
      accepted: 0,
      rejected: 0,
      aggregates: 0,
      refusals: 0,
      closes: 0,
    }
    tallies[reducer] = tally
    while (tally.cases < count) {
      const next = first + tally.cases
      const length = Math.min(BATCH, count - tally.cases)
      const cases = Array.from({ length }, (_, i) => twinCase(reducer, next + i))
      const found = await checkBatch(chain, reducer, cases, tally)
      if (found !== null) return { reducer, number: next + found.index, ...found }
      if (performance.now() - told < PROGRESS_MS) continue
      told = performance.now()
      say(`${reducer}  ${tally.cases} of ${count}  ${Math.round((told - start) / 1000)} s`)
    }
  }
  return null
}

/** The chain works while the reducers run here. */
async function checkBatch(
  twins: TwinChain,
  reducer: TwinnedId,
  cases: readonly TwinCase[],
  tally: Tally,
): Promise<(Difference & { readonly input: object }) | null> {
  const asked = twins.ask(reducer, cases)
  const expected = cases.map((one) => answerOf(reducer, one))
  const difference = firstDifference(expected, await asked)
  const differing = cases[difference?.index ?? -1]
  if (difference !== null) return { ...difference, input: differing === undefined ? {} : caseJson(differing) }
  for (const [i, { inputs }] of cases.entries()) {
    const answer = expected[i] ?? new Uint8Array()
    const accepted = answer.subarray(0, inputs.length).filter((verdict) => verdict === 1).length
    const size = SIZES.findIndex((bound) => inputs.length <= bound)
    tally.cases += 1
    tally.sizes[size] = (tally.sizes[size] ?? 0) + 1
    tally.accepted += accepted
    tally.rejected += inputs.length - accepted
    if (answer[inputs.length] === 1) tally.aggregates += 1
    else tally.refusals += 1
    if (answer[closeAt(answer, inputs.length)] === 1) tally.closes += 1
  }
  return null
}

/** Where the answer of `close` begins: behind that of `aggregate`, 1 ‖ u16 length ‖ state or 0. */
function closeAt(answer: Uint8Array, at: number): number {
  return answer[at] === 1 ? at + 3 + 256 * (answer[at + 1] ?? 0) + (answer[at + 2] ?? 0) : at + 1
}

function finish(difference: object | null): void {
  const seconds = Math.round((performance.now() - start) / 1000)
  const cases = Object.values(tallies).reduce((sum, tally) => sum + tally.cases, 0)
  if (json) {
    const data = { first, count, cases, seconds, sizes: SIZES, reducers: tallies, difference }
    console.log(JSON.stringify({ schema: 1, ok: difference === null, command: 'twins', data }))
  } else {
    console.table(
      Object.fromEntries(
        Object.entries(tallies).map(([id, { sizes, ...rest }]) => [id, { ...rest, sizes: sizes.join(' ') }]),
      ),
    )
    if (difference !== null) console.log(JSON.stringify(difference, null, 2))
    console.log(
      `${cases} cases from ${first}, ${difference === null ? 'no difference' : 'then a difference'}, ${seconds} s`,
    )
  }
  process.exitCode = difference === null ? 0 : 1
}

function options(): { first: number; count: number; json: boolean } {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(0)
  }
  return {
    first: whole('first', values.first ?? '1'),
    count: whole('count', values.count ?? '10000'),
    json: values.json === true,
  }
}

function parse(): { values: { first?: string; count?: string; json?: boolean; help?: boolean } } {
  try {
    return parseArgs({
      options: {
        first: { type: 'string' },
        count: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function whole(name: string, text: string): number {
  const value = Number(text)
  return /^\d{1,9}$/.test(text) ? value : refuse(`--${name} ${text} is not a number from 0 to 999999999`)
}

function refuse(message: string): never {
  console.error(`error[E_USAGE]: ${message} -> see --help`)
  process.exit(2)
}
