import { expect } from 'chai'
import { nextStatus, TRANSITIONS } from '../../../src/protocol/phases.ts'
import type { PhaseEvent, PhaseStatus } from '../../../src/types/log.ts'
import { STATUS_NUMBERS } from '../../../src/types/log.ts'

const STATUSES = Object.keys(STATUS_NUMBERS) as PhaseStatus[]
const EVENTS = Object.keys(TRANSITIONS) as Exclude<PhaseEvent, 'RESET'>[]

/** The paper's matrix (section 3), row by row: the event that leads from one status to another, or none. */
const MATRIX: Record<PhaseStatus, Record<PhaseStatus, PhaseEvent | null>> = {
  INITIAL: { INITIAL: null, DEBATE: 't1', IDLE: null, SHARE: null, CLOSE: null },
  DEBATE: { INITIAL: null, DEBATE: null, IDLE: 't2', SHARE: null, CLOSE: null },
  IDLE: { INITIAL: null, DEBATE: 't3', IDLE: null, SHARE: 't4', CLOSE: 't5' },
  SHARE: { INITIAL: null, DEBATE: null, IDLE: 't6', SHARE: null, CLOSE: null },
  CLOSE: { INITIAL: null, DEBATE: null, IDLE: 't7', SHARE: null, CLOSE: null },
}

describe('transition matrix', () => {
  for (const from of STATUSES) {
    for (const to of STATUSES) {
      const event = MATRIX[from][to]
      it(`${from} → ${to}: ${event ?? 'refused'}`, () => {
        const leading = EVENTS.filter((candidate) => nextStatus(from, candidate) === to)
        expect(leading).to.deep.equal(event === null ? [] : [event])
      })
    }
  }

  it('allows 7 of 25 cells', () => {
    const cells = STATUSES.flatMap((from) => Object.values(MATRIX[from]))
    expect(cells.filter((event) => event !== null)).to.have.length(7)
    expect(cells.filter((event) => event === null)).to.have.length(18)
  })

  for (const from of STATUSES) {
    it(`RESET leads from ${from} to INITIAL, outside the matrix`, () => {
      expect(nextStatus(from, 'RESET')).to.equal('INITIAL')
    })
  }
})
