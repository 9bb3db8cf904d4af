/**
 * Holds the Solidity twins against the TypeScript reducers: seeded cases, every answer of `validate` and `aggregate`
 * compared byte by byte, in the EVM that the tests use. Ends at the first difference with exit code 1.
 */
import { parseArgs } from 'node:util'
import hre, { network } from 'hardhat'
import { answerOf, caseJson, firstDifference } from '../test/helpers/twin-answers.ts'
import type { Difference } from '../test/helpers/twin-answers.ts'
import { Dice, twinCase } from '../test/helpers/twin-cases.ts'
import type { TwinCase } from '../test/helpers/twin-cases.ts'
import { ROOMY, TWINNED_IDS, deployTwinChain } from '../test/helpers/twin-chain.ts'
import type { TwinChain, TwinnedId } from '../test/helpers/twin-chain.ts'

const USAGE = `Compares the reducers with their Solidity twins.

  npm run twins -- --count 1000000

  --seed N    first number of the cases (default 1)
  --count N   cases, over all reducers (default 50000)
  --json      the summary as JSON on stdout, progress on stderr
  --help`

/** Solidity never frees memory: the harness would pay for every case before. */
const BATCH = 20
const PROGRESS_MS = 10_000

interface Tally {
  cases: number
  states: number
  aggregates: number
  refusals: number
}

const { seed, count, json } = options()
const say = (line: string): void => (json ? console.error(line) : console.log(line))
await hre.tasks.getTask('build').run({ quiet: true })
const chain = await deployTwinChain(await network.create({ override: ROOMY }))
const start = performance.now()
const tallies: Record<string, Tally> = {}
const failed = await checkAll()
finish(failed)

async function checkAll(): Promise<object | null> {
  let told = start
  let done = 0
  for (const [position, reducer] of TWINNED_IDS.entries()) {
    const dice = new Dice(seed * TWINNED_IDS.length + position)
    const share = Math.floor(((position + 1) * count) / TWINNED_IDS.length) - done
    const tally: Tally = { cases: 0, states: 0, aggregates: 0, refusals: 0 }
    tallies[reducer] = tally
    while (tally.cases < share) {
      const length = Math.min(BATCH, share - tally.cases)
      const cases = Array.from({ length }, () => twinCase(reducer, dice))
      const found = await checkBatch(chain, reducer, cases, tally)
      if (found !== null) return { reducer, ...found }
      if (performance.now() - told < PROGRESS_MS) continue
      told = performance.now()
      say(`${reducer}  ${done + tally.cases} of ${count}  ${Math.round((told - start) / 1000)} s`)
    }
    done += share
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
    tally.cases += 1
    tally.states += inputs.length
    if (expected[i]?.[inputs.length] === 1) tally.aggregates += 1
    else tally.refusals += 1
  }
  return null
}

function finish(difference: object | null): void {
  const seconds = Math.round((performance.now() - start) / 1000)
  const cases = Object.values(tallies).reduce((sum, tally) => sum + tally.cases, 0)
  if (json) {
    const data = { seed, cases, seconds, reducers: tallies, difference }
    console.log(JSON.stringify({ schema: 1, ok: difference === null, command: 'twins', data }))
  } else {
    console.table(tallies)
    if (difference !== null) console.log(JSON.stringify(difference, null, 2))
    console.log(
      `seed ${seed}: ${cases} cases, ${difference === null ? 'no difference' : 'then a difference'}, ${seconds} s`,
    )
  }
  process.exitCode = difference === null ? 0 : 1
}

function options(): { seed: number; count: number; json: boolean } {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(0)
  }
  return {
    seed: whole('seed', values.seed ?? '1'),
    count: whole('count', values.count ?? '50000'),
    json: values.json === true,
  }
}

function parse(): { values: { seed?: string; count?: string; json?: boolean; help?: boolean } } {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string' },
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
