import { expect } from 'chai'
import { describedStock, paramsFrom } from '../../../src/cli/app/named-fields.ts'
import { fromHex } from '../../../src/codec/hex.ts'
import { reducerIds } from '../../../src/reducers/catalog.ts'

const read = (name: string, text: string): unknown => {
  const described = describedStock(name)!
  const params = paramsFrom(described, text)
  return params === null ? null : described.reducer.params.decode(fromHex(params))
}

describe('params by the names of their fields', () => {
  it('are read for every stock reducer', () => {
    expect(read('median@1', '{"min":-40000,"max":"85000"}')).to.deep.equal({ min: -40_000n, max: 85_000n })
    expect(read('rate-limit@1', '{"demandMax":7,"budget":9}')).to.deep.equal({ budget: 9n, demandMax: 7n })
    expect(read('time-slots@1', '{"slots":8}')).to.deep.equal({ slots: 8 })
    expect(read('popular-value@1', '{}')).to.deep.equal({})
    expect(read('weighted-vote@1', '{"weightMin":1,"weightMax":3}')).to.deep.equal({
      weightMin: 1n,
      weightMax: 3n,
    })
    for (const name of reducerIds()) {
      const { reducer, exampleParams } = describedStock(name)!
      expect(reducer.params.decode(reducer.params.encode(exampleParams)), name).to.deep.equal(exampleParams)
    }
  })

  it('keep integers beyond 2^53, written as strings', () => {
    expect(read('rate-limit@1', '{"budget":"18446744073709551615","demandMax":0}')).to.deep.equal({
      budget: 2n ** 64n - 1n,
      demandMax: 0n,
    })
  })

  for (const [why, text] of [
    ['no JSON', '{min:1}'],
    ['a field is missing', '{"min":1}'],
    ['a field is not known', '{"min":1,"max":2,"mean":3}'],
    ['a fraction', '{"min":0.5,"max":2}'],
    ['an integer that JSON has rounded', '{"min":0,"max":9007199254740993}'],
    ['text that is no integer', '{"min":"one","max":2}'],
    ['beyond its width', `{"min":0,"max":"${2n ** 127n}"}`],
    ['a list', '[0,1]'],
    ['nothing', 'null'],
  ] as const)
    it(`are refused: ${why}`, () => {
      expect(read('median@1', text)).to.equal(null)
    })

  it('of no stock reducer are nobody’s', () => {
    expect(describedStock('mean@1')).to.equal(null)
  })
})
