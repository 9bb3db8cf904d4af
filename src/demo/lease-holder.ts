import { CLAIM_SLACK } from '../reducers/rate-lease.ts'
import type { RateLeaseParams, RateLeaseRow, RateLeaseState } from '../reducers/rate-lease-codec.ts'
import type { MemberIndex } from '../types/ids.ts'

interface Claim {
  readonly window: number
  readonly demand: bigint
}

/**
 * How much a member may send in a window by what it knows: its lease, after the lease's end its floor, and never more than a
 * claim of its own that it does not know the decision about. Windows are those of the provider's session, from 1. Pure.
 */
export class LeaseHolder {
  readonly #member: MemberIndex
  readonly #params: RateLeaseParams
  /** A member that does not know what it has sent and claimed before sends by new leases alone, up to this window. */
  #unknownTo = 0
  /** The last window before such a start, and the first of it: nothing goes out in them. */
  #silentTo = 0
  #row: RateLeaseRow | null = null
  #budget: bigint
  #claim: Claim | null = null
  /** After a refusal the member keeps to its floor up to this window. */
  #carefulTo = 0

  constructor(member: MemberIndex, params: RateLeaseParams) {
    this.#member = member
    this.#params = params
    this.#budget = params.budget
  }

  /** It starts while this window of the session runs: it may have been here before, and may have sent and claimed. */
  startedIn(window: number): void {
    this.#silentTo = window
    this.#unknownTo = window + this.#bindingWindows
  }

  /** The window from which on it can claim: it knows what it has sent. */
  claimWindow(window: number): number {
    return Math.max(window, this.#silentTo + 1)
  }

  /** What it says in an input binds it from this window on. */
  claims(window: number, demand: bigint): void {
    this.#claim = { window, demand }
  }

  /** A height was decided; what it claimed for that height binds it no more. */
  decided({ budget, rows }: RateLeaseState): void {
    this.#row = rows.find(({ member }) => member === this.#member) ?? null
    this.#claim = null
    if (budget !== this.#budget) this.#carefulTo = 0
    this.#budget = budget
  }

  /**
   * The provider refused what the lease allowed, so it takes less than was agreed: the floor alone, until a height has
   * another budget, or for as long as a lease lasts.
   */
  refusedIn(window: number): void {
    this.#carefulTo = window + this.#params.leaseWindows
  }

  /** Tokens it may send in this window in all. */
  allowance(window: number): bigint {
    if (window <= this.#silentTo) return 0n
    const { floor } = this.#params
    const own = this.#leaseIn(window) ?? (window <= this.#unknownTo ? 0n : floor)
    const careful = window <= this.#carefulTo ? least(own, floor) : own
    const claim = this.#claim
    const isBound = claim !== null && window >= claim.window && window < claim.window + this.#bindingWindows
    return isBound ? least(careful, claim.demand) : careful
  }

  /** What an input may claim at most while the member is careful. */
  claimMax(window: number): bigint {
    const { floor, demandMax } = this.#params
    return window <= this.#carefulTo ? floor : demandMax
  }

  /** Null after its end, and before the first. */
  #leaseIn(window: number): bigint | null {
    if (this.#row === null || window > Number(this.#row.end)) return null
    const { share, end } = this.#row
    // who is behind the agreed window waits for it
    return window > Number(end) - this.#params.leaseWindows ? share : 0n
  }

  get #bindingWindows(): number {
    return this.#params.leaseWindows + Number(CLAIM_SLACK)
  }
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
