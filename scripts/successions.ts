/**
 * Lines of tasks in the simulator, with numbered seeds: one task after the other goes on from the result of the one before,
 * while clients keep sending commands. Ends with exit code 1 if a command that was acknowledged is lost or applied twice, or a
 * world breaks a promise.
 */
import { parseArgs } from 'node:util'
import { cryptoFor } from '../src/cli/commands/sim-crypto.ts'
import type { LineSummary } from '../test/helpers/line-world.ts'
import { runLine } from '../test/helpers/line-world.ts'

const USAGE = `Successions of tasks in the simulator.

  npm run successions -- --first 1 --count 5 --tasks 74

  --first N    number of the first line (default 1)
  --count N    lines (default 5)
  --tasks N    tasks of each (default 74)
  --heights N  heights of each task (default 20)
  --help`

const PROGRESS_MS = 15_000

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    count: { type: 'string', default: '5' },
    tasks: { type: 'string', default: '74' },
    heights: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
} else {
  const [first, count, tasks, heights] = [values.first, values.count, values.tasks, values.heights].map(
    Number,
  )
  await run(first ?? 1, count ?? 5, tasks ?? 74, heights ?? 20)
}

async function run(first: number, count: number, tasks: number, heights: number): Promise<void> {
  const started = performance.now()
  let told = started
  const lines: LineSummary[] = []
  for (let seed = first; seed < first + count; seed += 1) {
    const tell = ({ successions }: LineSummary): void => {
      if (performance.now() - told < PROGRESS_MS) return
      told = performance.now()
      console.error(`line ${seed}: ${successions} successions`)
    }
    // a number of no multiple of 50: signatures that are noted, and a fast hash
    lines.push(await runLine({ seed, tasks, heights, keys: cryptoFor(1), tell }))
  }
  const problems = lines.flatMap((line) => line.problems)
  for (const problem of problems) console.log(`FAILED ${problem}`)
  const names = Object.keys(lines[0] ?? {}).filter((name) => name !== 'problems') as (keyof LineSummary)[]
  const sums = names.map((name) => [name, lines.reduce((sum, line) => sum + Number(line[name]), 0)])
  const seconds = Math.round((performance.now() - started) / 1_000)
  console.log(
    JSON.stringify(
      { lines: count, ...Object.fromEntries(sums), problems: problems.length, seconds },
      null,
      2,
    ),
  )
  process.exitCode = problems.length === 0 ? 0 : 1
}
