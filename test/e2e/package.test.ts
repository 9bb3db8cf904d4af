import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { buildApp } from '../../src/cli/app/folder.ts'
import { environmentForChildren } from '../../src/cli/environment.ts'
import { holdPort } from '../../src/cli/local/ports.ts'
import { stepsOf } from '../helpers/doc-steps.ts'
import { walk } from '../helpers/doc-walk.ts'
import { NO_REGISTRY } from '../helpers/npm.ts'
import { Shell } from '../helpers/shell.ts'
import { skip } from '../helpers/skip.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
const NPM = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' }
/** The walk's network is on one machine with whatever else runs: blocks come slower than by default. */
const BLOCK_MS = '500'

/** Uses what each entry is for; compiled and run from the folder that the package was installed in. */
const CONSUMER = `
import { createNode, RsdpError } from 'rsdp'
import type { Application, StakedNode } from 'rsdp'
import { auditTask, openHistory } from 'rsdp/audit'
import { RsdpClient } from 'rsdp/client'
import { fixedCodec, struct, u64 } from 'rsdp/reducers'
import type { Reducer } from 'rsdp/reducers'

const state = fixedCodec(struct<{ readonly value: bigint }>({ value: u64 }))
const app: Application = {
  reducers: ['median@1'],
  open: ({ self }) => { throw new Error(String(self)) },
}
const make: (init: Parameters<typeof createNode>[0]) => Promise<StakedNode> = createNode
const used: readonly unknown[] = [app, make, auditTask, openHistory, RsdpClient, RsdpError]
export type Mine = Reducer<{ readonly value: bigint }, null>
console.log(used.length, state.decode(state.encode({ value: 7n }))?.value)
`

interface Ran {
  readonly status: number | null
  readonly text: string
}

function run(cwd: string, program: string, ...args: readonly string[]): Ran {
  const env = { ...environmentForChildren(), ...NPM, PATH }
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  return { status, text: `${stdout}\n${stderr}` }
}

/** The program of the package that a folder has installed. */
const rsdpIn = (home: string, ...words: readonly string[]): Ran =>
  run(home, process.execPath, 'node_modules/rsdp/dist/src/cli/bin.js', ...words)

const manifest = (): { readonly devDependencies: { readonly solc: string } } =>
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as ReturnType<typeof manifest>

/** The commands of one section of the README. */
function section(title: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, found] = readme.split(new RegExp(`^## ${title}$`, 'm'))
  if (found === undefined) throw new Error(`the README has no section ${title}`)
  return found.split(/^## /m)[0] ?? ''
}

/** Other tests bring the dashboard up, too. */
const UI = { RSDP_UI_PORT: '0' }

describe('the package, from its tarball alone', function () {
  this.timeout(900_000)
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-package-'))
  let tarball: string
  let shell: Shell | null = null

  before(() => {
    const node = (...args: readonly string[]): Ran => run(ROOT, process.execPath, ...args)
    const built = node('--disable-warning=ExperimentalWarning', 'scripts/build-package.ts')
    expect(built.status, built.text).equal(0)
    const packed = run(ROOT, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)
    const [{ filename = '' } = {}] = JSON.parse(packed.text) as { readonly filename?: string }[]
    tarball = join(folder, filename)
  })
  after(async () => {
    await shell?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('publint and arethetypeswrong find nothing', () => {
    for (const [tool, ...args] of [
      ['publint/src/cli.js', 'run', '--strict', tarball],
      ['@arethetypeswrong/cli/dist/index.js', '--profile', 'esm-only', tarball],
    ]) {
      const { status, text } = run(ROOT, process.execPath, join(ROOT, 'node_modules', tool!), ...args)
      expect(status, text).equal(0)
    }
  })

  it('the README’s section, typed in an empty folder, ends in an audited height', async function () {
    const home = mkdtempSync(join(folder, 'empty-'))
    copyFileSync(tarball, join(home, 'rsdp-0.1.0.tgz'))
    const { port, release } = await holdPort()
    release()
    const settings = {
      RSDP_PORT: String(port),
      RSDP_RPC_URL: `http://127.0.0.1:${String(port)}`,
      RSDP_BLOCK_MS: BLOCK_MS,
    }
    shell = new Shell(home, { ...environmentForChildren(), ...NPM, ...settings, ...UI, PATH })
    const steps = stepsOf('README.md', section('As a package'))
    expect(steps.map(({ command }) => command.split(' ').slice(0, 3).join(' '))).deep.equal([
      'npm install ./rsdp-0.1.0.tgz',
      'npx rsdp app',
      'npx rsdp dev',
      'npx rsdp task',
      'npx rsdp audit',
    ])
    const walked = await walk(shell, steps)
    for (const [{ command }, problem] of walked) {
      if (command.startsWith('npm') && problem !== null && NO_REGISTRY.test(problem))
        skip(this, 'npm has not all packages in its cache, and reaches no registry')
      if (problem !== null) expect.fail(`${command}: ${problem}`)
    }
    expect(walked).length(steps.length)

    const id = ({ id: found }: { readonly id: string }): string => found
    const there = JSON.parse(readFileSync(join(home, 'hello/build/app.json'), 'utf8')) as { id: string }
    expect(id(await buildApp(join(home, 'hello'))), 'the repository makes another bundle').equal(id(there))

    checkEntries(home)
    checkWithoutSolc(home)
    checkWithoutHardhat(home)
  })

  /** Types and values of every public entry, and nothing but them. */
  function checkEntries(home: string): void {
    writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module', private: true }))
    writeFileSync(join(home, 'consumer.ts'), CONSUMER)
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const flags = '--strict --module nodenext --target es2024 --skipLibCheck --types'.split(' ')
    const typed = run(
      home,
      process.execPath,
      tsc,
      ...flags,
      'node',
      '--typeRoots',
      join(ROOT, 'node_modules/@types'),
      'consumer.ts',
    )
    expect(typed.status, typed.text).equal(0)
    const ran = run(home, process.execPath, '--disable-warning=ExperimentalWarning', 'consumer.js')
    expect(ran.text.trim()).equal('6 7n')
    for (const deep of ['rsdp/dist/src/node/node.js', 'rsdp/src/node/node.ts', 'rsdp/cli']) {
      const failed = run(home, process.execPath, '-e', `import('${deep}').catch((e) => console.log(e.code))`)
      expect(failed.text.trim(), deep).equal('ERR_PACKAGE_PATH_NOT_EXPORTED')
    }
  }

  /** Nobody who has no twin installs the compiler: who has one is told which. */
  function checkWithoutSolc(home: string): void {
    expect(rsdpIn(home, 'app', 'new', 'lied', '--twin').status).equal(0)
    const { status, text } = rsdpIn(home, 'app', 'build', 'lied')
    expect(status, text).equal(3)
    const { solc } = manifest().devDependencies
    expect(text.trim()).equal(
      `error[E_NO_SOLC]: a twin needs the package solc, which is not installed -> npm install solc@${solc}`,
    )
    expect(existsSync(join(home, 'lied/build'))).equal(false)
  }

  /** As after `npm install --omit=optional`. */
  function checkWithoutHardhat(home: string): void {
    for (const name of ['hardhat', '@nomicfoundation'])
      rmSync(join(home, 'node_modules', name), { recursive: true, force: true })
    expect(rsdpIn(home, 'app', 'test', 'hello').status).equal(0)
    const { status, text } = rsdpIn(home, 'dev', '--port', '0')
    expect(status).equal(3)
    expect(text.trim()).match(/^error\[E_NO_HARDHAT\]: .* -> install rsdp without --omit=optional$/)
  }
})
