import { keccak } from '../../src/codec/hex.ts'
import type { PaperProfile } from '../../src/protocol/paper/profile.ts'
import type { Schedule } from '../../src/protocol/schedule.ts'
import type { Validity } from '../../src/protocol/validity.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import type { Fate, StateOf } from './engine-cluster.ts'
import { EngineCluster } from './engine-cluster.ts'

export interface PaperOptions {
  readonly n: number
  readonly schedule: Schedule
  /** ΔT / n. */
  readonly slotTicks: number
  readonly profile?: PaperProfile
  readonly fate?: Fate
}

export interface Measured {
  readonly tick: number
  readonly member: MemberIndex
  readonly operational: Validity | null
}

/**
 * Replicas of one state byte. Each brings the state it holds; s* is the most frequent of them, so whoever has drifted
 * from the others is brought back by the next resynchronisation. Under schedule `external` a clock calls for one every
 * ΔT.
 */
export class PaperWorld {
  readonly engines: EngineCluster
  readonly held = new Map<MemberIndex, Uint8Array>()
  readonly measured: Measured[] = []
  readonly #options: PaperOptions

  constructor(options: PaperOptions) {
    this.#options = options
    const { n, schedule, slotTicks, profile, fate } = options
    this.engines = new EngineCluster({
      n,
      heights: 1_000_000,
      ...(fate === undefined ? {} : { fate }),
      config: {
        profile: profile ?? { kind: 'paper', selection: 'popular' },
        schedule,
        slotTicks,
        isValidInput: (state) => state.length === 1,
      },
      state: (member) => this.stateOf(member),
      reduce: mostFrequent,
      onEffect: (tick, member, effect) => {
        if (effect.kind === 'settled') this.held.set(member, effect.state)
        if (effect.kind === 'measured') this.measured.push({ tick, member, operational: effect.operational })
      },
    }).start()
  }

  get now(): number {
    return this.engines.now
  }

  stateOf(member: MemberIndex): Uint8Array {
    return this.held.get(member) ?? Uint8Array.of(1)
  }

  /** How many different states the members hold: 1 = all agree. */
  get states(): number {
    return new Set(this.engines.cluster.members.map(({ index }) => this.stateOf(index)[0])).size
  }

  /** Whether a height is in work: its end would write over what is changed now. */
  get isBusy(): boolean {
    return this.engines.engines.some(({ log }) => log.status !== 'IDLE')
  }

  run(ticks: number): void {
    const { n, schedule, slotTicks } = this.#options
    for (let i = 0; i < ticks; i += 1) {
      this.engines.tick()
      if (schedule !== 'external' || this.now % (n * slotTicks) !== 0) continue
      for (const { index } of this.engines.cluster.members) this.engines.input(index, { kind: 'resync' })
    }
  }

  /** A member's finalised state changes behind the protocol's back. */
  corrupt(member: MemberIndex, state: Uint8Array): void {
    const engine = this.engines.engine(member)
    const hash = keccak(state)
    this.held.set(member, state)
    this.engines.engines[member] = { ...engine, chain: { ...engine.chain, value: hash, stateHash: hash } }
  }

  /** First tick from `since` on at which a member measured that finalised states differ; −1 for none. */
  foundSince(since: number): number {
    const found = this.measured.find(
      ({ tick, operational }) => tick >= since && operational !== null && operational.magnitude < 1,
    )
    return found?.tick ?? -1
  }
}

/**
 * Mean and largest number of ticks from a corruption, at every phase of the period, to the first member that finds it,
 * or to its repair where a height in work writes over it.
 */
export function detectionDelay(
  options: Pick<PaperOptions, 'n' | 'schedule' | 'slotTicks'>,
  corruptions: number,
): { readonly mean: number; readonly max: number } {
  const world = new PaperWorld(options)
  const period = options.n * options.slotTicks
  world.run(period)
  const delays: number[] = []
  for (let i = 0; i < corruptions; i += 1) {
    world.run(2 * period - (world.now % period) + Math.floor((i * period) / corruptions))
    const { now } = world
    world.corrupt(i % options.n, Uint8Array.of(2 + (i % 250)))
    world.measured.length = 0
    while (world.foundSince(now) < 0 && world.states > 1 && world.now < now + 3 * period) world.run(1)
    delays.push(world.now - now)
  }
  return { mean: delays.reduce((a, b) => a + b, 0) / delays.length, max: Math.max(...delays) }
}

function mostFrequent(inputs: readonly StateOf[]): Uint8Array {
  const counts = new Map<number, number>()
  for (const { state } of inputs) counts.set(state[0] ?? 0, (counts.get(state[0] ?? 0) ?? 0) + 1)
  const [winner = 0] = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || a - b)
  return Uint8Array.of(winner)
}
