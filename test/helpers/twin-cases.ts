/** Numbered cases for a reducer and its twin: mostly sound, at their bounds, with duplicates, and some malformed. */
import { toHex } from '../../src/codec/hex.ts'
import { hasTwin, reducerIds } from '../../src/reducers/catalog.ts'
import { median } from '../../src/reducers/median.ts'
import { popularValue } from '../../src/reducers/popular-value.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { runReducer } from '../../src/reducers/run.ts'
import { timeSlots } from '../../src/reducers/time-slots.ts'
import { weightedVote } from '../../src/reducers/weighted-vote.ts'
import type { ContextMember } from '../../src/reducers/reducer.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LedgerEvent } from '../../src/types/ledger.ts'
import type { Digest } from '../../src/types/ids.ts'

/** The stock reducers that have a twin. */
export const TWINNED_IDS = reducerIds().filter(hasTwin)

export interface TwinCase {
  readonly params: Uint8Array
  readonly seed: Digest
  readonly height: number
  /** Members of the cluster; not those that bring an input. */
  readonly members: readonly ContextMember[]
  readonly previous: Uint8Array
  readonly inputs: readonly { readonly member: number; readonly state: Uint8Array }[]
  readonly events: readonly Pick<LedgerEvent, 'kind' | 'data'>[]
  /** For f_agg_close: mostly what the inputs come to, or some of them, and those who stay. */
  readonly current: Uint8Array
  readonly remaining: TwinCase['inputs']
}

const U64_MAX = 2n ** 64n - 1n
const U64_EDGES = [0n, 1n, 2n, 2n ** 63n - 1n, 2n ** 63n, U64_MAX - 1n, U64_MAX]
const I128_EDGES = [-(2n ** 127n), -(2n ** 64n), -1n, 0n, 1n, 2n ** 64n, 2n ** 127n - 1n]
const SEATS = 128
const MEMBERS_TRIED = 130

/** Numbers that are the same for the same seed (splitmix32 over a counter). */
export class Dice {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  below(limit: number): number {
    return this.u32() % limit
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  u64(): bigint {
    const kind = this.below(3)
    if (kind === 0) return this.pick(U64_EDGES)
    return kind === 1 ? BigInt(this.below(24)) : (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  i128(): bigint {
    const kind = this.below(3)
    if (kind === 0) return this.pick(I128_EDGES)
    if (kind === 1) return BigInt(this.below(24) - 12)
    return BigInt.asIntN(128, (this.u64() << 64n) | this.u64())
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  digest(): Digest {
    return toHex(this.bytes(32))
  }
}

/** What differs between reducers: a maker of sound params and, for them, one of states that are mostly valid inputs. */
type Maker = (dice: Dice) => { readonly params: Uint8Array; readonly state: () => Uint8Array }

const ordered = (a: bigint, b: bigint): [bigint, bigint] => (a <= b ? [a, b] : [b, a])
const between = (value: bigint, min: bigint, max: bigint): bigint =>
  value < min ? min : value > max ? max : value

const MAKERS: Readonly<Record<string, Maker>> = {
  [rateLimit.id]: (dice) => {
    const params = { budget: dice.u64(), demandMax: dice.chance(70) ? U64_MAX : dice.u64() }
    const state = () => {
      const demand = between(dice.u64(), 0n, dice.chance(98) ? params.demandMax : U64_MAX)
      return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
    }
    return { params: rateLimit.params.encode(params), state }
  },
  [timeSlots.id]: (dice) => {
    const slots = dice.chance(10) ? 64 : dice.chance(70) ? 1 + dice.below(12) : 1 + dice.below(64)
    const period = dice.u64()
    const state = () => {
      const narrow = dice.chance(50) ? dice.u64() & dice.u64() : dice.u64()
      const wanted = dice.chance(99) ? BigInt.asUintN(slots, narrow) : narrow
      const rows = [{ member: 0, wanted, granted: 0n }]
      return timeSlots.state.encode({
        seed: NIL,
        period: dice.chance(80) ? period : dice.u64(),
        slots: 0,
        rows,
      })
    }
    return { params: timeSlots.params.encode({ slots }), state }
  },
  [popularValue.id]: (dice) => {
    const palette = paletteOf(dice)
    const state = () =>
      popularValue.state.encode({
        seed: NIL,
        value: NIL,
        count: 0,
        rows: [{ member: 0, value: dice.pick(palette) }],
      })
    return { params: popularValue.params.encode({}), state }
  },
  [median.id]: (dice) => {
    const [min, max] = dice.chance(70) ? [-(2n ** 127n), 2n ** 127n - 1n] : ordered(dice.i128(), dice.i128())
    const state = () => {
      const value = dice.chance(98) ? between(dice.i128(), min, max) : dice.i128()
      return median.state.encode({ median: 0n, rows: [{ member: 0, value }] })
    }
    return { params: median.params.encode({ min, max }), state }
  },
  [weightedVote.id]: (dice) => {
    const palette = paletteOf(dice)
    const [low, high] = dice.chance(60) ? [1n, U64_MAX] : ordered(dice.u64(), dice.u64())
    const [weightMin, weightMax] = [low || 1n, high || 1n]
    const state = () => {
      const weight = dice.chance(98) ? between(dice.u64(), weightMin, weightMax) : dice.u64()
      const rows = [{ member: 0, choice: dice.pick(palette), weight }]
      return weightedVote.state.encode({ seed: NIL, choice: NIL, share: 0n, rows })
    }
    return { params: weightedVote.params.encode({ weightMin, weightMax }), state }
  },
}

/** Case `number` of a reducer, 0 … 2^32 − 1: the same at each run, whatever was made before. */
export function twinCase(reducer: string, number: number): TwinCase {
  const maker = MAKERS[reducer]
  if (maker === undefined) throw new Error(`no cases for ${reducer}`)
  const dice = new Dice(scattered(number))
  const { params, state } = maker(dice)
  const seed = dice.chance(5) ? NIL : dice.digest()
  const inputs = membersOf(dice).map((member) => ({ member, state: state() }))
  const spoiled = dice.chance(10) ? dice.below(inputs.length + 1) : -1
  const bad = inputs[spoiled]
  if (bad !== undefined) {
    const others = inputs.slice(0, 1 + dice.below(2))
    const state = dice.chance(30) ? resultOf(reducer, params, seed, others) : null
    inputs[spoiled] = { ...bad, state: state ?? spoil(dice, bad.state) }
  }
  const tried = {
    params: dice.chance(3) ? spoil(dice, params) : params,
    seed,
    inputs,
    events: dice.chance(70) ? [] : Array.from({ length: dice.below(4) }, () => event(dice)),
  }
  return { ...tried, ...surroundings(dice), ...closingOf(dice, reducer, tried) }
}

/** What no stock reducer looks at. */
function surroundings(dice: Dice): Pick<TwinCase, 'height' | 'members' | 'previous'> {
  const members = Array.from({ length: dice.below(4) }, () => ({
    key: toHex(dice.bytes(20)),
    weight: dice.below(65_536),
  }))
  return { height: 1 + dice.below(65_535), members, previous: dice.bytes(dice.below(40)) }
}

/** A state and those who stay: of a list with leavers, of all of it, of strangers; now and then spoilt. */
function closingOf(
  dice: Dice,
  reducer: string,
  { params, seed, inputs }: Pick<TwinCase, 'params' | 'seed' | 'inputs'>,
): Pick<TwinCase, 'current' | 'remaining'> {
  const staying = 100 - dice.below(60)
  const remaining = inputs.filter(() => dice.chance(staying))
  const sound = resultOf(reducer, params, seed, dice.chance(80) ? inputs : remaining)
  const current = sound ?? dice.bytes(dice.below(140))
  return { current: dice.chance(10) ? spoil(dice, current) : current, remaining }
}

/** A canonical state that is no input, or barely one: what a reducer gives for one input or two. */
function resultOf(
  reducer: string,
  params: Uint8Array,
  seed: Digest,
  inputs: TwinCase['inputs'],
): Uint8Array | null {
  const context = { seed, height: 1, members: [], previous: null, events: [] }
  const result = runReducer({ reducer, params: toHex(params), context, inputs })
  return result.ok ? result.state : null
}

/**
 * A permutation of the 32-bit numbers (MurmurHash3's finalizer) that leaves neighbours far apart: dice begun at neighbours
 * would throw almost the same.
 */
function scattered(number: number): number {
  let z = number >>> 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return (z ^ (z >>> 16)) >>> 0
}

/** Few values, so that there are duplicates and ties. */
function paletteOf(dice: Dice): Digest[] {
  return [NIL, `0x${'ff'.repeat(32)}`, ...Array.from({ length: 1 + dice.below(6) }, () => dice.digest())]
}

/** Ascending seats, mostly few; now and then too many, out of order, twice, or no seat. */
function membersOf(dice: Dice): number[] {
  const kind = dice.below(100)
  const size =
    kind < 45
      ? dice.below(5)
      : kind < 80
        ? 4 + dice.below(4)
        : kind < 93
          ? 8 + dice.below(8)
          : kind < 97
            ? 16 + dice.below(18)
            : 34 + dice.below(97)
  const seats = Array.from({ length: size > SEATS ? MEMBERS_TRIED : SEATS }, (_, seat) => seat)
  while (seats.length > size) seats.splice(dice.below(seats.length), 1)
  if (dice.chance(3) && size > 0)
    seats[dice.below(size)] = dice.chance(50) ? dice.below(SEATS) : dice.below(256)
  return seats
}

/** A bit flipped, cut short, grown, or anything. */
function spoil(dice: Dice, sound: Uint8Array): Uint8Array {
  const bytes = sound.slice()
  const kind = dice.below(4)
  if (kind === 0) return bytes.slice(0, dice.below(bytes.length + 1))
  if (kind === 1) return Uint8Array.from([...bytes, ...dice.bytes(1 + dice.below(40))])
  if (kind === 2) return dice.bytes(dice.below(140))
  const at = dice.below(bytes.length || 1)
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8))
  return bytes
}

function event(dice: Dice): Pick<LedgerEvent, 'kind' | 'data'> {
  const kind = dice.chance(80) ? 'posted' : 'system'
  return { kind, data: dice.bytes(dice.chance(70) ? 8 : dice.below(12)) }
}
