/** Holds the stock reducers as bundles against the same reducers outside the sandbox, byte by byte: `npm run bundles`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findReducer } from '../src/reducers/catalog.ts'
import type { AnyReducer } from '../src/reducers/catalog.ts'
import type { Bundle } from '../src/sandbox/bundle.ts'
import { EXIT } from '../src/types/exit-codes.ts'
import { invariant } from '../src/types/errors.ts'
import { bundleAnswers, nativeAnswers } from '../test/helpers/bundle-answers.ts'
import { BUNDLES_FILE, readBundles, SANDBOX_PAGE, withBundles } from '../test/helpers/bundles-results.ts'
import type { BundleResult } from '../test/helpers/bundles-results.ts'
import { openBundle, stockBundle } from '../test/helpers/stock-bundles.ts'
import { caseJson } from '../test/helpers/twin-answers.ts'
import { TWINNED_IDS, twinCase } from '../test/helpers/twin-cases.ts'

const USAGE = `Numbered cases for each stock reducer: what validate, status, share and close give, natively and as a bundle.

  npm run bundles -- --first 1 --count 2000
  npm run bundles -- --go-on --last 100000

  --first N   first case (default 1)
  --count N   cases of each reducer (default 2000)
  --go-on     from case 1 or where docs/bundles-results.json ends, which is written as it goes
  --last N    with --go-on: the last case (default 100000)
  --page      write the table of docs/sandbox.md from the file, and run nothing
  --help

exit codes: 0 no difference, 1 a difference, which is printed, 2 usage`

/** Cases of one reducer before its turn ends and its result is written. */
const SLICE = 500

interface Checked {
  readonly reducer: AnyReducer
  readonly bundle: Bundle
}

const options = optionsOf()
if (options.page) {
  writeFileSync(SANDBOX_PAGE, withBundles(readFileSync(SANDBOX_PAGE, 'utf8'), readBundles()))
  process.exit(EXIT.ok)
}
const checked: Checked[] = []
for (const id of TWINNED_IDS) {
  const reducer = findReducer(id)
  invariant(reducer !== null, `no reducer ${id}`)
  checked.push({ reducer, bundle: openBundle(await stockBundle(id)) })
}
if (options.goOn) goOn(options.last)
else
  for (const one of checked)
    console.log(`${one.reducer.id}  ${words(compare(one, options.first, options.count))}`)

/** Slice by slice, so that all reducers are as far when it is interrupted. Another bundle starts at its first case. */
function goOn(last: number): void {
  const results = readBundles()
  for (;;) {
    const due = checked.flatMap(({ reducer: { id }, bundle }) => {
      const { id: hash } = bundle
      const known =
        results[id]?.bundle === hash ? results[id] : { bundle: hash, cases: 0, states: 0, seconds: 0 }
      return known.cases < last ? [{ id, bundle, known }] : []
    })
    if (due.length === 0) return
    for (const { id, bundle, known } of due) {
      const reducer = findReducer(id)
      invariant(reducer !== null, `no reducer ${id}`)
      const added = compare({ reducer, bundle }, known.cases + 1, Math.min(SLICE, last - known.cases))
      results[id] = {
        bundle: bundle.id,
        cases: known.cases + added.cases,
        states: known.states + added.states,
        seconds: Math.round(known.seconds + added.seconds),
      }
      writeFileSync(BUNDLES_FILE, `${JSON.stringify(results, null, 2)}\n`)
      console.log(`${id}  cases 1 … ${known.cases + added.cases}`)
    }
  }
}

/** Ends the process at the first difference. */
function compare({ reducer, bundle }: Checked, first: number, count: number): Omit<BundleResult, 'bundle'> {
  const started = process.cpuUsage()
  let states = 0
  for (let number = first; number < first + count; number += 1) {
    const one = twinCase(reducer.id, number)
    const [here, inside] = [nativeAnswers(reducer, one), bundleAnswers(bundle, one)]
    states += [here.status, here.share, here.close].filter((state) => state !== null).length
    if (JSON.stringify(here) === JSON.stringify(inside)) continue
    console.log(JSON.stringify({ reducer: reducer.id, number, here, inside, input: caseJson(one) }, null, 2))
    process.exit(1)
  }
  const { user, system } = process.cpuUsage(started)
  return { cases: count, states, seconds: (user + system) / 1e6 }
}

function words({ cases, states, seconds }: Omit<BundleResult, 'bundle'>): string {
  const rate = Math.round(cases / seconds)
  return `${cases} cases, ${states} states, no difference, ${Math.round(seconds)} s of processor time, ${rate} cases/s`
}

function optionsOf(): { first: number; count: number; last: number; goOn: boolean; page: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        first: { type: 'string', default: '1' },
        count: { type: 'string', default: '2000' },
        last: { type: 'string', default: '100000' },
        'go-on': { type: 'boolean', default: false },
        page: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(EXIT.ok)
    }
    const [first, count, last] = [values.first, values.count, values.last].map(Number) as [
      number,
      number,
      number,
    ]
    if (![first, count, last].every((value) => Number.isSafeInteger(value) && value > 0))
      throw new Error('--first, --count and --last take whole numbers above 0')
    return { first, count, last, goOn: values['go-on'], page: values.page }
  } catch (error) {
    console.error(`error[E_USAGE]: ${(error as Error).message} -> see --help`)
    process.exit(EXIT.usage)
  }
}
