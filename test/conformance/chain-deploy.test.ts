import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { id } from 'ethers'
import { connect } from '../../src/adapters/evm/connect.ts'
import { deploymentSchema } from '../../src/adapters/evm/deployment.ts'
import { withBuildLock } from '../../src/adapters/hardhat/build-lock.ts'
import type { DeployOptions } from '../../src/adapters/hardhat/deploy.ts'
import { NO_SECONDS } from '../../ignition/modules/Rsdp.ts'
import { deployContracts } from '../../src/adapters/hardhat/deploy.ts'
import { devAccounts } from '../../src/adapters/hardhat/dev-accounts.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import { failure } from '../helpers/chain-rpc.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WINDOWS = { taskBlocksMax: 200, closeGrace: 10, evidence: 30, reorgDepth: 3, jail: 20 }

describe('deployment: Ignition over HTTP', () => {
  let chain: DevChain
  before(async () => {
    chain = await startDevChain({ port: 0, blockMs: 0 })
  })
  after(() => chain.close())
  const options = (changes: Partial<DeployOptions> = {}): DeployOptions => ({
    rpcUrl: chain.rpcUrl,
    deployerKey: chain.accounts[0]!.privateKey,
    nonce: id(`nonce ${performance.now()}`) as Digest,
    ...changes,
  })

  it('gives what a deployment file holds, and what it holds is so', async () => {
    const deployed = await deployContracts(options({ windows: WINDOWS, unbondingBlocks: 300 }))
    expect(deploymentSchema.parse(JSON.parse(JSON.stringify(deployed)))).deep.equal(deployed)
    const { StakeToken, NodeRegistry, PhaseLog, Slasher, TaskBoard } = deployed.contracts
    const blocks = [StakeToken, NodeRegistry, PhaseLog, Slasher, TaskBoard].map(({ block }) => block)
    expect(blocks).deep.equal([1, 2, 3, 4, 5])
    expect(deployed).include({ chainId: 31_337, fromBlock: 2, deployer: chain.accounts[0]!.address })
    expect(deployed.windows).deep.equal({
      ...{ ...NO_SECONDS, ...WINDOWS, unbonding: 300, unbondingSeconds: 0 },
    })

    const client = await connect({ rpcUrl: chain.rpcUrl, deployment: deployed })
    expect(client.reorgDepth).equal(3)
    const { registry, slasher, board } = client.connection.contracts
    expect((await registry.token()).toLowerCase()).equal(StakeToken.address)
    expect((await board.windows()).taskBlocksMax).equal(200n)
    expect((await board.slasher()).toLowerCase()).equal(Slasher.address)
    expect((await slasher.log()).toLowerCase()).equal(PhaseLog.address)
    expect(await registry.unbondingBlocks()).equal(300n)
    const receipt = await client.connection.provider.getTransactionReceipt(TaskBoard.tx)
    expect(receipt?.contractAddress?.toLowerCase()).equal(TaskBoard.address)
    client.close()
  })

  it('on a token that exists', async () => {
    const first = await deployContracts(options())
    const token = first.contracts.StakeToken.address
    const second = await deployContracts(options({ token }))
    expect(second.contracts.StakeToken).deep.equal({ ...first.contracts.StakeToken, block: null, tx: null })
    expect(second.contracts.TaskBoard.address).not.equal(first.contracts.TaskBoard.address)
    expect(second.deploymentId).not.equal(first.deploymentId)
  })

  it('keeps the journal where it is told to', async () => {
    const journalDir = mkdtempSync(join(tmpdir(), 'rsdp-journal-'))
    await deployContracts(options({ journalDir }))
    expect(readdirSync(join(journalDir, 'deployments'))).length(2)
    rmSync(journalDir, { recursive: true })
  })

  it('a deployer without money: E_FUNDS_GAS', async () => {
    const error = await failure(deployContracts(options({ deployerKey: id('poor') as Hex })))
    expect(error).include({ code: 'E_FUNDS_GAS', exit: EXIT.precondition })
  })

  it('nobody there: E_RPC_DOWN, without what is secret in the URL', async () => {
    const gone = await startDevChain({ port: 0, blockMs: 0 })
    await gone.close()
    const rpcUrl = `http://127.0.0.1:${gone.port}/t0ken`
    const error = await failure(deployContracts(options({ rpcUrl })))
    expect(error).include({ code: 'E_RPC_DOWN', exit: EXIT.unreachable })
    expect(inspect(error, { depth: 10 })).not.include('t0ken')
  })

  it('windows that the contracts refuse: E_DEPLOY', async () => {
    const error = await failure(deployContracts(options({ windows: WINDOWS, unbondingBlocks: 10 })))
    expect(error).include({ code: 'E_DEPLOY', exit: EXIT.precondition })
    expect(error.message).include('OutOfBounds')
  })

  it('works on a plain `hardhat node`, from any folder', async () => {
    const probe = await startDevChain({ port: 0, blockMs: 0 })
    await probe.close()
    const node = hardhatNode(probe.port)
    const cwd = process.cwd()
    try {
      const rpcUrl = `http://127.0.0.1:${probe.port}`
      while (!(await answers(rpcUrl))) expect(node.exitCode).equal(null)
      process.chdir(tmpdir())
      const deployerKey = devAccounts(1)[0]!.privateKey
      const deployment = await deployContracts(options({ rpcUrl, deployerKey }))
      const client = await connect({ rpcUrl, deployment })
      // the token and six contracts, a block each
      expect(await client.head()).equal(7)
      client.close()
    } finally {
      process.chdir(cwd)
      node.kill()
    }
  })
})

function hardhatNode(port: number): ChildProcess {
  const cli = join(ROOT, 'node_modules/hardhat/dist/src/cli.js')
  return spawn(process.execPath, [cli, 'node', '--hostname', '127.0.0.1', '--port', String(port)], {
    cwd: ROOT,
    stdio: 'ignore',
  })
}

async function answers(rpcUrl: string): Promise<boolean> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
  const headers = { 'content-type': 'application/json' }
  return fetch(rpcUrl, { method: 'POST', headers, body }).then(
    ({ ok }) => ok,
    () => false,
  )
}

describe('compilation: one at a time', () => {
  let dir: string
  let lock: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rsdp-lock-'))
    lock = join(dir, 'lock')
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  it('the second waits for the first', async () => {
    const order: string[] = []
    const started = Promise.withResolvers<null>()
    const first = withBuildLock(lock, async () => {
      started.resolve(null)
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push('first')
    })
    await started.promise
    await withBuildLock(lock, () => Promise.resolve(order.push('second')).then(() => undefined))
    await first
    expect(order).deep.equal(['first', 'second'])
  })

  it('a failure frees the lock', async () => {
    await withBuildLock(lock, () => Promise.reject(new Error('no'))).catch(() => undefined)
    expect(existsSync(lock)).equal(false)
  })

  it('the lock of a process that is gone counts for nothing', async () => {
    writeFileSync(lock, '4194304')
    let ran = false
    await withBuildLock(lock, () => Promise.resolve(void (ran = true)))
    expect(ran).equal(true)
  })
})
