import { expect } from 'chai'
import { onCron } from '../../../src/adapters/cron/cron-schedule.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { eventually } from '../../helpers/eventually.ts'

describe('cron-based resynchronisation', () => {
  it('calls at the times of the expression until it is stopped', async () => {
    const times: number[] = []
    const stop = onCron('* * * * * *', () => times.push(Date.now()))
    await eventually(() => times.length > 0)
    stop()
    const [first = 0] = times
    expect(first % 1000).to.be.lessThan(500)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(times).to.have.length(1)
  })

  it('refuses what is no cron expression', () => {
    for (const wrong of ['', 'soon', '99 * * * *']) {
      expect(() => onCron(wrong, () => undefined))
        .to.throw(RsdpError)
        .with.property('code', 'E_CRON')
    }
  })
})
