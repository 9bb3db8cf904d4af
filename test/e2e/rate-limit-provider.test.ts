import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { VariantReport } from '../../src/demo/compare-report.ts'
import { ProviderClient } from '../../src/demo/provider-client.ts'
import { errorCode, runFile } from '../helpers/rsdp.ts'

const example = (name: string): string =>
  fileURLToPath(new URL(`../../src/cli/demo/${name}.ts`, import.meta.url))

/** A lease lasts as long. */
const LEASE_WINDOWS = 5

interface Report {
  readonly budget: number
  readonly laterBudget: number
  readonly contendedWindows: number
  readonly loweredFrom: { readonly agreed: number; readonly static: number }
  readonly followedFrom: number
  readonly agreed: VariantReport
  readonly static: VariantReport
}

describe('the provider as a process', function () {
  let scratch: string
  let child: ChildProcess | null = null

  before(() => (scratch = mkdtempSync(join(tmpdir(), 'rsdp-provider-'))))
  after(() => {
    child?.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  })

  it('refuses what it does not understand, without a stack trace', async () => {
    const shortToken = join(scratch, 'short')
    writeFileSync(shortToken, 'short\n')
    for (const args of [
      ['--port', 'x'],
      ['--port', '65536'],
      ['--budget', '-1'],
      ['--budget', '1e9'],
      ['--window-ms', '9'],
      ['--share', '1'],
      ['--token-file', join(scratch, 'missing')],
      ['--token-file', shortToken],
    ]) {
      const run = await runFile(example('provider'), args)
      expect(run.code, args.join(' ')).equal(2)
      expect(errorCode(run), run.stderr).equal('E_USAGE')
    }
  })

  it('says where it listens, serves, and ends with the signal', async () => {
    const tokenFile = join(scratch, 'token')
    writeFileSync(tokenFile, '0123456789abcdef\n')
    const args = ['--port', '0', '--budget', '100', '--window-ms', '3600000', '--token-file', tokenFile]
    const running = spawn(process.execPath, [example('provider'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = running
    const [line] = (await once(createInterface({ input: running.stdout }), 'line')) as [string]
    const { url } = JSON.parse(line) as { url: string }
    expect(url).match(/^http:\/\/127\.0\.0\.1:\d+$/)
    const client = new ProviderClient(url)
    expect((await client.send({ id: 'a', tokens: 60n, window: 1 })).kind).equal('served')
    expect((await client.send({ id: 'b', tokens: 60n, window: 1 })).kind).equal('rejected')
    expect(await client.setBudget(50, '0123456789abcdef')).equal(2)
    const taken = await runFile(example('provider'), ['--port', new URL(url).port])
    expect(errorCode(taken)).equal('E_ADDR_IN_USE')
    const exited = once(running, 'exit')
    running.kill('SIGTERM')
    expect(await exited).deep.equal([143, null])
    child = null
  })
})

describe('agreed shares against a static split, with real nodes', function () {
  this.timeout(240_000)
  const heights = 18
  let report: Report

  before(async () => {
    const sizes = ['--nodes', '4', '--heights', String(heights)]
    const budgets = ['--budget', '150000', '--later-budget', '130000']
    const run = await runFile(example('compare'), [...sizes, ...budgets, '--json'])
    expect(run.code, run.stderr).equal(0)
    report = (JSON.parse(run.stdout) as { data: Report }).data
  })

  it('refuses what it does not understand', async () => {
    for (const args of [
      ['--nodes', '3'],
      ['--heights', '61'],
      ['--budget', '10', '--later-budget', '10'],
      ['--x'],
    ]) {
      const run = await runFile(example('compare'), args)
      expect(run.code, args.join(' ')).equal(2)
      expect(errorCode(run), run.stderr).equal('E_USAGE')
    }
  })

  it('both variants meet the same traffic, contended in at least 30 % of the windows', () => {
    expect(report.agreed.arrived).equal(report.static.arrived)
    expect(report.contendedWindows).at.least(0.3 * heights)
    for (const { windows, arrived, served, unused } of [report.agreed, report.static]) {
      expect(windows.map(({ window }) => window)).deep.equal(
        Array.from({ length: heights + 2 }, (_, i) => i + 1),
      )
      expect(served).at.most(arrived)
      expect(served + unused).equal(windows.reduce((sum, { budget }) => sum + budget, 0))
    }
  })

  it('agreed shares serve at least as much, and leave less unused while more is waiting than the budget', () => {
    expect(report.agreed.served).at.least(report.static.served)
    expect(report.agreed.usedShare).at.least(report.static.usedShare)
  })

  it('the cluster keeps within the budget, but for leases given before it was lowered', () => {
    const { agreed, loweredFrom, followedFrom } = report
    expect(followedFrom).at.least(loweredFrom.agreed)
    for (const { window, budget, served, rejected, overBudget } of agreed.windows) {
      expect(budget, `window ${window}`).equal(window < loweredFrom.agreed ? 150_000 : 130_000)
      if (window >= loweredFrom.agreed && window < followedFrom + LEASE_WINDOWS) continue
      expect(served + rejected, `window ${window}`).at.most(budget)
      expect(rejected + overBudget, `window ${window}`).equal(0)
    }
  })
})
