import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { FEW, groupBeside, groupFor, groupsBeside } from '../../../src/protocol/few.ts'
import type { Part } from '../../../src/types/frames.ts'
import type { Digest, MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Signed } from '../../../src/types/objects.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

const SHARE_TICKS = 20
const SIZES = [4, 5, 7, 8, 13, 31, 64, 128]

function range(first: number, last: number): MemberIndex[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

describe('a few members at a time', () => {
  describe('groups', () => {
    for (const n of SIZES) {
      const { cluster } = new EngineBench({ n }).state.config

      it(`of ${n}: hold each member once beside another one, and no group is much larger than ${FEW}`, () => {
        const sizes = range(0, groupsBeside(cluster) - 1).map(
          (group) => range(1, n - 1).filter((member) => groupBeside(cluster, member, 0) === group).length,
        )
        expect(sizes.reduce((sum, size) => sum + size)).to.equal(n - 1)
        expect(Math.min(...sizes)).to.be.at.least(1)
        expect(Math.max(...sizes)).to.be.at.most(FEW)
      })

      it(`of ${n}: the first to pass a pair on are ${FEW} honest ones at least, or all`, () => {
        for (const digest of range(1, 40).map((i) => keccak(Uint8Array.of(i)))) {
          const first = range(0, n - 1).filter((member) => groupFor(cluster, member, digest) === 0)
          expect(first.length).to.equal(Math.min(n, FEW + 1))
        }
      })
    }
  })

  it('answer a member that is behind; the others do it at the next occasions, each at one in five of 31', () => {
    const bench = new EngineBench({ n: 31 }).start()
    bench.endRound(0, range(1, 30))
    bench.effects.length = 0
    for (const times of [1, 2, 3]) {
      for (let i = 0; i < 5; i += 1) {
        for (let again = 0; again < 3; again += 1) bench.hear(2, bench.share(2, 0, null))
        bench.ticks(SHARE_TICKS)
      }
      const admissions = bench.effects.filter(
        (effect) => effect.kind === 'send' && effect.to === 2 && effect.parts[0]?.kind === 'roundCertificate',
      )
      expect(admissions).to.have.length(times)
    }
  })

  describe('are asked for the SHAREs behind a value', () => {
    const content = contentOf(range(1, 30).map((member) => new EngineBench({ n: 31 }).status(member)))
    const asked = (bench: EngineBench): MemberIndex[] =>
      bench
        .taken('send')
        .filter(({ parts }) => parts[0]?.kind === 'get' && parts[0].hashes.includes(content.value))
        .map(({ to }) => to)

    /** CONFIRMs of a value by some, of NIL by as many as end the round. */
    function confirmed(holders: readonly MemberIndex[]): EngineBench {
      const bench = new EngineBench({ n: 31 }).start()
      for (const member of holders) bench.hear(member, bench.confirm(member, 0, content.value))
      const others = range(1, 30).filter((member) => !holders.includes(member))
      for (const member of others) bench.hear(member, bench.confirm(member, 0, NIL))
      return bench
    }

    it('within a share time-out, then others, then all again', () => {
      const bench = confirmed(range(1, 8))
      expect(asked(bench)).to.deep.equal(range(1, 6))
      bench.ticks(20 * SHARE_TICKS)
      const later = asked(bench)
      expect(later.slice(0, 2)).to.deep.equal([7, 8])
      expect(later.slice(2, 10)).to.deep.equal(range(1, 8))
    })

    it('at most a few at the same time, however many confirm', () => {
      const bench = confirmed(range(1, 8))
      for (const member of range(9, 15)) bench.hear(member, bench.confirm(member, 1, content.value))
      expect(asked(bench)).to.have.length(FEW)
    })

    it('again and again if there is one only', () => {
      const bench = confirmed([5])
      expect(asked(bench)).to.deep.equal([5])
      bench.ticks(20 * SHARE_TICKS)
      expect(asked(bench).length).to.be.above(3)
    })

    it('no more once the quorum is here', () => {
      const bench = confirmed(range(1, 8))
      const quorum = range(1, 30).map((member) => bench.share(member, 0, content))
      bench.hear(1, ...quorum)
      bench.effects.length = 0
      bench.ticks(20 * SHARE_TICKS)
      expect(asked(bench)).to.deep.equal([])
    })
  })

  it('are asked for an object that many have seen otherwise, then others; for another object at once', () => {
    const bench = new EngineBench({ n: 31 }).start()
    bench.hear(3, bench.status(3).signed)
    bench.effects.length = 0
    /** Whom these members' views make this node ask for an object of member 3. */
    const askedBy = (members: readonly MemberIndex[], digest: Digest): MemberIndex[] => {
      const seen = { member: 3, status: digest, hello: null, share: null, confirm: null, checkpoint: null }
      for (const member of members)
        bench.hear(member, bench.confirm(member, 0, NIL), { kind: 'seen', height: 1, seen: [seen] })
      return bench.taken('send').flatMap(({ to, parts }) => (parts[0]?.kind === 'get' ? [to] : []))
    }
    expect(askedBy(range(4, 20), keccak('0x01'))).to.deep.equal(range(4, 9))
    expect(askedBy(range(11, 12), keccak('0x02'))).to.deep.equal(range(11, 12))
    expect(askedBy(range(4, 20), keccak('0x01'))).to.deep.equal([])
    bench.ticks(SHARE_TICKS)
    bench.effects.length = 0
    expect(askedBy(range(4, 20), keccak('0x01'))).to.deep.equal([10, 13, 14, 15, 16, 17])
  })

  describe('pass on what convicts', () => {
    const frames = (bench: EngineBench): (readonly Part[])[] =>
      bench
        .taken('broadcast')
        .map(({ parts }) => parts)
        .filter((parts) => parts.length === 2 && parts.every(({ kind }) => kind === 'object'))
    const liesOf = (bench: EngineBench): Signed[] =>
      [NIL, keccak('0x01')].map((value) => bench.confirm(3, 0, value))
    const pair = (bench: EngineBench): Part[] =>
      liesOf(bench).map((signed): Part => ({ kind: 'object', signed }))
    /** A member of each kind: that passes at once, that waits. */
    const seats = (isFirst: boolean): MemberIndex => {
      const bench = new EngineBench({ n: 31 })
      const [a, b] = liesOf(bench).map(({ hash }) => hash) as [typeof NIL, typeof NIL]
      const digest = a < b ? a : b
      const { cluster } = bench.state.config
      return range(4, 30).find((seat) => (groupFor(cluster, seat, digest) === 0) === isFirst) ?? -1
    }
    const found = (self: MemberIndex): EngineBench => {
      const bench = new EngineBench({ n: 31 }, self).start()
      bench.effects.length = 0
      for (const signed of liesOf(bench)) bench.hear(3, signed)
      return bench
    }

    it('at once', () => {
      const bench = found(seats(true))
      expect(frames(bench)).to.deep.equal([pair(bench)])
    })

    it('later, once, if nobody else has', () => {
      const bench = found(seats(false))
      expect(frames(bench)).to.deep.equal([])
      bench.ticks(5 * SHARE_TICKS)
      expect(frames(bench)).to.deep.equal([pair(bench)])
      bench.ticks(20 * SHARE_TICKS)
      expect(frames(bench)).to.deep.equal([])
    })

    it('not at all if another one has; the liar itself, and one of the two objects, do not count', () => {
      const heard = (from: MemberIndex, ...objects: readonly Signed[]): (readonly Part[])[] => {
        const bench = found(seats(false))
        bench.hear(from, ...objects)
        bench.ticks(5 * SHARE_TICKS)
        return frames(bench)
      }
      const objects = liesOf(new EngineBench({ n: 31 }))
      expect(heard(2, ...objects)).to.deep.equal([])
      expect(heard(3, ...objects)).to.have.length(1)
      expect(heard(2, objects[0]!)).to.have.length(1)
    })
  })
})
