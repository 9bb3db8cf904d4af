import type { Address, Digest, Hex } from '../../../types/ids.ts'
import { badAnswer, bytes, quantity } from '../history-rpc.ts'

/** A log as an endpoint gives it in an answer or in a receipt. */
export interface PageLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: number
  readonly blockHash: Digest
  /** Its place in the block. */
  readonly index: number
}

export interface LogFilter {
  readonly address: readonly string[]
  readonly topics: readonly [readonly string[]]
}

const METHOD = 'eth_getLogs'

/** Logs that match a filter, of blocks `from` … `to`, each once, in the order of the chain. @throws RsdpError E_RPC_DOWN */
export function readLogs(answer: unknown, filter: LogFilter, from: number, to: number): PageLog[] {
  if (!Array.isArray(answer)) throw badAnswer(METHOD, 'no list of logs')
  const found = new Map<string, PageLog>()
  for (const item of answer as unknown[]) {
    const log = readLog(item)
    if (log === null || log.blockNumber < from || log.blockNumber > to || !matches(log, filter)) continue
    found.set(`${log.blockNumber}/${log.index}`, log)
  }
  return [...found.values()].sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
}

/** Null: it was taken back by a re-org. */
function readLog(item: unknown): PageLog | null {
  if (typeof item !== 'object' || item === null) throw badAnswer(METHOD, 'a log that is none')
  const log = item as Readonly<Record<string, unknown>>
  if (log['removed'] === true) return null
  if (!Array.isArray(log['topics'])) throw badAnswer(METHOD, 'a log without topics')
  return {
    address: bytes(METHOD, log['address']),
    topics: (log['topics'] as unknown[]).map((topic) => bytes(METHOD, topic)),
    data: bytes(METHOD, log['data']),
    blockNumber: Number(quantity(METHOD, log['blockNumber'])),
    blockHash: bytes(METHOD, log['blockHash']),
    index: Number(quantity(METHOD, log['logIndex'])),
  }
}

function matches({ address, topics: [topic] }: PageLog, filter: LogFilter): boolean {
  return filter.address.includes(address) && topic !== undefined && filter.topics[0].includes(topic)
}
