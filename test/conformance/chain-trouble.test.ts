import { expect } from 'chai'
import { id } from 'ethers'
import type { ServerResponse } from 'node:http'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { publishTask, startTestNetwork } from '../helpers/chain.ts'
import type { FakeRpc, RpcRequest } from '../helpers/chain-rpc.ts'
import { failure, reply, rpcProxy } from '../helpers/chain-rpc.ts'

interface RawLog {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly blockNumber: string
  readonly logIndex: string
  readonly removed?: boolean
}
type Spoil = (logs: RawLog[]) => unknown

/** Ways in which an endpoint can give the right logs wrongly. */
const HARMLESS: readonly (readonly [name: string, Spoil])[] = [
  ['in any order', (logs) => logs.toReversed()],
  ['twice', (logs) => [...logs, ...logs]],
  [
    'with removed ones',
    (logs) => [...logs, ...logs.map((log) => ({ ...log, logIndex: '0x63', removed: true }))],
  ],
  [
    'with those of strangers',
    (logs) => [
      ...logs,
      ...logs.map((log) => ({ ...log, logIndex: '0x63', address: `0x${'99'.repeat(20)}` })),
    ],
  ],
  [
    'with those of a contract that has no such event',
    (logs) => [
      ...logs,
      ...logs.map((log) => ({ ...log, logIndex: '0x63', address: logs[0]!.address, topics: [id('X()')] })),
    ],
  ],
  ['without topics in some', (logs) => [...logs, { ...logs[0]!, logIndex: '0x63', topics: [] }]],
  ['with data cut short in some', (logs) => [...logs, { ...logs[0]!, logIndex: '0x63', data: '0x1234' }]],
  ['of other blocks too', (logs) => [...logs, { ...logs[0]!, blockNumber: '0xffff' }]],
]

/** Answers from which nothing can be learnt. */
const USELESS: readonly (readonly [name: string, Spoil])[] = [
  ['null', () => null],
  ['a text', () => 'soon'],
  ['a log without a block', (logs) => [{ ...logs[0], blockNumber: undefined }]],
  ['a log whose block is no number', (logs) => [{ ...logs[0], blockNumber: 'latest' }]],
  ['a log that is null', () => [null]],
]

describe('chain port: endpoints in trouble', () => {
  let net: TestNetwork
  let proxy: FakeRpc
  let chain: EvmChain
  let truth: readonly ChainEvent[]
  let answer: (request: RpcRequest, response: ServerResponse) => boolean
  let spoil: (request: RpcRequest, result: unknown) => unknown
  before(async () => {
    net = await startTestNetwork()
    await publishTask(net)
    await net.mine(6)
    proxy = await rpcProxy(
      net.rpcUrl,
      (request, response) => answer(request, response),
      (request, result) => spoil(request, result),
    )
    answer = () => false
    spoil = (_, result) => result
    chain = await connect({
      rpcUrl: proxy.url,
      deployment: net.deployment,
      http: { attempts: 2, backoffMs: 1, timeoutMs: 60_000 },
    })
    truth = (await chain.eventsAfter(0, null, 1_000))!.events
    expect(truth).length.greaterThan(4)
  })
  after(async () => {
    chain.close()
    await proxy.close()
    await net.close()
  })
  beforeEach(() => {
    answer = () => false
    spoil = (_, result) => result
  })
  const spoilLogs = (how: Spoil): void => {
    spoil = ({ method }, result) => (method === 'eth_getLogs' ? how(result as RawLog[]) : result)
  }

  for (const [name, how] of HARMLESS) {
    it(`logs ${name}: the same events`, async () => {
      spoilLogs(how)
      expect((await chain.eventsAfter(0, null, 1_000))?.events).deep.equal(truth)
    })
  }

  for (const [name, how] of USELESS) {
    it(`${name} instead of logs: E_RPC_DOWN`, async () => {
      spoilLogs(how)
      const error = await failure(chain.eventsAfter(0, null, 1_000))
      expect(error.code).equal('E_RPC_DOWN')
      expect(error.details).include({ reason: 'bad-answer' })
    })
  }

  it('an endpoint that gives few blocks at once is asked for fewer', async () => {
    answer = ({ id: request, method, params }, response) => {
      const [filter] = params as [{ fromBlock: string; toBlock: string }]
      if (method !== 'eth_getLogs' || Number(filter.toBlock) - Number(filter.fromBlock) < 10) return false
      return reply(response, request, { error: { code: -32_005, message: 'block range too large' } })
    }
    const events: ChainEvent[] = []
    let cursor: { block: number; hash: `0x${string}` | null } = { block: 0, hash: null }
    while (true) {
      const page = await chain.eventsAfter(cursor.block, cursor.hash, 1_000)
      if (page === null) break
      expect(page.block - cursor.block).lessThanOrEqual(12)
      events.push(...page.events)
      cursor = page
    }
    expect(events).deep.equal(truth)
  })

  it('a block that is missing: E_RPC_DOWN', async () => {
    spoil = ({ method }, result) => (method === 'eth_getBlockByNumber' ? null : result)
    expect((await failure(chain.eventsAfter(0, null, 1_000))).code).equal('E_RPC_DOWN')
  })

  for (const [name, result] of [
    ['a number that is none', 'many'],
    ['null', null],
    ['an object', {}],
  ] as const) {
    it(`${name} instead of the head: E_RPC_DOWN`, async () => {
      spoil = () => result
      expect((await failure(chain.head())).code).equal('E_RPC_DOWN')
    })
    it(`${name} instead of the chain id: no answer of an endpoint`, async () => {
      spoil = ({ method }, real) => (method === 'eth_chainId' ? result : real)
      const error = await failure(connect({ rpcUrl: proxy.url, deployment: net.deployment }))
      expect(error.code).equal('E_RPC_DOWN')
    })
  }

  it('a view that answers nothing: E_RPC_DOWN', async () => {
    spoil = ({ method }, result) => (method === 'eth_call' ? '0x' : result)
    expect((await failure(chain.taskStatus(1n))).code).equal('E_RPC_DOWN')
    expect((await failure(chain.logHead(1n))).code).equal('E_RPC_DOWN')
    expect((await failure(chain.registration(net.nodes[0]!.key.address))).code).equal('E_RPC_DOWN')
  })

  it('after an outage the deployment is checked again', async () => {
    answer = (_, response) => {
      response.writeHead(502).end()
      return true
    }
    expect((await failure(chain.eventsAfter(0, null, 1_000))).code).equal('E_RPC_DOWN')
    answer = () => false
    spoil = ({ method }, result) => (method === 'eth_chainId' ? '0x1' : result)
    expect((await failure(chain.eventsAfter(0, null, 1_000))).code).equal('E_CHAIN_ID')
    spoil = (_, result) => result
    const events: ChainEvent[] = []
    // the outage has made its pages small
    for (let page = await chain.eventsAfter(0, null, 1_000); page !== null;) {
      events.push(...page.events)
      page = await chain.eventsAfter(page.block, page.hash, 1_000)
    }
    expect(events).deep.equal(truth)
    const before = proxy.requests.filter(({ method }) => method === 'eth_chainId').length
    await chain.eventsAfter(0, null, 1_000)
    expect(proxy.requests.filter(({ method }) => method === 'eth_chainId')).length(before)
  })
})
