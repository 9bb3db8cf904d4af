import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { pinOfPage } from '../../src/adapters/esbuild/page-file.ts'
import { readDeployment, writeDeployment } from '../../src/adapters/evm/deployment.ts'
import { fund, register } from '../../src/adapters/evm/operator.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { fromHex } from '../../src/codec/hex.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'

interface Envelope {
  readonly schema: number
  readonly ok: boolean
  readonly command: string
  readonly data?: unknown
  readonly error?: { readonly code: string; readonly hint: string }
}

const envelope = ({ stdout }: CliRun): Envelope => JSON.parse(stdout) as Envelope

describe('command line', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-cli-'))
    net = await startTestNetwork({ nodes: 1 })
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  /** A data directory whose key file holds `key`. */
  function dataDir(name: string, key: Hex): string {
    const dir = mkdtempSync(join(scratch, `${name}-`))
    writeFileSync(join(dir, 'key'), `${key}\n`, { mode: 0o600 })
    return dir
  }

  function nodeRun(dir: string, ...more: readonly string[]): Promise<CliRun> {
    const chain = ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile]
    return rsdp('node', 'run', '--data-dir', dir, '--listen', '/ip4/127.0.0.1/tcp/0', ...chain, ...more)
  }

  describe('refuses, with exit code, error code and hint', () => {
    it('unknown commands and options (2)', async () => {
      for (const args of [['dem'], ['demo', '--node', '4'], ['task', 'publish', '--foo'], ['node', 'walk']]) {
        const run = await rsdp(...args)
        expect(run.code, args.join(' ')).equal(2)
        expect(run.stderr, args.join(' ')).match(/error: unknown|Usage/)
      }
    })

    it('values out of range (2)', async () => {
      const run = await rsdp('demo', '--nodes', '99')
      expect(run.code).equal(2)
      expect(run.stderr).match(/--nodes.*4 to 31/s)
    })

    it('misuse with --json as an envelope', async () => {
      const run = await rsdp('task', 'list', '--json', '--foo')
      expect(run.code).equal(2)
      expect(envelope(run)).deep.include({ schema: 1, ok: false })
      expect(envelope(run).error?.code).equal('E_USAGE')
    })

    it('a wrong RPC URL (4)', async () => {
      const run = await rsdp(
        'task',
        'list',
        '--rpc-url',
        'http://127.0.0.1:1',
        '--deployment',
        net.deploymentFile,
      )
      expect([run.code, errorCode(run)]).deep.equal([4, 'E_RPC_DOWN'])
    })

    it('text that is no URL (2)', async () => {
      const run = await rsdp('task', 'list', '--rpc-url', 'nonsense', '--deployment', net.deploymentFile)
      expect([run.code, errorCode(run)]).deep.equal([2, 'E_RPC_URL'])
    })

    it('a wrong chain id (3)', async () => {
      const file = join(scratch, 'other-chain.json')
      writeFileSync(file, JSON.stringify({ ...net.deployment, chainId: 1337 }))
      const run = await rsdp('task', 'list', '--rpc-url', net.rpcUrl, '--deployment', file)
      expect([run.code, errorCode(run)]).deep.equal([3, 'E_CHAIN_ID'])
    })

    it('no contract at the address (3)', async () => {
      const file = join(scratch, 'no-contract.json')
      const { contracts } = net.deployment
      const TaskBoard = { ...contracts.TaskBoard, address: `0x${'12'.repeat(20)}` }
      writeFileSync(file, JSON.stringify({ ...net.deployment, contracts: { ...contracts, TaskBoard } }))
      const run = await rsdp('task', 'list', '--rpc-url', net.rpcUrl, '--deployment', file, '--json')
      expect(run.code).equal(3)
      expect(envelope(run).error?.code).equal('E_NO_CONTRACT')
      expect(envelope(run).error?.hint).not.equal('')
    })

    it('no deployment file (3) and one that is not JSON (2 or 3)', async () => {
      const missing = await rsdp('audit', '1', '--deployment', join(scratch, 'nowhere.json'))
      expect([missing.code, errorCode(missing)]).deep.equal([3, 'E_NO_DEPLOYMENT'])
      const file = join(scratch, 'broken.json')
      writeFileSync(file, '{')
      const broken = await rsdp('audit', '1', '--deployment', file)
      expect(errorCode(broken)).equal('E_DEPLOYMENT_FILE')
    })

    it('a task that does not exist (3) and text that is no task (2)', async () => {
      const chain = ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile]
      const none = await rsdp('task', 'watch', '77', ...chain)
      expect([none.code, errorCode(none)]).deep.equal([3, 'E_NO_TASK'])
      const audited = await rsdp('audit', '77', ...chain)
      expect([audited.code, errorCode(audited)]).deep.equal([3, 'E_NO_TASK'])
      const text = await rsdp('audit', 'seven', ...chain)
      expect([text.code, errorCode(text)]).deep.equal([2, 'E_USAGE'])
    })

    it('a node without key file (3)', async () => {
      const run = await nodeRun(join(scratch, 'keyless'))
      expect([run.code, errorCode(run)]).deep.equal([3, 'E_NO_KEY'])
    })

    it('a key file that others can read (3)', async () => {
      const dir = mkdtempSync(join(scratch, 'open-'))
      writeFileSync(join(dir, 'key'), id('open'), { mode: 0o644 })
      const run = await nodeRun(dir)
      expect([run.code, errorCode(run)]).deep.equal([3, 'E_KEY_PERM'])
    })

    it('a key that is not registered (3)', async () => {
      const run = await nodeRun(dataDir('stranger', id('stranger') as Hex))
      expect([run.code, errorCode(run)]).deep.equal([3, 'E_KEY_UNREGISTERED'])
      expect(run.stderr).not.include(id('stranger').slice(2))
    })

    it('a key without stake (3), then one without gas money (3)', async () => {
      const privateKey = id('poor key') as Hex
      const operator = new Wallet(net.connection, id('poor operator') as Hex)
      await fund(net.client, operator.address, 10n ** 18n)
      const nothing = { perTaskWei: 0n, totalWei: 0n }
      await register(operator, createKeyring(fromHex(privateKey)), 0n, nothing, [])
      const unstaked = await nodeRun(dataDir('unstaked', privateKey))
      expect([unstaked.code, errorCode(unstaked)]).deep.equal([3, 'E_NOT_STAKED'])

      const staked = net.nodes[0]!
      await net.connection.provider.send('hardhat_setBalance', [staked.key.address, '0x0'])
      const unfunded = await nodeRun(dataDir('unfunded', staked.privateKey))
      await fund(net.client, staked.key.address, 10n ** 18n)
      expect([unfunded.code, errorCode(unfunded)]).deep.equal([3, 'E_FUNDS_GAS'])
    })

    it('a taken port (7), for peers and for health', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      try {
        const dir = dataDir('port', net.nodes[0]!.privateKey)
        const chain = ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile]
        const peers = await rsdp(
          ...['node', 'run', '--data-dir', dir, '--listen', `/ip4/127.0.0.1/tcp/${port}`, ...chain],
        )
        expect([peers.code, errorCode(peers)]).deep.equal([7, 'E_ADDR_IN_USE'])
        const health = await nodeRun(dir, '--api-port', String(port))
        expect([health.code, errorCode(health)]).deep.equal([7, 'E_ADDR_IN_USE'])
        const again = await rsdp('dev', '--port', String(port), '--data-dir', join(scratch, 'dev'))
        expect([again.code, errorCode(again)]).deep.equal([7, 'E_ADDR_IN_USE'])
      } finally {
        server.close()
      }
    })

    it('a fault that does not exist (2)', async () => {
      const run = await nodeRun(dataDir('fault', net.nodes[0]!.privateKey), '--fault', 'explode')
      expect([run.code, errorCode(run)]).deep.equal([2, 'E_FAULT'])
    })

    it('a data directory of another deployment (3), leaving it as it was', async () => {
      const other = await startTestNetwork({ nodes: 1 })
      try {
        const { privateKey } = net.nodes[0]!
        const dir = dataDir('foreign', privateKey)
        const { openStore } = await import('../../src/adapters/sqlite/store.ts')
        const { deploymentId } = other.deployment
        openStore({ dataDir: dir, key: net.nodes[0]!.key.address, deploymentId }).close()
        const run = await nodeRun(dir)
        expect([run.code, errorCode(run)]).deep.equal([3, 'E_STORE_FOREIGN'])
        openStore({ dataDir: dir, key: net.nodes[0]!.key.address, deploymentId }).close()
      } finally {
        await other.close()
      }
    })
  })

  describe('answers', () => {
    it('--help on every level, with examples', async () => {
      for (const command of [
        'demo',
        'dev',
        'deploy',
        'node run',
        'task publish',
        'task list',
        'task watch',
        'audit',
      ]) {
        const run = await rsdp(...command.split(' '), '--help')
        expect(run.code, command).equal(0)
        expect(run.stdout, command).match(/Examples:\n {2}\$ rsdp/)
      }
    })

    it('deploy and task list with the JSON envelope', async () => {
      const file = join(scratch, 'deployed.json')
      const deployed = await rsdp('deploy', '--rpc-url', net.rpcUrl, '--deployment', file, '--json')
      expect(deployed.code, deployed.stderr).equal(0)
      expect(envelope(deployed)).deep.include({ schema: 1, ok: true, command: 'deploy' })
      expect(existsSync(file)).equal(true)
      const list = await rsdp('task', 'list', '--rpc-url', net.rpcUrl, '--deployment', file, '--json')
      expect(envelope(list).data).deep.equal({ tasks: [] })
      const page = await pinOfPage()
      const { page: written, ...unpinned } = await readDeployment(file)
      expect([written, (envelope(deployed).data as { page: unknown }).page]).deep.equal([page, page])
      // a file of an earlier deployment: without a pin, or with that of another page
      const html = join(scratch, 'page.html')
      for (const earlier of [unpinned, { ...unpinned, page: { ...page, sha256: page.keccak256 } }]) {
        await writeDeployment(file, earlier)
        const pinned = await rsdpHere('page', '--pin', '--out', html, '--deployment', file)
        expect([pinned.code, await readDeployment(file)]).deep.equal([0, { ...unpinned, page }])
      }
      expect((await rsdpHere('verify-page', html, '--deployment', file)).code).equal(0)
      await writeDeployment(file, { ...unpinned, page: { ...page, sha256: page.keccak256 } })
      expect((await rsdpHere('verify-page', html, '--deployment', file)).code).equal(EXIT.mismatch)
      const nowhere = join(scratch, 'nowhere.json')
      const refused = await rsdpHere('page', '--pin', '--out', `${html}2`, '--deployment', nowhere, '--json')
      expect([refused.code, errorCode(refused), existsSync(`${html}2`)]).deep.equal([
        3,
        'E_NO_DEPLOYMENT',
        false,
      ])
    })
  })
})
