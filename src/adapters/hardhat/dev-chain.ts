import { createServer } from 'node:net'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { DevAccount } from './dev-accounts.ts'
import { DEV_ACCOUNTS, DEV_MNEMONIC, devAccounts } from './dev-accounts.ts'
import { createEnvironment } from './environment.ts'

const HOST = '127.0.0.1'
const CHAIN_ID = 31337

export interface DevChainOptions {
  /** TCP port on the loopback interface; 0 takes a free one. */
  readonly port: number
  /** A block is mined this often besides those that transactions cause; 0 = only those. */
  readonly blockMs: number
}

export interface DevChain {
  readonly rpcUrl: string
  readonly port: number
  readonly chainId: number
  readonly accounts: readonly DevAccount[]
  /** Stops the blocks and the server. May be called twice. */
  close(): Promise<void>
}

/**
 * A Hardhat chain in this process with JSON-RPC over HTTP on the loopback interface. Each transaction is mined at once.
 * Nothing outlives `close`: a chain started again has the same chain id and addresses, and another deploymentId.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startDevChain({ port, blockMs }: DevChainOptions): Promise<DevChain> {
  // Hardhat's server would answer a taken port with an uncaught 'error' event
  if (port !== 0) await requireFreePort(port)
  const environment = await createEnvironment({
    networks: {
      default: {
        type: 'edr-simulated',
        chainType: 'l1',
        chainId: CHAIN_ID,
        hardfork: 'osaka',
        accounts: { mnemonic: DEV_MNEMONIC, count: DEV_ACCOUNTS },
        // block times below a second, and bursts of transactions, would else push the chain's clock into the future
        allowBlocksWithSameTimestamp: true,
        mining: { auto: true, interval: blockMs },
      },
    },
  })
  const server = await environment.network.createServer('default', HOST, port)
  const { port: bound } = await server.listen()
  const rpcUrl = `http://${HOST}:${bound}`
  const close = async (): Promise<void> => {
    if (blockMs !== 0) await stopBlocks(rpcUrl)
    await server.close()
  }
  let closing: Promise<void> | null = null
  return {
    rpcUrl,
    port: bound,
    chainId: CHAIN_ID,
    accounts: devAccounts(),
    close: () => (closing ??= close()),
  }
}

async function stopBlocks(rpcUrl: string): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'evm_setIntervalMining', params: [0] })
  // a connection that was idle for seconds may end as the call is on its way
  const headers = { 'content-type': 'application/json', connection: 'close' }
  await fetch(rpcUrl, { method: 'POST', headers, body })
}

function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (cause) => {
      const error = new RsdpError({
        code: 'E_ADDR_IN_USE',
        message: `port ${port} on ${HOST} cannot be opened: ${cause.message}`,
        hint: 'stop what listens there, or choose another port',
        exit: EXIT.busy,
        details: { host: HOST, port },
        cause,
      })
      reject(error)
    })
    probe.listen(port, HOST, () => probe.close(() => resolve()))
  })
}
