import type { Terms } from '../codec/roots.ts'
import { isStockTwin } from '../policy/judge.ts'
import type { StockTwins } from '../policy/offer.ts'
import type { Chain } from '../ports/chain.ts'
import type { Hex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** Code of a task's twin, for the policy to look at; null if it has none, or the stock twin of its reducer, known by its hash. */
export async function foreignTwinCode(
  chain: Pick<Chain, 'code'>,
  { twin, reducer }: Pick<TaskParams, 'twin' | 'reducer'>,
  { twinCodeHash }: Pick<Terms, 'twinCodeHash'>,
  stockTwins: StockTwins,
): Promise<Hex | null> {
  return BigInt(twin) === 0n || isStockTwin(stockTwins, twinCodeHash, reducer) ? null : chain.code(twin)
}
