import { expect } from 'chai'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import {
  decodeBudgetEvent,
  rateLimitParamsCodec,
  rateLimitStateCodec,
} from '../../../src/reducers/rate-limit-codec.ts'
import type { RateLimitState } from '../../../src/reducers/rate-limit-codec.ts'

const u64 = (value: bigint): string => value.toString(16).padStart(16, '0')
const row = (member: number, demand = 0n, share = 0n): string =>
  member.toString(16).padStart(2, '0') + u64(demand) + u64(share)
const state = (budget: bigint, count: number, ...rows: string[]): Uint8Array =>
  fromHex(`0x${u64(budget)}${count.toString(16).padStart(2, '0')}${rows.join('')}`)
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => row(i))

describe('rate-limit state codec', () => {
  const refused: [name: string, bytes: Uint8Array][] = [
    ['no bytes', new Uint8Array()],
    ['a budget without a count', fromHex(`0x${u64(5n)}`)],
    ['a count without rows', state(5n, 1)],
    ['rows that the count does not announce', state(5n, 0, row(0))],
    ['a row cut short', state(5n, 1, row(0).slice(2))],
    ['a trailing byte', state(5n, 1, row(0), '00')],
    ['unsorted rows', state(5n, 2, row(1), row(0))],
    ['a member twice', state(5n, 2, row(1), row(1))],
    ['more than 128 rows', state(5n, 129, ...many(129))],
    ['a member above 127', state(5n, 1, row(128))],
  ]
  for (const [name, bytes] of refused) {
    it(`refuses ${name}`, () => expect(rateLimitStateCodec.decode(bytes)).to.equal(null))
  }

  it('does not encode what does not fit', () => {
    const encode = (value: RateLimitState): Uint8Array => rateLimitStateCodec.encode(value)
    expect(() => encode({ budget: 2n ** 64n, rows: [] })).to.throw(InvariantError)
    expect(() => encode({ budget: -1n, rows: [] })).to.throw(InvariantError)
    const rows = Array.from({ length: 129 }, () => ({ member: 0, demand: 0n, share: 0n }))
    expect(() => encode({ budget: 0n, rows })).to.throw(InvariantError)
  })

  it('writes budget, count, then member, demand, share of each row, big-endian', () => {
    const bytes = rateLimitStateCodec.encode({
      budget: 0x0102n,
      rows: [
        { member: 2, demand: 3n, share: 4n },
        { member: 30, demand: 2n ** 64n - 1n, share: 0n },
      ],
    })
    expect(toHex(bytes)).to.equal(
      '0x0000000000000102' +
        '02' +
        '0200000000000000030000000000000004' +
        '1effffffffffffffff0000000000000000',
    )
  })

  it('reads a state with 0 and with 31 rows', () => {
    expect(rateLimitStateCodec.decode(state(7n, 0))).to.deep.equal({ budget: 7n, rows: [] })
    expect(rateLimitStateCodec.decode(state(7n, 31, ...many(31)))?.rows).to.have.length(31)
  })

  it('reads a view into a larger buffer', () => {
    const bytes = state(7n, 1, row(4, 5n, 6n))
    const large = new Uint8Array(bytes.length + 6)
    large.set(bytes, 3)
    expect(rateLimitStateCodec.decode(large.subarray(3, 3 + bytes.length))).to.deep.equal({
      budget: 7n,
      rows: [{ member: 4, demand: 5n, share: 6n }],
    })
  })
})

describe('rate-limit params codec', () => {
  it('refuses every length but 16', () => {
    for (const length of [0, 8, 15, 17, 24]) {
      expect(rateLimitParamsCodec.decode(new Uint8Array(length)), String(length)).to.equal(null)
    }
  })

  it('writes budget, then demandMax', () => {
    const bytes = rateLimitParamsCodec.encode({ budget: 1n, demandMax: 2n })
    expect(toHex(bytes)).to.equal('0x00000000000000010000000000000002')
    expect(rateLimitParamsCodec.decode(bytes)).to.deep.equal({ budget: 1n, demandMax: 2n })
  })
})

describe('decodeBudgetEvent', () => {
  it('is null for every length but 8', () => {
    for (const length of [0, 7, 9]) expect(decodeBudgetEvent(new Uint8Array(length))).to.equal(null)
  })

  it('reads a big-endian u64', () => {
    expect(decodeBudgetEvent(fromHex('0x00000000000003e8'))).to.equal(1000n)
  })
})
