import { expect } from 'chai'
import { arrived, lived, phi, PHI_MAX, silenceMs, watched } from '../../../src/services/health/phi.ts'
import type { Arrivals } from '../../../src/services/health/phi.ts'

/** A peer that is heard every `interval` ms, `count` times. */
function steady(interval: number, count: number): Arrivals {
  let arrivals = watched(0)
  for (let i = 1; i <= count; i += 1) arrivals = arrived(arrivals, i * interval)
  return arrivals
}

describe('phi accrual', () => {
  it('grows with the silence in units of the usual interval', () => {
    const arrivals = steady(1000, 20)
    expect(phi(arrivals, 20_000)).equal(0)
    // −log₁₀ e^(−t / 1000)
    expect(phi(arrivals, 21_000)).equal(434)
    expect(phi(arrivals, 40_000)).equal(8680)
    expect(phi(steady(2000, 20), 60_000)).equal(4340)
  })

  it('has a floor below which no interval accuses, and a top', () => {
    expect(phi(steady(100, 50), 5500)).equal(434)
    expect(phi(steady(100, 50), 10 ** 9)).equal(PHI_MAX)
  })

  it('counts a burst as one beat', () => {
    let arrivals = steady(1000, 20)
    for (let i = 1; i < 50; i += 1) arrivals = arrived(arrivals, 20_000 + i)
    expect(arrivals.intervals).deep.equal(steady(1000, 20).intervals)
  })

  it('remembers 100 intervals', () => {
    expect(steady(1000, 500).intervals).length(100)
  })

  it('an uneven peer is suspected later than an even one of the same mean', () => {
    let uneven = watched(0)
    for (let i = 0; i < 20; i += 1) uneven = arrived(arrived(uneven, i * 2000 + 200), i * 2000 + 2000)
    const { lastMs } = uneven
    expect(phi(uneven, lastMs + 5000)).below(phi(steady(1000, 40), 45_000))
  })

  it('a peer that was never heard is silent since it is watched', () => {
    expect(silenceMs(watched(500), 2500)).equal(2000)
    expect(phi(watched(500), 2500)).equal(1736)
  })
})

describe('lived time', () => {
  it('counts a stall for one step, and no step backwards', () => {
    const start = { livedMs: 0, seenAtMs: 1000 }
    expect(lived(start, 1100)).deep.equal({ livedMs: 100, seenAtMs: 1100 })
    expect(lived(start, 61_000)).deep.equal({ livedMs: 250, seenAtMs: 61_000 })
    expect(lived(start, 500)).deep.equal(start)
  })
})
