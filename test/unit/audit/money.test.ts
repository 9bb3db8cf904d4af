import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import type { TaskHistory } from '../../../src/ports/chain-history.ts'
import { makeHistory } from '../../helpers/audit-history.ts'
import { atBlock } from '../../helpers/moments.ts'

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
      ['task().formFee', { task: { ...task, formFee: task.formFee + 1n } }],
      ['task().former', { task: { ...task, former: first!.operator } }],
      ['task().stakePerNode', { task: { ...task, stakePerNode: 1n } }],
      ['task().revokedBlock', { task: { ...task, revokedBlock: 50n } }],
      ['tally().feesDue', { tally: { ...tally, feesDue: 9n } }],
      ['tally().last', { tally: { ...tally, last: 9n } }],
      ['tally().missed[3]', { tally: { ...tally, missed: [0n, 0n, 0n, 0n] } }],
      ['tally().feeUnits[0]', { tally: { ...tally, feeUnits: tally.feeUnits.with(0, 99n) } }],
      ['head().graceHeights', { head: { ...head, graceHeights: 1n } }],
      ['lockOf()', { locks: new Map([...locks, [first!.key, 999n]]) }],
      ['statusOf().status', { status: { ...history.views.status, status: 6n } }],
      ['statusOf().closedAt.number', { status: { ...history.views.status, closedAt: atBlock(66) } }],
      ['claimsOpenAt().opensAt.number', { claimsOpenAt: atBlock(97) }],
    ]
    for (const [field, changes] of wrong) expect(fields(auditTask(views(changes)))).deep.equal([field])
  })

  it('says what everybody has earned and not taken, to the wei', () => {
    const { money, end } = auditTask(history)
    expect(end).deep.include({ status: 'Closed', because: 'the last height' })
    const { tally, task } = history.views
    const earned = cluster.members.map((_, i) => {
      const heights = tally.last - tally.missed[i]!
      return (42n * heights) / 4n + (9n * tally.feeUnits[i]!) / 4n
    })
    const spent = 42n * tally.last + 9n * tally.feesDue
    const lost = earned.reduce((sum, amount) => sum - amount, spent)
    // 4 sign-ups, 4 seats, 2 wei per gas
    const drawing = 2n * (320_000n + 4n * 8_600n + 4n * 18_600n)
    const owed = [
      ...earned,
      drawing,
      task.escrow - spent - drawing,
      lost,
      ...cluster.members.map(() => 1_000n),
    ]
    expect(money?.left.map(({ amount }) => amount)).deep.equal(owed)
    expect(money).deep.include({ escrow: task.escrow, paid: 0n, inEscrow: task.escrow })
    expect(money).deep.include({
      locked: 4_000n,
      freed: 0n,
      burntStake: 0n,
      burntPay: 0n,
      inLocks: 4_000n,
    })
  })

  it('refuses a fee for the drawing that is missing, told twice, another, or somebody else’s', () => {
    const told = history.events.filter(({ name }) => name === 'FormFeeEarned')
    const withEvents = (events: TaskHistory['events']): TaskHistory => ({ ...history, events })
    const with_ = (change: object): TaskHistory =>
      withEvents(
        history.events.map((event) =>
          event.name === 'FormFeeEarned' ? { ...event, args: { ...event.args, ...change } } : event,
        ),
      )
    expect(told).length(1)
    const missing = withEvents(history.events.filter(({ name }) => name !== 'FormFeeEarned'))
    expect(fields(auditTask(missing))).include('FormFeeEarned')
    expect(fields(auditTask(withEvents([...history.events, ...told])))).deep.equal(['FormFeeEarned'])
    expect(fields(auditTask(with_({ amount: 1n })))).deep.equal(['FormFeeEarned.amount'])
    expect(fields(auditTask(with_({ former: first!.operator })))).deep.equal(['FormFeeEarned.former'])
  })
})
