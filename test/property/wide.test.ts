/** What depends on the number of members, from 4 to 128, against dumb twins. */
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeBatch, decodeExceptions, encodeBatch, encodeExceptions } from '../../src/codec/batch.ts'
import { bitmapOf, hasMember, hasStranger, membersOf } from '../../src/codec/bitmap.ts'
import { decodeFrame, encodeFrame } from '../../src/codec/frames.ts'
import { keccak } from '../../src/codec/hex.ts'
import { hasHonest, isQuorum, weightOf } from '../../src/protocol/quorum.ts'
import { isQuorumList } from '../../src/protocol/votes.ts'
import { MEMBERS_MAX, NIL } from '../../src/types/ids.ts'
import { makeCluster } from '../helpers/engine-cluster.ts'
import { holds } from '../helpers/holds.ts'

const MEMBERS_MIN = 4
const size = fc.oneof(
  fc.constantFrom(4, 30, 31, 32, 33, 63, 64, 65, 100, 127, 128),
  fc.integer({ min: MEMBERS_MIN, max: MEMBERS_MAX }),
)
/** A cluster's weights, and some of its members in any order, some twice. */
const some = size.chain((n) =>
  fc.tuple(
    fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: n, maxLength: n }),
    fc.array(fc.nat(n - 1), { maxLength: 2 * n }),
  ),
)

describe('up to 128 members', () => {
  it('weigh what their set weighs, each once, strangers nothing', () => {
    holds(
      fc.property(some, fc.array(fc.integer({ min: 128, max: 300 })), ([weights, members], strangers) => {
        const cluster = makeCluster(weights.length, weights)
        const twin = weights.filter((_, i) => members.includes(i)).reduce((a, b) => a + b, 0)
        expect(weightOf(cluster, [...strangers, ...members])).equal(twin)
      }),
    )
  })

  it('are a quorum without whoever is no third, and two quorums share more than a third', () => {
    holds(
      fc.property(some, some, ([weights, members], [, others]) => {
        const cluster = makeCluster(weights.length, weights)
        const all = weights.map((_, i) => i)
        const rest = all.filter((i) => !members.includes(i))
        const [silent, heard] = [weightOf(cluster, members), weightOf(cluster, rest)]
        expect(isQuorum(cluster, heard)).equal(3 * silent < cluster.totalWeight)
        if (!isQuorum(cluster, silent) || !isQuorum(cluster, weightOf(cluster, others))) return
        const both = members.filter((i) => others.includes(i))
        expect(hasHonest(cluster, weightOf(cluster, both))).equal(true)
      }),
    )
  })

  it('come back out of a bitmap, and no list has a seat that the cluster has not', () => {
    holds(
      fc.property(some, fc.integer({ min: 0, max: 255 }), ([weights, members], bit) => {
        const cluster = makeCluster(weights.length, weights)
        const bitmap = bitmapOf(members)
        const set = [...new Set(members)].sort((a, b) => a - b)
        expect(membersOf(bitmap)).deep.equal(set)
        expect(set.every((member) => hasMember(bitmap, member))).equal(true)
        expect(isQuorumList(cluster, bitmap)).equal(isQuorum(cluster, weightOf(cluster, set)))
        const stranger = bitmap | (1n << BigInt(bit))
        expect(hasStranger(stranger, weights.length)).equal(bit >= weights.length)
        if (bit >= weights.length) expect(isQuorumList(cluster, stranger)).equal(false)
      }),
    )
  })

  it('come back out of a batch and its exceptions', () => {
    holds(
      fc.property(some, ([{ length: n }, members]) => {
        const height = {
          hint: 1,
          stateHash: NIL,
          inputsRoot: NIL,
          eventSeqDelta: 0,
          inputs: bitmapOf(members),
        }
        expect(decodeBatch(encodeBatch([height, height], n), n)).deep.equal([height, height])
        const exceptions = membersOf(height.inputs).map((member) => ({
          member,
          logSeq: member,
          logHead: NIL,
        }))
        expect(decodeExceptions(encodeExceptions(exceptions))).deep.equal(exceptions)
      }),
    )
  })

  it('see each other: views come back out of a frame, whoever agrees with whom', () => {
    const hashes = Array.from({ length: 3 }, (_, i) => keccak(Uint8Array.of(i)))
    const said = fc.option(fc.constantFrom(...hashes), { nil: null })
    const rows = fc.uniqueArray(
      fc.record({
        member: fc.nat(MEMBERS_MAX - 1),
        status: fc.constantFrom(...hashes),
        hello: said,
        share: said,
        confirm: said,
        checkpoint: said,
      }),
      { selector: ({ member }) => member, maxLength: MEMBERS_MAX },
    )
    holds(
      fc.property(rows, (unsorted) => {
        const seen = unsorted.sort((a, b) => a.member - b.member)
        const frame = { cluster: NIL, parts: [{ kind: 'seen', height: 7, seen } as const] }
        expect(decodeFrame(encodeFrame(frame))).deep.equal(frame)
      }),
    )
  })
})
