import { expect } from 'chai'
import { toHex } from '../../../src/codec/hex.ts'
import { reducerIds } from '../../../src/reducers/catalog.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { fromHex } from '../../../src/codec/hex.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { readVectors } from '../../helpers/vectors.ts'

interface Vector {
  readonly reducer: string
  readonly name: string
  readonly params: Hex
  readonly seed: Hex
  readonly inputs: readonly { readonly member: number; readonly state: Hex }[]
  readonly events: readonly Hex[]
  readonly state: Hex
}
const vectors = readVectors('reducers') as readonly Vector[]

describe('reducer vectors', () => {
  it('there are some of each stock reducer', () => {
    expect([...new Set(vectors.map(({ reducer }) => reducer))]).to.have.members(reducerIds())
  })

  for (const { reducer, name, params, seed, inputs, events, state } of vectors) {
    it(`${reducer}: ${name}`, () => {
      const result = runReducer({
        reducer,
        params,
        seed,
        inputs: inputs.map((input) => ({ member: input.member, state: fromHex(input.state) })),
        events: events.map((event, i) => ({ seq: i + 1, data: fromHex(event) })),
      })
      expect(result.ok ? toHex(result.state) : result.code).to.equal(state)
    })
  }
})
