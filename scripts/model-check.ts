/**
 * Explores everything that four members of whom one lies can do in one height and two rounds: docs/model.md.
 *
 * Ends with 0 if no state breaks agreement, 1 if one does: then the moves that lead to it are printed.
 */
import { parseArgs } from 'node:util'
import { createEngine } from '../src/protocol/create.ts'
import { step } from '../src/protocol/engine.ts'
import type { Report } from './model/explore.ts'
import { Exploration } from './model/explore.ts'
import { loadMutant, MUTANTS } from './model/mutants.ts'
import type { Protocol } from './model/protocol.ts'
import type { Scope } from './model/world.ts'
import { NARROW_SCOPE, SCOPES, WIDE_SCOPES } from './model/world.ts'

const USAGE = `Checks the protocol exhaustively in a small model.

  npm run model               both liars, then every mutant
  npm run model -- --wide --no-mutants

  --wide        three values instead of two
  --no-mutants  the protocol as it is, only
  --help`

const { values: options } = parse()
if (options.help === true) {
  console.log(USAGE)
  process.exit(0)
}
let failed = false
for (const scope of options.wide === true ? WIDE_SCOPES : SCOPES) {
  const report = explore({ step, createEngine }, scope)
  console.log(`${describe(scope)}: ${summary(report)}`)
  if (report.violation === null) continue
  failed = true
  tell(report)
}
for (const mutant of options['no-mutants'] === true ? [] : MUTANTS) {
  const protocol = await loadMutant(mutant)
  let found: Report | undefined
  for (const scope of [NARROW_SCOPE, ...SCOPES]) {
    found ??= [explore(protocol, scope)].find(({ violation }) => violation !== null)
  }
  console.log(`mutant "${mutant.name}": ${found?.violation?.what ?? 'NOT FOUND'}`)
  if (found === undefined) failed = true
  else tell(found)
}
process.exitCode = failed ? 1 : 0

function explore(protocol: Protocol, scope: Scope): Report {
  return new Exploration(protocol, scope).run(({ states, open, transitions }) => {
    console.error(`  … ${states} states, ${open} open, ${transitions} transitions`)
  })
}

function describe({ liar, values }: Scope): string {
  return `member ${liar} lies, values ${values.join(', ')}`
}

function summary(report: Report): string {
  const { states, transitions, seconds, cores, steps, cuts, violation } = report
  const ends = violation === null ? 'explored completely, sound' : `VIOLATION: ${violation.what}`
  return (
    `${states} states, ${transitions} transitions, ${cores.join('/')} cores of the honest members, ` +
    `${steps} steps of the engine, ${cuts} moves cut, ${seconds.toFixed(1)} s: ${ends}`
  )
}

function tell({ violation }: Report): void {
  for (const line of violation?.story ?? []) console.log(`    ${line}`)
}

function parse(): { values: { wide?: boolean; 'no-mutants'?: boolean; help?: boolean } } {
  try {
    return parseArgs({
      options: { wide: { type: 'boolean' }, 'no-mutants': { type: 'boolean' }, help: { type: 'boolean' } },
    })
  } catch (error) {
    console.error(`error[E_USAGE]: ${(error as Error).message} -> see --help`)
    process.exit(2)
  }
}
