import type { DecidedState } from '../../ports/state-source.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { MemberIndex } from '../../types/ids.ts'

/** One decided height. All amounts are tokens. */
export interface ReportRow {
  readonly height: number
  readonly budget: bigint
  /** Claimed by all members in the decided list. */
  readonly demandTotal: bigint
  readonly grantedTotal: bigint
  /** demandTotal − grantedTotal: claimed and not granted in this height. */
  readonly waitingTotal: bigint
  /** More was claimed than the budget covers. */
  readonly contended: boolean
  /** By member; members that were not in the decided list are missing. */
  readonly members: readonly MemberReport[]
}

export interface MemberReport {
  readonly member: MemberIndex
  /** The demand it signed. */
  readonly queue: bigint
  readonly share: bigint
}

/** What was decided, for people. Throws RsdpError E_REPORT_STATE for a state that is not canonical. */
export function report(decided: readonly DecidedState[]): readonly ReportRow[] {
  return decided.map(({ height, state }) => {
    const decoded = rateLimit.state.decode(state)
    if (decoded === null) throw stateError(height)
    const demandTotal = decoded.rows.reduce((sum, row) => sum + row.demand, 0n)
    const grantedTotal = decoded.rows.reduce((sum, row) => sum + row.share, 0n)
    return {
      height,
      budget: decoded.budget,
      demandTotal,
      grantedTotal,
      waitingTotal: demandTotal - grantedTotal,
      contended: demandTotal > decoded.budget,
      members: decoded.rows.map(({ member, demand, share }) => ({ member, queue: demand, share })),
    }
  })
}

function stateError(height: number): RsdpError {
  return new RsdpError({
    code: 'E_REPORT_STATE',
    message: `the state of height ${height} is not a rate-limit@1 state`,
    hint: 'report only tasks whose reducer is rate-limit@1',
    exit: EXIT.mismatch,
    details: { height },
  })
}
