import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { LogCache } from '../../src/adapters/evm/log-cache.ts'
import { taskCount } from '../../src/adapters/evm/reads.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { FakeRpc, RpcRequest } from '../helpers/chain-rpc.ts'
import { failure, reply, rpcProxy } from '../helpers/chain-rpc.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, publishTask, startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'

const HTTP = { attempts: 2, limitedAttempts: 6, backoffMs: 1, timeoutMs: 60_000 }
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What real endpoints do, played by a proxy before a real chain, and what commands, nodes and audit make of it. */
describe('endpoints of all kinds', () => {
  let net: TestNetwork
  let proxy: FakeRpc
  let state: string
  let answer: (request: RpcRequest, response: ServerResponse) => boolean | Promise<boolean>
  let spoil: (request: RpcRequest, result: unknown) => unknown
  const before_ = process.env['XDG_STATE_HOME']
  before(async () => {
    net = await startTestNetwork()
    proxy = await rpcProxy(
      net.rpcUrl,
      (request, response) => answer(request, response),
      (request, result) => spoil(request, result),
    )
    state = mkdtempSync(join(tmpdir(), 'rsdp-state-'))
    process.env['XDG_STATE_HOME'] = state
  })
  after(async () => {
    if (before_ === undefined) delete process.env['XDG_STATE_HOME']
    else process.env['XDG_STATE_HOME'] = before_
    await proxy.close()
    await net.close()
    rmSync(state, { recursive: true, force: true })
  })
  beforeEach(() => {
    answer = () => false
    spoil = (_, result) => result
  })
  const flags = (): string[] => ['--rpc-url', proxy.url, '--deployment', net.deploymentFile]
  const refuse = (code: number, message: string) => (request: RpcRequest, response: ServerResponse) =>
    reply(response, request.id, { error: { code, message } })
  const payee = (n: number): `0x${string}` => `0x${String(n).padStart(40, 'e')}`
  const balance = (to: string): Promise<bigint> => net.connection.provider.getBalance(to)

  it('A1: receipts that come late: fund pays once, and says so', async () => {
    let hidden = 6
    spoil = ({ method }, result) => (method === 'eth_getTransactionReceipt' && hidden-- > 0 ? null : result)
    const run = await rsdpHere('fund', payee(1), '1wei', '--yes', '--json', ...flags())
    expect(run.code, run.stderr).equal(EXIT.ok)
    expect(hidden).lessThan(0)
    expect(await balance(payee(1))).equal(1n)
  })

  it('A2: killed while the chain stands still: the same command finds its transaction, and pays once', async () => {
    const { provider } = net.connection
    await provider.send('evm_setAutomine', [false])
    const sent = Promise.withResolvers<null>()
    answer = ({ method }) => {
      if (method === 'eth_getTransactionReceipt') sent.resolve(null)
      return false
    }
    const args = ['fund', payee(2), '1wei', '--yes', ...flags()]
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      stdio: 'ignore',
    })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    await Promise.race([sent.promise, exited])
    child.kill('SIGKILL')
    await exited
    const dry = await rsdpHere(...args, '--dry-run')
    expect(dry.stderr).match(/the transfer of \S+ ETH to 0xe+2 \(nonce \d+, sent \S+\) is not mined yet/)
    await provider.send('evm_setAutomine', [true])
    await net.mine(1)
    const again = await rsdpHere(...args)
    expect(again.code, again.stderr).equal(EXIT.ok)
    expect(again.stderr).include('it is not sent again')
    expect(await balance(payee(2))).equal(1n)
    // what was reported is over: the next is a new payment
    expect((await rsdpHere(...args)).code).equal(EXIT.ok)
    expect(await balance(payee(2))).equal(2n)
  })

  it('A2: publish is given again: the task of the interrupted run is the one, though blocks have passed', async () => {
    const flagsOfTask = ['--nodes', '4', '--heights', '4', '--yes', '--json', ...flags()]
    const before = await taskCount(net.connection)
    let isCut = false
    answer = ({ method, params }, response) => {
      if (method === 'eth_sendRawTransaction' && String(params[0]).length > 1_500) isCut = true
      if (isCut && method === 'eth_getTransactionReceipt') response.destroy()
      return isCut && method === 'eth_getTransactionReceipt'
    }
    const cut = await rsdpHere('task', 'publish', ...flagsOfTask)
    expect(cut.code, cut.stderr).equal(EXIT.unreachable)
    answer = () => false
    await net.mine(3)
    const again = await rsdpHere('task', 'publish', ...flagsOfTask)
    expect(again.code, again.stderr).equal(EXIT.ok)
    expect((JSON.parse(again.stdout) as { data: unknown }).data).include({
      taskId: String(before + 1n),
      resumed: true,
    })
    expect(await taskCount(net.connection)).equal(before + 1n)
  })

  it('B1, B2: pages refused in HTTP 400, 413, 504, and a rate limit without an id: all events', async () => {
    const taskId = await publishTask(net)
    await net.mine(60)
    const truth = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment })
    const expected = await eventsOf(truth)
    expect(expected.length).greaterThan(4)
    let asked = 0
    answer = ({ method, params }, response) => {
      if (method !== 'eth_getLogs') return false
      asked += 1
      const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }]
      // not for ever: each costs the reader more patience
      if (asked % 5 === 0 && asked < 50) {
        const error = { code: -32_005, message: 'rate limit exceeded' }
        response.writeHead(200).end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
        return true
      }
      if (Number(toBlock) - Number(fromBlock) < 10) return false
      response
        .writeHead([400, 413, 504][asked % 3]!, { 'content-type': 'text/html' })
        .end('<title>no</title>')
      return true
    }
    const chain = await connect({ rpcUrl: proxy.url, deployment: net.deployment, http: HTTP })
    expect(await eventsOf(chain)).deep.equal(expected)
    const history = openHistory(proxy.url, net.deployment)
    expect((await history.read(taskId)).events.map(({ name }) => name)).deep.equal(['TaskPublished'])
    for (const open of [truth, chain, history]) open.close()
  })

  it('B3: no pending tag, and estimateGas with one argument: sends all the same, and doctor tells', async () => {
    answer = (request, response) => {
      const { method, params } = request
      if (!params.includes('pending')) return false
      if (method === 'eth_estimateGas')
        return refuse(-32_602, 'too many arguments, want at most 1')(request, response)
      return refuse(-32_000, 'pending block is not available')(request, response)
    }
    const run = await rsdpHere('fund', payee(3), '1wei', '--yes', ...flags())
    expect(run.code, run.stderr).equal(EXIT.ok)
    expect(await balance(payee(3))).equal(1n)
    const { stdout } = await rsdpHere('doctor', ...flags())
    expect(stdout).match(/▲ warn endpoint .*pending block \(too many arguments, want at most 1\)/)
  })

  it('B4: a chain above the fee cap: an error that names fee and cap, and a setting', async () => {
    const { provider } = net.connection
    const baseFee = async (gwei: bigint): Promise<void> => {
      await provider.send('hardhat_setNextBlockBaseFeePerGas', [`0x${(gwei * 10n ** 9n).toString(16)}`])
      await net.mine(1)
    }
    await baseFee(600n)
    const args = ['fund', payee(4), '1wei', '--yes', ...flags()]
    const refused = await rsdpHere(...args)
    const run = await rsdpHere(...args, '--max-fee-gwei', '2000')
    await baseFee(1n)
    expect(refused.stderr).match(/error\[E_FEE_CAP\]: .*600\.0 gwei .*500\.0 gwei .*--max-fee-gwei/)
    expect(run.code, run.stderr).equal(EXIT.ok)
  })

  for (const [words, code] of [
    ['tx fee (1.05 ether) exceeds the configured cap (1.00 ether)', 'E_FEE_CAP'],
    ['transaction underpriced', 'E_FEE_LOW'],
    ['insufficient funds for gas * price + value', 'E_FUNDS_GAS'],
    ['exceeds block gas limit', 'E_GAS_LIMIT'],
    ['invalid sender', 'E_RPC_REFUSED'],
  ] as const) {
    it(`B5: "${words}": ${code}, nothing stays in the journal`, async () => {
      const wallet = new Wallet(net.connection, net.chain.accounts[5]!.privateKey)
      const through = await connect({ rpcUrl: proxy.url, deployment: net.deployment, http: HTTP })
      const refused = new Wallet(through.connection, net.chain.accounts[5]!.privateKey)
      answer = (request, response) =>
        request.method === 'eth_sendRawTransaction' && refuse(-32_000, words)(request, response)
      const error = await failure(refused.submit({ to: payee(5), data: '0x' }, 1n))
      expect(error.code).equal(code)
      if (code !== 'E_FUNDS_GAS') expect(error.message).include(words)
      expect(refused.journal.intents()).deep.equal([])
      expect((await wallet.submit({ to: payee(6), data: '0x' }, 1n)).kind).equal('mined')
      through.close()
    })
  }

  it('B6: an endpoint that forgets state while logs are read: the audit reads state at a fresh block', async () => {
    const taskId = await publishTask(net)
    const { operator, key } = net.nodes[0]!
    await joinTask(operator, taskId, key.address)
    await net.mine(100)
    const started = await net.connection.provider.getBlockNumber()
    const kept = 16
    let [pages, forgotten] = [0, 0]
    answer = async (request, response) => {
      const { method, params } = request
      if (method === 'eth_getLogs') {
        const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }]
        if (Number(toBlock) - Number(fromBlock) >= 10)
          return refuse(-32_000, 'block range is too wide')(request, response)
        pages += 1
        if (pages % 3 === 0) await net.mine(1)
      }
      if (method !== 'eth_call' && method !== 'eth_getCode') return false
      const head = await net.connection.provider.getBlockNumber()
      if (Number(params[1]) >= head - kept) return false
      forgotten += 1
      const words = 'missing trie node 5b1e (path ) state 0x5b1e is not available'
      return refuse(-32_000, words)(request, response)
    }
    const history = openHistory(proxy.url, net.deployment)
    const { events, head } = await history.read(taskId)
    history.close()
    expect(events.map(({ name }) => name)).include.members(['TaskPublished', 'Joined', 'KeyRegistered'])
    expect(pages).greaterThan(kept)
    expect(forgotten).greaterThan(0)
    expect(Number(head)).greaterThan(started)
  })

  it('B6: an audit that is interrupted goes on where it was', async () => {
    const taskId = await publishTask(net)
    await net.mine(100)
    const dir = join(state, 'audit-test')
    let [pages, most] = [0, 12]
    /** Last block read, by query. */
    const read = new Map<string, number>()
    const again: string[] = []
    answer = (request, response) => {
      if (request.method !== 'eth_getLogs') return false
      const [{ address, topics, fromBlock, toBlock }] = request.params as [
        { address: string; topics: unknown; fromBlock: string; toBlock: string },
      ]
      const [from, to] = [Number(fromBlock), Number(toBlock)]
      if (to - from >= 10) return refuse(-32_000, 'block range is too wide')(request, response)
      pages += 1
      if (pages > most) return refuse(-32_000, 'unauthorized')(request, response)
      const query = JSON.stringify([address, topics])
      if (from <= (read.get(query) ?? -1)) again.push(`${from}-${to}`)
      read.set(query, to)
      return false
    }
    const first = new LogCache(dir)
    const interrupted = openHistory(proxy.url, net.deployment, first)
    expect((await failure(interrupted.read(taskId))).code).equal('E_RPC_AUTH')
    first.flush()
    interrupted.close()
    most = Infinity
    const resumed = openHistory(proxy.url, net.deployment, new LogCache(dir))
    const { events } = await resumed.read(taskId)
    resumed.close()
    expect(events.map(({ name }) => name)).deep.equal(['TaskPublished'])
    expect(again).deep.equal([])
  })
})

async function eventsOf(chain: Awaited<ReturnType<typeof connect>>): Promise<ChainEvent[]> {
  const events: ChainEvent[] = []
  let page = await chain.eventsAfter(0, null, 1_000)
  while (page !== null) {
    events.push(...page.events)
    page = await chain.eventsAfter(page.block, page.hash, 1_000)
  }
  return events
}
