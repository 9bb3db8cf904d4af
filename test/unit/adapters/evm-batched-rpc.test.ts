import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Interface } from 'ethers'
import { abis } from '../../../src/adapters/evm/abi.ts'
import { BatchedRpc } from '../../../src/adapters/evm/batched-rpc.ts'
import type { Deployment } from '../../../src/adapters/evm/deployment.ts'
import { openHistory } from '../../../src/adapters/evm/open-history.ts'
import { requestOver } from '../../../src/adapters/evm/history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from '../../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../../src/adapters/evm/node-post.ts'
import { parseRpcUrl } from '../../../src/adapters/evm/rpc-url.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { failure } from '../../helpers/chain-rpc.ts'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}
type Reply = Readonly<Record<string, unknown>>

/** An endpoint that answers batches, or what `spoil` makes of them. */
class Endpoint {
  url = ''
  http = 0
  readonly #answer: (call: Call) => Reply
  readonly #spoil: (answers: Reply[]) => unknown
  readonly #server = createServer((request, response) => {
    this.http += 1
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[]
      const told = Array.isArray(asked) ? this.#spoil(asked.map((one) => this.#of(one))) : this.#of(asked)
      if (told === null) response.writeHead(500).end()
      else response.end(JSON.stringify(told))
    })
  })

  constructor(answer: (call: Call) => Reply, spoil: (answers: Reply[]) => unknown = (all) => all) {
    this.#answer = answer
    this.#spoil = spoil
  }

  #of(call: Call): Reply {
    return { jsonrpc: '2.0', id: call.id, ...this.#answer(call) }
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

const echo = ({ params }: Call): Reply => ({ result: params[0] })
const RATE = { error: { code: -32_005, message: 'request rate exceeded' } }

/** What is no answer to a batch. */
const SPOILT: readonly (readonly [name: string, (answers: Reply[]) => unknown])[] = [
  ['HTTP 500', () => null],
  [
    'one error for all',
    () => ({ jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'no batches' } }),
  ],
  ['an answer less', (all) => all.slice(1)],
  ['an answer twice', ([first, ...rest]) => [first, first, ...rest.slice(1)]],
  ['an answer to nothing', ([first, ...rest]) => [{ ...first, id: 99 }, ...rest]],
  ['something else in it', ([, ...rest]) => [null, ...rest]],
  ['one that came too often', ([first, ...rest]) => [{ id: first?.['id'], ...RATE }, ...rest]],
]

describe('JSON-RPC in batches', function () {
  this.timeout(60_000)
  const asked = (endpoint: Endpoint, count: number): Promise<unknown[]> => {
    const request = requestOver(new BatchedRpc(new HttpRpc(parseRpcUrl(endpoint.url), HTTP_LIMITS, nodePost)))
    return Promise.all(Array.from({ length: count }, (_, i) => request('echo', [i])))
  }

  for (const [name, spoil] of SPOILT)
    it(`${name}: asks one by one instead`, async () => {
      const endpoint = await new Endpoint(echo, spoil).open()
      expect(await asked(endpoint, 30)).deep.equal(Array.from({ length: 30 }, (_, i) => i))
      expect(endpoint.http).equal(31)
      endpoint.close()
    })

  it('asks no more than eight at a time one by one', async () => {
    const under: (() => void)[] = []
    const rpc = new BatchedRpc({
      ...{ shown: 'it', outages: 0, close: () => undefined, requestAll: () => Promise.resolve(null) },
      request: ({ id }) => new Promise((resolve) => under.push(() => resolve({ id, result: id }))),
    })
    const payload = (id: number) => ({ jsonrpc: '2.0' as const, id, method: 'echo', params: [] })
    const answers = Promise.all(Array.from({ length: 20 }, (_, id) => rpc.request(payload(id))))
    const rounds: number[] = []
    for (let asked = 0; asked < 20;) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (under.length > 0) rounds.push(under.length)
      asked += under.length
      for (const answer of under.splice(0)) answer()
    }
    expect(rounds).deep.equal([8, 8, 4])
    expect((await answers).map(({ id }) => id)).deep.equal(Array.from({ length: 20 }, (_, id) => id))
  })

  it('answers in any order are given to whom they belong, and errors to theirs alone', async () => {
    const refuse = ({ params: [i] }: Call): Reply =>
      i === 3 ? { error: { code: 3, message: 'execution reverted' } } : { result: i }
    const endpoint = await new Endpoint(refuse, (all) => all.toReversed()).open()
    const request = requestOver(new BatchedRpc(new HttpRpc(parseRpcUrl(endpoint.url), HTTP_LIMITS, nodePost)))
    const all = [0, 1, 2, 3, 4].map((i) => request('echo', [i]))
    expect((await failure(all[3]!)).code).match(/^E_/)
    expect(await Promise.all(all.filter((_, i) => i !== 3))).deep.equal([0, 1, 2, 4])
    expect(endpoint.http).equal(1)
    endpoint.close()
  })

  describe('of an audit', () => {
    const BLOCKS = 40_000
    const CHECKPOINTS = 200
    const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
    const address = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`
    const contract = (n: number) => ({ address: address(n), block: 1, tx: hash(n), codeHash: hash(n) })
    const deployment: Deployment = {
      ...{ schema: 1, chainId: 31_337, deployer: address(9), deployedAt: '2026-11-21T10:04:11.000Z' },
      ...{ fromBlock: 1, deploymentId: hash(8), chance: 'local', bountyWei: '1' },
      windows: {
        ...{ taskBlocksMax: 200, closeGrace: 10, evidence: 30, reorgDepth: 6, jail: 20, unbonding: 300 },
        ...{ taskSecondsMax: 900, graceSeconds: 40, evidenceSeconds: 50, seedDelaySeconds: 10 },
        ...{ jailSeconds: 7, unbondingSeconds: 1_000 },
      },
      contracts: {
        ...{ StakeToken: { ...contract(1), block: null, tx: null }, NodeRegistry: contract(2) },
        ...{ PhaseLog: contract(3), TaskBoard: contract(4), Slasher: contract(5) },
        ...{ BundleStore: contract(6), TaskLines: contract(7) },
      },
    }
    const topic = (name: 'PhaseLog' | 'TaskBoard', event: string): string =>
      (abis()[name] as Interface).getEvent(event)!.topicHash
    const place = (n: number, block: number) => ({
      ...{ blockNumber: `0x${block.toString(16)}`, logIndex: '0x0', transactionHash: hash(n) },
    })

    const told = () => {
      const joined = topic('TaskBoard', 'Joined')
      return [
        ...Array.from({ length: CHECKPOINTS }, (_, i) => ({
          ...{ address: address(3), topics: [topic('PhaseLog', 'Checkpointed'), hash(1)], data: '0x' },
          ...place(i + 1, (i + 1) * (BLOCKS / CHECKPOINTS)),
        })),
        {
          ...{ address: address(4), topics: [joined, hash(1), hash(77), hash(78)], data: '0x' },
          ...place(1_000, 5),
        },
      ]
    }
    let all: ReturnType<typeof told>
    before(() => (all = told()))

    /** A task of one sign-up and 200 checkpoints over 40,000 blocks, on contracts that answer nothing. */
    const chain =
      (blocksMax: number) =>
      ({ method, params: [first] }: Call): Reply => {
        if (method === 'eth_chainId') return { result: '0x7a69' }
        if (method === 'eth_blockNumber') return { result: `0x${BLOCKS.toString(16)}` }
        if (method === 'eth_call' || method === 'eth_getCode') return { result: '0x' }
        if (method === 'eth_getBlockByNumber') return { result: { timestamp: first } }
        if (method === 'eth_getTransactionByHash')
          return {
            result: { hash: first, blockNumber: '0x1', from: address(1), to: address(2), input: '0x' },
          }
        const query = first as Readonly<{
          address: string
          fromBlock: string
          toBlock: string
          topics: string[][]
        }>
        const [from, to] = [Number(query.fromBlock), Number(query.toBlock)]
        if (to - from >= blocksMax) return { error: { code: -32_602, message: 'block range is too large' } }
        const found = all.filter(({ address: of, topics: [event], blockNumber }) => {
          const block = Number(blockNumber)
          return of === query.address && query.topics[0]?.includes(event!) && block >= from && block <= to
        })
        return { result: found }
      }

    async function read(endpoint: Endpoint) {
      const history = openHistory(endpoint.url, deployment)
      const task = await history.read(1n)
      history.close()
      endpoint.close()
      return task
    }

    it('takes at most one request per 2,000 blocks and one per 20 checkpoints', async () => {
      const endpoint = await new Endpoint(chain(Infinity)).open()
      const { events, malformed } = await read(endpoint)
      expect([events.length, malformed.length]).deep.equal([1, CHECKPOINTS])
      expect(endpoint.http).at.most(BLOCKS / 2_000 + CHECKPOINTS / 20)
    })

    it('reads the same of an endpoint that takes no batches and gives few blocks at a time', async () => {
      const [best, worst] = [new Endpoint(chain(Infinity)), new Endpoint(chain(2_000), () => null)]
      const [most, least] = [await read(await best.open()), await read(await worst.open())]
      expect(least).deep.equal(most)
      expect(worst.http).above(500)
    })

    it('takes two requests per 2,000 blocks where pages are no larger', async () => {
      const endpoint = await new Endpoint(chain(2_000)).open()
      await read(endpoint)
      expect(endpoint.http).at.most((2 * BLOCKS) / 2_000 + CHECKPOINTS / 20 + 25)
    })
  })
})
