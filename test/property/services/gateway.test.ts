import { expect } from 'chai'
import fc from 'fast-check'
import { Handled } from '../../../src/services/gateway/handled.ts'
import { Requests } from '../../../src/services/gateway/requests.ts'
import type { Answer, GatewayRequest, Way } from '../../../src/services/gateway/requests.ts'
import { holds } from '../../helpers/holds.ts'

const POLICY = { attemptMs: 100, inFlightMax: 4, requestsMax: 64, keepMs: 1_000 }
const HOSTS = ['a', 'b'] as const
type Host = (typeof HOSTS)[number]
const DEADLINE_MS = 5_000

const request = (id: number, more: Partial<GatewayRequest<string>> = {}): GatewayRequest<string> => ({
  ...{ id: `r${id}`, priority: 5, deadlineMs: DEADLINE_MS, isIdempotent: false, body: 'x' },
  ...more,
})

describe('requests of a gateway', () => {
  it('refuses what comes after its deadline, and what there is no room for', () => {
    const table = new Requests<string, string, Host>({ ...POLICY, requestsMax: 1 })
    expect(table.take(request(1, { deadlineMs: 10 }), 10)).deep.equal({ refused: 'late' })
    expect(table.take(request(1), 0)).equal(null)
    expect(table.take(request(2), 0)).deep.equal({ refused: 'busy' })
    table.replied('r1', 'yes', 1)
    expect(table.take(request(2), 1000), 'the answer is kept').deep.equal({ refused: 'busy' })
    expect(table.take(request(2), 1001)).equal(null)
  })

  it('sends urgent ones first, then in order, no more at once than it may', () => {
    const table = new Requests<string, string, Host>({ ...POLICY, inFlightMax: 2 })
    for (const [id, priority] of [
      [1, 1],
      [2, 9],
      [3, 9],
      [4, 10],
    ] as const)
      table.take(request(id, { priority }), 0)
    const ways = (): Way<Host>[] => [{ host: 'a', via: 'a' }]
    const sent = (nowMs: number): string[] => table.due(nowMs, ways).map((one) => one.request.id)
    expect(sent(0)).deep.equal(['r4', 'r2'])
    expect(sent(1)).deep.equal([])
    table.replied('r4', 'yes', 2)
    expect(sent(2)).deep.equal(['r3'])
  })

  it('tries another way to the same host, and another host only if the first has not handled it', () => {
    const table = new Requests<string, string, Host>(POLICY)
    table.take(request(1), 0)
    const ways: readonly Way<Host>[] = [
      { host: 'a', via: 'a' },
      { host: 'a', via: 'b' },
      { host: 'b', via: 'b' },
    ]
    const to = (nowMs: number): string[] =>
      table.due(nowMs, () => ways).map(({ host, via }) => `${host} via ${via}`)
    expect([0, 100, 200].map(to)).deep.equal([['a via a'], ['a via b'], ['a via a']])
    table.rejected('r1')
    expect(to(201)).deep.equal([['a via a'][0]])
    expect(table.due(301, () => ways.slice(2))).deep.equal([])
    table.rejected('r1')
    expect(table.due(302, () => ways.slice(2)).map(({ host }) => host)).deep.equal(['b'])
    expect(table.expired(DEADLINE_MS)).deep.equal([{ id: 'r1', answer: { refused: 'unknown' } }])
  })

  it('P3 and P5: whatever is lost, late or doubled, a host handles a request at most once, nobody is answered twice, and none is lost while a way works', () => {
    const events = fc.array(
      fc.record({
        // what becomes of a message on its way there, and back
        there: fc.constantFrom('passes', 'lost', 'doubled'),
        back: fc.constantFrom('passes', 'lost', 'doubled'),
        passMs: fc.integer({ min: 1, max: 150 }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    holds(
      fc.property(events, fc.integer({ min: 1, max: 8 }), (fates, count) => {
        const table = new Requests<string, string, Host>(POLICY)
        const hosts = new Map(HOSTS.map((host) => [host, new Handled<string>(64)]))
        const handled = new Map<string, number>()
        const answers = new Map<string, Answer<string>[]>()
        const note = (id: string, answer: Answer<string> | null): void => {
          if (answer !== null) answers.set(id, [...(answers.get(id) ?? []), answer])
        }
        let nowMs = 0
        const arrive = (id: string, host: Host): string | null => {
          const admission = hosts.get(host)!.admit(id, DEADLINE_MS, nowMs)
          if (admission.admit === 'repeat') return admission.reply
          if (admission.admit !== 'handle') return null
          handled.set(id, (handled.get(id) ?? 0) + 1)
          hosts.get(host)!.done(id, `${id} by ${host}`)
          return `${id} by ${host}`
        }
        const times = { passes: 1, lost: 0, doubled: 2 }
        const turn = (there: keyof typeof times, back: keyof typeof times): void => {
          const ways: readonly Way<Host>[] = [
            { host: 'a', via: 'a' },
            { host: 'a', via: 'b' },
            { host: 'b', via: 'b' },
          ]
          for (const { request: asked, host } of table.due(nowMs, () => ways))
            for (let i = 0; i < times[there]; i += 1) {
              const reply = arrive(asked.id, host)
              if (reply === null) continue
              for (let j = 0; j < times[back]; j += 1) note(asked.id, table.replied(asked.id, reply, nowMs))
            }
          for (const { id, answer } of table.expired(nowMs)) note(id, answer)
        }
        for (let id = 1; id <= count; id += 1) {
          table.take(request(id), 0)
          table.take(request(id), 0)
        }
        for (const { there, back, passMs } of fates) {
          if (nowMs + passMs + 1_000 > DEADLINE_MS) break
          nowMs += passMs
          turn(there, back)
        }
        // from here on the ways work
        while (nowMs + 100 < DEADLINE_MS) {
          nowMs += 100
          turn('passes', 'passes')
        }
        nowMs = DEADLINE_MS
        turn('passes', 'passes')
        for (let id = 1; id <= count; id += 1) {
          expect(handled.get(`r${id}`), 'handled').equal(1)
          expect(answers.get(`r${id}`), 'answers').length(1)
          expect(answers.get(`r${id}`)?.[0]).property('reply')
          expect(table.take(request(id), nowMs)).deep.equal(answers.get(`r${id}`)?.[0])
        }
      }),
    )
  })

  it('a host refuses what comes after the deadline by its own clock: by then it has forgotten what it handled', () => {
    const host = new Handled<string>(1)
    expect(host.admit('r1', 100, 0)).deep.equal({ admit: 'handle' })
    expect(host.admit('r1', 100, 1)).deep.equal({ admit: 'wait' })
    host.done('r1', 'yes')
    expect(host.admit('r1', 100, 2)).deep.equal({ admit: 'repeat', reply: 'yes' })
    expect(host.admit('r2', 200, 99)).deep.equal({ admit: 'refuse', why: 'busy' })
    expect(host.admit('r2', 200, 100)).deep.equal({ admit: 'handle' })
    expect(host.admit('r1', 100, 100)).deep.equal({ admit: 'refuse', why: 'late' })
  })
})
