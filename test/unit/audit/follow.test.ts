import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import type { FollowEvent } from '../../../src/audit/follow.ts'
import { isOver, newsIn, NOTHING_TOLD } from '../../../src/audit/follow.ts'
import type { AuditReport, Conviction } from '../../../src/audit/report.ts'
import { makeHistory } from '../../helpers/audit-history.ts'

/** What of an event the order of a stream is about. */
const brief = (event: FollowEvent): string =>
  event.type === 'checkpoint'
    ? `${event.first}–${event.last} ${event.verdict}`
    : event.type === 'alarm'
      ? `${event.kind} ${event.field}`
      : event.status

describe('what a watcher tells', () => {
  let honest: AuditReport
  before(() => {
    honest = auditTask(makeHistory().history)
  })

  const conviction = (member: number, block: number): Conviction => ({
    ...{ member, offence: 'E1', height: 3n, first: '0x01', second: '0x02', percent: 5, block },
    ...{ because: 'two SHARE of one round', reporter: '0x03', transaction: '0x04' },
  })

  it('tells each checkpoint once, in order, and the status when it changes', () => {
    const { events, told } = newsIn(honest, NOTHING_TOLD)
    expect(events.map(brief)).deep.equal(['1–4 verified', '5–8 verified', 'Closed'])
    expect(told).deep.equal({ height: 8, status: 'Closed', alarms: [] })
    expect(newsIn(honest, told).events).deep.equal([])
    const half = { ...honest, steps: honest.steps.filter(({ label }) => label !== 'HEIGHTS 5–8') }
    const first = newsIn(half, NOTHING_TOLD)
    expect(newsIn(honest, first.told).events.map(brief)).deep.equal(['5–8 verified'])
  })

  it('names the field of a lie right after the checkpoint that it is part of', () => {
    const twist = {
      state: (height: number, state: Uint8Array) =>
        height === 4 ? Uint8Array.from([...state.slice(0, 7), 9, ...state.slice(8)]) : state,
    }
    const report = auditTask(makeHistory({ twist }).history)
    const { events, told } = newsIn(report, NOTHING_TOLD)
    expect(events.slice(0, 3).map(brief)).deep.equal([
      '1–4 mismatch',
      'finding Checkpointed[task 1, heights 1–4].batch.stateHash[3]',
      '5–8 verified',
    ])
    expect(newsIn(report, told).events).deep.equal([])
  })

  it('tells of a conviction before any checkpoint of its block or later', () => {
    const blocks = honest.steps.filter(({ kind }) => kind === 'checkpoint').map(({ block }) => block!)
    const at = (block: number): string[] =>
      newsIn({ ...honest, convictions: [conviction(2, block)] }, NOTHING_TOLD)
        .events.map(brief)
        .slice(0, 3)
    const alarm = 'conviction Convicted[member 2].offence'
    expect(at(blocks[0]!)).deep.equal([alarm, '1–4 verified', '5–8 verified'])
    expect(at(blocks[0]! + 1)).deep.equal(['1–4 verified', alarm, '5–8 verified'])
    expect(at(blocks[1]! + 1)).deep.equal(['1–4 verified', '5–8 verified', alarm])
  })

  it('tells of a member convicted twice for one height once, of two members twice', () => {
    const convictions = [conviction(2, 50), conviction(2, 51), conviction(3, 52)]
    const alarms = newsIn({ ...honest, convictions }, NOTHING_TOLD).events.filter(
      ({ type }) => type === 'alarm',
    )
    expect(alarms.map(brief)).deep.equal([
      'conviction Convicted[member 2].offence',
      'conviction Convicted[member 3].offence',
    ])
  })

  it('is over with the task, not before', () => {
    expect(isOver({ end: null })).equal(false)
    for (const status of ['Open', 'Active', 'Finalizing'] as const)
      expect(isOver({ end: { ...honest.end!, status } })).equal(false)
    for (const status of ['Closed', 'Expired', 'NoQuorum'] as const)
      expect(isOver({ end: { ...honest.end!, status } })).equal(true)
  })
})
