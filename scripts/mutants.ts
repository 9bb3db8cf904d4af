/**
 * Breaks the contracts on purpose and checks that the test that guards the line notices: `npm run mutants`. One mutant
 * for each invariant of the fuzzer, and some that suites guard. With words as arguments only those whose test has one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutation/guarded.ts'
import { GUARDED } from './mutation/guarded.ts'
import { Workshop, compileAll } from './mutation/workshop.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FUZZ = ['solidity', 'test/solidity/Handler.t.sol', 'test/solidity/Invariants.t.sol']
/** Runs of the fuzzer within which an invariant has to break. */
const RUNS = '40'

const wanted = process.argv.slice(2)
const mutants = GUARDED.filter(({ by }) => wanted.length === 0 || wanted.some((word) => by.includes(word)))
const workshop = new Workshop()
process.on('exit', () => workshop.close())

let survivors = 0
for (const mutant of mutants) {
  const start = performance.now()
  const reason = survives(mutant)
  const seconds = Math.round((performance.now() - start) / 1000)
  console.log(`${reason === null ? '✔ caught' : '✖ survives'}: ${mutant.name} (${seconds} s)`)
  if (reason === null) continue
  console.log(`  ${reason}`)
  survivors += 1
}
console.log(`${mutants.length - survivors} of ${mutants.length} mutants caught`)
process.exitCode = survivors === 0 ? 0 : 1

/** Why the mutant counts as not caught; null if it was. */
function survives({ file, line, broken, test, by }: Mutant): string | null {
  const parts = readFileSync(join(root, file), 'utf8').split(line)
  if (parts.length !== 2) return `${file} has the line ${parts.length - 1} times`
  const contracts = workshop.users(file, 'deployed')
  try {
    const codes = compileAll(contracts, file, parts.join(broken))
    if (codes === null) return 'it does not compile'
    workshop.put(codes)
    const output =
      test === null
        ? workshop.test([...FUZZ, '--grep', `${by}_`], { RSDP_FUZZ_RUNS: RUNS })
        : workshop.test(['mocha', test])
    if (output === null) return `${test ?? by} passes`
    const failures = output.slice(output.lastIndexOf(' failing'))
    return failures.includes(by) ? null : `another thing failed: ${output.trim().slice(-2000)}`
  } finally {
    workshop.mend(contracts)
  }
}
