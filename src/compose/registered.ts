import type { EvmChain } from '../adapters/evm/evm-chain.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'

/**
 * A node without registration, stake or gas could do nothing, and would not say why.
 *
 * @throws RsdpError E_KEY_UNREGISTERED, E_NOT_STAKED, E_FUNDS_GAS
 */
export async function requireRegistered(chain: EvmChain, key: Address): Promise<void> {
  const registration = await chain.registration(key)
  if (registration === null) {
    throw new RsdpError({
      code: 'E_KEY_UNREGISTERED',
      message: `the signing key ${key} is not registered on this deployment`,
      hint: 'register it with its operator’s wallet: rsdp node register',
      exit: EXIT.precondition,
      details: { key },
    })
  }
  if (registration.freeStakeWei + registration.lockedStakeWei === 0n) {
    throw new RsdpError({
      code: 'E_NOT_STAKED',
      message: `the operator ${registration.operator} of signing key ${key} has no stake`,
      hint: 'add stake with the operator’s wallet: rsdp stake deposit',
      exit: EXIT.precondition,
      details: { key, operator: registration.operator },
    })
  }
  if ((await chain.gasBalance()) === 0n) {
    throw new RsdpError({
      code: 'E_FUNDS_GAS',
      message: `the signing key ${key} has nothing to pay gas with`,
      hint: `send it some with the operator’s wallet: rsdp fund ${key} 0.1`,
      exit: EXIT.precondition,
      details: { key },
    })
  }
}
