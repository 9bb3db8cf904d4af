import { expect } from 'chai'
import { struct, u8 } from '../../../src/reducers/fixed-width.ts'
import { address, oneOf, seats, times, u16, u32, u48 } from '../../../src/services/fields.ts'
import { partsCodec, tablesCodec } from '../../../src/services/tables.ts'

interface Row {
  readonly id: number
  readonly mood: 'good' | 'bad'
}
const codec = tablesCodec(
  struct({ at: u16 }),
  {
    rows: {
      row: struct<Row>({ id: u8, mood: oneOf(['good', 'bad']) }),
      rowsMax: 2,
      keyOf: ({ id }: Row) => id,
    },
  },
  ({ at }) => at !== 7,
)
const good = { at: 258, rows: [{ id: 1, mood: 'bad' as const }] }

describe('tables', () => {
  it('is head, count, rows', () => {
    expect(codec.encode(good)).deep.equal(Uint8Array.of(1, 2, 0, 1, 1, 1))
    expect(codec.decode(codec.encode(good))).deep.equal(good)
    expect(codec.bytesMax).equal(2 + 2 + 2 * 2)
  })

  const refused: [why: string, bytes: number[]][] = [
    ['nothing', []],
    ['half a head', [1]],
    ['no count', [1, 2]],
    ['a row that is cut off', [1, 2, 0, 1, 1]],
    ['a byte too many', [1, 2, 0, 1, 1, 1, 0]],
    ['more rows than the budget has', [1, 2, 0, 3, 1, 1, 2, 1, 3, 1]],
    ['rows that descend', [1, 2, 0, 2, 2, 1, 1, 1]],
    ['a key twice', [1, 2, 0, 2, 1, 0, 1, 1]],
    ['a name that is none', [1, 2, 0, 1, 1, 2]],
    ['a value that does not exist', [0, 7, 0, 0]],
  ]
  for (const [why, bytes] of refused)
    it(`refuses ${why}`, () => expect(codec.decode(Uint8Array.from(bytes))).equal(null))

  it('refuses to encode above the budget, and fields out of range', () => {
    const rows = [1, 2, 3].map((id) => ({ id, mood: 'good' as const }))
    expect(() => codec.encode({ at: 0, rows })).throw()
    for (const at of [-1, 65_536, 0.5, Number.NaN]) expect(() => codec.encode({ at, rows: [] })).throw()
    const view = new DataView(new ArrayBuffer(32))
    expect(() => seats.put(view, 0, 2n ** 128n)).throw()
    expect(() => seats.put(view, 0, -1n)).throw()
    expect(() => address.put(view, 0, '0x00')).throw()
    expect(() => times(2, u16).put(view, 0, [1])).throw()
  })

  it('fields give back what was put, to their limits', () => {
    const view = new DataView(new ArrayBuffer(32))
    const check = <T>(
      field: { put(v: DataView, at: number, x: T): void; get(v: DataView, at: number): T },
      x: T,
    ): void => {
      field.put(view, 3, x)
      expect(field.get(view, 3)).deep.equal(x)
    }
    check(u16, 65_535)
    check(u32, 2 ** 32 - 1)
    check(u48, 2 ** 48 - 1)
    check(u48, 0x0102_0304_0506)
    check(seats, 2n ** 128n - 2n)
    check(address, `0x${'a5'.repeat(20)}`)
    check(times(3, u32), [1, 0, 2 ** 32 - 1])
  })
})

describe('parts', () => {
  const parts = partsCodec({ first: codec, second: codec })
  const value = { first: good, second: { at: 1, rows: [] } }

  it('are one after the other, each behind its length', () => {
    expect(parts.encode(value)).deep.equal(Uint8Array.of(0, 6, 1, 2, 0, 1, 1, 1, 0, 4, 0, 1, 0, 0))
    expect(parts.decode(parts.encode(value))).deep.equal(value)
    expect(parts.bytesMax).equal(2 * (2 + 8))
  })

  const refused: [why: string, bytes: number[]][] = [
    ['nothing', []],
    ['one part of two', [0, 4, 0, 1, 0, 0]],
    ['a part beyond the end', [0, 4, 0, 1, 0, 0, 0, 5, 0, 1, 0, 0]],
    ['a part too many', [0, 4, 0, 1, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0]],
    ['a part that its codec refuses', [0, 4, 0, 7, 0, 0, 0, 4, 0, 1, 0, 0]],
  ]
  for (const [why, bytes] of refused)
    it(`refuse ${why}`, () => expect(parts.decode(Uint8Array.from(bytes))).equal(null))
})
