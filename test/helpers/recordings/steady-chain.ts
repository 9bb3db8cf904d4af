import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DEV_ACCOUNTS, DEV_MNEMONIC, devAccounts } from '../../../src/adapters/hardhat/dev-accounts.ts'
import type { DevChain } from '../../../src/adapters/hardhat/dev-chain.ts'
import { createEnvironment } from '../../../src/adapters/hardhat/environment.ts'

const HOST = '127.0.0.1'
const CHAIN_ID = 31337
const FIRST_DAY = '2030-01-01T00:00:00Z'
/** What makes a block: its time is set before. */
const MAKES_BLOCKS = new Set(['eth_sendRawTransaction', 'eth_sendTransaction', 'evm_mine', 'hardhat_mine'])

interface Call {
  readonly method: string
  readonly params?: readonly unknown[]
}

/** A local chain whose blocks follow from the requests alone: blocks come one second apart, whatever the clock says. */
export async function startSteadyChain(): Promise<DevChain> {
  const environment = await createEnvironment({
    networks: {
      default: {
        ...{ type: 'edr-simulated', chainType: 'l1', chainId: CHAIN_ID, hardfork: 'osaka' },
        accounts: { mnemonic: DEV_MNEMONIC, count: DEV_ACCOUNTS },
        initialDate: FIRST_DAY,
        mining: { auto: true, interval: 0 },
      },
    },
  })
  const connection = await environment.network.create('default')
  const ask = ({ method, params = [] }: Call): Promise<unknown> =>
    connection.provider.request({ method, params: [...params] })
  let timeS = Date.parse(FIRST_DAY) / 1_000

  async function answer(call: Call): Promise<unknown> {
    if (!MAKES_BLOCKS.has(call.method)) return ask(call)
    await ask({ method: 'evm_setNextBlockTimestamp', params: [timeS + 1] })
    const result = await ask(call)
    const latest = await ask({ method: 'eth_getBlockByNumber', params: ['latest', false] })
    timeS = Number((latest as { readonly timestamp: string }).timestamp)
    return result
  }

  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const { id, ...call } = JSON.parse(text) as Call & { readonly id: number }
      // one after the other: what is asked at the same time would make blocks in any order
      last = last.then(async () => {
        const said = await answer(call).then(
          (result) => ({ result }),
          (error: unknown) => ({ error: errorOf(error) }),
        )
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ rpcUrl: `http://${HOST}:${port}`, port, chainId: CHAIN_ID, accounts: devAccounts() },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await connection.close()
    },
  }
}

function errorOf(error: unknown): object {
  const { code = -32_000, message, data } = error as { code?: number; message: string; data?: unknown }
  return { code, message, ...(data === undefined ? {} : { data }) }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
