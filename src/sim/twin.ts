import type { TwinModel } from '../adapters/memory/judge-evidence.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import { isValidInput, runReducer } from '../reducers/run.ts'
import type { Address } from '../types/ids.ts'

/** Where the twin is. */
export const TWIN: Address = `0x${'7e'.repeat(20)}`

/** The twin of the simulated task's reducer: gives what the reducer gives. */
export const twinModel: TwinModel = {
  validate: (params, state) => isValidInput(rateLimit.id, params, state),
  aggregate: ({ params, context, inputs, closing }) => {
    const result = runReducer({ reducer: rateLimit.id, params, context, inputs, closing })
    return result.ok ? result.state : null
  },
}
