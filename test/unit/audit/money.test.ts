import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import type { TaskHistory } from '../../../src/ports/chain-history.ts'
import type { HistoryOptions } from '../../helpers/audit-history.ts'
import { makeHistory } from '../../helpers/audit-history.ts'
import { SILENT_MEMBER } from '../../helpers/audit-task.ts'

const fields = ({ findings }: AuditReport): string[] => findings.map(({ field }) => field)

describe('audit: money', () => {
  const { history, cluster } = makeHistory()
  const views = (changes: Partial<TaskHistory['views']>): TaskHistory => ({
    ...history,
    views: { ...history.views, ...changes },
  })
  const [first] = cluster.members

  it('refuses a board that counts otherwise', () => {
    const { task, tally, head, locks } = history.views
    const wrong: readonly (readonly [string, Partial<TaskHistory['views']>])[] = [
      ['task().escrow', { task: { ...task, escrow: task.escrow - 1n } }],
      ['task().stakePerNode', { task: { ...task, stakePerNode: 1n } }],
      ['task().revokedBlock', { task: { ...task, revokedBlock: 50n } }],
      ['tally().last', { tally: { ...tally, last: 9n } }],
      ['tally().missed[3]', { tally: { ...tally, missed: [0n, 0n, 0n, 0n] } }],
      ['tally().feeUnits[0]', { tally: { ...tally, feeUnits: tally.feeUnits.with(0, 99n) } }],
      ['head().graceHeights', { head: { ...head, graceHeights: 1n } }],
      ['lockOf()', { locks: new Map([...locks, [first!.key, 999n]]) }],
      ['statusOf().status', { status: { ...history.views.status, status: 6n } }],
      ['statusOf().closedAt', { status: { ...history.views.status, closedAt: 66n } }],
      ['claimsOpenAt()', { claimsOpenAt: 97n }],
    ]
    for (const [field, changes] of wrong) expect(fields(auditTask(views(changes)))).deep.equal([field])
  })

  it('pays who signs what it was left out of: no gap is left, and nothing is believed', () => {
    const repaired = auditTask(makeHistory({ coSign: (honest) => honest }).history)
    expect(fields(repaired)).deep.equal([])
    expect(repaired.gaps).deep.equal([])
    expect(auditTask(history).gaps).deep.equal([{ member: SILENT_MEMBER, first: 5, last: 8 }])
    const amounts = ({ money }: AuditReport): bigint[] => money?.left.map(({ amount }) => amount) ?? []
    const [before, after] = [amounts(auditTask(history)), amounts(repaired)]
    expect(after[SILENT_MEMBER]! - before[SILENT_MEMBER]!).equal((42n * 8n) / 4n - (42n * 4n) / 4n)

    const refused = (coSign: NonNullable<HistoryOptions['coSign']>): string[] =>
      fields(auditTask(makeHistory({ coSign }).history))
    const signature = `0x${'11'.repeat(64)}1b` as const
    expect(refused((honest) => ({ ...honest, signature }))).deep.equal(['coSign().signature'])
    expect(refused((honest) => ({ ...honest, logSeq: honest.logSeq + 1n }))).include('coSign().signature')
    expect(refused((honest) => ({ ...honest, member: 0n }))).include('CoSigned.member')
    expect(refused((honest) => ({ ...honest, note: '0x00' }))).deep.equal(['CoSigned.note'])
  })

  it('says what everybody has earned and not taken, to the wei', () => {
    const { money, end } = auditTask(history)
    expect(end).deep.include({ status: 'Closed', because: 'the last height' })
    const { tally, task } = history.views
    const earned = cluster.members.map((_, i) => {
      const heights = tally.last - tally.missed[i]!
      return (42n * heights) / 4n + (9n * tally.feeUnits[i]!) / 4n
    })
    const rest = earned.reduce((sum, amount) => sum - amount, task.escrow)
    const owed = [...earned, rest, ...cluster.members.map(() => 1_000n)]
    expect(money?.left.map(({ amount }) => amount)).deep.equal(owed)
    expect(money).deep.include({ escrow: task.escrow, paid: 0n, inEscrow: task.escrow })
    expect(money).deep.include({ locked: 4_000n, freed: 0n, burnt: 0n, inLocks: 4_000n })
  })
})
