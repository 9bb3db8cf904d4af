import { RsdpError } from '../types/errors.ts'

/** Faults of the environment that go away by themselves. */
const PASSING: ReadonlySet<string> = new Set([
  'E_RPC_DOWN',
  'E_RPC_LIMIT',
  'E_RPC_RANGE',
  'E_RPC_STATE',
  'E_RPC_BEHIND',
  'E_RPC_PARAMS',
  'E_RPC_METHOD',
  'E_RPC_AUTH',
  'E_RPC_REFUSED',
  'E_RPC_FORK',
  'E_RPC_LOGS',
  'E_TX_TIMEOUT',
  'E_TX_KNOWN',
  'E_NONCE',
  'E_FEE_LOW',
  'E_FEE_CAP',
  'E_GAS_LIMIT',
  'E_FUNDS_GAS',
  'E_KEY_BUSY',
])

export function isPassing(error: unknown): error is RsdpError {
  return error instanceof RsdpError && PASSING.has(error.code)
}

/**
 * Does something with each item, one after the other. A passing fault of one does not keep the others from their turn:
 * the first such fault is thrown at the end. Any other error is thrown at once.
 */
export async function inTurn<T>(items: Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  let first: RsdpError | null = null
  for (const item of items) {
    try {
      await act(item)
    } catch (error) {
      if (!isPassing(error)) throw error
      first ??= error
    }
  }
  if (first !== null) throw first
}
