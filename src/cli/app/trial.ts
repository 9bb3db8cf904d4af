import { fromHex, toHex } from '../../codec/hex.ts'
import { FUEL } from '../../sandbox/profile.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import type { Hex } from '../../types/ids.ts'

export interface Trial {
  readonly name: string
  /** Null: it holds. */
  readonly problem: string | null
}

export interface TrialReport {
  readonly trials: readonly Trial[]
  /** Of the largest aggregate that was tried. */
  readonly fuelMax: bigint
  readonly stateBytesMax: number
}

const SEED: Hex = `0x${'5e'.repeat(32)}`
const STATE_BYTES_MAX = 31 * 1024
/** Spoilt inputs that are tried: each byte in turn, in two ways, up to so many. */
const SPOILT_MAX = 200

/** Tries a reducer as members and strangers would: what a task of it must not come to. */
export function tryReducer(bundle: Bundle, params: Hex, inputs: readonly Uint8Array[]): TrialReport {
  let fuelMax = 0n
  let stateBytesMax = 0
  const aggregate = (
    states: readonly Uint8Array[],
    members = states.map((_, i) => i),
    own?: Uint8Array,
  ): { readonly state: Hex | null; readonly why: string } => {
    const context = {
      seed: SEED,
      height: 1,
      members: members.map((i) => ({ key: toHex(new Uint8Array(20).fill(i + 1)), weight: 1 })),
      previous: new Uint8Array(),
      events: [],
    }
    const listed = states.map((state, i) => ({ member: members[i] ?? i, state }))
    const call = { reducer: bundle.id, params, context, inputs: listed, closing: own === undefined }
    const result = bundle.reduce(own === undefined ? call : { ...call, own })
    fuelMax = result.fuel > fuelMax ? result.fuel : fuelMax
    if (!result.ok) return { state: null, why: `${result.code}: ${result.detail}` }
    stateBytesMax = Math.max(stateBytesMax, result.state.length)
    return { state: toHex(result.state), why: '' }
  }
  const some = aggregate(inputs)
  const reversed = aggregate([...inputs].reverse(), inputs.map((_, i) => i).reverse())
  const many = aggregate(
    Array.from({ length: MEMBERS_MAX }, (_, i) => inputs[i % inputs.length] ?? new Uint8Array()),
  )
  const spoilt = spoiltOf(inputs)
  const taken = spoilt.filter((input) => bundle.judge(params, input).accepts)
  const broken = taken.flatMap((input) => {
    const { state, why } = aggregate([input])
    return state === null ? [`${toHex(input)} is accepted, but then ${why}`] : []
  })
  const [first] = inputs
  const alone = first === undefined ? null : aggregate([first])
  const own = some.state === null ? null : fromHex(some.state)
  const shared = own === null ? null : aggregate([own], [0], own)
  const problem = ({ state, why }: { state: string | null; why: string }): string | null =>
    state === null ? why : null
  const trials: Trial[] = [
    ...exampleTrials(bundle, params, inputs),
    { name: 'has a state for them, also if a member leaves', problem: problem(some) },
    { name: 'has a state for one input', problem: alone === null ? 'no input' : problem(alone) },
    { name: `has a state for ${MEMBERS_MAX} members`, problem: problem(many) },
    {
      name: 'does not depend on the order of inputs',
      problem: some.state === reversed.state ? null : 'two orders give two states',
    },
    { name: 'gives the same again', problem: some.state === aggregate(inputs).state ? null : 'it does not' },
    { name: 'merges states', problem: shared === null ? null : problem(shared) },
    {
      name: `holds against ${spoilt.length} spoilt inputs, of which it accepts ${taken.length}`,
      problem: broken[0] ?? null,
    },
    {
      name: 'keeps its states within 31 KiB',
      problem: stateBytesMax <= STATE_BYTES_MAX ? null : `${stateBytesMax} bytes`,
    },
    {
      name: 'needs less than a quarter of its fuel',
      problem: fuelMax < FUEL.aggregate / 4n ? null : `${fuelMax} of ${FUEL.aggregate}`,
    },
  ]
  return { trials, fuelMax, stateBytesMax }
}

function exampleTrials(bundle: Bundle, params: Hex, inputs: readonly Uint8Array[]): Trial[] {
  return [
    { name: 'reads the params of its example', problem: bundle.acceptsParams(params) ? null : 'it does not' },
    {
      name: 'accepts the inputs of its example',
      problem:
        inputs.length > 0 && inputs.every((input) => bundle.judge(params, input).accepts)
          ? null
          : 'there are none, or it refuses one',
    },
  ]
}

/** Cut short, grown, and each byte changed. */
function spoiltOf(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const spoilt: Uint8Array[] = [new Uint8Array(), new Uint8Array(1_024), new Uint8Array(1_024).fill(255)]
  for (const input of inputs) {
    spoilt.push(input.slice(0, -1), Uint8Array.from([...input, 0]))
    for (let at = 0; at < input.length; at += 1)
      for (const flip of [0x01, 0xff]) {
        const bytes = input.slice()
        bytes[at] = (bytes[at] ?? 0) ^ flip
        spoilt.push(bytes)
      }
  }
  return spoilt.slice(0, SPOILT_MAX)
}
