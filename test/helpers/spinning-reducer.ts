import { fixedCodec, struct, u64 } from '../../src/reducers/author.ts'
import type { Reducer } from '../../src/reducers/author.ts'

interface State {
  readonly loops: bigint
}
interface Params {
  readonly max: bigint
}

/** Loops as often as the inputs say: what a careless author would accept, who bounds inputs and not their cost. */
function spin(states: readonly State[]): State {
  const loops = states.reduce((sum, state) => sum + state.loops, 0n)
  let left = Number(loops)
  while (left > 0) left -= 1
  return { loops }
}

const reducer: Reducer<State, Params> = {
  id: 'spin@1',
  state: fixedCodec(struct<State>({ loops: u64 })),
  params: fixedCodec(struct<Params>({ max: u64 })),
  validate: ({ loops }, { max }) => loops <= max,
  aggregateStatus: (inputs) => spin(inputs.map(({ state }) => state)),
  aggregateShare: (own, shares) => spin([own, ...shares.map(({ state }) => state)]),
  aggregateClose: (_current, remaining) => spin(remaining.map(({ state }) => state)),
}
export default reducer
