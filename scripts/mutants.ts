/**
 * Breaks the contracts on purpose and checks that the tests notice: `npm run mutants`.
 *
 * Each mutant is a copy of the project in a temporary folder with one line changed. The test file that guards the line
 * must compile, run, and fail in the named test.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Mutant {
  readonly name: string
  readonly file: string
  /** Occurs exactly once. */
  readonly line: string
  readonly broken: string
  readonly test: string
  /** Title of a test that has to fail. */
  readonly caughtBy: string
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'two thirds are a quorum',
    file: 'contracts/libraries/Certificate.sol',
    line: '3 * weight > 2 * total',
    broken: '3 * weight >= 2 * total',
    test: 'test/contracts/checkpoint.ts',
    caughtBy: 'exactly two thirds of the weight',
  },
  {
    name: 'penalties have no window',
    file: 'contracts/TaskBoard.sol',
    line: 'if (closedAt != 0 && block.number > deadline) revert TooLate(block.number, deadline);',
    broken: '',
    test: 'test/contracts/penalties.ts',
    caughtBy: 'closes with the last block before claims',
  },
  {
    name: 'the signing domain has no salt',
    file: 'contracts/libraries/Domain.sol',
    line: 'abi.encode(SALTED_TYPE, NAME, VERSION, chainId, verifyingContract, salt)',
    broken: 'abi.encode(SALTED_TYPE, NAME, VERSION, chainId, verifyingContract, salt & 0)',
    test: 'test/contracts/deployment.ts',
    caughtBy: 'gives every deployment its own signing domain',
  },
]

/** What the tests of the contracts need. The compiler's cache is copied too: only what changed is compiled again. */
const COPIED = ['contracts', 'ignition', 'src', 'test', 'artifacts', 'cache', 'hardhat.config.ts'].concat([
  'package.json',
  'tsconfig.json',
])

const root = fileURLToPath(new URL('..', import.meta.url))

/** Why the mutant counts as not caught; null if it was. */
function survives(mutant: Mutant, folder: string): string | null {
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const path = join(folder, mutant.file)
  const parts = readFileSync(path, 'utf8').split(mutant.line)
  if (parts.length !== 2) return `${mutant.file} has the line ${parts.length - 1} times`
  writeFileSync(path, parts.join(mutant.broken))
  const cli = join(root, 'node_modules/hardhat/dist/src/cli.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'test', 'mocha', mutant.test], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true' },
  })
  if (status === 0) return `${mutant.test} passes`
  const failures = stdout.slice(stdout.lastIndexOf(' failing'))
  if (failures.includes(mutant.caughtBy)) return null
  return `another thing failed: ${(stderr + failures).trim().slice(0, 2000)}`
}

let survivors = 0
for (const mutant of MUTANTS) {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-mutant-'))
  try {
    const start = performance.now()
    const reason = survives(mutant, folder)
    const seconds = Math.round((performance.now() - start) / 1000)
    console.log(`${reason === null ? '✔ caught' : '✖ survives'}: ${mutant.name} (${seconds} s)`)
    if (reason === null) continue
    console.log(`  ${reason}`)
    survivors += 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(`${MUTANTS.length - survivors} of ${MUTANTS.length} mutants caught`)
process.exitCode = survivors === 0 ? 0 : 1
