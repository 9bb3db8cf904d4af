import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { JsonRpcProvider } from 'ethers'
import type { DeployOptions } from '../../src/adapters/hardhat/deploy.ts'
import { deployContracts } from '../../src/adapters/hardhat/deploy.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { failure } from '../helpers/chain-rpc.ts'
import { rsdp } from '../helpers/rsdp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** The token and five contracts. */
const TRANSACTIONS = 7

describe('a deployment that is interrupted', function () {
  this.timeout(300_000)
  let chain: DevChain
  let provider: JsonRpcProvider
  let dir: string
  before(async () => {
    chain = await startDevChain({ port: 0, blockMs: 100 })
    provider = new JsonRpcProvider(chain.rpcUrl, undefined, { cacheTimeout: -1 })
  })
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rsdp-deploy-'))))
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  after(async () => {
    provider.destroy()
    await chain.close()
  })
  const sent = (): Promise<number> => provider.getTransactionCount(chain.accounts[0]!.address)

  for (const count of [1, 3, 5]) {
    it(`kill -9 after ${count} transactions: the same command goes on, and sends nothing twice`, async () => {
      const file = join(dir, '31337.json')
      const flags = ['deploy', '--rpc-url', chain.rpcUrl, '--deployment', file]
      const start = await sent()
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...flags], {
        env: { ...process.env, XDG_STATE_HOME: dir },
        stdio: 'ignore',
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      while ((await sent()) < start + count) await new Promise(setImmediate)
      child.kill('SIGKILL')
      await ended
      const before = process.env['XDG_STATE_HOME']
      process.env['XDG_STATE_HOME'] = dir
      const again = await rsdp(...flags, '--json')
      if (before === undefined) delete process.env['XDG_STATE_HOME']
      else process.env['XDG_STATE_HOME'] = before
      expect(again.code, again.stderr).equal(0)
      expect(await sent()).equal(start + TRANSACTIONS)
      const { contracts } = JSON.parse(readFileSync(file, 'utf8')) as {
        contracts: Record<string, { address: string }>
      }
      for (const { address } of Object.values(contracts))
        expect(await provider.getCode(address)).not.equal('0x')
      expect(readdirSync(join(dir, 'rsdp', 'deployments'))).deep.equal([])
    })
  }

  it('ended between a send and its line in the journal: the contract that is there is the one', async () => {
    const options: DeployOptions = {
      rpcUrl: chain.rpcUrl,
      deployerKey: chain.accounts[0]!.privateKey,
      nonce: `0x${'12'.repeat(32)}`,
      journalDir: dir,
    }
    const first = await deployContracts(options)
    const start = await sent()
    const folder = readdirSync(join(dir, 'deployments')).find((name) => !name.endsWith('-token'))
    const journal = join(dir, 'deployments', folder!, 'journal.jsonl')
    const text = readFileSync(journal, 'utf8')
    const lines = text.split('\n')
    const at = lines.findLastIndex((line) => line.includes('"TRANSACTION_SEND"'))
    truncateSync(journal, Buffer.byteLength(lines.slice(0, at).join('\n')))
    const again = await deployContracts({ ...options, nonce: `0x${'34'.repeat(32)}` })
    expect(again.contracts).deep.equal(first.contracts)
    expect(await sent()).equal(start)
    const other = await failure(deployContracts({ ...options, bountyWei: 1n }))
    expect(other.code).equal('E_DEPLOY_JOURNAL')
  })
})
