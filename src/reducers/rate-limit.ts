import type { LedgerEvent } from '../types/ledger.ts'
import type { MemberIndex } from '../types/ids.ts'
import { maxMinSplit } from './max-min.ts'
import { decodeBudgetEvent, rateLimitParamsCodec, rateLimitStateCodec } from './rate-limit-codec.ts'
import type { RateLimitParams, RateLimitRow, RateLimitState } from './rate-limit-codec.ts'
import type { Reducer } from './reducer.ts'

/**
 * Members that send to one provider split its token budget (the paper's own example, section 6: cluster-wide rate limit
 * compliance). Each brings the tokens it has queued, the aggregate says how many each may send in this height:
 *
 * - Σ share ≤ budget, share ≤ demand; with Σ demand ≤ budget everybody gets all;
 * - otherwise max-min fair; the left-over units of the integer division go one each to the unsatisfied members with the
 *   lowest index, so that the budget is always used up. That favours a low index by at most one token a height;
 * - demand is the member's word, and no evidence can tell a false one; what it can win is bounded by the fair level.
 *
 * Pure and total; the seed is not used.
 */
export const rateLimit: Reducer<RateLimitState, RateLimitParams> = {
  id: 'rate-limit@1',
  state: rateLimitStateCodec,
  params: rateLimitParamsCodec,

  /** Budget 0 and one row with member 0, share 0, demand ≤ demandMax. */
  validate(input, params) {
    const [row] = input.rows
    if (row === undefined || input.rows.length !== 1 || input.budget !== 0n) return false
    return row.member === 0 && row.share === 0n && row.demand <= params.demandMax
  },

  /** One row per input. Input order does not matter: rows come out by member. */
  aggregateStatus(inputs, params, { events }) {
    const demands = new Map(inputs.map(({ member, state }) => [member, state.rows[0]?.demand ?? 0n]))
    return split(currentBudget(params, events), demands)
  },

  /**
   * Union of all rows, the larger demand where states differ, split again with the largest budget seen. Commutative,
   * associative and idempotent, so members that received the same states in any order agree.
   */
  aggregateShare(own, shares) {
    const demands = new Map<MemberIndex, bigint>()
    let budget = own.budget
    for (const state of [own, ...shares.map((share) => share.state)]) {
      if (state.budget > budget) budget = state.budget
      for (const { member, demand } of state.rows) {
        if (demand > (demands.get(member) ?? -1n)) demands.set(member, demand)
      }
    }
    return split(budget, demands)
  },

  /** Rows of the remaining members with the demands of `current`, its budget split anew among them. */
  aggregateClose(current, remaining) {
    const staying = new Set(remaining.map((input) => input.member))
    const rows = current.rows.filter((row) => staying.has(row.member))
    return split(current.budget, new Map(rows.map((row) => [row.member, row.demand])))
  },
}

/** The budget of the last posted event that is 8 bytes long, else that of the params. */
function currentBudget(params: RateLimitParams, events: readonly LedgerEvent[]): bigint {
  const posted = events.filter(({ kind }) => kind === 'posted')
  return posted.reduce((budget, event) => decodeBudgetEvent(event.data) ?? budget, params.budget)
}

function split(budget: bigint, demands: ReadonlyMap<MemberIndex, bigint>): RateLimitState {
  const claims = [...demands].sort(([a], [b]) => a - b)
  const shares = maxMinSplit(
    budget,
    claims.map(([, demand]) => demand),
  )
  const rows = claims.map(([member, demand], i): RateLimitRow => ({ member, demand, share: shares[i] ?? 0n }))
  return { budget, rows }
}
