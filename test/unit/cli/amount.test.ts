import { expect } from 'chai'
import fc from 'fast-check'
import { parseAmount, showAmount, toWei } from '../../../src/cli/amount.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const DECIMALS = 18
const wei = (text: string): bigint => toWei(parseAmount(text), DECIMALS)

function codeOf(text: string): string {
  try {
    return String(wei(text))
  } catch (error) {
    return error instanceof RsdpError ? error.code : 'a stranger'
  }
}

describe('amounts on the command line', () => {
  it('refuses what is none', () => {
    for (const text of [
      '',
      ' ',
      '-1',
      '+1',
      '1,5',
      '.5',
      '1.',
      '0x10',
      '1e',
      '1e999',
      'ten',
      '1 rsdp',
      '1eth',
      '0',
    ])
      expect(codeOf(text), text).equal('E_AMOUNT')
  })

  it('refuses parts of the smallest unit and more than a contract can hold', () => {
    for (const text of ['1.5wei', '0.0000000000000000001', '1e-1', '1e39wei', '1e30'])
      expect(codeOf(text), text).equal('E_AMOUNT')
    expect(codeOf(`${2n ** 128n}wei`)).equal('E_AMOUNT')
    expect(wei(`${2n ** 128n - 1n}wei`)).equal(2n ** 128n - 1n)
  })

  it('takes tokens and smallest units', () => {
    const one = 10n ** 18n
    for (const text of ['1', '1.0', '1rsdp', '1RSDP', '1e18wei', '1000000000000000000wei', '0.01e2'])
      expect(wei(text), text).equal(one)
    expect(wei('1.5')).equal((3n * one) / 2n)
  })

  it('reads what it shows', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }), (amount) => {
        expect(wei(showAmount(amount, DECIMALS))).equal(amount)
        expect(wei(`${amount}wei`)).equal(amount)
      }),
    )
  })
})
