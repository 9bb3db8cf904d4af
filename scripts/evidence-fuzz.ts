/**
 * Holds honest members' objects, bent and recombined into proofs, against the real contracts: none may convict. The
 * auditor and the nodes' own rules judge the same proofs and must agree. Ends at the first fault.
 */
import { parseArgs } from 'node:util'
import hre, { network } from 'hardhat'
import { EXIT } from '../src/types/exit-codes.ts'
import type { Finding } from '../test/contracts/trial.ts'
import { Trial } from '../test/contracts/trial.ts'
import { ROOMY } from '../test/helpers/twin-chain.ts'

const USAGE = `Tries to convict honest members with proofs made of what they signed.

  npm run fuzz:evidence -- --count 100000

  --seed N    first seed; every session of 10,000 proofs takes the next one (default 1)
  --count N   proofs (default 20000)
  --json      the summary as JSON on stdout, progress on stderr
  --help

exit codes: 0 none convicts, 1 a liar's proof was refused (nothing is shown then), 2 usage, 6 a proof convicted an
honest member, a revert was not typed, or the judges differ`

/** Proofs out of one task. */
const SESSION = 10_000
const PROGRESS_MS = 10_000

const { seed, count, json } = options()
const say = (line: string): void => (json ? console.error(line) : console.log(line))
await hre.tasks.getTask('build').run({ quiet: true })
const started = performance.now()
const seconds = (): number => Math.round((performance.now() - started) / 1000)
const trial = await Trial.begin(await network.create({ override: ROOMY }))
finish(await run())

async function run(): Promise<(Finding & { readonly seed: number }) | null> {
  const { tally } = trial
  let session = seed
  const progress = setInterval(() => {
    say(`seed ${session}  ${tally.cases} of ${count}  ${seconds()} s`)
  }, PROGRESS_MS)
  try {
    for (; tally.cases < count; session += 1) {
      const found = await trial.session(session, Math.min(SESSION, count - tally.cases))
      if (found !== null) return { ...found, seed: session }
    }
    return null
  } finally {
    clearInterval(progress)
  }
}

function finish(finding: (Finding & { readonly seed: number }) | null): void {
  const { tally } = trial
  const isIdle = finding === null && tally.liars === 0
  if (json) {
    const data = { seed, seconds: seconds(), ...tally, finding }
    console.log(
      JSON.stringify({ schema: 1, ok: finding === null && !isIdle, command: 'fuzz:evidence', data }),
    )
  } else {
    console.table(tally.kinds)
    console.table(tally.refusals)
    if (finding !== null) console.log(JSON.stringify(finding, null, 2))
    const { cases, liars, convictions } = tally
    console.log(
      `seed ${seed}: ${cases} proofs in ${seconds()} s; ${liars} by a liar and ${convictions} of bent objects signed again convicted`,
    )
    console.log(finding === null ? 'nobody honest was convicted' : `fault: ${finding.fault}`)
  }
  if (isIdle || finding?.fault === 'not convicted') process.exitCode = EXIT.bug
  else process.exitCode = finding === null ? EXIT.ok : EXIT.mismatch
}

function options(): { seed: number; count: number; json: boolean } {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(EXIT.ok)
  }
  return {
    seed: whole('seed', values.seed ?? '1'),
    count: whole('count', values.count ?? '20000'),
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
  return /^\d{1,9}$/.test(text) && value > 0
    ? value
    : refuse(`--${name} ${text} is not a number from 1 to 999999999`)
}

function refuse(message: string): never {
  console.error(`error[E_USAGE]: ${message} -> see --help`)
  process.exit(EXIT.usage)
}
