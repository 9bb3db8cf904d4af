import { keccak } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import { measureValidity } from '../../src/protocol/validity.ts'
import type { Input } from '../../src/reducers/reducer.ts'
import { DEFAULT_POLICY } from '../../src/services/policy.ts'
import { LEVEL_MAX } from '../../src/services/trust/codec.ts'
import type { Sighting, TrustObservation, TrustState } from '../../src/services/trust/codec.ts'
import { trust } from '../../src/services/trust/slice.ts'
import { trustedWeights } from '../../src/services/trust/weights.ts'
import type { Part } from '../../src/types/frames.ts'
import type { Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Delivery, Liar, StateOf } from './engine-cluster.ts'
import { EngineCluster, signAs } from './engine-cluster.ts'
import { foldContext, membersOf } from './services-cluster.ts'

/** Whose votes weigh how much. */
export const ARMS = ['popular', 'stake', 'trust', 'trust-stake', 'own'] as const
export type Arm = (typeof ARMS)[number]

/**
 * - `lie`: one false value for all, and a vote for an agreed false state
 * - `split`: another value for each peer, within what is plausible, and the same vote
 * - `withhold`: nothing for just under half of the honest members
 * - `sleeper`: honest until `WAKES_AT`, then `split`
 */
export const KINDS = ['lie', 'split', 'withhold', 'sleeper'] as const
export type Kind = (typeof KINDS)[number]
export const WAKES_AT = 60

export interface TrustScenario {
  readonly seed: number
  readonly n: number
  readonly liars: number
  readonly kind: Kind
  readonly arm: Arm
  readonly heights: number
}

/** What one run shows. Parts are 0 … 1. */
export interface TrustOutcome {
  /** Of all finals of honest members, those outside the range of the honest inputs. */
  readonly wrong: number
  /** Of all heights, those at which honest members finalise different states. */
  readonly split: number
  /** Means over the heights of the entropy and the concentration of honest finals. */
  readonly entropy: number
  readonly concentration: number
  /** Heights from the first lie until the liars' part of the weight is a quarter of their part of the seats; −1: never. */
  readonly neutralised: number
  /** Of the weight at the end, the honest members' part; and the least weight of one over an equal part. */
  readonly honestWeight: number
  readonly leastHonest: number
  /** The furthest that a level of an honest member has fallen below what it had, ‰. */
  readonly harm: number
}

const NOISE = 4
const TOLERANCE = 50
const FALSE_VALUE = 60_000
const LOST = 0.01
const SILENT_SCORE = 300
const UNSEEN = 0xffff
const { trust: POLICY } = DEFAULT_POLICY
const NOBODY = { health: { rows: [] } }

/** What an honest member has received in a height, by sender. */
interface Seen {
  readonly values: Map<MemberIndex, number>
  readonly status: Map<MemberIndex, Digest>
  readonly share: Map<MemberIndex, Digest>
}

/** Profile `paper` on the production engine, with liars of one kind, a vote by one kind of weights, and lost frames. */
export class TrustWorld {
  readonly #scenario: TrustScenario
  readonly #random: Random
  readonly #stakes: readonly number[]
  readonly #engines: EngineCluster
  /** Levels in each member's last ŝ*; arm `own`. */
  readonly #held: number[][]
  #levels: TrustState = trust.empty
  #weights: readonly number[]
  #height = 1
  #seen: Seen[]
  /** By honest member what it says of the others next. */
  #scores: (readonly Sighting[])[]
  /** Signers of different objects, as far as honest members have compared them. */
  #conflicts = new Set<MemberIndex>()
  readonly #ownShares = new Map<MemberIndex, Digest>()
  /** What liars say in this height: the same again when asked again. */
  readonly #told = new Map<string, Part[]>()
  readonly #finals = new Map<MemberIndex, Uint8Array>()

  constructor(scenario: TrustScenario) {
    this.#scenario = scenario
    const { n, seed, liars, arm } = scenario
    this.#random = new Random(seed)
    this.#stakes = Array.from({ length: n }, () => this.#random.int(1, 5))
    this.#weights = this.#registered()
    this.#held = Array.from({ length: n }, () => Array.from({ length: n }, () => POLICY.floor))
    this.#scores = Array.from({ length: n }, () => [])
    this.#seen = this.#nothingSeen()
    const mouths = Array.from({ length: liars }, (_, i): [MemberIndex, Liar] => [n - 1 - i, this.#lie])
    this.#engines = new EngineCluster({
      n,
      heights: 1_000_000,
      liars: new Map(mouths),
      fate: (delivery) => this.#deliver(delivery),
      config: {
        profile: { kind: 'paper', selection: arm === 'popular' ? 'popular' : 'weighted' },
        schedule: 'external',
        debateTicks: 4,
        shareTicks: 4,
        isValidInput: (bytes) => bytes.length === this.#inputBytes,
      },
      state: (member, height) => this.#inputOf(member, this.#valueOf(member, height)),
      reduce: (inputs) => this.#reduce(inputs),
      onEffect: (_, member, effect) => {
        if (effect.kind === 'record' && effect.object.type === 'share')
          this.#ownShares.set(member, effect.object.stateHash)
        if (effect.kind === 'settled' && effect.height === this.#height)
          this.#finals.set(member, effect.state)
      },
    })
    this.#engines.engines.forEach((engine, self) => {
      const weightOf = (member: MemberIndex): bigint => BigInt(this.#weightsOf(self)[member] ?? 0)
      const profile = { ...engine.config.profile, weightOf } as typeof engine.config.profile
      this.#engines.engines[self] = { ...engine, config: { ...engine.config, ...(profile && { profile }) } }
    })
    this.#engines.start()
  }

  run(): TrustOutcome {
    const { n, heights, liars } = this.#scenario
    const honest = this.#engines.honest
    const firstLie = this.#scenario.kind === 'sleeper' ? WAKES_AT : 1
    const sums = { finals: 0, wrong: 0, split: 0, entropy: 0, concentration: 0 }
    const most = honest.map(() => 0)
    let neutralised = -1
    let harm = 0
    for (let height = 1; height <= heights; height += 1) {
      this.#begin(height)
      for (const { index } of this.#engines.cluster.members) this.#engines.input(index, { kind: 'resync' })
      this.#engines.run(height, 100)
      const values = honest.map((member) => this.#valueOf(member, height))
      const [low, high] = [Math.min(...values), Math.max(...values)]
      const states = honest.flatMap((member) => this.#finals.get(member) ?? [])
      sums.finals += states.length
      sums.wrong += states.filter((state) => u16(state, 0) < low || u16(state, 0) > high).length
      const validity = measureValidity(states.map((state) => keccak(state)))
      sums.split += validity !== null && validity.magnitude < 1 ? 1 : 0
      sums.entropy += validity?.entropy ?? 0
      sums.concentration += validity?.concentration ?? 1
      this.#end(height)
      honest.forEach((member, i) => {
        const level = this.#levelOf(member)
        most[i] = Math.max(most[i] ?? 0, level)
        harm = Math.max(harm, (most[i] ?? 0) - level)
      })
      const isLow = liars > 0 && this.#liarsPart() <= liars / n / 4
      if (isLow && neutralised < 0 && height >= firstLie) neutralised = height - firstLie + 1
    }
    const weights = this.#meanWeights()
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return {
      wrong: sums.wrong / Math.max(1, sums.finals),
      split: sums.split / heights,
      entropy: sums.entropy / heights,
      concentration: sums.concentration / heights,
      neutralised,
      honestWeight: 1 - this.#liarsPart(),
      leastHonest: (Math.min(...honest.map((member) => weights[member] ?? 0)) * n) / total,
      harm,
    }
  }

  get #isOwn(): boolean {
    return this.#scenario.arm === 'own'
  }

  get #inputBytes(): number {
    return this.#isOwn ? 2 + 4 * this.#scenario.n : 2
  }

  #isLiar(member: MemberIndex): boolean {
    return member >= this.#scenario.n - this.#scenario.liars
  }

  #isAwake(): boolean {
    return this.#scenario.kind !== 'sleeper' || this.#height >= WAKES_AT
  }

  #registered(): readonly number[] {
    const { arm, n } = this.#scenario
    return arm === 'stake' || arm === 'trust-stake' ? this.#stakes : Array.from({ length: n }, () => 1)
  }

  #weightsOf(self: MemberIndex): readonly number[] {
    return this.#isOwn ? trustedWeights(this.#registered(), this.#held[self] ?? []) : this.#weights
  }

  /** Mean over the honest members of what each seat weighs for them, as parts of one. */
  #meanWeights(): number[] {
    const { n } = this.#scenario
    const views = this.#engines.honest.map((member) => {
      const weights = this.#weightsOf(member)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return weights.map((weight) => weight / total)
    })
    return Array.from(
      { length: n },
      (_, seat) => views.reduce((sum, view) => sum + (view[seat] ?? 0), 0) / views.length,
    )
  }

  #liarsPart(): number {
    return this.#meanWeights().reduce((sum, part, seat) => sum + (this.#isLiar(seat) ? part : 0), 0)
  }

  #levelOf(member: MemberIndex): number {
    if (!this.#isOwn) return this.#levels.rows[member]?.level ?? POLICY.floor
    return Math.min(...this.#engines.honest.map((self) => this.#held[self]?.[member] ?? 0))
  }

  /** The truth wanders; each honest member measures it with noise. */
  #valueOf(member: MemberIndex, height: number): number {
    const noise = new Random(this.#scenario.seed * 7919 + height * 131 + member).int(-NOISE, NOISE)
    return 1000 + ((height * 37) % 500) + noise
  }

  #inputOf(member: MemberIndex, value: number): Uint8Array {
    const { n } = this.#scenario
    if (!this.#isOwn) return pack([value])
    const lies = this.#isLiar(member) && this.#isAwake()
    const poison = Array.from({ length: n }, (_, seat) => (this.#isLiar(seat) ? LEVEL_MAX : 0))
    const said = new Map((this.#scores[member] ?? []).map(({ member: seat, score }) => [seat, score]))
    const scores = lies ? poison : poison.map((_, seat) => said.get(seat) ?? UNSEEN)
    const held = lies ? poison.map((level) => Math.max(POLICY.floor, level)) : this.#held[member]
    return pack([value, ...(held ?? []), ...scores])
  }

  /** Lower median, least and greatest of the values; in arm `own` the levels, too. */
  #reduce(inputs: readonly StateOf[]): Uint8Array {
    const values = inputs.map(({ state }) => u16(state, 0)).sort((a, b) => a - b)
    const summary = [lowerMedian(values), values[0] ?? 0, values.at(-1) ?? 0]
    if (!this.#isOwn) return pack(summary)
    const { n } = this.#scenario
    const rows = Array.from({ length: n }, (_, member) => ({
      member,
      level: lowerMedian(inputs.map(({ state }) => u16(state, 1 + member)).sort((a, b) => a - b)),
      why: 'steady' as const,
      cause: 'none' as const,
    }))
    const said = inputs.map(({ member, state }) => ({
      member,
      state: {
        peers: rows.flatMap(({ member: seat }) => {
          const score = u16(state, 1 + n + seat)
          return score > LEVEL_MAX ? [] : [{ member: seat, score, cause: 'none' as const }]
        }),
      },
    }))
    return pack([...summary, ...this.#fold({ rows }, said).rows.map(({ level }) => level)])
  }

  #fold(before: TrustState, said: readonly Input<TrustObservation>[]): TrustState {
    return trust.fold(before, said, foldContext(membersOf(this.#registered())), POLICY, NOBODY)
  }

  #falseState(): Uint8Array {
    const summary = [FALSE_VALUE, FALSE_VALUE, FALSE_VALUE]
    if (!this.#isOwn) return pack(summary)
    const levels = Array.from({ length: this.#scenario.n }, (_, seat) =>
      this.#isLiar(seat) ? LEVEL_MAX : POLICY.floor,
    )
    return pack([...summary, ...levels])
  }

  #lie: Liar = (delivery, world) => {
    const { from, to } = delivery
    const { kind, n, liars } = this.#scenario
    if (!this.#isAwake() || this.#isLiar(to)) return [delivery]
    if (kind === 'withhold') return to < Math.floor((n - liars - 1) / 2) ? [] : [delivery]
    const parts = delivery.parts.flatMap((part): Part[] => {
      if (part.kind === 'body') return []
      if (part.kind !== 'object') return [part]
      const { object } = part.signed
      if (object.type !== 'status' && object.type !== 'share') return [part]
      const key = `${object.type} ${object.height} ${from} ${kind === 'lie' ? '' : to}`
      const told = this.#told.get(key)
      if (told !== undefined) return told
      const value = kind === 'lie' ? FALSE_VALUE : this.#valueOf(from, object.height) + 2 * NOISE + (to % 40)
      const bytes = object.type === 'share' ? this.#falseState() : this.#inputOf(from, value)
      const hash = keccak(bytes)
      const signed = signAs(world.cluster, from, { ...object, stateHash: hash })
      const lie: Part[] = [
        { kind: 'object', signed },
        { kind: 'body', hash, bytes },
      ]
      this.#told.set(key, lie)
      return lie
    })
    return [{ ...delivery, parts }]
  }

  #deliver(delivery: Delivery): readonly number[] {
    if (this.#random.chance(LOST)) return []
    const seen = this.#seen[delivery.to]
    for (const part of seen === undefined ? [] : delivery.parts) {
      if (part.kind === 'body' && part.bytes.length === this.#inputBytes)
        if (!seen?.values.has(delivery.from)) seen?.values.set(delivery.from, u16(part.bytes, 0))
      if (part.kind !== 'object') continue
      const { object } = part.signed
      if (object.type !== 'status' && object.type !== 'share') continue
      if (object.height !== this.#height) continue
      const held = object.type === 'status' ? seen?.status : seen?.share
      if (held?.has(delivery.from) === false) held.set(delivery.from, object.stateHash)
    }
    return [1]
  }

  #nothingSeen(): Seen[] {
    return Array.from({ length: this.#scenario.n }, () => ({
      values: new Map(),
      status: new Map(),
      share: new Map(),
    }))
  }

  #begin(height: number): void {
    this.#height = height
    this.#seen = this.#nothingSeen()
    this.#finals.clear()
    this.#ownShares.clear()
    this.#told.clear()
  }

  /** Scores of the height, and the weights of the next. */
  #end(height: number): void {
    const { n } = this.#scenario
    if (this.#isOwn)
      for (const [member, state] of this.#finals)
        this.#held[member] = Array.from({ length: n }, (_, seat) => u16(state, 3 + seat))
    this.#scores = this.#seen.map((seen, self) => this.#score(seen, self, height))
    this.#conflicts = this.#compared()
    if (this.#scenario.arm !== 'trust' && this.#scenario.arm !== 'trust-stake') return
    const said = this.#scores.map((peers, member) => ({ member, state: { peers } }))
    this.#levels = this.#fold(this.#levels, said)
    this.#weights = trustedWeights(
      this.#registered(),
      this.#levels.rows.map(({ level }) => level),
    )
  }

  /** Who signed different objects for different honest members: they show each other what they hold. */
  #compared(): Set<MemberIndex> {
    const { n } = this.#scenario
    const differs = (of: (seen: Seen) => Digest | undefined): boolean =>
      new Set(this.#engines.honest.flatMap((self) => of(this.#seen[self] as Seen) ?? [])).size > 1
    return new Set(
      Array.from({ length: n }, (_, seat) => seat).filter(
        (seat) => differs(({ status }) => status.get(seat)) || differs(({ share }) => share.get(seat)),
      ),
    )
  }

  #score({ values, status, share }: Seen, self: MemberIndex, height: number): readonly Sighting[] {
    const { n } = this.#scenario
    const lies = this.#isLiar(self) && this.#isAwake()
    const all = [...values.values(), this.#valueOf(self, height)].sort((a, b) => a - b)
    const middle = lowerMedian(all)
    return Array.from({ length: n }, (_, member) => member)
      .filter((member) => member !== self)
      .map((member): Sighting => {
        if (lies) return { member, score: this.#isLiar(member) ? LEVEL_MAX : 0, cause: 'anomaly' }
        if (this.#conflicts.has(member)) return { member, score: 0, cause: 'conflict' }
        const value = values.get(member)
        const shared = share.get(member)
        if (value === undefined || !status.has(member) || shared === undefined || shared === NIL)
          return { member, score: SILENT_SCORE, cause: 'silent' }
        // what its inputs reduce to is what its own engine made of them
        if (shared !== this.#ownShares.get(member)) return { member, score: 0, cause: 'wrong' }
        if (Math.abs(value - middle) > TOLERANCE) return { member, score: 0, cause: 'outlier' }
        return { member, score: LEVEL_MAX, cause: 'none' }
      })
  }
}

function pack(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]))
}

/** The i-th u16. */
function u16(bytes: Uint8Array, i: number): number {
  return ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)
}

function lowerMedian(ascending: readonly number[]): number {
  return ascending[(ascending.length - 1) >> 1] ?? 0
}
