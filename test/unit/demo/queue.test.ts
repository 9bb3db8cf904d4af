import { expect } from 'chai'
import fc from 'fast-check'
import { RequestQueue } from '../../../src/demo/request-queue.ts'
import type { Request } from '../../../src/demo/request-queue.ts'
import { loadTrace } from '../../../src/demo/trace.ts'
import { requestsOf, requestsOfMember } from '../../../src/demo/traffic.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import { holds } from '../../helpers/holds.ts'

const of = (id: string, tokens: bigint, arrival: number): Request => ({ id, tokens, arrival })

describe('RequestQueue', () => {
  it('refuses requests out of order and such that cost nothing', () => {
    expect(() => new RequestQueue([of('a', 1n, 1), of('b', 1n, 0.5)])).to.throw(InvariantError)
    expect(() => new RequestQueue([of('a', 1n, -1)])).to.throw(InvariantError)
    expect(() => new RequestQueue([of('a', 0n, 1)])).to.throw(InvariantError)
  })

  it('refuses to let go of what is not waiting', () => {
    const request = of('a', 1n, 1)
    const queue = new RequestQueue([request])
    expect(() => queue.leave(request, 'served')).to.throw(InvariantError)
    queue.arrive(1)
    queue.leave(request, 'served')
    expect(() => queue.leave(request, 'dropped')).to.throw(InvariantError)
  })

  it('offers the oldest that fits, and the head again when there is more', () => {
    const queue = new RequestQueue([of('big', 9n, 0), of('small', 2n, 0), of('later', 1n, 2)])
    expect(queue.next(99n)).to.equal(null)
    queue.arrive(1)
    expect(queue.next(8n)?.id).to.equal('small')
    expect(queue.next(9n)?.id).to.equal('big')
    expect(queue.next(1n)).to.equal(null)
    queue.arrive(2)
    expect(queue.next(1n)?.id).to.equal('later')
  })

  it('conserves tokens: arrived = served + dropped + queued', () => {
    const requests = fc.array(fc.record({ tokens: fc.bigInt(1n, 50n), gap: fc.nat(3) }))
    const steps = fc.array(
      fc.record({ wait: fc.nat(4), allowance: fc.bigInt(0n, 60n), served: fc.boolean() }),
    )
    holds(
      fc.property(requests, steps, (gaps, taken) => {
        let arrival = 0
        const all = gaps.map(({ tokens, gap }, i) => of(String(i), tokens, (arrival += gap)))
        const queue = new RequestQueue(all)
        let now = 0
        for (const { wait, allowance, served } of taken) {
          now += wait
          queue.arrive(now)
          const next = queue.next(allowance)
          if (next !== null) {
            expect(next.tokens <= allowance).to.equal(true)
            queue.leave(next, served ? 'served' : 'dropped')
          }
          const totals = queue.totals()
          expect(totals.served + totals.dropped + totals.queued).to.equal(totals.arrived)
          const due = all.filter((request) => request.arrival <= now)
          expect(totals.arrived).to.equal(due.reduce((sum, { tokens }) => sum + tokens, 0n))
        }
      }),
    )
  })
})

describe('traffic', () => {
  const rows = loadTrace()

  it('is every row once, in its window, in order', () => {
    const requests = requestsOf(rows, 60)
    expect(requests.map(({ tokens }) => tokens)).to.deep.equal(rows.map(({ tokens }) => tokens))
    expect(requests.map(({ arrival }) => Math.floor(arrival) + 1)).to.deep.equal(
      rows.map(({ window }) => window),
    )
    expect(new Set(requests.map(({ id }) => id)).size).to.equal(rows.length)
    // 18:39:15.2304970 is 5.230497 s after the start, of 10 s
    expect(requests[0]?.arrival).to.equal(0.5230497)
  })

  it('belongs to one member each, and ends with the last window', () => {
    const ids = [0, 1, 2, 3].flatMap((member) => requestsOfMember(rows, 20, member, 4)).map(({ id }) => id)
    const expected = rows.flatMap(({ window }, i) => (window <= 20 ? [`row-${String(i + 1)}`] : []))
    expect(ids.toSorted()).to.deep.equal(expected.toSorted())
  })
})
