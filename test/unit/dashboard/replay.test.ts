import { expect } from 'chai'
import fc from 'fast-check'
import { drawLanes, Lanes, LANES_MAX } from '../../../src/dashboard/model/lanes.ts'
import type { LaneMark } from '../../../src/dashboard/model/lanes.ts'

const mark = (phase: LaneMark['phase'], atMs: number, round = 0): LaneMark => ({ phase, round, atMs })

describe('dashboard: lanes', () => {
  it('keeps the newest heights and a bounded number of marks, whatever nodes report', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(2))), (reports) => {
        const lanes = new Lanes()
        for (const [height, seat] of reports)
          for (let i = 0; i < 40; i += 1) lanes.take(height, seat, mark('DEBATE', i))
        const kept = lanes.plain()
        expect(kept.length).at.most(LANES_MAX)
        for (const [, seats] of kept) for (const [, marks] of seats) expect(marks.length).at.most(24)
        const heights = [...new Set(reports.map(([height]) => height))].sort((a, b) => b - a)
        const [newest] = heights
        if (newest !== undefined) expect(lanes.of(newest)).not.equal(null)
      }),
      { numRuns: 50 },
    )
    const full = new Lanes()
    for (let height = 100; height < 100 + LANES_MAX; height += 1) full.take(height, 0, mark('DEBATE', 1))
    full.take(99, 0, mark('DEBATE', 1))
    expect([full.of(99), full.of(100) === null]).deep.equal([null, false])
    full.take(500, 0, mark('DEBATE', 1))
    expect([full.of(100), full.of(500) === null]).deep.equal([null, false])
  })

  it('draws each phase until the next one, and says when a member had decided', () => {
    const drawn = drawLanes(
      new Map([
        [0, [mark('DEBATE', 1_000), mark('SHARE', 1_040), mark('IDLE', 1_100)]],
        [2, [mark('DEBATE', 1_020), mark('SHARE', 1_060, 1)]],
      ]),
      3,
    )
    expect(drawn.lastsMs).equal(100)
    expect(drawn.seats).deep.equal([
      {
        pieces: [
          { phase: 'DEBATE', round: 0, from: 0, to: 0.4 },
          { phase: 'SHARE', round: 0, from: 0.4, to: 1 },
        ],
        decidedMs: 100,
      },
      { pieces: [], decidedMs: null },
      {
        pieces: [
          { phase: 'DEBATE', round: 0, from: 0.2, to: 0.6 },
          { phase: 'SHARE', round: 1, from: 0.6, to: 1 },
        ],
        decidedMs: null,
      },
    ])
  })

  it('no clock and no order of reports makes a piece outside its lane (property)', () => {
    const phases = fc.constantFrom<LaneMark['phase']>('INITIAL', 'DEBATE', 'SHARE', 'IDLE', 'CLOSE')
    const marks = fc.array(fc.record({ phase: phases, round: fc.nat(3), atMs: fc.nat(1_000) }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), marks), { maxLength: 4 }), (seats) => {
        for (const { pieces } of drawLanes(new Map(seats), 4).seats)
          for (const { from, to } of pieces) {
            expect(from).within(0, 1)
            expect(to).within(from, 1)
          }
      }),
    )
  })
})
