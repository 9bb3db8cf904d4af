import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import type { TaskHistory } from '../../../src/ports/chain-history.ts'
import type { EventName } from '../../../src/ports/history-events.ts'
import { addressOf, handedOver } from '../../helpers/audit-accounts.ts'
import { withEvent } from '../../helpers/audit-history.ts'

const fields = ({ findings }: AuditReport): string[] => findings.map(({ field }) => field)
/** Four accounts were opened before the hand-over. */
const HAND_OVER = 4

describe('audit: an account that is handed over in mid-task', () => {
  const { history, operator, next, payout, earned } = handedOver()
  const stranger = addressOf(handedOver().old)

  const changed = (name: EventName, args: object, index = 0, base: TaskHistory = history): TaskHistory =>
    withEvent(base, name, (event) => ({ ...event, args: { ...event.args, ...args } }) as typeof event, index)
  const without = (name: EventName, index = 0): TaskHistory => withEvent(history, name, () => null, index)

  it('is followed: the money goes where the new wallet said', () => {
    const report = auditTask(history)
    expect(fields(report)).deep.equal([])
    expect(report.verdict).equal('verified')
    const moved = report.money!.movements.filter(({ from }) => from === 'escrow')
    expect(moved.map(({ to, amount }) => [to, amount])).deep.include([payout, earned])
    const inEscrow = report.money!.left.filter(({ account }) => account === 'escrow')
    expect(inEscrow.map(({ owner }) => owner)).not.include(operator)
  })

  it('names exactly the argument that is told wrong', () => {
    const wrong: readonly (readonly [EventName, string, number])[] = [
      ['WalletSet', 'wallet', HAND_OVER],
      ['WalletSet', 'operator', HAND_OVER],
      ['AccountOffered', 'wallet', 0],
      ['AccountOffered', 'operator', 0],
      ['PayoutSet', 'payout', 0],
      ['PayoutSet', 'operator', 0],
      ['Claimed', 'operator', 0],
      ['Claimed', 'to', 0],
    ]
    const other = addressOf(next).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    for (const [name, field, index] of wrong)
      expect(fields(auditTask(changed(name, { [field]: other }, index))), `${name}.${field}`).deep.equal([
        `${name}.${field}`,
      ])
    for (let i = 0; i < HAND_OVER; i += 1)
      for (const field of ['wallet', 'operator'])
        expect(fields(auditTask(changed('WalletSet', { [field]: other }, i)))).deep.equal([
          `WalletSet.${field}`,
        ])
  })

  it('notices an event that was left out', () => {
    expect(fields(auditTask(without('AccountOffered')))).deep.equal(['WalletSet.wallet'])
    expect(fields(auditTask(without('PayoutSet')))).deep.equal(['Claimed.to'])
    expect(fields(auditTask(without('WalletSet', HAND_OVER)))).include('WalletSet')
    expect(fields(auditTask(without('WalletSet')))).include('WalletSet')
  })

  it('refuses a chain on which the old wallet still acts', () => {
    expect(fields(auditTask(handedOver('old').history))).deep.equal(['WalletSet'])
    expect(fields(auditTask(handedOver(undefined, 'old').history))).deep.equal(['WalletSet'])
  })

  it('refuses a hand-over to somebody else than it was offered to, by another contract, too', () => {
    const indirect = withEvent(
      history,
      'WalletSet',
      (event) => ({ ...event, transaction: null, args: { operator, wallet: stranger } }),
      HAND_OVER,
    )
    expect(fields(auditTask(indirect))).include('WalletSet.wallet')
  })
})
