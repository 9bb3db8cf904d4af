import { existsSync, lstatSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { FakeProject } from '../helpers/fake-project.ts'

const INSTALL = ['npm ci --prefix . --loglevel=error', 'hardhat build --no-tests --quiet']

describe('launcher', () => {
  let project: FakeProject
  const lock = (): string => join(project.root, '.toolchain/lock')

  beforeEach(() => {
    project = new FakeProject()
  })
  afterEach(() => {
    project.remove()
  })

  it('refuses without node and without npm: E_NODE', async () => {
    const { code, stderr } = await project.run()
    expect(code).equal(3)
    expect(stderr).match(/^error\[E_NODE\]: /)
  })

  it('refuses a machine for which npm has no Node: E_NODE', async () => {
    project.provide('npm')
    project.provide('other machine')
    const { code, stderr } = await project.run()
    expect([code, stderr.split(':')[0]]).deep.equal([3, 'error[E_NODE]'])
    expect(project.calls()).deep.equal([])
  })

  it('says when Node cannot be fetched: E_NODE, exit 4', async () => {
    project.provide('npm')
    const { code, stderr } = await project.run([], { NPM_FAILS: '1' })
    expect(code).equal(4)
    expect(stderr).match(/^error\[E_NODE\]: /m)
    expect(existsSync(lock())).equal(false)
  })

  it('refuses to install without npm: E_NPM', async () => {
    project.provide('node')
    const { code, stderr } = await project.run()
    expect([code, stderr.split(':')[0]]).deep.equal([3, 'error[E_NPM]'])
  })

  it('says when npm ci fails, and starts afresh the next time: E_INSTALL', async () => {
    project.provide('node')
    project.provide('npm')
    const { code, stderr } = await project.run([], { NPM_FAILS: '1' })
    expect(code).equal(4)
    expect(stderr).match(/^error\[E_INSTALL\]: /m)
    project.calls()
    expect((await project.run()).code).equal(0)
    expect(project.calls()).deep.equal(INSTALL)
  })

  it('refuses --script without a file: E_USAGE', async () => {
    project.provide('node')
    project.provide('npm')
    const { code, stderr } = await project.run(['--script'])
    expect(code).equal(2)
    expect(stderr).match(/^error\[E_USAGE\]: /m)
  })

  it('takes a Node that is new enough and downloads none', async () => {
    project.provide('node')
    project.provide('npm')
    await project.run()
    expect(project.calls()).deep.equal(INSTALL)
  })

  it('brings Node once when the one on PATH is too old', async () => {
    project.provide('old node')
    project.provide('npm')
    expect((await project.run()).code).equal(0)
    const [fetch, ...rest] = project.calls()
    expect(fetch).match(/^npm install --prefix .\/.toolchain --no-save .* node-[\w-]+@24\.[\d.]+$/)
    expect(rest).deep.equal(INSTALL)
    expect((await project.run()).code).equal(0)
    expect(project.calls()).deep.equal([])
  })

  it('writes nothing and prints nothing of its own when nothing has changed', async () => {
    project.provide('node')
    project.provide('npm')
    await project.run()
    const before = project.files()
    expect(await project.run(['a b', '', '*'])).deep.equal({
      code: 0,
      stdout: '["a b","","*"]\n',
      stderr: '',
    })
    expect(project.files()).deep.equal(before)
  })

  it('passes on the exit code, and runs scripts', async () => {
    project.provide('node')
    project.provide('npm')
    await project.run()
    const { code, stdout } = await project.run(['--script', 'scripts/other.ts', '--x'], { EXIT: '6' })
    expect({ code, stdout }).deep.equal({ code: 6, stdout: 'other\n["--x"]\n' })
  })

  it('repeats only what a change asks for', async () => {
    project.provide('node')
    project.provide('npm')
    await project.run()
    project.calls()
    project.write('test/solidity/A.t.sol', 'changed')
    await project.run()
    expect(project.calls()).deep.equal([])
    project.write('contracts/B.sol', 'new')
    await project.run()
    expect(project.calls()).deep.equal(['hardhat build --no-tests --quiet'])
    project.write('package-lock.json', '{ }')
    await project.run()
    expect(project.calls()).deep.equal(INSTALL)
  })

  it('installs once when two start at the same time', async () => {
    project.provide('node')
    project.provide('npm')
    const both = await Promise.all([1, 2].map(() => project.run([], { NPM_SECONDS: '0.5' })))
    expect(both.map(({ code }) => code)).deep.equal([0, 0])
    expect(project.calls()).deep.equal(INSTALL)
    expect(existsSync(lock())).equal(false)
  })

  it('takes over the lock of a launcher that died', async () => {
    project.provide('node')
    project.provide('npm')
    project.write('.toolchain/x', '')
    symlinkSync('999999999', lock())
    expect((await project.run()).code).equal(0)
    expect(existsSync(lock())).equal(false)
  })

  it('a signal ends the step that runs, and frees the lock', async () => {
    project.provide('node')
    project.provide('npm')
    const running = project.start([], { NPM_HANGS: '1' })
    while (lstatSync(lock(), { throwIfNoEntry: false }) === undefined) await sleep(10)
    expect(readlinkSync(lock())).match(/^\d+$/)
    running.kill()
    expect((await running.ended).code).equal(143)
    expect(lstatSync(lock(), { throwIfNoEntry: false })).equal(undefined)
  })
})
