import type { AggregateContext } from '../../src/reducers/reducer.ts'
import { NIL } from '../../src/types/ids.ts'

/** The context of height 1 in a cluster of nobody, without ledger events: for reducers that look at none of it. */
export const BARE_CONTEXT: AggregateContext = {
  seed: NIL,
  height: 1,
  members: [],
  previous: new Uint8Array(),
  events: [],
}
