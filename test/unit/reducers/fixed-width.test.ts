import { expect } from 'chai'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import { bytes32, fixedCodec, i128, rowsCodec, struct, u8 } from '../../../src/reducers/fixed-width.ts'
import type { MemberRow } from '../../../src/reducers/fixed-width.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Digest } from '../../../src/types/ids.ts'

describe('fixed-width codecs', () => {
  it('do not encode what does not fit', () => {
    for (const value of [-1, 256, 0.5, Number.NaN])
      expect(() => fixedCodec(u8).encode(value), String(value)).to.throw(InvariantError)
    for (const value of [2n ** 127n, -(2n ** 127n) - 1n])
      expect(() => fixedCodec(i128).encode(value), String(value)).to.throw(InvariantError)
    for (const value of ['0x', `0x${'00'.repeat(31)}`, `0x${'00'.repeat(33)}`])
      expect(() => fixedCodec(bytes32).encode(value as Digest), value).to.throw(InvariantError)
  })

  it('refuse values that are not sound', () => {
    const even = fixedCodec(u8, (value) => value % 2 === 0)
    expect(even.decode(Uint8Array.of(3))).to.equal(null)
    expect(even.decode(Uint8Array.of(4))).to.equal(4)
  })

  it('write i128 as two’s complement', () => {
    const cases: [bigint, string][] = [
      [-1n, `0x${'ff'.repeat(16)}`],
      [-(2n ** 127n), `0x80${'00'.repeat(15)}`],
      [2n ** 64n, `0x${'00'.repeat(7)}01${'00'.repeat(8)}`],
      [-(2n ** 64n) - 2n, `0x${'ff'.repeat(7)}fe${'ff'.repeat(7)}fe`],
    ]
    for (const [value, hex] of cases) {
      expect(toHex(fixedCodec(i128).encode(value)), String(value)).to.equal(hex)
      expect(fixedCodec(i128).decode(fromHex(hex as Digest))).to.equal(value)
    }
  })

  it('take head and rows of no fields but the member', () => {
    const codec = rowsCodec(struct<object>({}), struct<MemberRow>({ member: u8 }))
    expect(codec.decode(Uint8Array.of(2, 7, 7))).to.equal(null)
    expect(codec.decode(Uint8Array.of(1, 128))).to.equal(null)
    expect(codec.decode(Uint8Array.of(2, 7, 127))).to.deep.equal({ rows: [{ member: 7 }, { member: 127 }] })
  })
})
