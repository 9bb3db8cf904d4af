import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import type { SigningHistory } from '../../../src/codec/signing-history.ts'
import {
  decodeSigningHistory,
  encodeSigningHistory,
  mergeHeights,
} from '../../../src/codec/signing-history.ts'
import type { Digest } from '../../../src/types/ids.ts'

interface Vectors {
  readonly accepted: readonly {
    readonly name: string
    readonly text: string
    readonly chainId: string
    readonly final: boolean
    readonly heights: Readonly<Record<Digest, string | null>>
  }[]
  readonly refused: readonly { readonly name: string; readonly text: string }[]
}

const url = new URL('../../vectors/signing-history.json', import.meta.url)
const vectors = JSON.parse(readFileSync(url, 'utf8')) as Vectors

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((value): `0x${string}` => `0x${Buffer.from(value).toString('hex')}`)
const height = fc.option(fc.maxSafeNat(), { nil: null })
const history: fc.Arbitrary<SigningHistory> = fc.record({
  chainId: fc.bigInt({ min: 0n, max: 2n ** 53n }),
  deploymentId: hex(32),
  key: hex(20),
  isFinal: fc.boolean(),
  marks: fc.uniqueArray(fc.record({ cluster: hex(32), height }), {
    selector: ({ cluster }) => cluster,
    maxLength: 9,
  }),
})

describe('signing history', () => {
  for (const { name, text } of vectors.refused)
    it(`refuses ${name}`, () => expect(decodeSigningHistory(text)).equal(null))

  for (const { name, text, chainId, final, heights } of vectors.accepted)
    it(`reads and writes ${name}`, () => {
      const read = decodeSigningHistory(text)!
      expect(String(read.chainId)).equal(chainId)
      expect(read.isFinal).equal(final)
      const told = read.marks.map(({ cluster, height: at }) => [cluster, at === null ? null : String(at)])
      expect(Object.fromEntries(told)).deep.equal(heights)
      expect(encodeSigningHistory(read)).equal(text)
    })

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(history, (one) => {
        const marks = [...one.marks].sort((a, b) => (a.cluster < b.cluster ? -1 : 1))
        expect(decodeSigningHistory(encodeSigningHistory(one))).deep.equal({ ...one, marks })
      }),
    )
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeSigningHistory(text)).equal(null)
      }),
    )
  })

  it('merging never lowers, in any order, however often', () => {
    const rank = (one: number | null): number => one ?? Infinity
    fc.assert(
      fc.property(height, height, height, (a, b, c) => {
        expect(rank(mergeHeights(a, b))).equal(Math.max(rank(a), rank(b)))
        expect(mergeHeights(a, b)).equal(mergeHeights(b, a))
        expect(mergeHeights(mergeHeights(a, b), c)).equal(mergeHeights(a, mergeHeights(b, c)))
        expect(mergeHeights(mergeHeights(a, b), b)).equal(mergeHeights(a, b))
      }),
    )
  })
})
