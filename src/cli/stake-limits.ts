import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { StakeView } from './stake-view.ts'
import { inTokens } from './stake-view.ts'

/**
 * Tokens that the wallet lacks for a deposit: what the faucet of a local chain gives.
 *
 * @throws RsdpError E_FUNDS_STAKE on any other chain
 */
export function requireTokens(
  { operator, wallet, token, walletWei }: StakeView,
  amountWei: bigint,
  isLocal: boolean,
): bigint {
  if (walletWei >= amountWei) return 0n
  if (isLocal) return amountWei - walletWei
  throw new RsdpError({
    code: 'E_FUNDS_STAKE',
    message: `${wallet} has ${inTokens(walletWei, token)}, ${inTokens(amountWei, token)} are needed`,
    hint: `send tokens (${token.address}) to ${wallet}`,
    exit: EXIT.precondition,
    details: { operator, wallet, hasWei: walletWei, needsWei: amountWei },
  })
}

/** @throws RsdpError E_STAKE_FREE */
export function requireFree({ operator, token, freeWei, lockedWei }: StakeView, amountWei: bigint): void {
  if (freeWei >= amountWei) return
  throw new RsdpError({
    code: 'E_STAKE_FREE',
    message: `${operator} has ${inTokens(freeWei, token)} free, ${inTokens(amountWei, token)} are to unbond`,
    hint:
      lockedWei > 0n
        ? `${inTokens(lockedWei, token)} are locked in tasks and become free when those are released`
        : 'unbond less',
    exit: EXIT.precondition,
    details: { operator, freeWei, lockedWei, needsWei: amountWei },
  })
}
