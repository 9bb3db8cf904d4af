import { expect } from 'chai'
import fc from 'fast-check'
import { backoffMs } from '../../../src/adapters/wire/backoff.ts'
import { Bucket } from '../../../src/adapters/wire/bucket.ts'
import { DEFAULT_LIMITS } from '../../../src/adapters/libp2p/limits.ts'
import { Outbox } from '../../../src/adapters/wire/outbox.ts'
import type { Clock } from '../../../src/ports/clock.ts'

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

  it('a sender at the own pace never exceeds the flood budget, even bunched by one stream window', () => {
    const { paceBytesPerSecond, paceBurstBytes, floodBytesPerSecond, floodBurstBytes } = DEFAULT_LIMITS
    expect(paceBytesPerSecond).to.be.below(floodBytesPerSecond)
    expect(paceBurstBytes + 262_144).to.be.below(floodBurstBytes)
  })
})

describe('Outbox', () => {
  it('drops the oldest when full and counts exactly what is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 50 }), (lengths) => {
        const outbox = new Outbox(8, 100)
        let dropped = 0
        lengths.forEach((length, at) => {
          dropped += outbox.push(new Uint8Array(length).fill(at))
        })
        const kept: number[] = []
        for (let frame = outbox.peek(); frame !== null; frame = outbox.peek()) {
          kept.push(frame.length)
          outbox.shift()
        }
        expect(kept).to.deep.equal(lengths.slice(dropped))
        expect(kept.length).to.be.at.most(8)
        expect(kept.reduce((sum, length) => sum + length, 0)).to.be.at.most(100)
      }),
    )
  })

  it('forgets everything at once', () => {
    const outbox = new Outbox(8, 100)
    outbox.push(new Uint8Array(60))
    outbox.push(new Uint8Array(30))
    expect(outbox.clear()).to.equal(2)
    expect(outbox.peek()).to.equal(null)
    expect(outbox.push(new Uint8Array(100))).to.equal(0)
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
