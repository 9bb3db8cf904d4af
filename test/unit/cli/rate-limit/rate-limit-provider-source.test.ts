import { expect } from 'chai'
import { ProviderSource } from '../../../../src/cli/rate-limit/provider-source.ts'
import type { Request } from '../../../../src/cli/rate-limit/request-queue.ts'
import type { Provider } from '../../../../src/cli/rate-limit/sender.ts'
import { VirtualClock } from '../../../../src/adapters/memory/clock.ts'
import type { DecidedState } from '../../../../src/ports/state-source.ts'
import { rateLimit } from '../../../../src/reducers/rate-limit.ts'
import { InvariantError } from '../../../../src/types/errors.ts'
import { LocalProvider, passTime, runUntil, WINDOW_MS } from './simulated-split.ts'

const MEMBER = 2
const of = (id: string, tokens: bigint, arrival: number): Request => ({ id, tokens, arrival })
/** 10 tokens in each of the first windows. */
const STEADY = Array.from({ length: 8 }, (_, i) => of(String(i), 10n, i + 0.5))

const decision = (height: number, share: bigint): DecidedState => ({
  height,
  state: rateLimit.state.encode({ budget: 1_000n, rows: [{ member: MEMBER, demand: share, share }] }),
})

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
    demandMax = 1_000n,
    decided = [] as readonly DecidedState[],
    reach = (local: LocalProvider): Provider => local,
  } = {},
): World {
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, 1_000)
  const init = { clock, session: 's', requests, heights: 8, member: MEMBER, demandMax, decided }
  const source = new ProviderSource({ ...init, provider: reach(provider) })
  source.start()
  return {
    clock,
    provider,
    source,
    demandAt: async (height) => {
      const state = await runUntil(clock, source.observe(height))
      return rateLimit.state.decode(state)!.rows[0]!.demand
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
    expect(() => world(STEADY, { decided: [bad] })).to.throw(InvariantError)
  })

  it('claims what is queued when the height’s window is over, in a valid input', async () => {
    const { clock, source, demandAt } = world()
    const state = await runUntil(clock, source.observe(1))
    expect(rateLimit.validate(rateLimit.state.decode(state)!, { budget: 0n, demandMax: 1_000n })).to.equal(
      true,
    )
    // the session begins one window after the first call
    expect(clock.nowMs()).to.be.within(2 * WINDOW_MS, 2.1 * WINDOW_MS)
    expect(await demandAt(1)).to.equal(10n)
    expect(await demandAt(3)).to.equal(30n)
  })

  it('claims at most demandMax', async () => {
    expect(await world(STEADY, { demandMax: 7n }).demandAt(1)).to.equal(7n)
  })

  it('does not claim again what a share covers, and spends it two windows after the claim', async () => {
    const { clock, source, demandAt, served } = world()
    await demandAt(1)
    source.decided(decision(1, 10n))
    expect(await demandAt(2), '20 queued, 10 promised').to.equal(10n)
    await passTime(clock, WINDOW_MS)
    expect([1, 2, 3].map(served)).to.deep.equal([0, 0, 10])
  })

  it('spends a share in its own window only', async () => {
    const { clock, source, demandAt, served } = world()
    await demandAt(3)
    source.decided(decision(1, 50n))
    await passTime(clock, 3 * WINDOW_MS)
    expect([3, 4, 5, 6].map(served), 'height 1 was decided in window 4').to.deep.equal([0, 0, 0, 0])
    expect(await demandAt(7)).to.equal(70n)
  })

  it('hears a decision twice without spending twice', async () => {
    const { clock, source, demandAt, served } = world()
    await demandAt(2)
    source.decided(decision(1, 10n))
    await passTime(clock, 0.5 * WINDOW_MS)
    expect(served(3)).to.equal(10)
    source.decided(decision(1, 1_000n))
    await passTime(clock, 0.3 * WINDOW_MS)
    expect(served(3)).to.equal(10)
  })

  it('claims nothing after the provider has gone, and goes on in step with its windows', async () => {
    let isDown = false
    const { clock, source, demandAt } = world(STEADY, {
      reach: (local) => ({
        session: (name, next) => (isDown ? Promise.reject(new Error('down')) : local.session(name, next)),
        send: () => Promise.reject(new Error('down')),
      }),
    })
    expect(await demandAt(1)).to.equal(10n)
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

  it('takes shares decided before a restart as spent', async () => {
    const { source, demandAt, served, clock } = world(STEADY, {
      decided: [decision(1, 10n), decision(2, 4n)],
    })
    expect(await demandAt(3), '30 arrived, 10 spent, 4 were too few for a request').to.equal(20n)
    source.decided(decision(2, 1_000n))
    await passTime(clock, 2 * WINDOW_MS)
    expect(served(4)).to.equal(0)
  })
})
