import { expect } from 'chai'
import type { RpcRequest } from '../../../src/adapters/evm/history-rpc.ts'
import { HistoryRpc, badAnswer } from '../../../src/adapters/evm/history-rpc.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import type { Digest } from '../../../src/types/ids.ts'

const HASH: Digest = `0x${'ab'.repeat(32)}`
const ADDRESS = `0x${'cd'.repeat(20)}` as const
const QUERY = { address: ADDRESS, topics: [] }

const answering = (answer: unknown): HistoryRpc => new HistoryRpc(() => Promise.resolve(answer))

const log = (block: number, logIndex = 0): Record<string, unknown> => ({
  address: ADDRESS,
  topics: [HASH],
  data: '0x',
  blockNumber: `0x${block.toString(16)}`,
  logIndex: `0x${logIndex}`,
  transactionHash: HASH,
})

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof RsdpError ? error.code : String(error)
  }
  return 'none'
}

describe('history over RPC', () => {
  it('takes nothing for an answer that is none', async () => {
    for (const answer of [null, 7, 'no', '0x', {}, [], `0x${'f'.repeat(65)}`]) {
      expect(await codeOf(answering(answer).chainId()), JSON.stringify(answer)).to.equal('E_RPC_DOWN')
    }
    for (const answer of [null, 7, '0x1', {}]) {
      expect(await codeOf(answering(answer).code(ADDRESS, 1n))).to.equal('E_RPC_DOWN')
    }
    for (const answer of ['0x00', 7, []]) {
      expect(await codeOf(answering(answer).block(1n))).to.equal('E_RPC_DOWN')
    }
    const bare = { ...log(1), topics: undefined }
    for (const answer of [
      null,
      {},
      [null],
      [bare],
      [{ ...log(1), data: 'x' }],
      [{ ...log(1), topics: ['0x'] }],
    ]) {
      expect(await codeOf(answering(answer).logs(QUERY, 1n, 1n))).to.equal('E_RPC_DOWN')
    }
  })

  it('knows what an endpoint does not serve', async () => {
    expect(await answering(null).block(1n)).to.equal(null)
    expect(await answering(null).transaction(HASH)).to.equal(null)
  })

  it('reads logs page by page, each once, in chain order', async () => {
    const pages: string[] = []
    const request: RpcRequest = (_, [filter]) => {
      const { fromBlock, toBlock } = filter as { fromBlock: string; toBlock: string }
      pages.push(`${Number(fromBlock)}-${Number(toBlock)}`)
      return Promise.resolve([log(4500, 1), log(4500, 0), { ...log(7), removed: true }, log(4500, 1)])
    }
    const logs = await new HistoryRpc(request).logs(QUERY, 1n, 4_500n)
    expect(pages).to.deep.equal(['1-2000', '2001-4500'])
    expect(logs.map(({ block, logIndex }) => [block, logIndex])).to.deep.equal([
      [4500n, 0n],
      [4500n, 1n],
    ])
  })

  it('halves a page that is too much, and gives up at a single block', async () => {
    const pages: number[] = []
    const limited =
      (most: number): RpcRequest =>
      (_, [filter]) => {
        const { fromBlock, toBlock } = filter as { fromBlock: string; toBlock: string }
        const blocks = Number(toBlock) - Number(fromBlock) + 1
        pages.push(blocks)
        if (blocks > most) throw badAnswer('eth_getLogs', 'too many results', {})
        return Promise.resolve([])
      }
    await new HistoryRpc(limited(500)).logs(QUERY, 1n, 1_000n)
    expect(pages).to.deep.equal([1_000, 500, 500])
    expect(await codeOf(new HistoryRpc(limited(0)).logs(QUERY, 1n, 100n))).to.equal('E_RPC_DOWN')
  })
})
