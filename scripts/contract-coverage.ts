/**
 * Runs the contract suites in a copy whose contracts are instrumented, and prints the lines that no test reaches:
 * `npm run coverage:contracts`. A copy, since what is instrumented must not be deployed or measured.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../src/types/exit-codes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const COPIED = ['contracts', 'docs', 'ignition', 'src', 'test', 'hardhat.config.ts', 'package.json']
/** Contracts that are for use. */
const COVERED = /^contracts\/(?!dev\/)/

const folder = mkdtempSync(join(tmpdir(), 'rsdp-coverage-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/hardhat/dist/src/cli.js'), 'test', 'mocha', '--coverage'],
  {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true' },
  },
)
if (status !== 0) {
  console.error('a test fails: its coverage says nothing')
  process.exit(EXIT.bug)
}

let lines = 0
const missed: string[] = []
for (const record of readFileSync(join(folder, 'coverage/lcov.info'), 'utf8').split('end_of_record')) {
  const file = /^SF:(.*)$/m.exec(record)?.[1] ?? ''
  if (!COVERED.test(file)) continue
  const text = readFileSync(join(folder, file), 'utf8').split('\n')
  for (const [, line, count] of record.matchAll(/^DA:(\d+),(\d+)$/gm)) {
    lines += 1
    if (count === '0') missed.push(`${file}:${line} ${text[Number(line) - 1]?.trim() ?? ''}`)
  }
}
for (const line of missed) console.log(`not reached: ${line}`)
console.log(`${lines - missed.length} of ${lines} lines are reached`)
process.exitCode = lines > 0 && missed.length === 0 ? EXIT.ok : EXIT.bug
