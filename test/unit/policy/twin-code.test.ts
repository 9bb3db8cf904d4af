import { expect } from 'chai'
import { impurity } from '../../../src/policy/twin-code.ts'

/** Returns 32 zero bytes. */
const RETURN = '60205ff3'
/** Returns, or goes on at byte 10, as the call data say. */
const OR_RETURN = `5f35600957${RETURN}5b`
const what = (digits: string): string | null => {
  const found = impurity(`0x${digits}`)
  return found === null ? null : `${found.what} at ${found.at}`
}

/** EVM instructions by number, as the execution specification of Osaka has them, that read or change more than they are given. */
const IMPURE = [
  ...[0x30, 0x31, 0x32, 0x33, 0x3a, 0x3b, 0x3c, 0x3f],
  ...[0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a],
  ...[0x54, 0x55, 0x5a, 0x5c, 0x5d, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4],
  ...[0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa, 0xff],
]
/** Numbers that no fork has given out, or that are no part of code as it is since Frontier. */
const UNDEFINED = [
  0x0c, 0x0f, 0x1f, 0x21, 0x2f, 0x4b, 0x4f, 0xa5, 0xb0, 0xd0, 0xe6, 0xef, 0xf6, 0xf9, 0xfb, 0xfc,
]
const byte = (op: number): string => op.toString(16).padStart(2, '0')

const push = (value: number): string => `61${value.toString(16).padStart(4, '0')}`

describe('twins: pure', () => {
  it('refuses each instruction that reads or changes more than it is given', () => {
    for (const op of IMPURE) {
      expect(what(byte(op) + RETURN), byte(op)).match(/^[A-Z0-9]+ at 0$/)
      expect(what(`6001600657005b${byte(op)}${RETURN}`), byte(op)).match(/ at 7$/)
    }
  })

  it('refuses instructions that a later fork may fill with something else', () => {
    for (const op of UNDEFINED)
      expect(what(byte(op) + RETURN)).equal(`no instruction: 0x${op.toString(16)} at 0`)
  })

  it('takes all that computes', () => {
    for (let op = 0; op < 256; op += 1) {
      const isOther =
        IMPURE.includes(op) || /^(0[c-f]|1f|2[1-9a-f]|4[b-f]|a[5-9a-f]|[b-e].|f[6-9bc])$/.test(byte(op))
      const found = what(`${OR_RETURN}${'5f'.repeat(17)}${byte(op)}`)
      expect(found !== null, byte(op)).equal(isOther)
    }
  })

  it('C-1: refuses proxies, accounts that delegate, and code that can end or be made anew', () => {
    const target = '42'.repeat(20)
    expect(what(`363d3d373d3d3d363d73${target}5af43d82803e903d91602b57fd5bf3`)).equal('GAS at 30')
    expect(what(`363d3d373d3d3d363d73${target}61fffff43d82803e903d91602b57fd5bf3`)).equal(
      'DELEGATECALL at 33',
    )
    expect(what(`ef0100${target}`)).equal('no instruction: 0xef at 0')
    expect(what(`ef0001${RETURN}`)).equal('no instruction: 0xef at 0')
    expect(what(`33ff${RETURN}`)).equal('CALLER at 0')
    expect(what(`5fff`)).equal('SELFDESTRUCT at 1')
  })

  it('follows every way, whatever its condition, and each jump where it goes', () => {
    // never taken
    expect(what(`5f600557005b33${RETURN}`)).equal('CALLER at 6')
    // the way that goes on past a condition
    expect(what(`6001600657335b${RETURN}`)).equal('CALLER at 5')
    // a return address that travels below other words
    expect(what('600860025f600a565b335b505056')).equal('CALLER at 9')
    expect(what(`600860025f600d565b${RETURN}5b5050565b54`)).equal(null)
    // nothing falls through what ends
    for (const end of ['00', '56', 'f3', 'fd', 'fe']) expect(what(`6005565b${RETURN}${end}33`)).equal(null)
  })

  it('follows words on the stack through DUP and SWAP', () => {
    // to byte 8 or 11: the one lies, the other answers
    const [low, high] = ['6008', '600b']
    for (const [lies, answers, ops] of [
      [low + high, high + low, '815b'],
      [high + low, low + high, '805b'],
      [low + high, high + low, '905b'],
      [high + low, low + high, '9050'],
    ] as const) {
      const rest = `${ops}56005b33005b${RETURN}`
      expect(what(lies + rest), ops).equal('CALLER at 9')
      expect(what(answers + rest), ops).equal(null)
    }
    for (const deepest of [`${'5f'.repeat(15)}8f5b`, `${'5f'.repeat(16)}9f`]) {
      const [lies, answers] = ['6015', '6018'].map((to) => what(`${to}${deepest}56005b33005b${RETURN}`))
      expect([lies, answers]).deep.equal(['CALLER at 22', null])
    }
  })

  it('stops where the EVM stops: with too few words, too many, or no place to go', () => {
    for (const body of [
      '01',
      '5f01',
      '5f5f08',
      '80',
      '5f81',
      '90',
      '5f90',
      '56',
      '57',
      '600957',
      '600056',
      '600156',
    ])
      expect(what(`${OR_RETURN}${body}33`), body).equal(null)
    const full = '5f'.repeat(1_024)
    expect(what(`${OR_RETURN}${full}5f33`)).equal(null)
    expect(what(`${OR_RETURN}${full}8033`)).equal(null)
    expect(what(`${OR_RETURN}${full}5033`)).match(/^CALLER/)
  })

  it('where a jump goes to a computed place, takes each place for reached, also in data', () => {
    const computed = '5f3556'
    expect(what(`${computed}5b${RETURN}`)).equal(null)
    expect(what(`${computed}5b${RETURN}5b33`)).equal('CALLER at 9')
    expect(what(`6003600101565b${RETURN}5b33`)).equal('CALLER at 12')
    // as the EVM reads: nothing in pushed data is a place
    expect(what(`${computed}5b${RETURN}605b33`)).equal(null)
    expect(what(`${computed}5b${RETURN}60005b33`)).equal('CALLER at 11')
    expect(what(`${computed}5b${RETURN}7f5b33`)).equal(null)
    expect(what(`63335b3333${RETURN}`)).equal(null)
  })

  it('takes data after the code, such as metadata, for what it is, unless a jump could lead there', () => {
    const metadata = `fea26469706673582212205b54${'11'.repeat(30)}64736f6c63430008250033`
    expect(what(RETURN + metadata)).equal(null)
    expect(what(`5f35565b${RETURN}${metadata}`)).equal('SLOAD at 20')
  })

  it('has a bound on its work: code with too many ways is judged by each place in it', () => {
    // one condition after the other, each of whose ways leaves another place on the stack
    const code = (conditions: number): string => {
      let digits = ''
      for (let i = 0; i < conditions; i += 1) {
        const [one, other] = [digits.length / 2 + 13, digits.length / 2 + 17]
        digits += `5f35${push(one)}57${push(one)}${push(other)}565b${push(other)}5b`
      }
      return digits + RETURN
    }
    expect(what(`${code(3)}5b33`)).equal(null)
    expect(what(code(30))).equal(null)
    expect(what(`${code(30)}5b33`)).match(/^CALLER at /)
    expect(what(`${code(30)}33`)).equal(null)
  })

  it('refuses code that never answers: what stands for it may be the chain’s own', () => {
    for (const code of ['', 'fe', '01', '00', `fe${RETURN}`, '5f5ffd'])
      expect(impurity(`0x${code}`)?.what, code).equal('no RETURN')
  })
})
