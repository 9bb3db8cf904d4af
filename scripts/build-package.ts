/**
 * Writes `dist`: what `npm pack` puts into the package. JavaScript and types of everything in `src`, the compiled
 * contracts, the dashboard's page, and the trace of the demo. npm runs this before it packs.
 */
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { buildPage } from '../src/adapters/esbuild/build-page.ts'
import { SHIPPED } from '../src/adapters/esbuild/page-file.ts'
import { buildContracts } from '../src/adapters/hardhat/build.ts'
import { root } from './suites/suites.ts'

const DIST = join(root, 'dist')
/** Of an artifact; the rest says where and with what it was compiled. */
const FIELDS = [
  '_format',
  'contractName',
  'sourceName',
  'abi',
  'bytecode',
  'deployedBytecode',
  'linkReferences',
  'deployedLinkReferences',
  'immutableReferences',
] as const
/** Contracts that only tests deploy. */
const FOR_TESTS = /\/dev\/(?!StakeToken\.sol)/

await buildContracts()
rmSync(DIST, { recursive: true, force: true })
compile()
for (const file of globSync('**/*.d.ts', { cwd: DIST })) nameOutputs(join(DIST, file))
// the bindings are types alone; what Hardhat is configured with is for the repository
for (const file of globSync(['types/**/*.js', 'hardhat.config.*'], { cwd: DIST })) rmSync(join(DIST, file))
for (const file of globSync('artifacts/contracts/**/*.json', { cwd: root }))
  if (!FOR_TESTS.test(file)) copyArtifact(file)
for (const folder of ['src/demo', 'src/cli/lab/ec2-cpu'])
  for (const file of globSync(['*.csv', 'LICENSE'], { cwd: join(root, folder) }))
    cpSync(join(root, folder, file), join(DIST, folder, file))
writePage(join(DIST, SHIPPED), (await buildPage()).html)
chmodSync(join(DIST, 'src/cli/bin.js'), 0o755)

function compile(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    // npm pack --json prints its result on stdout
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('the sources do not compile')
}

/** The compiler names the sources in declarations; the package has none. */
function nameOutputs(path: string): void {
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replaceAll(/((?:from|import\() ?'\.[^']*)\.ts'/g, "$1.js'"))
}

function writePage(path: string, html: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, html)
}

function copyArtifact(file: string): void {
  const artifact = JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, unknown>
  const path = join(DIST, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, artifact[name]]))))
}
