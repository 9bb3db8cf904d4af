import { bytes32, fixedCodec, struct, u64 } from 'rsdp/reducers'
import type { Digest, Reducer } from 'rsdp/reducers'

/** Of an input: one choice and the weight behind it, as `weight` and as `total`. */
interface State {
  readonly choice: Digest
  /** Behind the choice. */
  readonly weight: bigint
  /** Of all votes. */
  readonly total: bigint
}
interface Params {
  /** Highest weight that a member may state; at most 2^56, so that no sum overflows. */
  readonly max: bigint
}

const NOBODY: Digest = `0x${'00'.repeat(32)}`

/** The choice with the most weight; of several, the one whose bytes come first. */
function elect(votes: readonly State[]): State {
  const tally = new Map<Digest, bigint>()
  for (const { choice, weight } of votes) tally.set(choice, (tally.get(choice) ?? 0n) + weight)
  const total = votes.reduce((sum, { weight }) => sum + weight, 0n)
  let best: State = { choice: NOBODY, weight: 0n, total }
  for (const [choice, weight] of tally)
    if (weight > best.weight || (weight === best.weight && choice < best.choice))
      best = { choice, weight, total }
  return best
}

/** A vote with weights that members state. Twin.sol says the same. */
const reducer: Reducer<State, Params> = {
  id: 'ballot@1',
  state: fixedCodec(struct<State>({ choice: bytes32, weight: u64, total: u64 })),
  params: fixedCodec(struct<Params>({ max: u64 }), ({ max }) => max <= 2n ** 56n),
  validate: ({ weight, total }, { max }) => weight >= 1n && weight <= max && total === weight,
  aggregateStatus: (inputs) => elect(inputs.map(({ state }) => state)),
  aggregateShare: (own, shares) =>
    shares.reduce((best, { state }) => (state.weight > best.weight ? state : best), own),
  aggregateClose: (_current, remaining) => elect(remaining.map(({ state }) => state)),
}
export default reducer

const vote = (name: string, weight: bigint): State => ({
  choice: `0x${name.repeat(32)}`,
  weight,
  total: weight,
})

export const example = {
  params: { max: 5n },
  inputs: [vote('0b', 2n), vote('0b', 2n), vote('07', 5n), vote('0c', 4n)],
  draw: (below: (limit: number) => number): State => vote(`0${below(4)}`, BigInt(below(7))),
}
