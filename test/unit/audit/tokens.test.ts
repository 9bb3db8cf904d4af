import { expect } from 'chai'
import fc from 'fast-check'
import { exactTokens, formatTokens, tokenUnit, withUnits } from '../../../src/audit/tokens.ts'

const RSDP = { symbol: 'RSDP', decimals: 18 }
const SEED = 20_261_130

describe('amounts of tokens', () => {
  it('refuses to print what a hostile token calls itself', () => {
    const hostile = [
      '',
      ' ',
      'A B',
      'wei',
      'WEI',
      '5',
      '5RSDP',
      '\u001b[31mRED',
      'a\nb',
      '\u202eSDP',
      'x'.repeat(17),
    ]
    for (const symbol of hostile) expect(tokenUnit(symbol, 18n), JSON.stringify(symbol)).equal(null)
    for (const decimals of [-1n, 37n, 255n, 2n ** 255n]) expect(tokenUnit('RSDP', decimals)).equal(null)
    for (const symbol of ['RSDP', 'USD₮0', 'a.b', 'stETH', '$X', 'ΔT'])
      expect(tokenUnit(symbol, 36n)).deep.equal({ symbol, decimals: 36 })
  })

  it('shows units, rounds what has more than six places, and says so', () => {
    const shown = [
      [0n, '0 RSDP'],
      [7n, '7 wei'],
      [-7n, '-7 wei'],
      [499_999_999_999n, '499999999999 wei'],
      [500_000_000_000n, '≈ 0.000001 RSDP'],
      [10n ** 12n, '0.000001 RSDP'],
      [15n * 10n ** 17n, '1.5 RSDP'],
      [100n * 10n ** 18n + 7n, '≈ 100 RSDP'],
      [5n * 10n ** 18n - 1n, '≈ 5 RSDP'],
      [-15n * 10n ** 17n, '-1.5 RSDP'],
    ] as const
    for (const [wei, text] of shown) expect(formatTokens(wei, RSDP)).equal(text)
    expect(formatTokens(1_234_567n, { symbol: 'USDC', decimals: 6 })).equal('1.234567 USDC')
    expect(formatTokens(42n, { symbol: 'NFT', decimals: 0 })).equal('42 NFT')
    expect(formatTokens(42n, null)).equal('42 wei')
  })

  it('is off by at most half of the last place, and exact unless it says otherwise', () => {
    const amount = fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n })
    const holds = fc.property(amount, fc.integer({ min: 0, max: 36 }), (wei, decimals) => {
      const text = formatTokens(wei, { symbol: 'T', decimals })
      if (text.endsWith(' wei')) return text === `${wei} wei`
      const [, about, sign, whole = '', fraction = ''] = /^(≈ )?(-?)(\d+)(?:\.(\d+))? T$/.exec(text) ?? []
      expect(whole, text).match(/^(0|[1-9]\d*)$/)
      expect(fraction, text).match(/^(|\d*[1-9])$/)
      const size = BigInt(whole + fraction.padEnd(decimals, '0'))
      const error = (sign === '-' ? -size : size) - wei
      const half = about === undefined ? 0n : 10n ** BigInt(decimals - 6) / 2n
      return (error < 0n ? -error : error) <= half && (about === undefined || error !== 0n)
    })
    fc.assert(holds, { seed: SEED, numRuns: 2_000 })
  })

  it('keeps every place where all are wanted', () => {
    const holds = fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 128n }),
      fc.integer({ min: 0, max: 36 }),
      (wei, decimals) => {
        const [whole = '', fraction = ''] = exactTokens(wei, decimals).split('.')
        return BigInt(whole + fraction.padEnd(decimals, '0')) === wei
      },
    )
    fc.assert(holds, { seed: SEED, numRuns: 1_000 })
  })

  it('finds amounts in a text and nothing else', () => {
    expect(withUnits('2000000000000000000 wei escrow', RSDP)).equal('2 RSDP escrow')
    expect(withUnits('0x12 weird, task 1', RSDP)).equal('0x12 weird, task 1')
    expect(withUnits('3 wei', null)).equal('3 wei')
  })
})
