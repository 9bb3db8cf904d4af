import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import type { LogState } from '../../../src/protocol/phase-log.ts'
import { append, emptyLog, sharedSteps } from '../../../src/protocol/phase-log.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { PhaseEvent } from '../../../src/types/log.ts'

const cluster = keccak('0x01')
const value = keccak('0x02')
const where = { cluster, epochHeights: 2 }
const at = (height: number, round = 0): { height: number; round: number; value: typeof value } => ({
  height,
  round,
  value,
})
const after = (...steps: readonly (readonly [PhaseEvent, number, number])[]): LogState =>
  steps.reduce(
    (log, [event, height, round]) => append(log, where, event, at(height, round)).log,
    emptyLog(cluster),
  )
const HEIGHT_ONE = [
  ['t1', 1, 0],
  ['t2', 1, 0],
  ['t4', 1, 0],
  ['t6', 1, 0],
] as const

describe('phase log', () => {
  it('refuses a transition that is not in the table', () => {
    expect(() => append(emptyLog(cluster), where, 't2', at(1))).to.throw(InvariantError)
    expect(() => append(after(['t1', 1, 0]), where, 't4', at(1))).to.throw(InvariantError)
  })

  it('refuses to fall back in height or round', () => {
    expect(() => append(after(['t1', 1, 3]), where, 't2', at(1, 2))).to.throw(InvariantError)
    expect(() => append(after(['t1', 2, 0]), where, 't2', at(1, 5))).to.throw(InvariantError)
  })

  it('a higher height may start at a lower round', () => {
    expect(append(after(['t1', 1, 3], ['t2', 1, 3]), where, 't3', at(2, 0)).log).to.include({
      height: 2,
      round: 0,
    })
  })

  it('starts with nothing: INITIAL, no entry, the start of epoch 0', () => {
    expect(emptyLog(cluster)).to.deep.equal({
      status: 'INITIAL',
      epoch: 0,
      seq: 0,
      head: logStart(cluster, 0),
      height: 1,
      round: 0,
    })
  })

  it('chains the hash of each entry onto the head', () => {
    const { log, entry } = append(emptyLog(cluster), where, 't1', at(1))
    expect(entry).to.deep.equal({ seq: 1, from: 'INITIAL', event: 't1', to: 'DEBATE', ...at(1) })
    expect(log.head).to.equal(appendLog(logStart(cluster, 0), entry))
  })

  it('starts a new chain with seq 1 in every epoch, and goes on in the status it was in', () => {
    const log = after(...HEIGHT_ONE)
    const { entry, log: next } = append(log, where, 't3', at(3))
    expect(entry).to.include({ seq: 1, from: 'IDLE' })
    expect(next.epoch).to.equal(1)
    expect(next.head).to.equal(appendLog(logStart(cluster, 1), entry))
  })

  it('RESET is legal after any entry, and t1 follows', () => {
    for (let length = 1; length <= HEIGHT_ONE.length; length += 1) {
      const reset = append(after(...HEIGHT_ONE.slice(0, length)), where, 'RESET', at(1)).log
      expect(reset.status).to.equal('INITIAL')
      expect(append(reset, where, 't1', at(1)).log.status).to.equal('DEBATE')
    }
  })
})

describe('shared log of a height', () => {
  it('decided in round 0: t3 with the value before, then t2, t4, t6 with the value', () => {
    const previous = keccak('0x03')
    expect(sharedSteps(0, value, previous, 'IDLE')).to.deep.equal([
      { event: 't3', round: 0, value: previous },
      { event: 't2', round: 0, value },
      { event: 't4', round: 0, value },
      { event: 't6', round: 0, value },
    ])
  })

  it('starts with t1 for a node that has done nothing yet, and only there', () => {
    const steps = sharedSteps(1, value, NIL, 'INITIAL')
    expect(steps.map(({ event }) => event)).to.deep.equal(['t1', 't2', 't4', 't6', 't3', 't2', 't4', 't6'])
  })

  it('says NIL for every round that failed', () => {
    const steps = sharedSteps(2, value, NIL, 'IDLE').filter(({ event }) => event !== 't3')
    expect(steps.filter((step) => step.round < 2).every((step) => step.value === NIL)).to.equal(true)
    expect(steps.filter((step) => step.round === 2).every((step) => step.value === value)).to.equal(true)
  })
})
