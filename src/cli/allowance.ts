import type { AllowanceLimits } from '../adapters/evm/operator.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import { parseAmount, toWei } from './amount.ts'
import type { TokenFacts } from './stake-view.ts'
import { inTokens } from './stake-view.ts'

/** Most that a key may lock by itself, a task and in all; `0` is an amount here. @throws RsdpError E_AMOUNT, E_ALLOW */
export function parseAllowance(perTask: string, total: string, decimals: number): AllowanceLimits {
  const wei = (text: string): bigint => (text === '0' ? 0n : toWei(parseAmount(text), decimals))
  const limits = { perTaskWei: wei(perTask), totalWei: wei(total) }
  if (limits.perTaskWei <= limits.totalWei) return limits
  throw new RsdpError({
    code: 'E_ALLOW',
    message: `${perTask} a task is more than ${total} in all`,
    hint: 'the first amount is for one task, the second for all tasks together',
    exit: EXIT.usage,
  })
}

/** The limits in words. */
export function showAllowance({ perTaskWei, totalWei }: AllowanceLimits, token: TokenFacts): string {
  if (totalWei === 0n) return 'the key locks nothing by itself: only the wallet signs it up'
  return `the key may lock ${inTokens(perTaskWei, token)} a task, ${inTokens(totalWei, token)} in all`
}
