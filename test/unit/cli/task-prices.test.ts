import { expect } from 'chai'
import { parsePrices, USUAL_PRICES } from '../../../src/cli/task-prices.ts'

describe('prices of a published task', () => {
  for (const [what, options] of [
    ['a stake of nothing', { stake: '0' }],
    ['words', { reward: 'much' }],
    ['a negative fee', { checkpointFee: '-1' }],
    ['the chain’s words for gas', { formGasPrice: '2gwei' }],
    ['an empty text', { formGasPrice: '' }],
  ] as const)
    it(`refuses ${what} before the chain is asked`, () => {
      expect(() => parsePrices(options))
        .throw()
        .with.property('code', 'E_AMOUNT')
    })

  for (const [what, options, decimals] of [
    ['parts of a smallest unit', { reward: '0.0000001' }, 6],
    ['more than uint128', { stake: '1e39wei' }, 18],
    ['more than uint64 for a unit of gas', { formGasPrice: '18.446744073709551616' }, 18],
  ] as const)
    it(`refuses ${what} once the token is known`, () => {
      const pricesIn = parsePrices(options)
      expect(() => pricesIn(decimals))
        .throw()
        .with.property('code', 'E_AMOUNT')
    })

  it('are the usual ones, but for those that are given, in the decimals of the token', () => {
    expect(parsePrices({})(18)).deep.equal(USUAL_PRICES)
    const given = { stake: '50', reward: '0', checkpointFee: '0.5', formGasPrice: '2e9wei' }
    expect(parsePrices(given)(6)).deep.equal({
      stakePerNode: 50_000_000n,
      rewardPerHeight: 0n,
      checkpointFee: 500_000n,
      formGasPrice: 2_000_000_000n,
    })
    expect(parsePrices({ formGasPrice: '18.446744073709551615' })(18).formGasPrice).equal(2n ** 64n - 1n)
    expect(parsePrices({ formGasPrice: '0wei' })(18).formGasPrice).equal(0n)
  })
})
