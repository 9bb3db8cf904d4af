import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readDeployment } from '../../src/adapters/evm/deployment.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { auditTask } from '../../src/audit/audit-task.ts'
import { environmentForChildren } from '../../src/cli/environment.ts'
import { holdPort } from '../../src/cli/local/ports.ts'
import { stepsOf } from '../helpers/doc-steps.ts'
import { walk } from '../helpers/doc-walk.ts'
import { Shell } from '../helpers/shell.ts'
import { skip } from '../helpers/skip.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('examples, typed as their pages say', function () {
  this.timeout(900_000)
  let folder = ''
  let rpcUrl = ''
  let shell: Shell | null = null

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-examples-'))
    writeFileSync(join(folder, 'rsdp'), `#!/bin/sh\nexec ${ROOT}rsdp "$@"\n`, { mode: 0o755 })
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
    const { port, release } = await holdPort()
    release()
    rpcUrl = `http://127.0.0.1:${String(port)}`
    const settings = { RSDP_PORT: String(port), RSDP_RPC_URL: rpcUrl }
    shell = new Shell(folder, { ...environmentForChildren(), ...settings, RSDP_BLOCK_MS: '500' })
  })
  afterEach(async () => {
    await shell?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Types a page, and gives what each member was told: its last words by the height before them. */
  async function told(page: string): Promise<Record<string, string>[]> {
    const steps = stepsOf(page, readFileSync(join(ROOT, page), 'utf8'))
    const walked = await walk(shell!, steps)
    for (const [{ command }, problem] of walked) if (problem !== null) expect.fail(`${command}: ${problem}`)
    expect(walked).length(steps.length)
    return ['alice', 'bob', 'carol', 'dave'].map((name) => {
      const lines = readFileSync(join(folder, `${name}.txt`), 'utf8')
        .trim()
        .split('\n')
      return Object.fromEntries(lines.map((line) => line.split('  '))) as Record<string, string>
    })
  }

  it('temperature: sensors in Python, one of them false, agree on a true reading', async function () {
    if (spawnSync('python3', ['--version']).status !== 0) skip(this, 'no python3 on this machine')
    const heights = await told('examples/temperature/README.md')
    for (const one of heights)
      for (const [height, median] of Object.entries(one)) {
        expect(median, height).match(/^21\.\d degrees$/)
        expect(
          heights.every((other) => (other[height] ?? median) === median),
          height,
        ).equal(true)
      }
  })

  it('ballot: the weight decides, and the member that votes for another result is slashed by the application’s own twin', async () => {
    const heights = await told('examples/ballot/README.md')
    const elected = new Set(heights.flatMap((one) => Object.values(one)))
    expect([...elected]).deep.equal(['bridge'])
    const { code, output } = await shell!.type('./rsdp evidence list 1 --json 2> /dev/null')
    expect(code, output()).equal(0)
    const { convictions } = (
      JSON.parse(output()) as { data: { convictions: { offence: string; member: number }[] } }
    ).data
    // a second proof adds who confirmed the state
    expect([...new Set(convictions.map(({ offence }) => offence))]).deep.equal(['E4'])
    expect(new Set(convictions.map(({ member }) => member)).size).equal(1)
    const source = openHistory(rpcUrl, await readDeployment(join(folder, 'deployments', '31337.json')))
    // who lacks the bundle cannot judge the proof, and accuses nobody of that
    const report = await source
      .read(1n)
      .then((history) => auditTask(history, { findReducer: () => null }))
      .finally(() => source.close())
    expect(report.findings).deep.equal([])
    expect(report.verdict).equal('unavailable')
    expect(report.convictions.map(({ offence }) => offence)).deep.equal(convictions.map(() => 'E4'))
    expect(report.penalties.every(({ amount }) => amount > 0n)).equal(true)
    expect(report.penalties).not.empty
  })
})
