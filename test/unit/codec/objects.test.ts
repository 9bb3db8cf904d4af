import { expect } from 'chai'
import fc from 'fast-check'
import {
  TYPE_NUMBERS,
  domainSeparator,
  hashObject,
  shareValue,
  signOnceKey,
  signingDigest,
  NOTHING,
} from '../../../src/codec/objects.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Address, Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { ObjectType, ProtocolObject, Share } from '../../../src/types/objects.ts'
import { holds } from '../../helpers/holds.ts'
import { readVectors } from '../../helpers/vectors.ts'
import { digest, protocolObject } from '../../helpers/wire-arbitraries.ts'

interface ObjectVectors {
  readonly domain: { readonly chainId: number; readonly verifyingContract: Address; readonly salt: Digest }
  readonly separator: Digest
  readonly cases: readonly {
    readonly type: ObjectType
    readonly cluster: Digest
    readonly object: Readonly<Record<string, unknown>>
    readonly hashStruct: Digest
    readonly digest: Digest
  }[]
}

const vectors = readVectors('objects') as ObjectVectors

/** An object's fields, whatever their order. */
const textOf = (object: ProtocolObject): string =>
  Object.entries(object)
    .map(([name, value]) => `${name}=${String(value)}`)
    .sort()
    .join()

describe('signed objects', () => {
  it('refuses to hash what does not fit its field', () => {
    const confirm: ProtocolObject = { type: 'confirm', height: -1, round: 0, value: NIL }
    expect(() => hashObject(NIL, confirm)).throw(InvariantError)
    expect(() => hashObject(NIL, { ...confirm, height: 2 ** 53 })).throw(InvariantError)
    expect(() => hashObject(NIL, { ...confirm, height: 1.5 })).throw(InvariantError)
  })

  it('separates domains as ethers does', () => {
    const { chainId, ...rest } = vectors.domain
    expect(domainSeparator({ chainId: BigInt(chainId), ...rest })).equal(vectors.separator)
  })

  it('has vectors for every type', () => {
    expect(new Set(vectors.cases.map(({ type }) => type))).deep.equal(new Set(Object.keys(TYPE_NUMBERS)))
  })

  vectors.cases.forEach(({ type, cluster, object, hashStruct, digest }, i) => {
    it(`hashes ${type} as ethers does (vector ${i})`, () => {
      const hash = hashObject(cluster, { type, ...object } as unknown as ProtocolObject)
      expect(hash).equal(hashStruct)
      expect(signingDigest(vectors.separator, hash)).equal(digest)
    })
  })

  it('gives different objects different hashes, and binds the cluster', () => {
    holds(
      fc.property(protocolObject, protocolObject, digest, digest, (a, b, here, there) => {
        const same = textOf(a) === textOf(b)
        expect(hashObject(here, a) === hashObject(here, b)).equal(same)
        expect(hashObject(here, a) === hashObject(there, a)).equal(here === there)
      }),
    )
  })

  it('has one sign-once key for what a member may say only once', () => {
    const keys = (['hello', 'share', 'confirm', 'status', 'checkpoint', 'close'] as const).map((type) =>
      [
        [1, 2, 3],
        [1, 2, 4],
        [1, 3, 3],
        [12, 3, 3],
      ].map(([height, round, other]) =>
        signOnceKey({ type, height, round, eventSeq: other, logSeq: other } as unknown as ProtocolObject),
      ),
    )
    const distinct = keys.map((row) => new Set(row).size)
    // first and second row of numbers differ in content only; status and checkpoint have no round
    expect(distinct).deep.equal([3, 3, 3, 2, 2, 1])
    expect(new Set(keys.flat()).size).equal(distinct.reduce((a, b) => a + b, 0))
  })

  it('a SHARE without inputs votes NIL', () => {
    const share: Share = {
      type: 'share',
      height: 1,
      round: 0,
      parent: NIL,
      ...NOTHING,
      validRound: -1,
    }
    expect(shareValue(share)).equal(NIL)
    expect(shareValue({ ...share, inputs: 1n })).not.equal(NIL)
  })
})
