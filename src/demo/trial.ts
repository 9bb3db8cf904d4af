import { VirtualClock } from '../adapters/memory/clock.ts'
import { toHex } from '../codec/hex.ts'
import { rateLease } from '../reducers/rate-lease.ts'
import type { RateLeaseParams } from '../reducers/rate-lease-codec.ts'
import { encodeBudgetEvent } from '../reducers/rate-limit-codec.ts'
import { runReducer } from '../reducers/run.ts'
import { invariant } from '../types/errors.ts'
import { NIL } from '../types/ids.ts'
import type { Counted } from './compare-report.ts'
import { LocalProvider, passTime, pause, runUntil, WINDOW_MS } from './local-provider.ts'
import { ProviderSource, WINDOWS_AFTER } from './provider-source.ts'
import { RequestQueue } from './request-queue.ts'
import type { Request } from './request-queue.ts'
import { Sender } from './sender.ts'

/** The same requests for every way of sharing, and what happens meanwhile. Times are in windows. */
export interface Trial {
  /** By member. */
  readonly requests: readonly (readonly Request[])[]
  readonly heights: number
  readonly params: RateLeaseParams
  /** In force from the window after that of height `loweredAfter`. */
  readonly laterBudget: number
  readonly loweredAfter: number
  /** Heights that are still decided with the old budget after the new one was posted. */
  readonly eventHeights: number
  /** From the claims of a height to its decision. */
  readonly deciding: (height: number) => number
  /** From then until a member knows. */
  readonly telling: (height: number, member: number) => number
  /** Whether a member's claim is in the decided list. */
  readonly isListed: (height: number, member: number) => boolean
}

/** Every member sends B / n a window. */
export async function staticSplit(trial: Trial): Promise<Counted> {
  const share = trial.params.budget / BigInt(trial.requests.length)
  return sendBy(trial, trial.requests, () => share)
}

/** One sender for all, who knows the budget of each window: the best that anybody can do in order of arrival. */
export async function centralLimiter(trial: Trial): Promise<Counted> {
  const all = trial.requests.flat().sort((a, b) => a.arrival - b.arrival)
  const lowered = BigInt(trial.laterBudget)
  return sendBy(trial, [all], (window) => (window > trial.loweredAfter + 1 ? lowered : trial.params.budget))
}

async function sendBy(
  trial: Trial,
  queues: readonly (readonly Request[])[],
  allowance: (window: number) => bigint,
): Promise<Counted> {
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, Number(trial.params.budget))
  const windows = trial.heights + WINDOWS_AFTER
  for (const requests of queues) {
    const queue = new RequestQueue(requests)
    new Sender({ provider, session: 's', queue, allowance, windows, clock }).start()
  }
  await lower(trial, clock, provider)
  await passTime(clock, (windows - trial.loweredAfter + 1) * WINDOW_MS)
  return provider.counted(windows)
}

/** The provider takes less from window `loweredAfter + 2` of the session on. */
async function lower(trial: Trial, clock: VirtualClock, provider: LocalProvider): Promise<void> {
  // the session begins about a window after the start
  await passTime(clock, (trial.loweredAfter + 1.5) * WINDOW_MS)
  provider.meter.setBudget(trial.laterBudget)
}

/** Every member sends by the leases that the reducer gives. */
export async function agreedLeases(trial: Trial): Promise<Counted> {
  const { requests, heights, params } = trial
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, Number(params.budget))
  const sources = requests.map((own, member) => {
    const source = new ProviderSource({
      ...{ provider, clock, session: 's', requests: own, member, heights, params, decided: [] },
    })
    source.start()
    return source
  })
  const bytes = toHex(rateLease.params.encode(params))
  const seats = requests.map((_, member) => ({ key: keyOf(member), weight: 1 }))
  let previous: Uint8Array = new Uint8Array()
  const decide = async (height: number): Promise<void> => {
    const states = await Promise.all(sources.map((source) => source.observe(height)))
    const isLowered = height > trial.loweredAfter + trial.eventHeights
    const data = encodeBudgetEvent(BigInt(trial.laterBudget))
    const events = isLowered ? [{ seq: 1, kind: 'posted', data } as const] : []
    const inputs = states
      .map((state, member) => ({ member, state }))
      .filter(({ member }) => trial.isListed(height, member))
    const context = { seed: NIL, height, members: seats, previous, events }
    const result = runReducer({ reducer: rateLease.id, params: bytes, context, inputs })
    invariant(result.ok, `height ${height} has no state`)
    const { state } = result
    previous = state
    await pause(clock, trial.deciding(height) * WINDOW_MS)
    await Promise.all(
      sources.map(async (source, member) => {
        await pause(clock, trial.telling(height, member) * WINDOW_MS)
        source.decided({ height, state })
      }),
    )
  }
  const story = async (): Promise<void> => {
    for (let height = 1; height <= heights; height += 1) await decide(height)
  }
  const told = story()
  await lower(trial, clock, provider)
  const windows = heights + WINDOWS_AFTER
  await passTime(clock, (windows - trial.loweredAfter + 1) * WINDOW_MS)
  await runUntil(clock, told)
  return provider.counted(windows)
}

const keyOf = (member: number): `0x${string}` => `0x${member.toString(16).padStart(40, '0')}`
