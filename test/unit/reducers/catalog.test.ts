import { expect } from 'chai'
import { id as keccakOfText } from 'ethers'
import { NIL } from '../../../src/types/ids.ts'
import { findReducer, findReducerByHash, reducerHash, reducerIds } from '../../../src/reducers/catalog.ts'

describe('reducer catalog', () => {
  it('knows nobody by a foreign name or hash', () => {
    expect(findReducer('rate-limit@2')).to.equal(null)
    expect(findReducer('__proto__')).to.equal(null)
    expect(findReducerByHash(NIL)).to.equal(null)
  })

  it('finds each stock reducer by id and by the hash on chain', () => {
    const twinned = ['rate-limit@1', 'time-slots@1', 'popular-value@1', 'median@1', 'weighted-vote@1']
    const machines = ['kv-config@1', 'lock@1', 'leader-election@1', 'work-assignment@1', 'transactions@1']
    const ids = [...twinned, ...machines, 'rate-lease@1', 'services@1', 'federated-mean@1']
    expect(reducerIds()).to.deep.equal(ids)
    for (const id of reducerIds()) {
      expect(findReducer(id)?.id).to.equal(id)
      expect(findReducerByHash(reducerHash(id))?.id).to.equal(id)
    }
  })

  it('hashes the UTF-8 text of the id', () => {
    expect(reducerHash('rate-limit@1')).to.equal(keccakOfText('rate-limit@1'))
  })
})
