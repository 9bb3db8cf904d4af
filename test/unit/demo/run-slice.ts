import { DEMO_LIMIT, DEMO_LIMIT_HEX } from '../../../src/demo/budget.ts'
import { WINDOWS } from '../../../src/demo/trace.ts'
import type { TraceRow } from '../../../src/demo/trace.ts'
import { RateLimitSource } from '../../../src/demo/workload.ts'
import type { DecidedState } from '../../../src/ports/state-source.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { invariant } from '../../../src/types/errors.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

export function sourcesOf(rows: readonly TraceRow[], members: number): RateLimitSource[] {
  const { demandMax } = DEMO_LIMIT
  return Array.from(
    { length: members },
    (_, member) => new RateLimitSource({ rows, member, members, demandMax }),
  )
}

/**
 * The whole slice without a network: at each height every member that `answers` is an input, and all hear the decision.
 * Returns what was decided and, by height, what each source had brought.
 */
export async function runSlice(
  sources: readonly RateLimitSource[],
  answers: (member: number, height: number) => boolean = () => true,
): Promise<{ decided: DecidedState[]; observed: Uint8Array[][] }> {
  const decided: DecidedState[] = []
  const observed: Uint8Array[][] = []
  for (let height = 1; height <= WINDOWS; height++) {
    const states = await Promise.all(sources.map((source) => source.observe(height)))
    const inputs = states
      .map((state, member) => ({ member, state }))
      .filter(({ member }) => answers(member, height))
    const result = runReducer({
      reducer: 'rate-limit@1',
      params: DEMO_LIMIT_HEX,
      context: { ...BARE_CONTEXT, height },
      inputs,
    })
    invariant(result.ok, `height ${height} has no state`)
    const decision = { height, state: result.state }
    sources.forEach((source) => source.decided(decision))
    decided.push(decision)
    observed.push(states)
  }
  return { decided, observed }
}
