/**
 * Holds the stock reducers as bundles against the same reducers outside the sandbox: numbered cases, what `validate`,
 * `status`, `share` and `close` give, byte by byte. Ends at the first difference with exit code 1.
 *
 *   npm run bundles -- --first 1 --count 2000
 */
import { parseArgs } from 'node:util'
import { findReducer } from '../src/reducers/catalog.ts'
import { bundleAnswers, nativeAnswers } from '../test/helpers/bundle-answers.ts'
import { openBundle, stockBundle } from '../test/helpers/stock-bundles.ts'
import { caseJson } from '../test/helpers/twin-answers.ts'
import { TWINNED_IDS, twinCase } from '../test/helpers/twin-cases.ts'

const { values } = parseArgs({
  options: { first: { type: 'string', default: '1' }, count: { type: 'string', default: '2000' } },
})
const [first, count] = [Number(values.first), Number(values.count)]
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || first < 0 || count < 1) {
  console.error('error[E_USAGE]: --first and --count take whole numbers')
  process.exit(2)
}
const started = performance.now()
for (const id of TWINNED_IDS) {
  const reducer = findReducer(id)
  if (reducer === null) throw new Error(`no reducer ${id}`)
  const bundle = openBundle(await stockBundle(id))
  let states = 0
  for (let number = first; number < first + count; number += 1) {
    const one = twinCase(id, number)
    const [here, inside] = [nativeAnswers(reducer, one), bundleAnswers(bundle, one)]
    states += [here.status, here.share, here.close].filter((state) => state !== null).length
    if (JSON.stringify(here) === JSON.stringify(inside)) continue
    console.log(JSON.stringify({ reducer: id, number, here, inside, input: caseJson(one) }, null, 2))
    process.exit(1)
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`${id}  ${count} cases from ${first}, ${states} states, no difference, ${seconds} s`)
}
