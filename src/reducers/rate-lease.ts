import type { LedgerEvent } from '../types/ledger.ts'
import type { MemberIndex } from '../types/ids.ts'
import { agreedTime } from './agreed-time.ts'
import { maxMinSplit } from './max-min.ts'
import { decodeBudgetEvent } from './rate-limit-codec.ts'
import { leaseClaim, rateLeaseParamsCodec, rateLeaseStateCodec } from './rate-lease-codec.ts'
import type { RateLeaseParams, RateLeaseRow, RateLeaseState } from './rate-lease-codec.ts'
import type { AggregateContext, Input, Reducer } from './reducer.ts'
import { onlyRow } from './rows.ts'

/** Windows for which a claim binds who made it beyond those of a lease. */
export const CLAIM_SLACK = 1n

/**
 * Members that send to one provider lend its budget to each other. A member's lease says how much it may send in each of the
 * next `leaseWindows` windows of the provider; the next height's lease overlaps it. Without a lease it has its floor.
 *
 * - **Claim.** An input binds its member: from its window on it sends no more than it claims, until it knows the decision
 *   about the claim, and for `leaseWindows + CLAIM_SLACK` windows at most. What it does not claim is free at once.
 * - **Safety.** In each window, what all members may send by what they can know sums up to the budget at most. Whether a
 *   member knows the last decision, or only that before, or none, is not known here: the greatest counts. A claim shows that
 *   its member knows the height before.
 * - **Fairness.** Targets are max-min fair in the claims. A lease grows as far as the windows it covers have room; who has
 *   less grows first. What nobody claims is lent evenly.
 * - Where the budget falls, leases given before it run out; new ones fit into it.
 *
 * The agreed window is the weighted lower median of the inputs' windows, and never falls. Who is ahead of it, or more than
 * `CLAIM_SLACK` behind, gets no lease in this height, and keeps what it has. Pure and total; the seed is not used.
 */
export const rateLease: Reducer<RateLeaseState, RateLeaseParams> = {
  id: 'rate-lease@1',
  state: rateLeaseStateCodec,
  params: rateLeaseParamsCodec,
  uses: ['previous'],

  /** A claim of at most demandMax, of which no more is sent. */
  validate({ window, budget, rows }, { demandMax }) {
    const row = onlyRow(rows)
    if (row === null || budget !== 0n || window > WINDOW_MAX) return false
    const { demand, held: sent } = row
    return sent <= demand && demand <= demandMax && sameRow(row, leaseClaim(window, demand, sent).rows[0])
  },

  aggregateStatus: (inputs, params, context) => lend(inputs, params, context),

  /** Profile `paper` has no agreed state to go on from: it refuses this reducer. */
  aggregateShare: (own) => own,

  /** Leases of who leaves end by themselves. */
  aggregateClose: (current) => current,
}

/** Leaves room for the end of a lease. */
const WINDOW_MAX = 2n ** 63n

interface Claim {
  readonly member: MemberIndex
  readonly demand: bigint
  /** In the agreed window, as far as it was allowed to. */
  readonly sent: bigint
  readonly before: RateLeaseRow | undefined
  /** By window of the lease: what it may send if it does not learn of this height. */
  readonly low: readonly bigint[]
}

function lend(
  inputs: readonly Input<RateLeaseState>[],
  params: RateLeaseParams,
  { events, previous, members }: AggregateContext,
): RateLeaseState {
  const before = rateLeaseStateCodec.decode(previous)
  const rows = new Map(before?.rows.map((row) => [row.member, row]))
  const clocks = inputs.map(({ member, state }) => ({
    value: state.window,
    weight: members[member]?.weight ?? 1,
  }))
  const window = agreedTime(before?.window ?? 0n, clocks)
  const windows = Array.from({ length: params.leaseWindows }, (_, i) => window + BigInt(i))
  const claims = inputs
    .filter(({ state }) => state.window <= window && window <= state.window + CLAIM_SLACK)
    .map((input) => claimOf(input, rows.get(input.member), windows, params))
  const claimed = new Set(claims.map(({ member }) => member))
  const others = members.map((_, member) => member).filter((member) => !claimed.has(member))
  const taken = windows.map((at) =>
    sum(others.map((member) => mostWithout(rows.get(member), at, params.floor))),
  )
  const budget = budgetOf(params, events)
  const shares = grow(claims, budget, taken)
  const end = windows.at(-1) ?? window
  const lent = claims.map(({ member, demand, sent, before: row }, i): RateLeaseRow => {
    const isHeld = row !== undefined && row.end >= window
    const pledge = least(demand, params.floor)
    return {
      ...{ member, demand, share: shares[i] ?? 0n, end },
      held: greatest(isHeld ? least(demand, row.share) : pledge, sent),
      heldEnd: isHeld ? row.end : window,
      pledge,
    }
  })
  const kept = others.flatMap((member) => {
    const row = rows.get(member)
    return row === undefined || row.end < window ? [] : [{ ...row, demand: 0n }]
  })
  return { window, budget, rows: [...lent, ...kept].sort((a, b) => a.member - b.member) }
}

function claimOf(
  { member, state }: Input<RateLeaseState>,
  before: RateLeaseRow | undefined,
  windows: readonly bigint[],
  { floor }: RateLeaseParams,
): Claim {
  const { demand, held } = state.rows[0] ?? { demand: 0n, held: 0n }
  const [window = 0n] = windows
  const sent = state.window === window ? least(held, mostWithout(before, window, floor)) : 0n
  const low = windows.map((at) => {
    const allowed = least(demand, before !== undefined && at <= before.end ? before.share : floor)
    return at === window ? greatest(allowed, sent) : allowed
  })
  return { member, demand, sent, before, low }
}

/** The most that a member may send in a window by what it can know, if this height has no claim of it. */
function mostWithout(row: RateLeaseRow | undefined, at: bigint, floor: bigint): bigint {
  if (row === undefined || at > row.end) return floor
  return greatest(row.share, at <= row.heldEnd ? row.held : row.pledge)
}

/**
 * Leases of the claims: each grows with all others up to its target, or until a window that it covers has no room left. Where
 * all have reached theirs, they grow on evenly.
 */
function grow(claims: readonly Claim[], budget: bigint, taken: readonly bigint[]): bigint[] {
  const left = greatest(0n, budget - taken.reduce(greatest, 0n))
  const free = taken.map((others, at) =>
    greatest(0n, budget - others - sum(claims.map(({ low }) => low[at] ?? 0n))),
  )
  const fits = (shares: readonly bigint[]): boolean =>
    sum(shares) <= left &&
    free.every((room, at) => {
      const more = claims.map(({ low }, i) => greatest(0n, (shares[i] ?? 0n) - (low[at] ?? 0n)))
      return sum(more) <= room
    })
  const targets = maxMinSplit(
    left,
    claims.map(({ demand }) => demand),
  )
  const kept = claims.map(({ low }, i) => least(targets[i] ?? 0n, low.reduce(least, low[0] ?? 0n)))
  const wanted = fill(kept, targets, fits)
  // what is free must stay so for who waits for a lease of others to end
  if (wanted.some((share, i) => share < (targets[i] ?? 0n))) return wanted
  return fill(
    wanted,
    claims.map(() => left),
    fits,
  )
}

/** Raises all shares to one level, and goes on with those that still can grow, a few times. */
function fill(
  from: readonly bigint[],
  targets: readonly bigint[],
  fits: (shares: readonly bigint[]) => boolean,
): bigint[] {
  let shares = [...from]
  let growing = new Set(shares.keys())
  for (let round = 0; round < ROUNDS_MAX && growing.size > 0; round += 1) {
    const upTo = (level: bigint, who: ReadonlySet<number>): bigint[] =>
      shares.map((share, i) => (who.has(i) ? greatest(share, least(targets[i] ?? 0n, level)) : share))
    const level = highest(targets.reduce(greatest, 0n), (one) => fits(upTo(one, growing)))
    shares = upTo(level, growing)
    growing = new Set(
      [...growing].filter(
        (i) => level < (targets[i] ?? 0n) && fits(upTo(greatest(level, shares[i] ?? 0n) + 1n, new Set([i]))),
      ),
    )
  }
  return shares
}

/** Windows fill up one after the other, and no lease lasts longer. */
const ROUNDS_MAX = 16

/** The highest level up to `max` that is right, where each below a right one is right, too; 0 is. */
function highest(max: bigint, isRight: (level: bigint) => boolean): bigint {
  let [low, high] = [0n, max]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (isRight(middle)) low = middle
    else high = middle - 1n
  }
  return low
}

/** The budget of the last posted event that is 8 bytes long, else that of the params; at most demandMax. */
function budgetOf({ budget, demandMax }: RateLeaseParams, events: readonly LedgerEvent[]): bigint {
  const posted = events.filter(({ kind }) => kind === 'posted')
  const last = posted.reduce((now, { data }) => decodeBudgetEvent(data) ?? now, budget)
  return least(last, demandMax)
}

function sameRow(a: RateLeaseRow, b: RateLeaseRow | undefined): boolean {
  return b !== undefined && (Object.keys(a) as (keyof RateLeaseRow)[]).every((name) => a[name] === b[name])
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b)
