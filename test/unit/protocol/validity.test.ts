import { expect } from 'chai'
import { isGloballyValid, measureValidity } from '../../../src/protocol/validity.ts'

const CASES: readonly [string, readonly string[], number, number, number][] = [
  ['one state', ['a'], 1, 0, 1],
  ['all agree', ['a', 'a', 'a', 'a'], 1, 0, 1],
  ['two halves', ['a', 'a', 'b', 'b'], 1 / 2, Math.LN2, 1 / 2],
  ['three to one', ['a', 'a', 'a', 'b'], 3 / 4, -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 10 / 16],
  ['2, 1, 1', ['a', 'b', 'a', 'c'], 1 / 2, 1.5 * Math.LN2, 6 / 16],
  ['all different', ['a', 'b', 'c', 'd'], 1 / 4, Math.log(4), 1 / 4],
]

describe('system validity', () => {
  for (const [name, states, magnitude, entropy, concentration] of CASES) {
    it(`${name}: magnitude ${magnitude}, entropy ${entropy.toFixed(4)} nats, concentration ${concentration}`, () => {
      const measured = measureValidity(states)
      expect(measured?.compared).to.equal(states.length)
      expect(measured?.magnitude).to.equal(magnitude)
      expect(measured?.entropy).to.be.closeTo(entropy, 1e-12)
      expect(measured?.concentration).to.be.closeTo(concentration, 1e-12)
    })
  }

  it('says nothing about no states', () => {
    expect(measureValidity([])).to.equal(null)
  })

  it('agreement has entropy zero, without a sign', () => {
    expect(Object.is(measureValidity(['a', 'a'])?.entropy, 0)).to.equal(true)
  })

  it('does not depend on order', () => {
    expect(measureValidity(['a', 'b', 'a'])).to.deep.equal(measureValidity(['b', 'a', 'a']))
  })

  it('a node is globally valid if its aggregate is the final one', () => {
    expect(isGloballyValid('a', 'a')).to.equal(true)
    expect(isGloballyValid('a', 'b')).to.equal(false)
  })
})
