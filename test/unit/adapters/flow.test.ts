import { expect } from 'chai'
import fc from 'fast-check'
import { backoffMs } from '../../../src/adapters/wire/backoff.ts'
import { Bucket } from '../../../src/adapters/wire/bucket.ts'
import { DEFAULT_LIMITS } from '../../../src/adapters/libp2p/limits.ts'
import { PREFIX_BYTES } from '../../../src/adapters/libp2p/frame-decoder.ts'
import { PACE_COST_FRAME_BYTES, reserveOf } from '../../../src/adapters/wire/flow.ts'
import { Outbox } from '../../../src/adapters/wire/outbox.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { FRAME_BYTES_MAX } from '../../../src/ports/transport.ts'
import { holds } from '../../helpers/holds.ts'

/** A clock whose hand the test moves. */
function handClock(): Clock & { ms: number } {
  return {
    ms: 0,
    nowMs() {
      return this.ms
    },
    every: () => () => undefined,
    after: () => () => undefined,
  }
}

describe('Bucket', () => {
  it('gives the burst at once, then the rate, and never more than the burst', () => {
    const clock = handClock()
    const bucket = new Bucket(clock, 100, 1_000)
    expect(bucket.take(1_000)).to.equal(true)
    expect(bucket.take(1)).to.equal(false)
    expect(bucket.waitMs(50)).to.equal(500)
    clock.ms = 500
    expect(bucket.take(50)).to.equal(true)
    expect(bucket.take(1)).to.equal(false)
    clock.ms = 1_000_000
    expect(bucket.take(1_001)).to.equal(false)
    expect(bucket.take(1_000)).to.equal(true)
  })

  it('keeps a reserve from who has to leave one', () => {
    const bucket = new Bucket(handClock(), 100, 1_000)
    expect(bucket.take(600, 500)).to.equal(false)
    expect(bucket.take(500, 500)).to.equal(true)
    expect(bucket.take(1, 500)).to.equal(false)
    expect(bucket.take(500)).to.equal(true)
  })

  it('a frame of data fits into the pace beside its reserve, however long it is', () => {
    const longest = FRAME_BYTES_MAX + PREFIX_BYTES + PACE_COST_FRAME_BYTES
    expect(longest + reserveOf('data', DEFAULT_LIMITS)).to.be.at.most(DEFAULT_LIMITS.paceBurstBytes)
    expect(reserveOf('protocol', DEFAULT_LIMITS)).to.equal(0)
  })

  it('a sender at the own pace never exceeds the flood budget, even bunched by one stream window', () => {
    const { paceBytesPerSecond, paceBurstBytes, floodBytesPerSecond, floodBurstBytes } = DEFAULT_LIMITS
    expect(paceBytesPerSecond).to.be.below(floodBytesPerSecond)
    expect(paceBurstBytes + 262_144).to.be.below(floodBurstBytes)
  })
})

describe('Outbox', () => {
  it('drops the oldest of a full lane and tells exactly what is lost; data take nothing from the protocol', () => {
    const pushes = fc.array(
      fc.record({
        length: fc.integer({ min: 1, max: 60 }),
        lane: fc.constantFrom('protocol' as const, 'data' as const),
      }),
      { maxLength: 60 },
    )
    holds(
      fc.property(pushes, (list) => {
        const outbox = new Outbox<Uint8Array>(8, 100)
        const dropped = { protocol: 0, data: 0 }
        for (const { length, lane } of list) dropped[lane] += outbox.push(new Uint8Array(length), lane).length
        const kept: typeof list = []
        for (let next = outbox.next(); next !== null; next = outbox.next()) {
          kept.push({ length: next.frame.length, lane: next.lane })
          outbox.shift()
        }
        const of = (lane: 'protocol' | 'data'): typeof list => list.filter((one) => one.lane === lane)
        // as if the other lane were empty, and the protocol first
        expect(kept).to.deep.equal([
          ...of('protocol').slice(dropped.protocol),
          ...of('data').slice(dropped.data),
        ])
        for (const lane of ['protocol', 'data'] as const) {
          const alone = new Outbox<Uint8Array>(8, 100)
          const lost = of(lane).flatMap(({ length }) => alone.push(new Uint8Array(length), lane))
          expect(dropped[lane]).to.equal(lost.length)
          const rest = kept.filter((one) => one.lane === lane)
          expect(rest.length).to.be.at.most(8)
          expect(rest.reduce((sum, { length }) => sum + length, 0)).to.be.at.most(100)
        }
      }),
    )
  })

  it('forgets everything at once', () => {
    const outbox = new Outbox<Uint8Array>(8, 100)
    outbox.push(new Uint8Array(60), 'protocol')
    outbox.push(new Uint8Array(30), 'data')
    expect(outbox.clear()).to.have.length(2)
    expect(outbox.next()).to.equal(null)
    expect(outbox.push(new Uint8Array(100), 'data')).to.be.empty
  })
})

describe('backoffMs', () => {
  it('doubles to the cap and stays in the upper half of each width', () => {
    expect([0, 1, 2].map((attempt) => backoffMs(attempt, 250, 10_000, 0))).to.deep.equal([125, 250, 500])
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const waitMs = backoffMs(attempt, 250, 10_000, random)
        expect(waitMs).to.be.within(125, 10_000)
        if (attempt > 10) expect(waitMs).to.be.at.least(5_000)
      }),
    )
  })
})
