import { expect } from 'chai'
import fc from 'fast-check'
import { LeaseTime } from '../../../src/services/store/lease-time.ts'
import { holds } from '../../helpers/holds.ts'

/** Agreed time of all clocks that are right: theirs, and the monotonic one of the node, pass alike. */
const AGREED_FROM_MS = 1_700_000_000_000
const agreedAt = (ms: number): number => AGREED_FROM_MS + ms

describe('time of a lease', () => {
  it('is unknown until a height has followed one that lists the own word', () => {
    const time = new LeaseTime()
    expect(time.latestMs(0)).equal(Infinity)
    time.said(1, 0)
    time.decided({ height: 1, agreedMs: agreedAt(100), isListed: true }, 200)
    expect(time.latestMs(200)).equal(Infinity)
    time.said(2, 1000)
    time.decided({ height: 2, agreedMs: agreedAt(1100), isListed: false }, 1200)
    // agreed time was read after the word for height 1: at most 1,200 ms ago
    expect(time.latestMs(1200)).within(agreedAt(2300), agreedAt(2302))
    // the word for height 2 was not listed: others may have read their clocks before it was said
    time.decided({ height: 3, agreedMs: agreedAt(2000), isListed: false }, 3000)
    expect(time.latestMs(3000)).at.least(agreedAt(4000))
  })

  it('counts a word from when it was first said, and no word of before its start', () => {
    const time = new LeaseTime()
    time.decided({ height: 7, agreedMs: agreedAt(0), isListed: true }, 0)
    time.decided({ height: 8, agreedMs: agreedAt(100), isListed: false }, 100)
    expect(time.latestMs(100)).equal(Infinity)
    time.said(9, 200)
    time.said(9, 900)
    time.decided({ height: 9, agreedMs: agreedAt(1000), isListed: true }, 1000)
    time.decided({ height: 10, agreedMs: agreedAt(2000), isListed: true }, 2000)
    expect(time.latestMs(2000)).at.least(agreedAt(2000) + 1800)
  })

  it('follows the clocks of most when they are set forward', () => {
    const time = new LeaseTime()
    for (let height = 1; height < 5; height += 1) {
      const ms = 1000 * height
      time.said(height, ms)
      const agreedMs = agreedAt(ms) + (height === 4 ? 60_000 : 0)
      time.decided({ height, agreedMs, isListed: true }, ms + 300)
    }
    expect(time.latestMs(4300)).at.least(agreedAt(4000 + 60_000))
  })

  it('is never before agreed time, and not far behind it after heights that were quick', () => {
    const step = fc.record({
      // from one height to the next: until the own word, until most clocks are read, until it is decided
      word: fc.integer({ min: 0, max: 3000 }),
      read: fc.integer({ min: 0, max: 3000 }),
      decided: fc.integer({ min: 0, max: 3000 }),
      isListed: fc.boolean(),
      // later: whoever asks
      asked: fc.integer({ min: 0, max: 20_000 }),
    })
    holds(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const time = new LeaseTime()
        let quickest = Infinity
        let listedMs: number | null = null
        let decidedMs = 0
        steps.forEach(({ word, read, decided, isListed, asked }, i) => {
          const height = i + 1
          const saidMs = decidedMs + word
          // nobody speaks before the height before is decided, and a listed word was said before its height was decided
          const readMs = decidedMs + read
          const atMs = Math.max(readMs, isListed ? saidMs : 0) + decided
          if (saidMs <= atMs) time.said(height, saidMs)
          time.decided({ height, agreedMs: agreedAt(readMs), isListed }, atMs)
          if (listedMs !== null) quickest = Math.min(quickest, readMs - listedMs)
          if (isListed) listedMs = saidMs
          decidedMs = atMs
          const latest = time.latestMs(atMs + asked)
          expect(latest).at.least(agreedAt(atMs + asked))
          if (quickest === Infinity) expect(latest).equal(Infinity)
          // clocks drift apart by a thousandth at most
          else expect(latest).most(agreedAt(atMs + asked) + quickest + (atMs + asked) / 1000 + 1)
        })
      }),
    )
  })
})
