import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { DEV_ACCOUNTS, DEV_MNEMONIC } from '../../../src/adapters/hardhat/dev-accounts.ts'
import { createEnvironment } from '../../../src/adapters/hardhat/environment.ts'
import { anvilProgram } from '../anvil.ts'

/** Counts as a chain that is worth something, with windows of days: Sepolia's id. */
export const REAL_CHAIN_ID = 11_155_111
export const LOCAL_CHAIN_ID = 31_337

/** A chain for one life: its blocks come by themselves, and a test can let days pass. */
export interface LifeChain {
  readonly name: string
  readonly rpcUrl: string
  readonly chainId: number
  readonly blockSeconds: number
  /** Mines so many blocks at once, `blockSeconds` apart by their time stamps. */
  mine(blocks: number): Promise<void>
  /** Sets an account's currency: on this chain nobody gives any away. */
  setBalance(address: string, wei: bigint): Promise<void>
  /** The time of the next block is so many seconds further. */
  skip(seconds: number): Promise<void>
  close(): Promise<void>
}

export interface LifeChainOptions {
  readonly chainId: number
  readonly blockSeconds: number
  /** A transaction is mined at once; else it waits for the next block. */
  readonly automine: boolean
}

/** Foundry's anvil as a process of its own, with a block every so often in real time; null: npm has none for this machine. */
export async function anvilChain(options: LifeChainOptions): Promise<LifeChain | null> {
  const { chainId, blockSeconds, automine } = options
  const program = anvilProgram()
  if (program === null) return null
  const args = ['--port', '0', '--accounts', String(DEV_ACCOUNTS), '--chain-id', String(chainId)]
  args.push('--block-time', String(blockSeconds), ...(automine ? ['--mixed-mining'] : []))
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<null>((resolve) => child.once('exit', () => resolve(null)))
  const listening = new Promise<string>((resolve) => {
    // the reader goes on, so that the pipe never fills
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, address] = /^Listening on (\S+)/.exec(line) ?? []
      if (address !== undefined) resolve(`http://${address}`)
    })
  })
  const rpcUrl = await Promise.race([listening, exited])
  if (rpcUrl === null) throw new Error(`anvil ended with ${String(child.exitCode)} before it listened`)
  return {
    name: `anvil ${blockSeconds} s`,
    rpcUrl,
    chainId,
    blockSeconds,
    mine: (blocks) => call(rpcUrl, 'anvil_mine', [hex(blocks), hex(blockSeconds)]),
    setBalance: (address, wei) => call(rpcUrl, 'anvil_setBalance', [address, hex(wei)]),
    skip: (seconds) => call(rpcUrl, 'evm_increaseTime', [hex(seconds)]),
    close: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Hardhat's chain in this process, with a block every so often in real time. */
export async function hardhatChain(options: LifeChainOptions): Promise<LifeChain> {
  const { chainId, blockSeconds, automine } = options
  const environment = await createEnvironment({
    networks: {
      default: {
        type: 'edr-simulated',
        chainType: 'l1',
        chainId,
        hardfork: 'osaka',
        accounts: { mnemonic: DEV_MNEMONIC, count: DEV_ACCOUNTS },
        allowBlocksWithSameTimestamp: true,
        mining: { auto: automine, interval: blockSeconds * 1_000 },
      },
    },
  })
  const server = await environment.network.createServer('default', '127.0.0.1', 0)
  const { port } = await server.listen()
  const rpcUrl = `http://127.0.0.1:${port}`
  return {
    name: `Hardhat ${blockSeconds} s, ${automine ? 'automine' : 'no automine'}`,
    rpcUrl,
    chainId,
    blockSeconds,
    mine: (blocks) => call(rpcUrl, 'hardhat_mine', [hex(blocks), hex(blockSeconds)]),
    setBalance: (address, wei) => call(rpcUrl, 'hardhat_setBalance', [address, hex(wei)]),
    skip: (seconds) => call(rpcUrl, 'evm_increaseTime', [hex(seconds)]),
    close: async () => {
      await call(rpcUrl, 'evm_setIntervalMining', [0])
      await server.close()
    },
  }
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`

/** On a connection of its own: the chain ends one that was idle for seconds, perhaps as a call is on its way. */
async function call(rpcUrl: string, method: string, params: readonly unknown[]): Promise<void> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { error } = (await response.json()) as { error?: { message: string } }
  if (error !== undefined) throw new Error(`${method}: ${error.message}`)
}
