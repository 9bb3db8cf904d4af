/**
 * Breaks the program on purpose and checks that the test that guards the line notices: `npm run mutants`. One mutant
 * for each invariant of the fuzzer, some that suites guard, and at least one for each row of docs/attacks.md. With words as
 * arguments only those whose name or test has one: `npm run mutants -- C-1 H-2`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ATTACKS } from './mutation/attacks.ts'
import type { Mutant } from './mutation/guarded.ts'
import { GUARDED } from './mutation/guarded.ts'
import { SourceWorkshop } from './mutation/sources.ts'
import { Workshop, compileAll } from './mutation/workshop.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FUZZ = ['solidity', 'test/solidity/Handler.t.sol', 'test/solidity/Invariants.t.sol']
/** Runs of the fuzzer within which an invariant has to break. */
const RUNS = '40'

const wanted = process.argv.slice(2)
const mutants = [...GUARDED, ...ATTACKS].filter(
  ({ by, name }) => wanted.length === 0 || wanted.some((word) => by.includes(word) || name.startsWith(word)),
)
const contracts = new Workshop()
const sources = new SourceWorkshop()
process.on('exit', () => {
  contracts.close()
  sources.close()
})

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
function survives(mutant: Mutant): string | null {
  const { file, line, broken, test, by } = mutant
  const parts = readFileSync(join(root, file), 'utf8').split(line)
  if (parts.length !== 2) return `${file} has the line ${parts.length - 1} times`
  const text = parts.join(broken)
  const output = file.endsWith('.ts')
    ? sources.test(file, text, test ?? '', literal(by))
    : inContracts(mutant, text)
  if (output === undefined) return 'it does not compile'
  if (output === null) return `${test ?? by} passes`
  const failures = output.slice(output.lastIndexOf(' failing'))
  return failures.includes(literal(by)) ? null : `another thing failed: ${output.trim().slice(-2000)}`
}

/** What the tests say of broken contracts; null if they pass, undefined if there is nothing to run. */
function inContracts({ file, test, by }: Mutant, text: string): string | null | undefined {
  const users = contracts.users(file, 'deployed')
  try {
    const codes = compileAll(users, file, text)
    if (codes === null) return undefined
    contracts.put(codes)
    return test === null
      ? contracts.test([...FUZZ, '--grep', `${by}_`], { RSDP_FUZZ_RUNS: RUNS })
      : contracts.test(['mocha', test, '--grep', pattern(by)])
  } finally {
    contracts.mend(users)
  }
}

/** What a title says before anything that is filled in. */
function literal(title: string): string {
  return title.split('…')[0] ?? title
}

function pattern(title: string): string {
  return literal(title).replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
}
