/**
 * Numbered windows through the committed models: the scores of nodes in Node and in Chromium, and the auditor's second way over
 * BigInt. Ends with exit code 1 at the first number where two of them differ.
 */
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { residualScoreOf, treesScoresOf } from '../src/audit/scores.ts'
import { browserBundle } from '../test/helpers/browser-bundle.ts'
import { committedModels } from '../test/helpers/committed-models.ts'
import { findChromium } from '../test/helpers/chromium.ts'
import { costOfEpoch } from './score-cost.ts'
import type { Models } from '../test/helpers/score-windows.ts'
import { digestOf, scoresOf, windowOf } from '../test/helpers/score-windows.ts'

const USAGE = `Scores of numbered windows, computed three times.

  npm run scores -- --first 0 --count 1000000

  --first N   first window (default 0)
  --count N   windows (default 20000)
  --help`

/** Windows whose scores are compared at once with the browser's. */
const SLICE = 5_000
const PROGRESS_MS = 15_000
/** The cost is that of a node in a cluster of so many. */
const MEMBERS = 31

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '0' },
    count: { type: 'string', default: '20000' },
    help: { type: 'boolean', default: false },
  },
})
const [first, count] = [Number(values.first), Number(values.count)]
if (values.help) console.log(USAGE)
else if (![first, count].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  console.error('error[E_USAGE]: --first and --count take whole numbers -> see --help')
  process.exitCode = 2
} else await run()

async function run(): Promise<void> {
  const cost = costOfEpoch(MEMBERS, committedModels)
  const models = committedModels()
  const found = findChromium()
  if ('reason' in found) console.log(`SKIPPED in the browser: ${found.reason}`)
  const browser =
    'path' in found
      ? await chromium.launch({ executablePath: found.path, args: ['--no-sandbox', '--disable-gpu'] })
      : undefined
  const page = await browser?.newPage()
  await page?.addScriptTag({ content: await browserBundle('test/helpers/browser-scores.ts') })
  const elsewhere = (from: number, windows: number): Promise<string> | undefined =>
    page?.evaluate<string>(`digestOfRange(${from}, ${windows}, ${JSON.stringify(models)})`)
  let told = performance.now()
  let done = 0
  let problem: string | undefined
  while (done < count && problem === undefined) {
    const [from, windows] = [first + done, Math.min(SLICE, count - done)]
    const theirs = elsewhere(from, windows)
    const ours = compared(from, windows, models)
    problem = typeof ours === 'string' ? ours : differs(ours.digest, await theirs, from, windows)
    done += windows
    if (performance.now() - told < PROGRESS_MS) continue
    told = performance.now()
    console.error(`${done} of ${count} windows`)
  }
  await browser?.close()
  console.log(
    problem ?? JSON.stringify({ first, windows: count, browser: page !== undefined, differences: 0, cost }),
  )
  if (problem !== undefined) process.exitCode = 1
}

/** Digest of a range of scores in Node, or the first window that the auditor scores otherwise. */
function compared(from: number, windows: number, models: Models): { digest: string } | string {
  const all: number[] = []
  for (let number = from; number < from + windows; number += 1) {
    const window = windowOf(number, models)
    const scores = scoresOf(window, models)
    const second = [
      residualScoreOf(models.anomaly, window.samples),
      ...models.trees.flatMap((model, place) => treesScoresOf(model, window.rows[place] ?? [])),
    ]
    if (scores.join() !== second.join()) return `window ${number}: ${scores.join()}, auditor ${second.join()}`
    all.push(...scores)
  }
  return { digest: digestOf(all) }
}

function differs(
  ours: string,
  theirs: string | undefined,
  from: number,
  windows: number,
): string | undefined {
  if (theirs === undefined || ours === theirs) return undefined
  return `windows ${from} to ${from + windows - 1}: Node ${ours}, browser ${theirs}`
}
