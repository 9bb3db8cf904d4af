import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { eventually } from '../helpers/eventually.ts'
import { rsdp, runFile } from '../helpers/rsdp.ts'

const script = (name: string): string => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url))

describe('step by step, by script, on a chain that already runs', function () {
  this.timeout(240_000)
  let chain: DevChain
  let scratch: string
  let deployment: string
  let nodes: ChildProcess | null = null

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-steps-'))
    deployment = join(scratch, 'deployment.json')
    chain = await startDevChain({ port: 0, blockMs: 200 })
  })
  after(async () => {
    nodes?.kill('SIGKILL')
    await chain.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  it('deploys, starts staked nodes, publishes, watches, audits', async () => {
    const deployed = await runFile(script('deploy.ts'), [chain.rpcUrl, deployment])
    expect(deployed.code, deployed.stderr).equal(0)

    let printed = ''
    const args = [script('start-nodes.ts'), '4', chain.rpcUrl, deployment, join(scratch, 'nodes')]
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    nodes = running
    running.stdout.on('data', (data: Buffer) => (printed += data.toString()))
    running.stderr.on('data', (data: Buffer) => (printed += data.toString()))
    await eventually(() => printed.split('"connected":3').length > 4, 60_000)

    const published = await runFile(script('publish-task.ts'), ['4', '8', chain.rpcUrl, deployment])
    expect(published.code, published.stderr).equal(0)
    expect(published.stdout).match(/^task 1: /)

    const watched = await rsdp(
      ...[
        'task',
        'watch',
        '1',
        '--timeout',
        '120',
        '--json',
        '--rpc-url',
        chain.rpcUrl,
        '--deployment',
        deployment,
      ],
    )
    expect(watched.code, watched.stderr + printed).equal(0)
    const lines = watched.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; reason?: string })
    expect(lines.at(-1)).deep.include({ type: 'end', reason: 'finalized' })

    const audited = await runFile(script('audit.ts'), ['1', chain.rpcUrl, deployment])
    expect(audited.code, audited.stdout + audited.stderr).equal(0)

    const ended = new Promise<number | null>((resolve) => running.once('exit', resolve))
    running.kill('SIGTERM')
    expect(await ended).equal(143)
    nodes = null
  })
})
