/**
 * Writes test/vectors/sandbox.json: what each hostile reducer comes to in the engine of this package, and the ids of the
 * stock reducers as bundles. The file changes only with the engine profile, and its ids with the reducers; another
 * machine, Node version or optimising tier must write the same bytes.
 *
 *   npm run vectors:sandbox
 */
import { writeFileSync } from 'node:fs'
import { loadEngine } from '../src/adapters/sandbox/load-engine.ts'
import { bundleId } from '../src/sandbox/sandbox.ts'
import { allOutcomes } from '../test/helpers/hostile-bundles.ts'
import { stockBundle } from '../test/helpers/stock-bundles.ts'
import { TWINNED_IDS } from '../test/helpers/twin-cases.ts'

const engine = loadEngine()
const { outcomes } = allOutcomes(engine)
const bundles: Record<string, object> = {}
for (const id of TWINNED_IDS) {
  const bytes = await stockBundle(id)
  bundles[id] = { id: bundleId(engine.hash, bytes), bytes: bytes.length }
}
const file = new URL('../test/vectors/sandbox.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ engine: engine.hash, bundles, outcomes }, null, 2)}\n`)
console.log(`${Object.keys(outcomes).length} hostile reducers, engine ${engine.hash}`)
