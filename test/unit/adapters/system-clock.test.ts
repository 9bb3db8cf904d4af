import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import { eventually } from '../../helpers/eventually.ts'

describe('system clock', () => {
  it('never falls', () => {
    const times = Array.from({ length: 1_000 }, () => systemClock.nowMs())
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b))
  })

  it('calls back once, not before its time', async () => {
    const startMs = systemClock.nowMs()
    const calls: number[] = []
    systemClock.after(20, () => calls.push(systemClock.nowMs() - startMs))
    await eventually(() => calls.length > 0)
    expect(calls[0]).to.be.at.least(19) // Node rounds timers to whole milliseconds
  })

  it('calls back again and again, until it is stopped', async () => {
    let calls = 0
    const stop = systemClock.every(2, () => {
      calls += 1
      if (calls === 3) stop()
    })
    let later = false
    await eventually(() => calls === 3)
    systemClock.after(20, () => (later = true))
    await eventually(() => later)
    expect(calls).to.equal(3)
  })

  it('does not call back after it was told not to', async () => {
    let calls = 0
    systemClock.after(5, () => (calls += 1))()
    let later = false
    systemClock.after(20, () => (later = true))
    await eventually(() => later)
    expect(calls).to.equal(0)
  })

  it('refuses what a timer cannot do', () => {
    for (const ms of [-1, NaN, Infinity, 2 ** 31]) {
      expect(() => systemClock.after(ms, () => undefined)).to.throw(InvariantError)
      expect(() => systemClock.every(ms, () => undefined)).to.throw(InvariantError)
    }
    expect(() => systemClock.every(0, () => undefined)).to.throw(InvariantError)
  })
})

describe('virtual clock', () => {
  let clock: VirtualClock
  let calls: string[]
  const note = (name: string) => () => void calls.push(`${name}@${clock.nowMs()}`)

  beforeEach(() => {
    clock = new VirtualClock()
    calls = []
  })

  it('stands still until it is advanced', () => {
    clock.after(0, note('now'))
    expect([clock.nowMs(), clock.nextMs(), calls.length]).to.deep.equal([0, 0, 0])
    clock.advance(0)
    expect(calls).to.deep.equal(['now@0'])
    clock.advance(7)
    expect([clock.nowMs(), clock.nextMs()]).to.deep.equal([7, null])
  })

  it('calls back in order of time, then of setting, each at its own time', () => {
    clock.after(10, note('c'))
    clock.every(4, note('a'))
    clock.after(4, note('b'))
    clock.advance(10)
    expect(calls).to.deep.equal(['a@4', 'b@4', 'a@8', 'c@10'])
    clock.advance(1)
    clock.advance(1)
    expect(calls.slice(4)).to.deep.equal(['a@12'])
  })

  it('runs what callbacks set within the span, and not what lies beyond', () => {
    clock.after(5, () => {
      note('first')()
      clock.after(0, note('at once'))
      clock.after(3, note('soon'))
      clock.after(6, note('late'))
    })
    clock.advance(10)
    expect(calls).to.deep.equal(['first@5', 'at once@5', 'soon@8'])
    expect([clock.nowMs(), clock.nextMs()]).to.deep.equal([10, 11])
  })

  it('can be told not to call back, also by the callback itself or by one due at the same time', () => {
    clock.after(5, note('never'))()
    const stop = clock.every(2, () => {
      note('tick')()
      if (clock.nowMs() === 4) stop()
    })
    clock.after(7, () => stopOther())
    const stopOther = clock.after(7, note('other'))
    clock.advance(20)
    expect(calls).to.deep.equal(['tick@2', 'tick@4'])
    stop()
  })

  it('lets an exception through and goes on from there', () => {
    clock.after(3, () => {
      throw new RangeError('mine')
    })
    clock.after(4, note('next'))
    expect(() => clock.advance(10)).to.throw(RangeError)
    expect(clock.nowMs()).to.equal(3)
    clock.advance(1)
    expect(calls).to.deep.equal(['next@4'])
  })

  it('refuses to go back, and to be advanced by its own callback', () => {
    expect(() => clock.advance(-1)).to.throw(InvariantError)
    expect(() => clock.after(-1, note('x'))).to.throw(InvariantError)
    expect(() => clock.every(0, note('x'))).to.throw(InvariantError)
    clock.after(1, () => clock.advance(1))
    expect(() => clock.advance(1)).to.throw(InvariantError)
  })
})
