import { expect } from 'chai'
import fc from 'fast-check'
import { formatTokens } from '../../../src/audit/tokens.ts'
import { age, amount, grouped, plural, share, short } from '../../../src/dashboard/model/format.ts'

const TOKEN = { symbol: 'RSDP', decimals: 18 }

describe('dashboard: texts', () => {
  it('amounts are those of the command line, with thousands set apart', () => {
    const ether = 10n ** 18n
    const amounts = [0n, ether, 1_234_567n * ether + ether / 2n, 7n, 1_234_567n * ether + 1n, -5_000n * ether]
    expect(amounts.map((wei) => amount(wei, TOKEN))).deep.equal([
      ...['0 RSDP', '1 RSDP', '1,234,567.5 RSDP', '7 wei', '≈ 1,234,567 RSDP', '-5,000 RSDP'],
    ])
    expect(amount(1_234n, null)).equal('1,234 wei')
  })

  it('without the commas an amount is what the command line says (property)', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.integer({ min: 0, max: 36 }),
        (wei, decimals) => {
          const unit = { symbol: 'T', decimals }
          expect(amount(wei, unit).replaceAll(',', '')).equal(formatTokens(wei, unit))
        },
      ),
      { seed: 16, numRuns: 500 },
    )
  })

  it('ages are short, and never negative', () => {
    expect([-5_000, 0, 999, 1_000, 59_999, 60_000, 3_600_000, 172_800_000].map(age)).deep.equal([
      ...['now', 'now', 'now', '1 s', '59 s', '1 min', '1 h', '2 d'],
    ])
  })

  it('only agreement of all reads 1.00', () => {
    expect([null, 0, 0.9999, 1].map(share)).deep.equal(['–', '0.00', '0.99', '1.00'])
  })

  it('hashes are shortened, short ones are not', () => {
    expect([short('0x1234567890abcdef'), short('0x12345678')]).deep.equal(['0x1234…cdef', '0x12345678'])
    expect([grouped(1_234_567), plural(1, 'height'), plural(2_000, 'height')]).deep.equal([
      '1,234,567',
      '1 height',
      '2,000 heights',
    ])
  })
})
