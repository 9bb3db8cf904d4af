import { expect } from 'chai'
import { describeWork } from '../../../src/cli/app/published-work.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { reducerHash } from '../../../src/reducers/catalog.ts'
import { paramsCodec } from '../../../src/reducers/command-log/reducer.ts'

describe('what a published task computes, for people', () => {
  it('params have the names of their fields', () => {
    const params = { minHeightTicks: 2, sessionIdleMs: 60_000, generation: 7n }
    const reducerParams = toHex(paramsCodec.encode(params))
    expect(describeWork(reducerHash('lock@1'), reducerParams)).deep.equal({
      ...{ reducer: 'lock@1', reducerParams, params },
    })
  })

  it('params that the reducer does not read, and those of a bundle, stay bytes', () => {
    const bundle = `0x${'ab'.repeat(32)}` as const
    expect(describeWork(reducerHash('median@1'), '0x07')).deep.equal({
      ...{ reducer: 'median@1', reducerParams: '0x07', params: null },
    })
    expect(describeWork(bundle, '0x07')).deep.equal({
      ...{ reducer: bundle, reducerParams: '0x07', params: null },
    })
  })
})
