import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Own files and those of commander, but for a file of each group of commands. */
const HELP_MODULES_MAX = 25

describe('start', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-start-'))
  after(() => rmSync(scratch, { recursive: true, force: true }))

  /** What `rsdp …` loads, without the built-in modules. */
  function modulesOf(...words: readonly string[]): string[] {
    const file = join(scratch, 'modules')
    const args = ['--import', './test/helpers/count-modules.ts', 'src/cli/main.ts', ...words]
    const env = { ...process.env, RSDP_TEST_MODULES: file }
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...args],
      {
        cwd: ROOT,
        env,
        encoding: 'utf8',
      },
    )
    expect(status, stderr).equal(0)
    return readFileSync(file, 'utf8').split('\n')
  }

  it('--help loads commands’ names and commander, no command and no other package', () => {
    const modules = modulesOf('--help')
    const others = modules.filter((url) => !url.includes('/cli/groups/'))
    expect(others.length, others.join('\n')).at.most(HELP_MODULES_MAX)
    const packages = modules.filter((url) => url.includes('/node_modules/'))
    expect(packages.filter((url) => !url.includes('/commander/'))).deep.equal([])
    expect(modules.filter((url) => url.includes('/cli/commands/'))).deep.equal([])
  })

  it('a command loads what it needs: config show neither libp2p, Hardhat nor ethers', () => {
    const modules = modulesOf('config', 'show', 'node', 'run')
    const heavy = /\/node_modules\/(libp2p|@libp2p|hardhat|@nomicfoundation|ethers|esbuild|quickjs-wasi)\//
    expect(modules.filter((url) => heavy.test(url))).deep.equal([])
  })
})
