/** Proves what test/proofs states about the contracts' libraries: `npm run prove`, docs/proofs.md. */
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EXIT } from '../src/types/exit-codes.ts'
import { SOLVER, prove } from './proofs/checker.ts'

const USAGE = `Proves properties of the contracts' libraries with solc's model checker and the solver that is part of it.

  npm run prove

  --json  the verdicts as JSON on stdout
  --help

verdicts: proved; counterexample, if there is one; vacuous, if nothing meets its premises; unknown, if the solver gives up
exit codes: 0 all are proved, 1 not all, 2 usage`

const json = options()
const say = (line: string): void => (json ? undefined : console.log(line))
say(SOLVER)
const results = []
const started = performance.now()
for (const file of globSync('test/proofs/*.sol', {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
}).sort()) {
  say(`\n${basename(file, '.sol')}`)
  for (const proof of prove(file)) {
    results.push({ file, ...proof })
    const detail = proof.detail === '' ? '' : `: ${proof.detail}`
    say(`  ${proof.verdict.padEnd('counterexample'.length)}  ${proof.property}${detail}`)
  }
}
const open = results.filter(({ verdict }) => verdict !== 'proved').length
const seconds = Math.round((performance.now() - started) / 1000)
if (json) console.log(JSON.stringify({ solver: SOLVER, seconds, results }, null, 2))
else say(`\n${results.length - open} of ${results.length} proved, ${seconds} s`)
process.exitCode = open === 0 && results.length > 0 ? EXIT.ok : EXIT.bug

function options(): boolean {
  const { values } = parse()
  if (values.help === true) {
    console.log(USAGE)
    process.exit(EXIT.ok)
  }
  return values.json === true
}

function parse() {
  try {
    return parseArgs({
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    console.error(`error[E_USAGE]: ${(error as Error).message} -> see --help`)
    process.exit(EXIT.usage)
  }
}
