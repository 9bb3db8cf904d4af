import { expect } from 'chai'
import fc from 'fast-check'
import { bitmapOf, membersOf } from '../../../src/codec/bitmap.ts'
import {
  byteLength,
  concatHex,
  equalBytes,
  fromHex,
  isHex,
  keccak,
  toHex,
  uint,
  utf8Hex,
} from '../../../src/codec/hex.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { holds } from '../../helpers/holds.ts'

const BAD = ['', '0', '0x0', '0xg0', '0xAB', '0x 1', '0x0\n', '1x00', 'x0', '0x00é0'] as Hex[]

describe('hex', () => {
  for (const text of BAD) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(isHex(text)).equal(false)
      expect(() => fromHex(text)).throw(InvariantError)
    })
  }

  it('refuses integers that do not fit, fractions and what no number holds exactly', () => {
    for (const [value, bytes] of [
      [256, 1],
      [-1, 1],
      [1.5, 8],
      [2 ** 53, 8],
      [NaN, 8],
      [Infinity, 8],
      [2n ** 64n, 8],
      [-1n, 8],
    ] as const) {
      expect(() => uint(value, bytes), `${value}`).throw(InvariantError)
    }
  })

  it('writes integers big-endian, with leading zeros', () => {
    expect([uint(0, 1), uint(255, 1), uint(258, 4), uint(2n ** 64n - 1n, 8)]).deep.equal([
      '00',
      'ff',
      '00000102',
      'f'.repeat(16),
    ])
  })

  it('is the inverse of itself for any bytes, also for a view into a larger buffer', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, offset) => {
        const view = bytes.subarray(Math.min(offset, bytes.length))
        const hex = toHex(view)
        expect(isHex(hex)).equal(true)
        expect(hex).equal(`0x${Buffer.from(view).toString('hex')}`)
        expect(equalBytes(fromHex(hex), view)).equal(true)
        expect(byteLength(hex)).equal(view.length)
      }),
    )
  })

  it('compares content and length', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).equal(true)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).equal(false)
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).equal(false)
    expect(equalBytes(Uint8Array.of(1, 0), Uint8Array.of(1))).equal(false)
  })

  it('joins parts with and without prefix, and hashes bytes and hex alike', () => {
    expect(concatHex('0x01', '02', '0x')).equal('0x0102')
    expect(utf8Hex('é')).equal('0xc3a9')
    expect(keccak('0x')).equal('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
    expect(keccak(Uint8Array.of(1, 2))).equal(keccak('0x0102'))
  })
})

describe('bitmap', () => {
  it('refuses members that no cluster has', () => {
    for (const member of [-1, 128, 129, 0.5])
      expect(() => bitmapOf([member]), `${member}`).throw(InvariantError)
  })

  it('lists every bit, also those that no member has', () => {
    expect(membersOf(0n)).deep.equal([])
    expect(membersOf(2n ** 256n - 1n)).deep.equal(Array.from({ length: 256 }, (_, i) => i))
    expect(membersOf(1n << 255n)).deep.equal([255])
  })

  it('gives back the members, ascending, each once', () => {
    holds(
      fc.property(fc.array(fc.nat(127)), (members) => {
        const bitmap = bitmapOf(members)
        expect(bitmap >= 0n && bitmap < 2n ** 128n).equal(true)
        expect(membersOf(bitmap)).deep.equal([...new Set(members)].sort((a, b) => a - b))
      }),
    )
  })
})
