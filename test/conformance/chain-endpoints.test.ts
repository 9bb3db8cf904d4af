import { expect } from 'chai'
import { id } from 'ethers'
import { abis } from '../../src/adapters/evm/abi.ts'
import { connect } from '../../src/adapters/evm/connect.ts'
import { bloomHas, bloomOf } from '../../src/adapters/evm/endpoints/bloom.ts'
import type { PageLog } from '../../src/adapters/evm/endpoints/page-log.ts'
import type { Receipt } from '../../src/adapters/evm/endpoints/receipts.ts'
import { logsOf, receiptsRoot } from '../../src/adapters/evm/endpoints/receipts.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, publishTask, startTestNetwork } from '../helpers/chain.ts'
import type { FakeRpc, RpcRequest } from '../helpers/chain-rpc.ts'
import { failure, reply, rpcProxy } from '../helpers/chain-rpc.ts'

/** How an endpoint tells otherwise than the chain; `head` is the chain's. */
type Spoil = (request: RpcRequest, result: unknown, head: number) => unknown
type JsonLog = Readonly<Record<string, unknown>> & { readonly blockNumber: Hex; readonly data: Hex }

const HTTP = { attempts: 2, backoffMs: 1, timeoutMs: 60_000 }
const honest: Spoil = (_, result) => result
const ofLogs =
  (change: (logs: readonly JsonLog[], head: number) => unknown): Spoil =>
  ({ method }, result, head) =>
    method === 'eth_getLogs' ? change(result as JsonLog[], head) : result
/** Its logs end so many blocks below the head, the rest is up to date: what a load balancer over two backends does. */
const logsBehind = (lag: number): Spoil =>
  ofLogs((logs, head) => logs.filter(({ blockNumber }) => Number(blockNumber) <= head - lag))
/** The whole endpoint is so many blocks behind. */
const behind =
  (lag: number): Spoil =>
  ({ method, params }, result, head) => {
    if (method === 'eth_blockNumber') return `0x${(head - lag).toString(16)}`
    if (method === 'eth_getBlockByNumber' && Number(params[0]) > head - lag) return null
    return method === 'eth_getLogs' ? logsBehind(lag)({ id: 0, method, params }, result, head) : result
  }
/** It follows another chain from a block on. */
const forkedFrom =
  (block: number): Spoil =>
  ({ method, params }, result) => {
    if (method !== 'eth_getBlockByNumber' || Number(params[0]) < block || result === null) return result
    return { ...(result as object), hash: id(`fork ${String(params[0])}`) }
  }
const LIES: readonly (readonly [name: string, spoil: Spoil])[] = [
  ['leaves events out', ofLogs((logs) => logs.filter((_, at) => at % 3 !== 1))],
  ['leaves all events out', ofLogs(() => [])],
  ['invents events', ofLogs((logs) => [...logs, ...logs.map((log) => ({ ...log, logIndex: '0x63' }))])],
  [
    'changes the data of events',
    ofLogs((logs) =>
      logs.map((log) => ({ ...log, data: log.data.replace(/.$/, (c) => (c === '1' ? '2' : '1')) })),
    ),
  ],
  [
    'moves events to the next block',
    ofLogs((logs) => logs.map((log) => ({ ...log, blockNumber: next(log.blockNumber) }))),
  ],
]
const next = (block: Hex): Hex => `0x${(Number(block) + 1).toString(16)}`

describe('chain port: several endpoints', () => {
  let net: TestNetwork
  let truth: readonly ChainEvent[]
  let lastEventBlock: number
  const proxies: FakeRpc[] = []
  const spoils: Spoil[] = []
  const chains: EvmChain[] = []
  before(async () => {
    net = await startTestNetwork()
    await net.mine(80)
    const taskId = await publishTask(net)
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    lastEventBlock = await net.connection.provider.getBlockNumber()
    await net.mine(net.deployment.windows.reorgDepth)
    for (const at of [0, 1, 2])
      proxies.push(
        await rpcProxy(
          net.rpcUrl,
          () => false,
          async (request, result) => {
            const spoil = spoils[at] ?? honest
            return spoil === honest
              ? result
              : spoil(request, result, await net.connection.provider.getBlockNumber())
          },
        ),
      )
    const chain = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment })
    truth = await all(chain)
    chain.close()
    expect(truth.filter(({ kind }) => kind === 'taskJoined')).length(4)
    expect(truth.at(-1)?.block).equal(lastEventBlock)
  })
  afterEach(() => {
    spoils.length = 0
    for (const chain of chains.splice(0)) chain.close()
  })
  after(async () => {
    for (const proxy of proxies) await proxy.close()
    await net.close()
  })

  async function open(...as: readonly Spoil[]): Promise<EvmChain> {
    const rpcUrl = as.map((_, at) => proxies[at]!.url).join(' ')
    const chain = await connect({ rpcUrl, deployment: net.deployment, http: HTTP })
    chains.push(chain)
    spoils.push(...as)
    return chain
  }
  const troubles = (chain: EvmChain): (string | null)[] =>
    chain.endpoints().map(({ trouble }) => trouble?.kind ?? null)

  for (const lag of [3, 8, 64]) {
    it(`A4: the only endpoint’s logs are ${lag} blocks behind: events complete, and it is named`, async () => {
      const chain = await open(logsBehind(lag))
      expect(await all(chain)).deep.equal(truth)
      if (lag > chain.reorgDepth) expect(chain.endpoints()[0]?.troubles).greaterThan(0)
    })
    for (const place of [0, 1]) {
      it(`one of two, the ${place === 0 ? 'first' : 'second'}, is ${lag} blocks behind: events complete up to the block that counts`, async () => {
        const chain = await open(...pair(behind(lag), place))
        const events = await all(chain)
        const upTo = lag <= chain.reorgDepth ? lastEventBlock - lag : lastEventBlock
        expect(events).deep.equal(truth.filter(({ block }) => block <= upTo))
        if (lag > chain.reorgDepth) expect(troubles(chain)[place]).equal('behind')
        spoils.length = 0
        expect(await all(chain)).deep.equal(truth)
        expect(troubles(chain)).deep.equal([null, null])
      })
    }
  }

  describe('A4: events lie further below the head than filters are compared', () => {
    const FAR = 400
    before(() => net.mine(FAR))

    for (const lag of [FAR - 150, FAR - 20, FAR + 60])
      it(`the only endpoint’s logs are ${lag} blocks behind, and the chain is quiet: events complete, and it is named`, async () => {
        const chain = await open(logsBehind(lag))
        expect(await all(chain)).deep.equal(truth)
        const isBehind = lag > FAR
        expect(chain.endpoints()[0]!.troubles > 0, 'named').equal(isBehind)
      })

    it('an index that shows a block of anybody’s is not looked for further down', async () => {
      const asked: string[] = []
      const chain = await open(({ method, params }, result) => {
        if (method === 'eth_getBlockByNumber') asked.push(String(params[0]))
        return result
      })
      // a log of another contract, at the head
      const { provider } = net.connection
      const [from] = (await provider.send('eth_accounts', [])) as Hex[]
      const approve = `0x095ea7b3${'00'.repeat(12)}${'11'.repeat(20)}${'00'.repeat(32)}`
      await provider.send('eth_sendTransaction', [
        { from, to: net.deployment.contracts.StakeToken.address, data: approve },
      ])
      await net.mine(chain.reorgDepth)
      await all(chain)
      expect(asked.length).lessThan(200)
    })
  })

  for (const [name, spoil] of LIES) {
    for (const place of [0, 1]) {
      it(`one of two, the ${place === 0 ? 'first' : 'second'}, ${name}: receipts decide, and it is named`, async () => {
        const chain = await open(...pair(spoil, place))
        expect(await all(chain)).deep.equal(truth)
        expect(chain.endpoints()[place]?.troubles).greaterThan(0)
        expect(chain.endpoints()[1 - place]?.troubles).equal(0)
      })
    }
  }

  it('one of two lies, and nobody gives receipts: E_RPC_LOGS, nothing is taken', async () => {
    const noReceipts: Spoil = ({ method }, result) => (/Receipt/.test(method) ? null : result)
    const lie: Spoil = (request, result, head) =>
      LIES[0]![1](request, noReceipts(request, result, head), head)
    const chain = await open(lie, noReceipts)
    const error = await failure(chain.eventsAfter(0, null, 1_000))
    expect(error.code).equal('E_RPC_LOGS')
    expect(error.message).include(new URL(proxies[0]!.url).host)
    expect(troubles(chain)).deep.equal(['logs', 'logs'])
    spoils.length = 0
    expect(await all(chain)).deep.equal(truth)
  })

  it('receipts that are made to fit a lie have another root: the lie is not taken', async () => {
    const logs: Spoil = ofLogs(() => [])
    const lie: Spoil = (request, result, head) =>
      request.method === 'eth_getTransactionReceipt' && result !== null
        ? { ...(result as object), logs: [] }
        : logs(request, result, head)
    const chain = await open(lie, honest)
    expect(await all(chain)).deep.equal(truth)
  })

  it('one of two is on a fork: E_RPC_FORK, nothing is taken; a third endpoint outvotes it', async () => {
    const fork = forkedFrom(lastEventBlock - 3)
    const two = await open(fork, honest)
    const error = await failure(two.eventsAfter(0, null, 1_000))
    expect(error.code).equal('E_RPC_FORK')
    expect(troubles(two)).deep.equal(['fork', 'fork'])
    spoils.length = 0
    const three = await open(fork, honest, honest)
    expect(await all(three)).deep.equal(truth)
    expect(troubles(three)[0]).equal('fork')
  })

  it('a node that has read a block stays with it when one of two goes to a fork', async () => {
    const chain = await open(honest, honest)
    const page = await chain.eventsAfter(0, null, lastEventBlock - 2)
    spoils[0] = forkedFrom(page!.block - 1)
    const rest = await chain.eventsAfter(page!.block, page!.hash, 1_000)
    expect([...page!.events, ...rest!.events]).deep.equal(truth)
    expect(troubles(chain)).deep.equal(['fork', null])
  })

  it('both show another history: E_REORG', async () => {
    const chain = await open(honest, honest)
    const error = await failure(chain.eventsAfter(lastEventBlock - 2, id('other') as Digest, 1_000))
    expect(error.code).equal('E_REORG')
  })

  it('one makes up a head and has no such block: it does not count', async () => {
    const head: Spoil = ({ method }, result) => (method === 'eth_blockNumber' ? '0xffffff' : result)
    const chain = await open(head, honest)
    expect(await all(chain)).deep.equal(truth)
  })

  it('one is gone: the other answers, and the first is taken up again when it is back', async () => {
    const chain = await open(honest, honest)
    const gone: Spoil = () => 'gone'
    spoils[0] = gone
    expect(await all(chain)).deep.equal(truth)
    expect(await chain.taskStatus(1n)).equal('Open')
    expect(troubles(chain)).deep.equal(['down', null])
    spoils.length = 0
    while (troubles(chain)[0] !== null) await chain.eventsAfter(0, null, 1_000)
  })

  it('one that is not there at the start does not keep the other from its work', async () => {
    const deployment = net.deployment
    const chain = await connect({ rpcUrl: `http://127.0.0.1:1 ${net.rpcUrl}`, deployment, http: HTTP })
    chains.push(chain)
    expect(await all(chain)).deep.equal(truth)
    expect(troubles(chain)).deep.equal(['down', null])
  })

  it('one that serves another chain is refused', async () => {
    spoils[1] = ({ method }, result) => (method === 'eth_chainId' ? '0x1' : result)
    const rpcUrl = `${net.rpcUrl} ${proxies[1]!.url}`
    expect((await failure(connect({ rpcUrl, deployment: net.deployment }))).code).equal('E_CHAIN_ID')
  })

  it('one that refuses a filter with fields it does not know is asked for those it knows', async () => {
    const known = new Set(['fromBlock', 'toBlock', 'address', 'topics', 'blockHash'])
    const strict = await rpcProxy(net.rpcUrl, ({ id: request, method, params }, response) => {
      const unknown = Object.keys(params[0] ?? {}).find((field) => !known.has(field))
      if (method !== 'eth_getLogs' || unknown === undefined) return false
      return reply(response, request, { error: { code: -32_602, message: `unknown field ${unknown}` } })
    })
    proxies.push(strict)
    const chain = await connect({ rpcUrl: strict.url, deployment: net.deployment, http: HTTP })
    chains.push(chain)
    expect((await chain.eventsAfter(0, null, 1_000))?.events).deep.equal(truth)
  })

  it('page sizes are learnt for each endpoint', async () => {
    const few = await rpcProxy(net.rpcUrl, ({ id: request, method, params }, response) => {
      const [filter] = params as [{ fromBlock: string; toBlock: string }]
      if (method !== 'eth_getLogs' || Number(filter.toBlock) - Number(filter.fromBlock) < 4) return false
      return reply(response, request, { error: { code: -32_005, message: 'block range too large' } })
    })
    proxies.push(few)
    const chain = await connect({
      rpcUrl: `${net.rpcUrl} ${few.url}`,
      deployment: net.deployment,
      http: HTTP,
    })
    chains.push(chain)
    const page = await chain.eventsAfter(0, null, 1_000)
    expect(page?.events).deep.equal(truth)
    expect(troubles(chain)).deep.equal([null, null])
  })

  it('an audit over two endpoints that differ ends with E_RPC_LOGS', async () => {
    const history = openHistory(`${net.rpcUrl} ${proxies[1]!.url}`, net.deployment)
    const upTo = BigInt(lastEventBlock)
    expect((await history.read(1n, upTo)).events).length.greaterThan(4)
    spoils[1] = LIES[0]![1]
    expect((await failure(history.read(1n, upTo))).code).equal('E_RPC_LOGS')
    history.close()
  })

  it('receipts of blocks of any size and kind have the root that the header names', async () => {
    const { provider } = net.connection
    const from = net.chain.accounts[0]!.address
    const { address: token } = net.deployment.contracts.StakeToken
    const data = abis().NodeRegistry.encodeFunctionData('keyOwner', [from])
    await provider.send('evm_setAutomine', [false])
    for (const count of [0, 1, 2, 16, 17, 129]) {
      for (let n = 0; n < count; n += 1) {
        const kind = [{ gasPrice: '0x77359400' }, { gasPrice: '0x77359400', accessList: [] }, {}][n % 3]
        const approval = `0x095ea7b3${from.slice(2).padStart(64, '0')}${n.toString(16).padStart(64, '0')}`
        const call = n % 2 === 0 ? { to: token, data: approval } : { to: from, data, value: '0x1' }
        await provider.send('eth_sendTransaction', [{ from, gas: '0x186a0', ...call, ...kind }])
      }
      await net.mine(1)
      const block = (await provider.send('eth_getBlockByNumber', ['latest', false])) as Receipt
      const hashes = block['transactions'] as Digest[]
      expect(hashes).length(count)
      const receipts: Receipt[] = []
      for (const hash of hashes)
        receipts.push((await provider.send('eth_getTransactionReceipt', [hash])) as Receipt)
      expect(receiptsRoot(receipts)).equal(block['receiptsRoot'])
      const bloom = bloomOf(block['logsBloom'])!
      expect(bloomHas(bloom, token)).equal(count > 0)
      expect(bloomHas(bloom, id('nobody') as Hex)).equal(false)
      for (const log of receipts.flatMap(logsOf))
        for (const topic of (log as unknown as PageLog).topics) expect(bloomHas(bloom, topic)).equal(true)
      if (count > 1) expect(receiptsRoot(receipts.toReversed())).not.equal(block['receiptsRoot'])
    }
    await provider.send('evm_setAutomine', [true])
  })
})

const pair = (spoil: Spoil, place: number): [Spoil, Spoil] =>
  place === 0 ? [spoil, honest] : [honest, spoil]

/** Everything that there is to read. */
async function all(chain: EvmChain): Promise<ChainEvent[]> {
  const events: ChainEvent[] = []
  let cursor: { block: number; hash: Digest | null } = { block: 0, hash: null }
  while (true) {
    const page = await chain.eventsAfter(cursor.block, cursor.hash, 1_000)
    if (page === null) return events
    events.push(...page.events)
    cursor = page
  }
}
