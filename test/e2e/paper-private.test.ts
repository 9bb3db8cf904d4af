import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { eventually } from '../helpers/eventually.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const HEIGHTS = 4

describe('a private cluster without a chain, profile paper', function () {
  this.timeout(300_000)
  let scratch: string

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-paper-'))
  })
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true })
  })

  for (const [selection, schedule] of [
    ['popular', 'slots'],
    ['merge', '* * * * * *'],
  ] as const) {
    it(`four processes with one file finalise the same states (${selection}, ${schedule}), and stop clean`, async () => {
      const rules = ['--selection', selection, '--schedule', schedule]
      const args = [
        MAIN,
        'dev',
        '--profile',
        'paper',
        '--no-chain',
        '--nodes',
        '4',
        '--data-dir',
        scratch,
        ...rules,
      ]
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let said = ''
      child.stderr.on('data', (data: Buffer) => (said += data.toString()))
      const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
      try {
        await eventually(() => said.split('\n').length > HEIGHTS || child.exitCode !== null, 120_000)
      } finally {
        child.kill('SIGINT')
      }
      expect(await ended, said).to.equal(130)
      const lines = said.trim().split('\n').slice(0, HEIGHTS)
      lines.forEach((line, i) => {
        expect(line).to.match(
          new RegExp(`^height +${i + 1}  4/4 nodes  validity 1.00 / 0.00 / 1.00  tokens .+ of 120000$`),
        )
      })
      for (const events of nodeLogs(scratch)) expect(events.at(-1)).to.equal('node.stopped')
    })
  }

  it('needs both options, and a schedule that is one', async () => {
    expect(errorCode(await rsdp('dev', '--profile', 'paper'))).to.equal('E_PROFILE')
    expect(errorCode(await rsdp('dev', '--no-chain'))).to.equal('E_PROFILE')
    const wrong = await rsdp(
      'dev',
      '--no-chain',
      '--profile',
      'paper',
      '--schedule',
      'soon',
      '--data-dir',
      scratch,
    )
    expect(errorCode(wrong)).to.equal('E_CRON')
    const nobody = await rsdp(
      'node',
      'private',
      'none.json',
      '--data-dir',
      scratch,
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
    )
    expect(errorCode(nobody)).to.equal('E_MEMBERS')
  })
})

/** Events in each node's log, in order. */
function nodeLogs(scratch: string): string[][] {
  const [run = ''] = readdirSync(scratch)
  const nodes = readdirSync(join(scratch, run)).filter((name) => !name.endsWith('.json'))
  expect(nodes).to.have.length(4)
  return nodes.map((name) =>
    readFileSync(join(scratch, run, name, 'node.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event),
  )
}
