import type { Judge } from '../../api/task-feed.ts'
import { fromHex } from '../../codec/hex.ts'
import type { Bundles } from '../../ports/bundles.ts'
import { acceptsInput, isCanonical } from '../../reducers/apply.ts'
import { findReducer } from '../../reducers/catalog.ts'
import type { Digest } from '../../types/ids.ts'

/** Asks the reducer of a task: a stock one here, a bundle in its sandbox. */
export function judgeInput(bundles: Bundles | null): Judge {
  return ({ reducer, params }, input) => {
    const stock = findReducer(reducer)
    if (stock !== null) {
      const accepted = isCanonical(stock, input) && acceptsInput(stock, fromHex(params.reducerParams), input)
      return Promise.resolve(accepted)
    }
    return bundles?.runner.judge(reducer as Digest, params.reducerParams, input) ?? Promise.resolve(null)
  }
}
