import { expect } from 'chai'
import { ProviderSource } from '../../../src/demo/provider-source.ts'
import type { Request } from '../../../src/demo/request-queue.ts'
import type { Provider } from '../../../src/demo/sender.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import type { DecidedState } from '../../../src/ports/state-source.ts'
import { rateLease } from '../../../src/reducers/rate-lease.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import { LocalProvider, passTime, runUntil, WINDOW_MS } from '../../../src/demo/local-provider.ts'

const MEMBER = 2
const of = (id: string, tokens: bigint, arrival: number): Request => ({ id, tokens, arrival })
/** 10 tokens in each of the first windows. */
const STEADY = Array.from({ length: 8 }, (_, i) => of(String(i), 10n, i + 0.5))

const PARAMS = { budget: 1_000n, demandMax: 1_000n, floor: 10n, leaseWindows: 3 }
/** What is claimed for requests that have not come yet, while nobody lacks anything. */
const ROOM = PARAMS.floor

/** A lease of this member from window `from` on; `others` is what all others claim. */
const decision = (height: number, share: bigint, from = height + 1, others = 0n): DecidedState => {
  const row = { share, end: BigInt(from + PARAMS.leaseWindows - 1), held: 0n, heldEnd: 0n, pledge: 0n }
  const rows = [
    { ...row, member: 1, demand: others, share: 0n },
    { ...row, member: MEMBER, demand: share },
  ]
  return { height, state: rateLease.state.encode({ window: BigInt(from), budget: 1_000n, rows }) }
}

interface World {
  readonly clock: VirtualClock
  readonly provider: LocalProvider
  readonly source: ProviderSource
  readonly demandAt: (height: number) => Promise<bigint>
  /** Tokens that the provider served in a window of the session. */
  readonly served: (window: number) => number
}

function world(
  requests: readonly Request[] = STEADY,
  {
    params = PARAMS,
    decided = [] as readonly DecidedState[],
    reach = (local: LocalProvider): Provider => local,
    isStarted = true,
  } = {},
): World {
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, 1_000)
  const init = { clock, session: 's', requests, heights: 8, member: MEMBER, params, decided }
  const source = new ProviderSource({ ...init, provider: reach(provider) })
  if (isStarted) source.start()
  return {
    clock,
    provider,
    source,
    demandAt: async (height) => {
      const state = await runUntil(clock, source.observe(height))
      return rateLease.state.decode(state)!.rows[0]!.demand
    },
    served: (window) => {
      const at = provider.firstWindow + window - 1
      return provider.meter.usage(at, at)[0]?.served ?? 0
    },
  }
}

describe('ProviderSource', () => {
  it('refuses a decided state that is not canonical', () => {
    const bad = { height: 1, state: new Uint8Array(3) }
    expect(() => world().source.decided(bad)).to.throw(InvariantError)
  })

  it('claims what is queued as the height’s window begins, and room for more, in a valid input', async () => {
    const { clock, source, demandAt } = world()
    const state = await runUntil(clock, source.observe(1))
    expect(rateLease.validate(rateLease.state.decode(state)!, PARAMS)).to.equal(true)
    // the session begins one window after the first call
    expect(clock.nowMs()).to.be.within(2 * WINDOW_MS, 2.1 * WINDOW_MS)
    // the floor has served the first request
    expect(rateLease.state.decode(state)!.rows[0]!.demand).to.equal(ROOM)
    source.decided(decision(1, 0n))
    expect(await demandAt(2), '10 queued').to.equal(10n + ROOM)
  })

  it('claims at most demandMax', async () => {
    const params = { ...PARAMS, budget: 7n, demandMax: 7n, floor: 0n }
    expect(await world(STEADY, { params }).demandAt(2)).to.equal(0n)
    expect(await world(STEADY, { params }).demandAt(1)).to.equal(7n)
  })

  it('sends its floor before there is a lease, and after its lease is over', async () => {
    const burst = Array.from({ length: 20 }, (_, i) => of(String(i), 10n, 0.1))
    const { clock, source, demandAt, served } = world(burst)
    await demandAt(1)
    source.decided(decision(1, 30n))
    await passTime(clock, 6 * WINDOW_MS)
    expect([1, 2, 3, 4, 5, 6].map(served)).to.deep.equal([10, 30, 30, 30, 10, 10])
  })

  it('sends no more than it claimed until it knows what was decided about the claim', async () => {
    const late = [of('a', 10n, 1.2), of('b', 10n, 1.4), of('c', 10n, 1.6)]
    const { clock, source, demandAt, served } = world(late, { params: { ...PARAMS, floor: 30n } })
    await demandAt(1)
    source.decided(decision(1, 0n, 2, 2_000n))
    expect(await demandAt(2), 'scarce: 30 queued, room for two usual requests').to.equal(1_000n)
    source.decided(decision(2, 20n, 3))
    await passTime(clock, 0.9 * WINDOW_MS)
    expect([2, 3].map(served)).to.deep.equal([0, 20])
  })

  it('hears a decision twice without changing its lease', async () => {
    const { clock, source, demandAt, served } = world()
    await demandAt(2)
    source.decided(decision(2, 10n))
    source.decided(decision(2, 1_000n))
    await passTime(clock, 0.9 * WINDOW_MS)
    expect(served(3)).to.equal(10)
  })

  it('keeps to its floor after a refusal, until another budget is decided', async () => {
    const burst = Array.from({ length: 40 }, (_, i) => of(String(i), 10n, 0.1))
    const { clock, provider, source, demandAt, served } = world(burst)
    await demandAt(1)
    provider.meter.setBudget(20)
    source.decided(decision(1, 50n))
    await passTime(clock, 2 * WINDOW_MS)
    expect([3].map(served), 'the third request of window 3 was refused').to.deep.equal([20])
    expect(await demandAt(4)).to.equal(PARAMS.floor)
  })

  it('claims nothing more after the provider has gone', async () => {
    let isDown = false
    const { clock, source, demandAt } = world(STEADY, {
      reach: (local) => ({
        session: (name, next) => (isDown ? Promise.reject(new Error('down')) : local.session(name, next)),
        send: () => Promise.reject(new Error('down')),
      }),
    })
    await demandAt(1)
    isDown = true
    source.decided(decision(1, 10n))
    expect(await demandAt(3)).to.equal(0n)
    expect(clock.nowMs()).to.be.at.least(4 * WINDOW_MS)
  })

  it('claims nothing, and keeps nobody waiting, while it cannot reach the provider', async () => {
    const down: Provider = {
      session: () => Promise.reject(new Error('down')),
      send: () => Promise.reject(new Error('down')),
    }
    const { clock, demandAt } = world(STEADY, { reach: () => down })
    expect(await demandAt(5)).to.equal(0n)
    expect(clock.nowMs()).to.be.below(WINDOW_MS)
  })

  it('claims nothing more for a height whose predecessor it does not know', async () => {
    expect(await world().demandAt(3)).to.equal(0n)
  })

  it('after a start while the session runs it sends by new leases alone, until old ones are over', async () => {
    const burst = Array.from({ length: 40 }, (_, i) => of(String(i), 10n, 0.1))
    const { clock, provider, source, served, demandAt } = world(burst, {
      decided: [decision(1, 50n)],
      isStarted: false,
    })
    await provider.session('s', 1)
    await passTime(clock, 2.5 * WINDOW_MS)
    source.start()
    expect(await demandAt(2)).to.equal(400n + ROOM)
    await passTime(clock, 2 * WINDOW_MS)
    expect(provider.log).to.deep.equal([])
    source.decided(decision(2, 20n, 4))
    await passTime(clock, WINDOW_MS)
    expect([5].map(served)).to.deep.equal([20])
  })
})
