import { expect } from 'chai'
import fc from 'fast-check'
import { LeaseHolder } from '../../src/demo/lease-holder.ts'
import { toHex } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import { rateLease } from '../../src/reducers/rate-lease.ts'
import { leaseClaim } from '../../src/reducers/rate-lease-codec.ts'
import type { RateLeaseParams, RateLeaseState } from '../../src/reducers/rate-lease-codec.ts'
import { encodeBudgetEvent } from '../../src/reducers/rate-limit-codec.ts'
import { runReducer } from '../../src/reducers/run.ts'
import { holds } from '../helpers/holds.ts'
import { BARE_CONTEXT } from '../helpers/context.ts'

/** A member that spends as fast as it may; what it sent outlives its process. */
class Spender {
  readonly sent = new Map<number, bigint>()
  /** What this life knows of that. */
  #remembered = new Map<number, bigint>()
  readonly #member: number
  readonly #params: RateLeaseParams
  holder: LeaseHolder
  /** Of the provider's windows, by its own estimate. */
  window = 1
  known = 0
  /** In this life, by height: nobody asks twice. */
  #claimed = 0
  /** The input of a height is signed once, over all lives. */
  readonly inputs = new Map<number, RateLeaseState>()

  constructor(member: number, params: RateLeaseParams) {
    this.#member = member
    this.#params = params
    this.holder = new LeaseHolder(member, params)
  }

  spend(part: number): void {
    const left = this.holder.allowance(this.window) - (this.#remembered.get(this.window) ?? 0n)
    if (left <= 0n) return
    for (const book of [this.sent, this.#remembered])
      book.set(this.window, (book.get(this.window) ?? 0n) + (left * BigInt(part)) / 4n)
  }

  claim(height: number, more: bigint): void {
    if (this.#claimed === height) return
    this.#claimed = height
    const window = this.holder.claimWindow(this.window)
    const sent = this.#remembered.get(window) ?? 0n
    const wanted = sent + more
    const demand = wanted < this.#params.demandMax ? wanted : this.#params.demandMax
    this.holder.claims(window, demand)
    if (!this.inputs.has(height)) this.inputs.set(height, leaseClaim(BigInt(window), demand, sent))
  }

  restart(): void {
    this.#claimed = 0
    this.#remembered = new Map()
    this.holder = new LeaseHolder(this.#member, this.#params)
    this.holder.startedIn(this.window)
  }
}

function lie(dice: Random, window: number, demandMax: number): RateLeaseState {
  const demand = dice.int(0, demandMax)
  return leaseClaim(BigInt(dice.int(0, 2 * window)), BigInt(demand), BigInt(dice.int(0, demand)))
}

interface Story {
  readonly sums: ReadonlyMap<number, bigint>
  readonly params: RateLeaseParams
  readonly states: readonly RateLeaseState[]
}

/**
 * Heights of one seed: claims that come late or are in no list, decisions that reach members late and in their own time,
 * estimates of the window that are off by one, liars below a third, restarts. `sums`: what honest members sent, by window.
 */
function story(seed: number, laterBudget: bigint | null = null): Story {
  const dice = new Random(seed)
  const n = dice.int(4, 10)
  const restarts = dice.pick([0, 0.05, 0.2])
  const isGreedy = dice.chance(0.5)
  const part = (): number => (isGreedy ? 4 : dice.int(0, 4))
  const moreMax = dice.pick([100, 1_000])
  const budget = BigInt(dice.int(n, 2_000))
  const lowest = laterBudget === null || laterBudget > budget ? budget : laterBudget
  const floor = BigInt(dice.int(0, Number(lowest / BigInt(n))))
  const params = { budget, demandMax: 2n * budget, floor, leaseWindows: dice.int(1, 6) }
  const bytes = toHex(rateLease.params.encode(params))
  const members = Array.from({ length: n }, (_, member) => ({
    key: `0x${member.toString(16).padStart(40, '0')}` as const,
    weight: 1,
  }))
  const liars = Math.floor((n - 1) / 3)
  const spenders = members.map((_, member) => new Spender(member, params))
  const honest = spenders.slice(liars)
  const states: RateLeaseState[] = []
  let previous: Uint8Array = new Uint8Array()
  let window = 1
  const live = (): void => {
    if (dice.chance(0.5)) window += dice.int(0, dice.chance(0.2) ? 4 : 1)
    for (const one of honest) {
      one.window = Math.max(one.window, window + dice.int(-1, 1))
      one.spend(part())
      while (one.known < states.length && dice.chance(0.5)) {
        one.holder.decided(states[one.known]!)
        one.known += 1
        one.spend(part())
      }
      if (dice.chance(restarts)) one.restart()
      one.spend(part())
    }
  }
  for (let height = 1; height <= 25; height += 1) {
    let listed: number[] = []
    while (listed.length <= (2 * n) / 3) {
      live()
      for (const one of honest)
        if (one.known === height - 1 && dice.chance(0.6))
          one.claim(height, BigInt(dice.int(0, dice.chance(0.3) ? 5 : moreMax)))
      // liars claim what they like
      for (let liar = 0; liar < liars; liar += 1)
        spenders[liar]!.inputs.set(height, lie(dice, window, Number(params.demandMax)))
      listed = members.map((_, member) => member).filter((member) => spenders[member]!.inputs.has(height))
    }
    listed = dice.shuffled(listed).slice(0, dice.int(Math.floor((2 * n) / 3) + 1, listed.length))
    if (dice.chance(0.3)) live()
    const isLater = laterBudget !== null && height > 12
    const events = isLater ? [{ seq: 1, kind: 'posted' as const, data: encodeBudgetEvent(laterBudget) }] : []
    const result = runReducer({
      reducer: rateLease.id,
      params: bytes,
      context: { ...BARE_CONTEXT, height, members, previous, events },
      inputs: listed
        .sort((a, b) => a - b)
        .map((member) => ({ member, state: rateLease.state.encode(spenders[member]!.inputs.get(height)!) })),
    })
    expect(result.ok).to.equal(true)
    if (!result.ok) break
    previous = result.state
    states.push(rateLease.state.decode(previous)!)
  }
  for (let i = 0; i < 20; i += 1) live()
  const sums = new Map<number, bigint>()
  for (const { sent } of honest) for (const [at, tokens] of sent) sums.set(at, (sums.get(at) ?? 0n) + tokens)
  return { sums, params, states }
}

describe('rate-lease properties', function () {
  it('in no window do honest members send more than the budget, whatever they know and when', () => {
    holds(
      fc.property(fc.nat(), (seed) => {
        const { sums, params } = story(seed)
        for (const [at, sum] of sums)
          expect(sum <= params.budget, `seed ${seed}, window ${at}: ${sum} of ${params.budget}`).to.equal(
            true,
          )
      }),
      120,
    )
  })

  it('a budget that falls holds as soon as leases given before it are over', () => {
    holds(
      fc.property(fc.nat(), (seed) => {
        const later = BigInt(new Random(seed + 1).int(1, 2_000))
        const { sums, params, states } = story(seed, later)
        const highest = params.budget > later ? params.budget : later
        const from = Number(states[12]!.window) + params.leaseWindows
        const lowered = later < 2n * params.budget ? later : 2n * params.budget
        for (const [at, sum] of sums) {
          expect(sum <= highest, `seed ${seed}, window ${at}`).to.equal(true)
          if (at >= from) expect(sum <= lowered, `seed ${seed}, window ${at} from ${from}`).to.equal(true)
        }
      }),
      80,
    )
  })

  it('lends the whole budget where all are listed and know, and gives each its fair part in two heights', () => {
    const demand = fc.array(fc.bigInt({ min: 0n, max: 400n }), { minLength: 4, maxLength: 10 })
    holds(
      fc.property(demand, demand, (first, second) => {
        const members = first.map(() => ({ key: `0x${'00'.repeat(20)}` as const, weight: 1 }))
        const params = { budget: 500n, demandMax: 500n, floor: 20n, leaseWindows: 4 }
        let previous: Uint8Array = new Uint8Array()
        let rows: RateLeaseState['rows'] = []
        const demands = members.map((_, i) => second[i] ?? 0n)
        for (const [i, wanted] of [first, demands, demands].entries()) {
          const result = runReducer({
            reducer: rateLease.id,
            params: toHex(rateLease.params.encode(params)),
            context: { ...BARE_CONTEXT, height: i + 1, members, previous },
            inputs: wanted.map((one, member) => ({
              member,
              state: rateLease.state.encode(leaseClaim(BigInt(i + 1), one, 0n)),
            })),
          })
          if (!result.ok) throw new Error(result.code)
          previous = result.state
          ;({ rows } = rateLease.state.decode(previous)!)
        }
        const lent = rows.reduce((sum, { share }) => sum + share, 0n)
        expect(lent <= 500n && lent > 500n - BigInt(members.length)).to.equal(true)
        // nobody has less than its claim and less than another by more than a unit
        const greatest = rows.reduce((most, { share }) => (share > most ? share : most), 0n)
        for (const { share, demand: claimed } of rows)
          expect(share >= claimed || share + 1n >= greatest, `${share} of ${claimed}, ${greatest}`).to.equal(
            true,
          )
      }),
    )
  })
})
