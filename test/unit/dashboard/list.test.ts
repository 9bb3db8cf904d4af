import { expect } from 'chai'
import fc from 'fast-check'
import { LiveBoard } from '../../../src/dashboard/model/live-board.ts'
import { readPlace, writePlace } from '../../../src/dashboard/model/place.ts'
import { PROGRESS, quorumOf, RING, ringSeats } from '../../../src/dashboard/model/ring.ts'
import { lastHeight, rowOf, runsOf } from '../../../src/dashboard/model/rows.ts'
import { checkpointsOf, heightVerdict, tally } from '../../../src/dashboard/model/verdicts.ts'
import { listWindow, rowByKey, scrollToRow } from '../../../src/dashboard/model/window.ts'
import { findingAt, reportOf } from '../../helpers/dashboard-report.ts'

describe('dashboard: rows in view', () => {
  it('every row in view is in the document, and never more than 200 are (property)', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.integer({ min: 20, max: 80 }),
        fc.nat(),
        fc.integer({ min: 0, max: 100_000 }),
        (rows, rowPx, at, view) => {
          const scroll = at % (rows * rowPx + 1)
          const { from, to, height } = listWindow(rows, rowPx, scroll, view)
          expect(height).equal(rows * rowPx)
          expect(to - from).at.most(200)
          expect(from).at.least(0)
          expect(to).at.most(rows)
          if (view > 140 * rowPx) return
          const first = Math.min(Math.floor(scroll / rowPx), Math.max(0, rows - Math.ceil(view / rowPx)))
          expect(from).at.most(first)
          expect(to).at.least(Math.min(rows, Math.ceil((first * rowPx + view) / rowPx)))
        },
      ),
      { seed: 16, numRuns: 500 },
    )
  })

  it('keys lead to rows of the list, others nowhere', () => {
    expect(rowByKey('Tab', 3, 10, 5)).equal(null)
    expect(rowByKey('ArrowDown', 0, 0, 5)).equal(null)
    expect(rowByKey('constructor', 3, 10, 5)).equal(null)
    const to = (key: string, from: number): number | null => rowByKey(key, from, 10, 5)
    expect([
      to('ArrowDown', -1),
      to('ArrowDown', 9),
      to('ArrowUp', 0),
      to('PageDown', 7),
      to('PageUp', 7),
      to('End', 2),
      to('Home', 7),
    ]).deep.equal([0, 9, 0, 9, 2, 9, 0])
  })

  it('scrolls no further than a row needs', () => {
    expect([scrollToRow(5, 10, 0, 100), scrollToRow(12, 10, 0, 100), scrollToRow(2, 10, 50, 100)]).deep.equal(
      [0, 30, 20],
    )
  })
})

describe('dashboard: rows of heights', () => {
  const live = LiveBoard.from({
    tasks: [
      {
        ...{ task: '1', members: 4, byNode: [], lanes: [], anchoredBlock: 0, convictions: [] },
        heights: [
          { height: 3, round: 0, value: '0x03', inputs: 4, seats: 'ddx.', shares: 1, final: null, atMs: 5 },
          { height: 9, round: 1, value: '0x09', inputs: 4, seats: 'dddd', shares: 1, final: 1, atMs: 6 },
        ],
      },
    ],
  }).task('1')

  it('what only nodes report has no verdict', () => {
    const row = rowOf({ live, report: null, checkpoints: [] }, 3)
    expect(row).include({
      verdict: null,
      agreeing: 2,
      members: 4,
      value: '0x03',
      differs: false,
      isRecomputed: false,
    })
    expect(row.runs).deep.equal([
      { mark: 'd', seats: 2 },
      { mark: 'x', seats: 1 },
      { mark: '.', seats: 1 },
    ])
  })

  it('a height that nobody knows is an empty row', () => {
    expect(rowOf({ live: null, report: null, checkpoints: [] }, 3)).include({
      value: null,
      agreeing: null,
      verdict: null,
      atMs: null,
    })
  })

  it('the audit wins, and a value that nodes report differently is said', () => {
    const report = reportOf({ heights: 8, value: (height) => `0x0${height + 1}` })
    const source = { live, report, checkpoints: checkpointsOf(report) }
    expect(lastHeight(source)).equal(9)
    expect(rowOf(source, 3)).include({
      verdict: 'verified',
      value: '0x04',
      differs: true,
      isRecomputed: true,
    })
    expect(rowOf(source, 9)).include({ verdict: null, value: '0x09', differs: false })
  })

  it('runs join to what they were made of (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('d', 'x', '.')), (marks) => {
        const runs = runsOf(marks.join(''))
        expect(runs.map(({ mark, seats }) => mark.repeat(seats)).join('')).equal(marks.join(''))
        for (const [i, { mark }] of runs.entries()) expect(mark).not.equal(runs[i - 1]?.mark)
      }),
      { seed: 16 },
    )
  })
})

describe('dashboard: verdicts', () => {
  it('a finding belongs to its checkpoint alone, and reddens its heights', () => {
    const report = reportOf({ heights: 8, findings: [findingAt(5, 8, 6)] })
    const checkpoints = checkpointsOf(report)
    expect(
      checkpoints.map(({ range, verdict, findings }) => [range?.first, verdict, findings.length]),
    ).deep.equal([
      [5, 'mismatch', 1],
      [1, 'verified', 0],
    ])
    expect(tally(checkpoints)).deep.equal({ verified: 1, mismatch: 1, unavailable: 0, pending: 0 })
    expect([4, 6, 9].map((height) => heightVerdict(report, checkpoints, height))).deep.equal([
      'verified',
      'mismatch',
      null,
    ])
  })

  it('a checkpoint that the audit cannot place is shown, without heights', () => {
    const stray = {
      kind: 'checkpoint',
      label: 'CHECKPOINT task 1, odd',
      block: 7,
      logged: '-',
      recomputed: '-',
      signatures: '-',
      verdict: 'mismatch' as const,
    }
    const report = reportOf({ heights: 4, extra: [stray] })
    expect(checkpointsOf(report)[0]).include({ range: null, verdict: 'mismatch' })
  })
})

describe('dashboard: ring', () => {
  it('seats stay in the box and do not touch, up to 128', () => {
    for (const n of [1, 4, 7, 31, 128]) {
      const seats = ringSeats(n)
      expect(seats).length(n)
      for (const [i, { x, y, r }] of seats.entries()) {
        expect(x - r).at.least(0)
        expect(x + r).at.most(RING.width)
        expect(y - r).at.least(0)
        expect(y + r).at.most(RING.height)
        const next = seats[(i + 1) % n]
        if (next !== undefined && n > 1 && n < 128) expect(Math.hypot(next.x - x, next.y - y)).above(2 * r)
      }
    }
  })

  it('quorum is the fewest with 3w > 2W', () => {
    for (let total = 1; total <= 128; total += 1) {
      const quorum = quorumOf(total)
      expect(3 * quorum > 2 * total && 3 * (quorum - 1) <= 2 * total, String(total)).equal(true)
    }
    expect(Object.values(PROGRESS).every((share) => share >= 0 && share <= 1)).equal(true)
  })
})

describe('dashboard: links', () => {
  it('what it does not know it ignores', () => {
    for (const hash of ['', '#', '#task=', '#task=0', '#task=-1&height=x', '#task=<b>', '#height=1e9'])
      expect(readPlace(hash), hash).deep.equal({ task: null, height: null })
  })

  it('reads what it writes', () => {
    for (const place of [
      { task: '3', height: 12 },
      { task: '3', height: null },
      { task: null, height: null },
    ])
      expect(readPlace(writePlace(place))).deep.equal(place)
  })
})
