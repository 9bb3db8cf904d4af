import type { FakeRpc, RpcRequest } from './chain-rpc.ts'
import { fakeRpc } from './chain-rpc.ts'

/** What a link does to one request. Late: the answer comes after others. Doubled: the endpoint sees it twice. */
export type Mishap =
  'none' | 'lost-request' | 'lost-answer' | 'late' | 'doubled' | 'doubled-late' | 'null' | 'stale'

export interface BadLink extends FakeRpc {
  /** Nothing happens to requests any more. */
  heal(): void
  readonly mishaps: ReadonlyMap<Mishap, number>
}

/** Share of requests to which each happens. */
const SHARES: readonly (readonly [Mishap, number])[] = [
  ['lost-request', 0.1],
  ['lost-answer', 0.15],
  ['late', 0.08],
  ['doubled', 0.06],
  ['doubled-late', 0.04],
  // an index that is behind: what is not known yet, or what was true a while ago
  ['null', 0.3],
  ['stale', 0.08],
]
/** Methods whose answer may be null for something that exists. */
const NULLABLE = /^eth_get(TransactionReceipt|TransactionByHash)$/

/**
 * A real endpoint behind a link that drops, delays, doubles and reorders requests and answers of every method, and in
 * front of which several backends answer, some behind others.
 *
 * @param random in [0, 1)
 */
export async function badLink(target: string, random: () => number): Promise<BadLink> {
  const mishaps = new Map<Mishap, number>()
  const former = new Map<string, string>()
  let isHealed = false
  const draw = ({ method }: RpcRequest): Mishap => {
    let at = random()
    if (isHealed) return 'none'
    const [found] = SHARES.find(([, share]) => (at -= share) < 0) ?? []
    if (found === 'null' && !NULLABLE.test(method)) return 'none'
    return found ?? 'none'
  }
  const link = await fakeRpc(async (request, response) => {
    const mishap = draw(request)
    mishaps.set(mishap, (mishaps.get(mishap) ?? 0) + 1)
    const answered = (text: string): true => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
      return true
    }
    const key = JSON.stringify([request.method, request.params])
    const old = former.get(key)
    if (mishap === 'lost-request') {
      response.destroy()
      return true
    }
    if (mishap === 'null') return answered(JSON.stringify({ jsonrpc: '2.0', id: request.id, result: null }))
    if (mishap === 'stale' && old !== undefined && request.method !== 'eth_sendRawTransaction')
      return answered(JSON.stringify({ ...(JSON.parse(old) as object), id: request.id }))
    let text = await forward(target, request)
    former.set(key, old ?? text)
    // the answer to the second may come first, or the first's be lost
    if (mishap.startsWith('doubled')) text = await forward(target, request)
    if (mishap.endsWith('late')) await new Promise((resolve) => setTimeout(resolve, random() * 30))
    if (mishap !== 'lost-answer') return answered(text)
    response.destroy()
    return true
  })
  return { ...link, mishaps, heal: () => (isHealed = true) }
}

async function forward(target: string, request: RpcRequest): Promise<string> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...request })
  const answer = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return answer.text()
}
