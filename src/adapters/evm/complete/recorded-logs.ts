import type { Address, Digest, Hex } from '../../../types/ids.ts'
import type { RpcRequest } from '../history-rpc.ts'
import { bytes, quantity } from '../history-rpc.ts'

/** A log as far as a receipt commits to it, and its place in the block. */
export interface PlacedLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly index: number
}

/** What was asked by `eth_getLogs`, and answered. */
interface Query {
  readonly address: Address
  readonly topics: readonly (readonly Digest[] | null)[]
  readonly from: number
  readonly to: number
}

const METHOD = 'eth_getLogs'

/** Keeps every question for logs and its answer while an audit reads. */
export class RecordedLogs {
  readonly #queries: Query[] = []
  /** By block and place. */
  readonly #told = new Map<number, Map<number, PlacedLog>>()
  requests = 0

  /** The endpoint, with what it says of logs kept. */
  over(request: RpcRequest): RpcRequest {
    return async (method, params) => {
      this.requests += 1
      const answer = await request(method, params)
      if (method === METHOD && Array.isArray(answer)) this.#keep(params[0], answer as Fields[])
      return answer
    }
  }

  /** Whether any question would have got this log. */
  wanted(block: number, { address, topics }: PlacedLog): boolean {
    return this.#queries.some(
      (query) =>
        query.address === address &&
        query.from <= block &&
        block <= query.to &&
        query.topics.every((any, i) => any === null || any.some((topic) => topic === topics[i])),
    )
  }

  /** What was told of a block, by place. */
  toldOf(block: number): ReadonlyMap<number, PlacedLog> {
    return this.#told.get(block) ?? new Map<number, PlacedLog>()
  }

  get toldBlocks(): readonly number[] {
    return [...this.#told.keys()]
  }

  #keep(filter: unknown, answer: readonly Fields[]): void {
    const { address, topics, fromBlock, toBlock } = filter as Fields
    this.#queries.push({
      address: bytes(METHOD, address),
      topics: topics as Query['topics'],
      from: Number(quantity(METHOD, fromBlock)),
      to: Number(quantity(METHOD, toBlock)),
    })
    for (const log of answer) {
      if (log['removed'] === true) continue
      const block = Number(quantity(METHOD, log['blockNumber']))
      const ofBlock = this.#told.get(block) ?? new Map<number, PlacedLog>()
      const placed = placedLog(log, Number(quantity(METHOD, log['logIndex'])))
      this.#told.set(block, ofBlock.set(placed.index, placed))
    }
  }
}

type Fields = Readonly<Record<string, unknown>>

/** @throws RsdpError E_RPC_DOWN for fields that are none of a log */
export function placedLog(log: Fields, index: number): PlacedLog {
  const topics = Array.isArray(log['topics']) ? (log['topics'] as unknown[]) : []
  return {
    address: bytes(METHOD, log['address']),
    topics: topics.map((topic) => bytes(METHOD, topic)),
    data: bytes(METHOD, log['data']),
    index,
  }
}

/** A log in one line, to compare and to show. */
export function textOf({ address, topics, data }: PlacedLog): string {
  return `${address} [${topics.join(' ')}] ${data}`
}
