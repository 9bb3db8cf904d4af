import { keccak, uint, utf8Hex } from '../../codec/hex.ts'
import type { ContextMember } from '../../reducers/reducer.ts'
import { DEFAULT_POLICY } from '../../services/policy.ts'
import { services } from '../../services/services.ts'
import type { Agreed, Observed, ServicesPolicy } from '../../services/services.ts'
import { encodeOrder } from '../../services/placement/spec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import type { Terms } from '../../services/replication/terms.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { LedgerEvent } from '../../types/ledger.ts'

/** Length of a height of `services@1`. */
export const HEIGHT_MS = 1000
/** From a height's opening to its decision: three message delays, as the simulator measures in calm worlds. */
const DELAYS_TO_DECIDE = 3

/**
 * The agreed side of the model: `services@1` itself, its bytes and folds. Of the protocol it keeps the outcome alone: heights
 * that a quorum can decide are decided after three message delays, the others are not.
 */
export class Control {
  readonly #members: readonly ContextMember[]
  readonly #policy: ServicesPolicy
  readonly #seed
  readonly #events: LedgerEvent[] = []
  #height = 0
  #agreed: Agreed | null = null

  constructor(
    seed: number,
    weights: readonly number[],
    services: readonly { readonly spec: ServiceSpec; readonly terms?: Terms }[],
    policy: ServicesPolicy,
  ) {
    this.#seed = keccak(utf8Hex(`laboratory ${seed}`))
    this.#members = weights.map((weight, seat) => ({ key: `0x${uint(seat + 1, 20)}`, weight }))
    this.#policy = policy
    for (const service of services) this.#post('posted', encodeOrder({ order: 'put', ...service }))
  }

  /** Null before the first decision. */
  get agreed(): Agreed | null {
    return this.#agreed
  }

  get policy(): ServicesPolicy {
    return this.#policy
  }

  /** A conviction comes into the ledger. */
  convict(member: MemberIndex): void {
    this.#post('system', Uint8Array.of(member, 0, 100))
  }

  /** What the next height will decide if the listed members are a quorum; null if they are none. */
  next(inputs: ReadonlyMap<MemberIndex, Observed>): Agreed | null {
    const total = this.#members.reduce((sum, { weight }) => sum + weight, 0)
    const listed = [...inputs.keys()].reduce((sum, seat) => sum + (this.#members[seat]?.weight ?? 0), 0)
    if (3 * listed <= 2 * total) return null
    const result = services.aggregateStatus(
      [...inputs].map(([member, state]) => ({ member, state })),
      this.#policy,
      {
        seed: this.#seed,
        height: this.#height + 1,
        members: this.#members,
        previous: this.#agreed === null ? new Uint8Array() : services.state.encode(this.#agreed),
        events: this.#events,
      },
    )
    return result.kind === 'agreed' ? result : null
  }

  /** It is decided. */
  take(agreed: Agreed): void {
    this.#height += 1
    this.#agreed = agreed
  }

  #post(kind: LedgerEvent['kind'], data: Uint8Array): void {
    this.#events.push({ seq: this.#events.length + 1, kind, data })
  }
}

/** Time from a height's opening to its decision, ms: three times the one-way delay to the member that completes a quorum. */
export function decisionMs(rttsMs: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const near = rttsMs
    .map((rttMs, i) => ({ rttMs, weight: weights[i] ?? 0 }))
    .sort((a, b) => a.rttMs - b.rttMs)
  let weight = 0
  for (const one of near) {
    weight += one.weight
    if (3 * weight > 2 * total) return (DELAYS_TO_DECIDE * one.rttMs) / 2
  }
  return Infinity
}

/** The policy to begin with, with what a scenario changes of it. */
export function policyOf(changes: {
  readonly placement?: Partial<ServicesPolicy['placement']>
  readonly health?: Partial<ServicesPolicy['health']>
}): ServicesPolicy {
  return {
    ...DEFAULT_POLICY,
    placement: { ...DEFAULT_POLICY.placement, ...changes.placement },
    health: { ...DEFAULT_POLICY.health, ...changes.health },
  }
}
