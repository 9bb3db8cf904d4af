import type { Connection } from '../adapters/evm/connection.ts'
import { RsdpError } from '../types/errors.ts'
import type { Check } from './commands/doctor.ts'

const NOBODY = `0x${'00'.repeat(20)}`
const CALL = { from: NOBODY, to: NOBODY }
/** Blocks whose state every full node keeps. */
const STATE_BLOCKS = 64

/** What commands and nodes can do without, or not: by the words of the endpoint. */
const ASKED: readonly (readonly [
  what: string,
  method: string,
  params: (head: string, old: string) => unknown[],
])[] = [
  ['eth_estimateGas as of the pending block', 'eth_estimateGas', () => [CALL, 'pending']],
  ['the count of pending transactions', 'eth_getTransactionCount', () => [NOBODY, 'pending']],
  ['a tip for gas', 'eth_maxPriorityFeePerGas', () => []],
  [`state of ${STATE_BLOCKS} blocks ago`, 'eth_getBalance', (_, old) => [NOBODY, old]],
  [
    '2,000 blocks of logs at once',
    'eth_getLogs',
    (head, old) => [{ address: NOBODY, fromBlock: old, toBlock: head }],
  ],
]

/** What the endpoint does not do: nodes and commands get along without it, but more slowly or with less to go by. */
export async function checkEndpoint(connection: Connection): Promise<Check> {
  const { provider } = connection
  const head = await connection.read(provider.getBlockNumber())
  const hex = (block: number): string => `0x${Math.max(0, block).toString(16)}`
  const lacks: string[] = []
  for (const [what, method, params] of ASKED) {
    const blocks = method === 'eth_getLogs' ? 1_999 : STATE_BLOCKS
    try {
      await connection.read(provider.send(method, params(hex(head), hex(head - blocks))))
    } catch (error) {
      if (!(error instanceof RsdpError)) throw error
      const { said } = error.details
      lacks.push(`${what} (${typeof said === 'string' && said !== '' ? said : error.message})`)
    }
  }
  const name = 'endpoint'
  if (lacks.length === 0)
    return { name, verdict: 'ok', text: 'does all that nodes and commands ask for', hint: '' }
  return {
    name,
    verdict: 'warn',
    text: `does not give ${lacks.join('; ')}`,
    hint: 'nodes and commands get along without it; another RPC endpoint may be quicker',
  }
}
