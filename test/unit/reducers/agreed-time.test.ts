import { expect } from 'chai'
import fc from 'fast-check'
import { agreedTime } from '../../../src/reducers/agreed-time.ts'
import { fencingToken, mayGrantNext, mayHolderAct, SKEW_MS_MAX } from '../../../src/reducers/lease.ts'

const U64_MAX = 2n ** 64n - 1n
const clock = fc.bigInt({ min: 0n, max: U64_MAX })
const honest = fc.record({
  value: fc.bigInt({ min: 1_000n, max: 9_000n }),
  weight: fc.integer({ min: 1, max: 9 }),
})
const liar = fc.record({
  value: fc.constantFrom(0n, 999n, 9_001n, U64_MAX),
  weight: fc.integer({ min: 1, max: 9 }),
})
const weigh = (readings: readonly { weight: number }[]): number =>
  readings.reduce((sum, { weight }) => sum + weight, 0)

describe('agreed time', () => {
  it('never falls, and stands still of no readings', () => {
    expect(agreedTime(5n, [])).to.equal(5n)
    fc.assert(
      fc.property(clock, fc.array(liar, { maxLength: 9 }), (previous, readings) => {
        expect(agreedTime(previous, readings) >= previous).to.equal(true)
      }),
    )
  })

  it('lies among the honest clocks whenever liars weigh less than half of the list', () => {
    let tight = 0
    fc.assert(
      fc.property(
        fc.array(honest, { minLength: 1, maxLength: 9 }),
        fc.array(liar, { maxLength: 9 }),
        (good, bad) => {
          fc.pre(weigh(bad) < weigh(good))
          if (weigh(bad) * 3 > weigh(good)) tight += 1
          const now = agreedTime(0n, [...bad, ...good])
          const clocks = good.map(({ value }) => value).sort((a, b) => (a < b ? -1 : 1))
          expect(now >= (clocks[0] ?? 0n) && now <= (clocks.at(-1) ?? 0n), String(now)).to.equal(true)
        },
      ),
      { numRuns: 300 },
    )
    expect(tight, 'runs in which liars weigh much').to.be.above(20)
  })

  it('does not depend on the order of the readings, and is the lower of two middle ones', () => {
    fc.assert(
      fc.property(fc.array(honest, { maxLength: 9 }), (readings) => {
        expect(agreedTime(0n, readings.toReversed())).to.equal(agreedTime(0n, readings))
      }),
    )
    const at = (value: bigint, weight = 1): { value: bigint; weight: number } => ({ value, weight })
    expect(agreedTime(0n, [at(9n), at(3n), at(5n), at(1n)])).to.equal(3n)
    expect(agreedTime(0n, [at(1n), at(9n, 2)])).to.equal(9n)
  })
})

describe('lease', () => {
  it('never has two holders whose clocks keep within the skew of agreed time', () => {
    const skew = fc.bigInt({ min: -SKEW_MS_MAX, max: SKEW_MS_MAX })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10_000n }), skew, (agreedMs, off) => {
        const endMs = 5_000n
        const clockMs = agreedMs + off
        if (mayGrantNext(endMs, agreedMs)) expect(mayHolderAct(endMs, clockMs)).to.equal(false)
      }),
      { numRuns: 500 },
    )
    expect(mayHolderAct(5_000n, 4_499n)).to.equal(true)
    expect(mayHolderAct(5_000n, 4_500n)).to.equal(false)
    expect(mayGrantNext(5_000n, 5_499n)).to.equal(false)
    expect(mayGrantNext(5_000n, 5_500n)).to.equal(true)
  })

  it('has a token that rises with the height, the task and the generation, in this order of worth', () => {
    const part = fc.tuple(
      fc.bigInt({ min: 0n, max: U64_MAX }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    )
    fc.assert(
      fc.property(part, part, (a, b) => {
        const [i, j] = [a, b].map(([generation, task, height]) => [generation, BigInt(task), BigInt(height)])
        const first = i?.findIndex((value, k) => value !== j?.[k]) ?? -1
        const isLess = first >= 0 && (i?.[first] ?? 0n) < (j?.[first] ?? 0n)
        expect(fencingToken(...a) < fencingToken(...b)).to.equal(isLess)
      }),
    )
    expect(fencingToken(1n, 2, 3)).to.equal(0x1_0000_0002_0000_0003n)
  })
})
