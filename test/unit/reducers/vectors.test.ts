import { expect } from 'chai'
import { toHex } from '../../../src/codec/hex.ts'
import { findReducer } from '../../../src/reducers/catalog.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { fromHex } from '../../../src/codec/hex.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { readVectors } from '../../helpers/vectors.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'
import { TWINNED_IDS } from '../../helpers/twin-cases.ts'

interface Vector {
  readonly reducer: string
  readonly name: string
  readonly params: Hex
  readonly seed: Hex
  readonly inputs: readonly { readonly member: number; readonly state: Hex }[]
  readonly events: readonly Hex[]
  readonly state: Hex
  /** Who stays, and what f_agg_close makes of `state` without the others. */
  readonly remaining: readonly number[]
  readonly closed: Hex
}
const vectors = readVectors('reducers') as readonly Vector[]

describe('reducer vectors', () => {
  it('there are some of each stock reducer', () => {
    expect([...new Set(vectors.map(({ reducer }) => reducer))]).to.have.members(TWINNED_IDS)
  })

  for (const { reducer, name, params, seed, inputs, events, state, remaining, closed } of vectors) {
    const context = {
      ...BARE_CONTEXT,
      seed,
      events: events.map((event, i) => ({ seq: i + 1, kind: 'posted', data: fromHex(event) }) as const),
    }
    const brought = inputs.map((input) => ({ member: input.member, state: fromHex(input.state) }))

    it(`${reducer}: ${name}`, () => {
      const result = runReducer({ reducer, params, context, inputs: brought })
      expect(result.ok ? toHex(result.state) : result.code).to.equal(state)
    })

    it(`${reducer}: ${name}, and ${remaining.length} of ${inputs.length} stay`, () => {
      const model = findReducer(reducer)!
      const staying = brought
        .filter(({ member }) => remaining.includes(member))
        .map(({ member, state: bytes }) => ({ member, state: model.state.decode(bytes) }))
      const current = model.state.decode(fromHex(state))
      const left = model.aggregateClose(current, staying, model.params.decode(fromHex(params)), context)
      expect(toHex(model.state.encode(left))).to.equal(closed)
    })
  }
})
