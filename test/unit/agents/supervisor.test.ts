import { expect } from 'chai'
import fc from 'fast-check'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { RESTARTS_MAX } from '../../../src/agents/supervise.ts'
import { Supervisor } from '../../../src/agents/supervisor.ts'
import { assignment, FakeKind, settled } from '../../helpers/fake-kind.ts'
import { holdsAsync } from '../../helpers/holds.ts'

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }
const PEER = `0x${'bb'.repeat(20)}` as const

function world() {
  const clock = new VirtualClock()
  const kind = new FakeKind()
  const supervisor = new Supervisor({
    ...{ kinds: [kind], clock, logger: SILENT },
    folderOf: (service) => `services/${service}`,
    send: () => undefined,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await settled()
  }
  const want = async (...services: readonly number[]): Promise<void> => {
    supervisor.want(services.map((service) => assignment(service)))
    await settled()
  }
  return { clock, kind, supervisor, pass, want }
}

describe('supervisor', () => {
  it('gives up at once what it has no kind for, and says so', async () => {
    const { supervisor, kind } = world()
    supervisor.want([assignment(4, 'analytics')])
    await settled()
    expect(supervisor.reports()).deep.equal([{ service: 4, report: 'failed', load: 0 }])
    expect(kind.events).deep.equal([])
  })

  it('starts what is placed here, tells it every height, drains before it stops', async () => {
    const { kind, supervisor, want } = world()
    await want(1)
    await want(1)
    await want()
    expect(kind.events.map(({ what }) => what)).deep.equal(['open', 'assigned', 'assigned', 'drain', 'stop'])
    expect(supervisor.copy(1)).equal(null)
    expect(supervisor.reports()).deep.equal([])
  })

  it('reports a copy as running once it is ready', async () => {
    const { kind, supervisor, want } = world()
    kind.isReady = false
    await want(1)
    expect(supervisor.reports()).deep.equal([])
    kind.isReady = true
    expect(supervisor.reports()).deep.equal([{ service: 1, report: 'running', load: 0 }])
  })

  it('restarts a copy that crashes, later each time, and gives it up after three in a row', async () => {
    const { kind, supervisor, pass, want } = world()
    await want(1)
    for (const pause of [500, 1000, 2000]) {
      kind.crash(1)
      await pass(pause - 1)
      expect(kind.services(), `not before ${pause} ms`).deep.equal([])
      await pass(500)
      expect(kind.services()).deep.equal([1])
    }
    kind.crash(1)
    await pass(600_000)
    expect(kind.services()).deep.equal([])
    expect(supervisor.reports()).deep.equal([{ service: 1, report: 'failed', load: 0 }])
    expect(kind.events.filter(({ what }) => what === 'open')).length(1 + RESTARTS_MAX)
    await want()
    await want(1)
    expect(kind.services(), 'placed here anew').deep.equal([1])
  })

  it('a copy that does not open counts as crashed; one that ran for long begins to count again', async () => {
    const { kind, pass, want } = world()
    kind.failsToOpen = true
    await want(1)
    for (let i = 0; i < 20; i += 1) await pass(500)
    expect(kind.events.filter(({ what }) => what === 'open')).length(1 + RESTARTS_MAX)
    kind.failsToOpen = false
    await want()
    await want(1)
    for (let i = 0; i < 3 * RESTARTS_MAX; i += 1) {
      await pass(61_000)
      kind.crash(1)
      await pass(1_000)
      expect(kind.services()).deep.equal([1])
    }
  })

  it('hands a copy what its sisters send, and nobody what is for no copy', async () => {
    const { kind, supervisor, want } = world()
    supervisor.receive(1, PEER, Uint8Array.of(1))
    await want(1)
    supervisor.receive(1, PEER, Uint8Array.of(2))
    supervisor.receive(2, PEER, Uint8Array.of(3))
    expect(kind.received).deep.equal([Uint8Array.of(2)])
  })

  it('ends all when it is stopped, and starts nothing afterwards', async () => {
    const { kind, supervisor, pass, want } = world()
    await want(1, 2)
    await Promise.all([supervisor.stop(), supervisor.stop()])
    await want(3)
    await pass(10_000)
    expect(kind.services()).deep.equal([])
  })

  it('whatever is decided and crashes: one copy of a service at most, no copy that is not placed here, all that are in the end', async () => {
    const event = fc.oneof(
      fc.record({ want: fc.uniqueArray(fc.integer({ min: 1, max: 4 })) }),
      fc.record({ crash: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ pass: fc.nat(3000) }),
    )
    await holdsAsync(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        const { kind, supervisor, pass, want } = world()
        let placed: readonly number[] = []
        for (const one of events) {
          const before = kind.events.length
          if ('want' in one) {
            placed = one.want
            await want(...placed)
          } else if ('crash' in one) kind.crash(one.crash)
          else await pass(one.pass)
          const now = kind.services()
          expect(now).deep.equal([...new Set(now)])
          expect(now.every((service) => placed.includes(service))).equal(true)
          // without a decision nothing but a crashed copy starts, and nothing stops
          if ('pass' in one)
            expect(
              kind.events.slice(before).filter(({ what }) => what === 'drain' || what === 'stop'),
            ).deep.equal([])
        }
        await pass(60_000)
        const givenUp = supervisor
          .reports()
          .flatMap(({ service, report }) => (report === 'failed' ? [service] : []))
        expect([...kind.services(), ...givenUp].sort()).deep.equal([...placed].sort())
      }),
      150,
    )
  })
})
