import { expect } from 'chai'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const params = toHex(rateLimit.params.encode({ budget: 100n, demandMax: 1000n }))
const stateOf = (...demands: readonly (readonly [member: number, demand: bigint])[]): Uint8Array =>
  rateLimit.state.encode({
    budget: 100n,
    rows: demands.map(([member, demand]) => ({ member, demand, share: 0n })),
  })

describe('f_agg_share through the runner', () => {
  const call = { reducer: rateLimit.id, params, context: BARE_CONTEXT }

  it('merges the own state with those received', () => {
    const inputs = [
      { member: 1, state: stateOf([1, 30n], [2, 10n]) },
      { member: 2, state: stateOf([2, 20n]) },
    ]
    const result = runReducer({ ...call, own: stateOf([0, 10n]), inputs })
    const rows = result.ok ? rateLimit.state.decode(result.state)?.rows : []
    expect(rows?.map(({ member, share }) => [member, share])).to.deep.equal([
      [0, 10n],
      [1, 30n],
      [2, 20n],
    ])
  })

  it('leaves out what does not decode, and refuses an own state that is none', () => {
    const own = stateOf([0, 10n])
    const inputs = [{ member: 1, state: Uint8Array.of(1, 2, 3) }]
    expect(runReducer({ ...call, own, inputs })).to.deep.equal(runReducer({ ...call, own, inputs: [] }))
    expect(runReducer({ ...call, own: Uint8Array.of(1), inputs: [] })).to.deep.equal({
      ok: false,
      code: 'badInput',
    })
  })
})
