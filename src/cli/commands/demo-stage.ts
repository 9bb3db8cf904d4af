import type { TwoProviders } from '../demo/two-providers.ts'
import { DEMO_LIMIT } from '../../demo/budget.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { LiarWatch } from '../local/liar-watch.ts'
import type { LocalNetwork } from '../local/network.ts'
import type { Watch } from '../local/watch.ts'
import type { DemoOptions } from '../options.ts'

/** A block at least this often; each transaction makes one besides. */
export const BLOCK_MS = 250
/** The provider's budget, tokens per window; after a quarter of the demo the later one, which it posts on the ledger. */
export const BUDGET = Number(DEMO_LIMIT.budget)
export const LATER_BUDGET = 90_000

/** The node that is slow on purpose, by order of start, and the height at which it is: longer than DEBATE lasts. */
export const SLOW = { node: 2, height: 3, windows: 3 }

/** What every chapter of the story works on. */
export interface Stage {
  readonly options: DemoOptions
  readonly network: LocalNetwork
  readonly providers: TwoProviders
  readonly windowMs: number
  readonly watch: Watch
  /** Null: nobody lies. */
  readonly liar: LiarWatch | null
  readonly say: (line: string) => void
  readonly wait: (what: string, timeoutMs: number, condition: () => boolean) => Promise<void>
}

/** What was promised and did not happen. */
export function missing(what: string): RsdpError {
  return new RsdpError({
    code: 'E_MISSING_EVENT',
    message: `the demo promises, but did not see: ${what}`,
    hint: 'run it again with --data-dir to keep the logs, and report it if it repeats',
    exit: EXIT.mismatch,
  })
}
