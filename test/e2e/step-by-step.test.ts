import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { anvilProgram, startAnvil } from '../helpers/anvil.ts'
import { eventually } from '../helpers/eventually.ts'
import { commandsIn } from '../helpers/doc-commands.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { rsdp, runFile } from '../helpers/rsdp.ts'
import { skip } from '../helpers/skip.ts'

interface Chain {
  readonly rpcUrl: string
  close(): Promise<void>
}

/** Sign-up lasts 40 blocks: time enough on a busy machine. */
const BLOCK_MS = 400
/** Two EVMs that share no code; null: this machine has no such program. */
const CHAINS: Readonly<Record<string, () => Promise<Chain> | null>> = {
  Hardhat: startByScript,
  anvil: () => {
    const program = anvilProgram()
    return program === null ? null : startAnvil(program, BLOCK_MS)
  },
}

/** As the README says, on a free port. */
async function startByScript(): Promise<Chain> {
  const words = readmeWords('scripts/start-chain.ts').slice(1, 2)
  const script = spawn(process.execPath, [...words, '0', String(BLOCK_MS)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [script.stdout, script.stderr])
    stream.on('data', (data: Buffer) => (printed += data.toString()))
  const ended = new Promise<void>((resolve) => script.once('exit', () => resolve()))
  await eventually(() => printed.includes('\n') || script.exitCode !== null, 60_000)
  const [, rpcUrl] = /^chain 31337 on (\S+),/m.exec(printed) ?? []
  if (rpcUrl === undefined) throw new Error(`no chain: ${printed}`)
  return {
    rpcUrl,
    close: () => {
      script.kill('SIGTERM')
      return ended
    },
  }
}

/** The words of the one command of the README that has `what` in it. */
function readmeWords(what: string): string[] {
  const [command, ...others] = commandsIn('README.md').filter(
    ({ text, isWhole }) => isWhole && text.includes(what),
  )
  if (command === undefined || others.length > 0) throw new Error(`the README has not one ${what}`)
  return command.text.split(/ +/).slice(1)
}

for (const [name, start] of Object.entries(CHAINS))
  describe(`step by step, by script, on a chain that already runs: ${name}`, function () {
    this.timeout(420_000)
    let chain: Chain
    let scratch: string
    let deployment: string
    let nodes: ChildProcess | null = null

    before(async function () {
      const starting = start()
      if (starting === null) skip(this, 'npm has no anvil for this machine')
      scratch = mkdtempSync(join(tmpdir(), 'rsdp-steps-'))
      deployment = join(scratch, 'deployment.json')
      chain = await starting
    })
    after(async () => {
      nodes?.kill('SIGKILL')
      // neither is there where the suite was skipped
      await (chain as Chain | undefined)?.close()
      if ((scratch as string | undefined) !== undefined) rmSync(scratch, { recursive: true, force: true })
    })

    /** What the README says to type: for this chain, in this folder, with fewer nodes and heights. */
    function fromReadme(what: string): string[] {
      const here: Readonly<Record<string, string>> = {
        'http://127.0.0.1:8545': chain.rpcUrl,
        'deployments/31337.json': deployment,
        '.rsdp/nodes': join(scratch, 'nodes'),
        '7': '4',
        '24': '8',
      }
      return readmeWords(what).map((word) => here[word] ?? word)
    }
    const script = (what: string): Promise<CliRun> => {
      const [, file, ...args] = fromReadme(what)
      return runFile(file!, args)
    }

    it('deploys, starts staked nodes, publishes, watches, audits, as the README says', async () => {
      const deployed = await script('scripts/deploy.ts')
      expect(deployed.code, deployed.stderr).equal(0)

      let printed = ''
      const [, ...args] = fromReadme('scripts/start-nodes.ts')
      const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      nodes = running
      running.stdout.on('data', (data: Buffer) => (printed += data.toString()))
      running.stderr.on('data', (data: Buffer) => (printed += data.toString()))
      await eventually(() => printed.split('node.ready').length > 4, 240_000)

      const published = await script('scripts/publish-task.ts')
      expect(published.code, published.stderr).equal(0)
      expect(published.stdout).match(/^task 1: /)

      const surroundings = ['--rpc-url', chain.rpcUrl, '--deployment', deployment]
      const watched = await rsdp(
        ...fromReadme('task watch 1'),
        ...['--timeout', '120', '--json', ...surroundings],
      )
      expect(watched.code, watched.stderr + printed).equal(0)
      const lines = watched.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; reason?: string })
      expect(lines.at(-1)).deep.include({ type: 'end', reason: 'finalized' })

      const audited = await script('scripts/audit.ts')
      expect(audited.code, audited.stdout + audited.stderr).equal(0)

      const ended = new Promise<number | null>((resolve) => running.once('exit', resolve))
      running.kill('SIGTERM')
      expect(await ended).equal(143)
      nodes = null
    })
  })
