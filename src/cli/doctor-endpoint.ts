import type { Connection } from '../adapters/evm/connection.ts'
import { RsdpError } from '../types/errors.ts'
import type { Check } from './doctor-check.ts'

const NAME = 'endpoint'
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

/** A line for each endpoint: what is wrong with it, and what it does not do. */
export async function checkEndpoints({ pool }: Connection): Promise<Check[]> {
  const checks: Check[] = []
  for (const { name, connection, trouble } of pool.all) {
    const shown = pool.all.length === 1 ? '' : `${name} `
    if (trouble === null) checks.push(await checkEndpoint(connection, shown))
    else
      checks.push({
        name: NAME,
        verdict: 'warn',
        text: `${shown}${trouble.kind}: ${trouble.text}`,
        hint: 'the others are asked; take it out if this lasts',
      })
  }
  return checks
}

/** What the endpoint does not do: nodes and commands get along without it, but more slowly or with less to go by. */
async function checkEndpoint(connection: Connection, shown: string): Promise<Check> {
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
  if (lacks.length === 0)
    return { name: NAME, verdict: 'ok', text: shown + 'does all that nodes and commands ask for', hint: '' }
  return {
    name: NAME,
    verdict: 'warn',
    text: `${shown}does not give ${lacks.join('; ')}`,
    hint: 'nodes and commands get along without it; another RPC endpoint may be quicker',
  }
}
