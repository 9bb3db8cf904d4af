import type { DecidedState } from '../ports/state-source.ts'
import type { Codec } from '../reducers/reducer.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { MemberIndex } from '../types/ids.ts'

/** One decided height. All amounts are tokens. */
export interface ReportRow {
  readonly height: number
  readonly budget: bigint
  /** Claimed by all members in the decided list. */
  readonly demandTotal: bigint
  readonly grantedTotal: bigint
  /** Claimed and not granted in this height. */
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

/** What states of `rate-limit@1` and `rate-lease@1` have in common. */
export interface SharedBudget {
  readonly budget: bigint
  readonly rows: readonly { readonly member: MemberIndex; readonly demand: bigint; readonly share: bigint }[]
}

/** What was decided, for people. Throws RsdpError E_REPORT_STATE for a state that is not canonical. */
export function report(decided: readonly DecidedState[], codec: Codec<SharedBudget>): readonly ReportRow[] {
  return decided.map(({ height, state }) => {
    const decoded = codec.decode(state)
    if (decoded === null) throw stateError(height)
    const demandTotal = decoded.rows.reduce((sum, row) => sum + row.demand, 0n)
    const grantedTotal = decoded.rows.reduce((sum, row) => sum + row.share, 0n)
    return {
      height,
      budget: decoded.budget,
      demandTotal,
      grantedTotal,
      waitingTotal: decoded.rows.reduce(
        (sum, { demand, share }) => (demand > share ? sum + demand - share : sum),
        0n,
      ),
      contended: demandTotal > decoded.budget,
      members: decoded.rows.map(({ member, demand, share }) => ({ member, queue: demand, share })),
    }
  })
}

function stateError(height: number): RsdpError {
  return new RsdpError({
    code: 'E_REPORT_STATE',
    message: `the state of height ${height} is not a state of a shared budget`,
    hint: 'report only tasks whose reducer is rate-limit@1 or rate-lease@1',
    exit: EXIT.mismatch,
    details: { height },
  })
}
