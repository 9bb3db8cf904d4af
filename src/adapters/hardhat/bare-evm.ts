import type { Address, Hex } from '../../types/ids.ts'
import { createEnvironment } from './environment.ts'

/** Gas of a call: what a transaction may have (EIP-7825). */
const CALL_GAS = 2 ** 24

/** An EVM in this process, of nobody and with nothing on it. */
export interface BareEvm {
  /** Null if its constructor fails. */
  deploy(creation: Hex): Promise<{ readonly address: Address; readonly code: Hex } | null>
  /** What a call gives; null if it reverts or lacks gas. */
  call(to: Address, data: Hex): Promise<Hex | null>
  /** Gas of a transaction that makes the call; null if it reverts. */
  gasOf(to: Address, data: Hex): Promise<bigint | null>
  close(): Promise<void>
}

export async function startBareEvm(): Promise<BareEvm> {
  const environment = await createEnvironment({
    networks: {
      default: { type: 'edr-simulated', chainType: 'l1', hardfork: 'osaka', transactionGasCap: false },
    },
  })
  const { provider, close } = await environment.network.create('default').then((connection) => ({
    provider: connection.provider,
    close: () => connection.close(),
  }))
  const [from] = (await provider.request({ method: 'eth_accounts' })) as Address[]
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
    (await provider.request({ method, params })) as T
  const tried = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work
    } catch (error) {
      if (isFailure(error)) return null
      throw error
    }
  }
  const gas = `0x${CALL_GAS.toString(16)}`
  return {
    deploy: async (data) => {
      const hash = await tried(ask<Hex>('eth_sendTransaction', { from, data }))
      if (hash === null) return null
      const { contractAddress: address } = await ask<{ contractAddress: Address }>(
        'eth_getTransactionReceipt',
        hash,
      )
      return { address, code: await ask<Hex>('eth_getCode', address, 'latest') }
    },
    call: (to, data) => tried(ask<Hex>('eth_call', { from, to, data, gas }, 'latest')),
    gasOf: async (to, data) => {
      const found = await tried(ask<Hex>('eth_estimateGas', { from, to, data, gas }))
      return found === null ? null : BigInt(found)
    },
    close,
  }
}

/** Of the code that ran, and not of the EVM. */
function isFailure(error: unknown): boolean {
  return (
    error instanceof Error && /revert|out of gas|invalid opcode|exception|bad jump|stack/i.test(error.message)
  )
}
