import { expect } from 'chai'
import type { Aggregated } from '../../../src/cli/app/replay.ts'
import { isChanged, recording, replay } from '../../../src/cli/app/replay.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { median } from '../../../src/reducers/median.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { AnyReducer } from '../../../src/reducers/catalog.ts'
import type { Bundle } from '../../../src/sandbox/bundle.ts'
import { openBundle, stockBundle } from '../../helpers/stock-bundles.ts'

const PARAMS = toHex(median.params.encode({ min: 0n, max: 100n }))
const NARROW = toHex(median.params.encode({ min: 0n, max: 20n }))
const SEED = `0x${'5e'.repeat(32)}` as const
const input = (member: number, value: bigint): { member: number; state: Uint8Array } => ({
  member,
  state: median.state.encode({ median: 0n, rows: [{ member: 0, value }] }),
})

/** Heights 1 and 2, the second with a leaver. */
function history(): Map<number, Aggregated> {
  const kept = new Map<number, Aggregated>()
  const find = (): AnyReducer => recording(median, kept)
  for (const height of [1, 2]) {
    const context = { seed: SEED, height, members: [], previous: null, events: [] }
    const inputs = [input(0, 10n), input(1, 20n), input(2, BigInt(20 + height))]
    const call = { reducer: median.id, params: PARAMS, context, inputs, closing: height === 2 }
    expect(runReducer(call, { find }).ok).to.equal(true)
  }
  return kept
}

describe('replay', () => {
  let bundle: Bundle
  before(async () => (bundle = openBundle(await stockBundle('median@1'))))

  it('of the same reducer changes nothing, with a leaver too', () => {
    const heights = replay(bundle, PARAMS, history())
    expect(heights.map(({ height }) => height)).to.deep.equal([1, 2])
    expect(heights.filter(isChanged)).to.deep.equal([])
    expect(history().get(2)?.closing).to.equal(true)
  })

  it('names the members whose inputs are not accepted any more', () => {
    const heights = replay(bundle, NARROW, history())
    expect(heights.map(({ refused }) => refused)).to.deep.equal([[2], [2]])
    expect(heights.every(isChanged)).to.equal(true)
  })

  it('says why another bundle has no state, or which it has', async () => {
    const other = openBundle(await stockBundle('popular-value@1'))
    const [first] = replay(other, '0x', history())
    expect(first).to.deep.include({ after: null, code: 'threw' })
    expect(first!.before).to.equal(toHex(history().get(1)!.state))
    expect(isChanged(first!)).to.equal(true)
  })
})
