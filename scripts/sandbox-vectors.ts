/**
 * Writes test/vectors/sandbox.json: what each hostile bundle comes to in the engine of this package. The file changes
 * only with the engine profile; another machine, Node version or optimising tier must write the same bytes.
 *
 *   npm run vectors:sandbox
 */
import { writeFileSync } from 'node:fs'
import { loadEngine } from '../src/adapters/sandbox/load-engine.ts'
import { HOSTILE, outcomeOf } from '../test/helpers/hostile-bundles.ts'

const engine = loadEngine()
const outcomes = Object.fromEntries(
  Object.entries(HOSTILE).map(([name, body]) => [name, outcomeOf(engine, body)]),
)
const file = new URL('../test/vectors/sandbox.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ engine: engine.hash, outcomes }, null, 2)}\n`)
console.log(`${Object.keys(outcomes).length} bundles, engine ${engine.hash}`)
