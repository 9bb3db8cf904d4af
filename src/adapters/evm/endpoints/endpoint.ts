import { RsdpError } from '../../../types/errors.ts'
import type { Digest, Hex } from '../../../types/ids.ts'
import type { Connection } from '../connection.ts'
import { rebuildHeader } from '../header.ts'
import { badAnswer, bytes, quantity } from '../history-rpc.ts'
import { LogPages } from '../log-pages.ts'
import { troubleIn } from '../trouble.ts'
import { bloomOf } from './bloom.ts'
import type { LogFilter, PageLog } from './page-log.ts'
import { readLogs } from './page-log.ts'
import type { Receipt } from './receipts.ts'
import { logsOf, receiptsRoot } from './receipts.ts'

/** A block as an endpoint shows it. */
export interface ShownBlock {
  readonly number: number
  readonly hash: Digest
  /** Unix seconds. */
  readonly time: number
  readonly bloom: Uint8Array | null
  /** Null if the fields do not hash to `hash`: then nothing can be proved by them. */
  readonly receiptsRoot: Digest | null
  readonly transactions: readonly Digest[]
}

export interface EndpointTrouble {
  readonly kind: 'down' | 'behind' | 'fork' | 'logs'
  readonly text: string
}

/** One RPC endpoint: what nodes ask it about blocks and logs, and what is wrong with it at present. */
export class Endpoint {
  readonly name: string
  readonly connection: Connection
  /** Page sizes differ from endpoint to endpoint. */
  readonly pages = new LogPages()
  trouble: EndpointTrouble | null = null

  constructor(name: string, connection: Connection) {
    this.name = name
    this.connection = connection
  }

  head(): Promise<number> {
    return this.connection.read(this.connection.provider.getBlockNumber())
  }

  /** @throws RsdpError E_RPC_DOWN, also if the endpoint does not have the block */
  async block(number: number): Promise<ShownBlock> {
    const method = 'eth_getBlockByNumber'
    const answer = await this.#ask(method, [tag(number), false])
    if (typeof answer !== 'object' || answer === null)
      throw this.connection.fault(new Error(`block ${number} is missing`))
    const block = answer as Readonly<Record<string, unknown>>
    const { transactions } = block
    return {
      number,
      hash: bytes(method, block['hash']),
      time: Number(quantity(method, block['timestamp'])),
      bloom: bloomOf(block['logsBloom']),
      receiptsRoot: rebuildHeader(block) === null ? null : bytes(method, block['receiptsRoot']),
      transactions: Array.isArray(transactions) ? (transactions as Digest[]) : [],
    }
  }

  /** One page of logs from `from`, as large as the endpoint gives it. */
  page(
    filter: LogFilter,
    from: number,
    to: number,
  ): Promise<{ readonly answer: PageLog[]; readonly last: number }> {
    return this.pages.read(from, to, async (last) => {
      const query = { ...asked(filter), fromBlock: tag(from), toBlock: tag(last) }
      return readLogs(await this.#ask('eth_getLogs', [query]), filter, from, last)
    })
  }

  /** All logs of a range, page by page. */
  async logs(filter: LogFilter, from: number, to: number): Promise<PageLog[]> {
    const logs: PageLog[] = []
    for (let next = from; next <= to;) {
      const { answer, last } = await this.page(filter, next, to)
      logs.push(...answer)
      next = last + 1
    }
    return logs
  }

  /** Whether it gives any log of a block, of any contract. */
  async hasLogs(block: number): Promise<boolean> {
    const answer = await this.#ask('eth_getLogs', [{ fromBlock: tag(block), toBlock: tag(block) }])
    return Array.isArray(answer) && answer.length > 0
  }

  /** The same logs by the block's hash: an endpoint that does not have that block has to say so (EIP-234). */
  async logsByHash(filter: LogFilter, { hash, number }: ShownBlock): Promise<PageLog[]> {
    return readLogs(
      await this.#ask('eth_getLogs', [{ ...asked(filter), blockHash: hash }]),
      filter,
      number,
      number,
    )
  }

  /** Logs of a block by its receipts; null if they do not have the root that the block's header names. */
  async provenLogs(filter: LogFilter, block: ShownBlock): Promise<PageLog[] | null> {
    if (block.receiptsRoot === null) return null
    const receipts = await this.#receipts(block)
    if (receipts === null || receiptsRoot(receipts) !== block.receiptsRoot) return null
    // the root says nothing of where the logs are: they are counted, and the block is the one that was asked for
    const logs = receipts.flatMap(logsOf).map((log, index) => ({
      ...log,
      blockNumber: tag(block.number),
      blockHash: block.hash,
      logIndex: tag(index),
      removed: false,
    }))
    return readLogs(logs, filter, block.number, block.number)
  }

  /** Null if the endpoint does not give them all. */
  async #receipts({ number, transactions }: ShownBlock): Promise<Receipt[] | null> {
    try {
      const answer = await this.#ask('eth_getBlockReceipts', [tag(number)])
      return Array.isArray(answer) ? (answer as Receipt[]) : null
    } catch (error) {
      if (!isWithout(error)) throw error
    }
    const receipts: Receipt[] = []
    for (const hash of transactions) {
      const receipt = await this.#ask('eth_getTransactionReceipt', [hash])
      if (typeof receipt !== 'object' || receipt === null) return null
      receipts.push(receipt as Receipt)
    }
    return receipts
  }

  async #ask(method: string, params: unknown[]): Promise<unknown> {
    try {
      return await this.connection.read(this.connection.provider.send(method, params) as Promise<unknown>)
    } catch (error) {
      if (error instanceof RsdpError) throw error
      throw badAnswer(method, 'an answer that is none', error)
    }
  }
}

/** Endpoints say in many words that they do not have a method. */
function isWithout(error: unknown): boolean {
  return ['method', 'params', 'refused', 'auth'].includes(troubleIn(error) ?? '')
}

/** The fields that endpoints know: some refuse a filter with others. */
const asked = ({ address, topics }: LogFilter): LogFilter => ({ address, topics })

const tag = (block: number): Hex => `0x${block.toString(16)}`
