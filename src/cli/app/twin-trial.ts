import { twinAggregate, twinValidate } from '../../adapters/evm/ask-twin.ts'
import type { AskTwin } from '../../adapters/evm/ask-twin.ts'
import type { BareEvm } from '../../adapters/hardhat/bare-evm.ts'
import type { CompiledTwin } from '../../adapters/solc/compile-twin.ts'
import { equalBytes, fromHex, keccak, toHex, utf8Hex } from '../../codec/hex.ts'
import { Random } from '../../faults/random.ts'
import { impurity } from '../../policy/twin-code.ts'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import type { Address, Hex, MemberIndex } from '../../types/ids.ts'
import type { DrawState } from './folder.ts'
import { CAPS } from './task-work.ts'
import type { Trial } from './trial.ts'

export interface TwinSubject {
  readonly bundle: Bundle
  readonly twin: CompiledTwin
  readonly params: Hex
  /** The author's. */
  readonly inputs: readonly Uint8Array[]
  /** Null: inputs are the author's, spoilt. */
  readonly draw: DrawState | null
}

export interface TwinReport {
  readonly trials: readonly Trial[]
  /** Of a transaction that asks the twin for a full list; null: it has no answer. */
  readonly gas: bigint | null
}

/** Of a list in a task with a twin: all inputs have to fit a proof. */
const MEMBERS_MAX = Math.floor(31_744 / CAPS.inputCap)
/** What a transaction may have (EIP-7825), and the part of it that is left for the rest of a proof. */
const TX_GAS_MAX = 2n ** 24n
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff]
const WIDTHS = [1, 2, 4, 8, 16, 32]
/** Attempts at an input that the bundle accepts. */
const ATTEMPTS = 6

/** Runs the bundle in the sandbox and the twin in an EVM over the same lists, and says where they first differ. */
export async function tryTwin(subject: TwinSubject, evm: BareEvm, cases: number): Promise<TwinReport> {
  const deployed = await evm.deploy(subject.twin.creation)
  const isThere = deployed?.code === subject.twin.runtime
  if (deployed === null || !isThere)
    return { trials: [{ name: 'twin: can be deployed', problem: 'its constructor fails' }], gas: null }
  const impure = impurity(deployed.code)
  const ask: AskTwin = (data) => evm.call(deployed.address, data)
  let different: string | null = null
  for (let i = 0; i < cases && different === null; i += 1) different = await differenceIn(subject, ask, i)
  const gas = different === null ? await gasOf(subject, evm, deployed.address) : null
  const trials: Trial[] = [
    {
      name: 'twin: reads nothing but what it is asked',
      problem: impure === null ? null : `${impure.what} at byte ${impure.at}: policies refuse it`,
    },
    { name: `twin: answers as the bundle does, in ${cases} cases`, problem: different },
  ]
  if (different === null)
    trials.push({
      name: `twin: a proof against ${MEMBERS_MAX} inputs fits a transaction`,
      problem: gas !== null && gas <= TX_GAS_MAX / 2n ? null : `${gas ?? 'too much'} gas for the twin alone`,
    })
  return { trials, gas }
}

async function differenceIn(subject: TwinSubject, ask: AskTwin, number: number): Promise<string | null> {
  const { bundle } = subject
  const call = drawCall(subject, number)
  const { params, inputs } = call
  const found = (where: string, of: string, twin: string): string =>
    `case ${number}, ${where}: the bundle ${of}, the twin ${twin}; params ${params}` +
    inputs.map(({ member, state }) => `, member ${member} ${toHex(state)}`).join('')
  let refused: MemberIndex | null = null
  for (const { member, state } of inputs) {
    const { accepts } = bundle.judge(params, state)
    const says = await twinValidate(ask, params, state)
    if (says !== accepts) {
      const twin = says === null ? 'has no answer' : says ? 'accepts it' : 'refuses it'
      return found(`validate of member ${member}`, accepts ? 'accepts it' : 'refuses it', twin)
    }
    if (!accepts) refused ??= member
  }
  const where = call.closing === true ? 'aggregate and close' : 'aggregate'
  const says = await twinAggregate(ask, { ...call, closing: call.closing === true })
  if (refused !== null)
    return says === null ? null : found(where, `refuses member ${refused}`, `gives ${toHex(says)}`)
  const result = bundle.reduce(call)
  const own = result.ok ? result.state : null
  if (own === null ? says === null : says !== null && equalBytes(own, says)) return null
  const shown = (state: Uint8Array | null): string => (state === null ? 'has none' : `gives ${toHex(state)}`)
  return found(where, shown(own), shown(says))
}

/** A list of a height: the first cases are the author's inputs as they are. */
function drawCall(subject: TwinSubject, number: number): ReducerCall {
  const { bundle } = subject
  const random = new Random(number)
  const below = (limit: number): number => random.int(0, limit - 1)
  const params = number % 4 === 3 ? spoiltParams(subject, random) : subject.params
  const isAuthored = number < 2
  const states = isAuthored
    ? [...subject.inputs]
    : Array.from({ length: 1 + below(below(8) === 0 ? MEMBERS_MAX : 8) }, () =>
        drawInput({ ...subject, params }, random, below(8) === 0),
      )
  const seats = seatsFor(states.length, below)
  return {
    reducer: bundle.id,
    params,
    context: {
      seed: keccak(utf8Hex(`seed ${number}`)),
      height: 1 + below(1_000),
      members: Array.from({ length: MEMBERS_MAX }, (_, i) => ({
        key: toHex(new Uint8Array(20).fill(i + 1)),
        weight: 1 + below(9),
      })),
      previous: bundle.usesPrevious && below(4) > 0 ? previousOf(subject) : new Uint8Array(),
      events: Array.from({ length: below(3) }, (_, i) => ({
        seq: i + 1,
        kind: 'posted' as const,
        data: Uint8Array.from({ length: below(40) }, () => below(256)),
      })),
    },
    inputs: states.map((state, i) => ({ member: seats[i] ?? i, state })),
    closing: number % 2 === 1,
  }
}

/** Mostly one that the bundle accepts. */
function drawInput(
  { bundle, params, inputs, draw }: TwinSubject,
  random: Random,
  isAny: boolean,
): Uint8Array {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const isDrawn = draw !== null && random.int(0, 3) > 0
    const made = isDrawn
      ? draw((limit) => random.int(0, limit - 1))
      : spoilt(random.pick(inputs), random, [fromHex(params), ...inputs])
    if (isAny || bundle.judge(params, made).accepts) return made
  }
  return random.pick(inputs)
}

/** A few bytes changed, to edges or to what stands in `words`, one more or one less; now and then another length. */
function spoilt(bytes: Uint8Array, random: Random, words: readonly Uint8Array[]): Uint8Array {
  const one = Uint8Array.from(bytes)
  for (let left = random.int(1, 3); left > 0 && one.length > 0; left -= 1) {
    const kind = random.int(0, 2)
    if (kind === 0) one[random.int(0, one.length - 1)] = random.pick(EDGES)
    else if (kind === 1) one[random.int(0, one.length - 1)] = random.int(0, 255)
    else copyWord(one, random.pick(words), random)
  }
  const size = random.int(0, 19)
  return size === 0 ? one.slice(0, -1) : size === 1 ? Uint8Array.from([...one, 0]) : one
}

/** Bounds are in params, and equal values in other states. */
function copyWord(into: Uint8Array, from: Uint8Array, random: Random): void {
  const width = Math.min(random.pick(WIDTHS), into.length, from.length)
  if (width === 0) return
  const start = random.int(0, Math.floor((from.length - width) / width)) * width
  const at = random.int(0, Math.floor((into.length - width) / width)) * width
  into.set(from.subarray(start, start + width), at)
  const last = at + width - 1
  into[last] = (into[last] ?? 0) + random.int(-1, 1)
}

/** Only those that the bundle reads: no node signs up for others. */
function spoiltParams({ bundle, params, inputs }: TwinSubject, random: Random): Hex {
  const other = toHex(spoilt(fromHex(params), random, inputs))
  return bundle.acceptsParams(other) ? other : params
}

function previousOf({ bundle, params, inputs }: TwinSubject): Uint8Array {
  const listed = inputs.map((state, member) => ({ member, state }))
  const context = { seed: keccak('0x'), height: 1, members: [], previous: new Uint8Array(), events: [] }
  const result = bundle.reduce({ reducer: bundle.id, params, context, inputs: listed })
  return result.ok ? result.state : new Uint8Array()
}

/** As many seats, ascending. */
function seatsFor(count: number, below: (limit: number) => number): readonly MemberIndex[] {
  const seats = new Set<number>()
  while (seats.size < Math.min(count, MEMBERS_MAX)) seats.add(below(MEMBERS_MAX))
  return [...seats].sort((a, b) => a - b)
}

/** Of the two questions about a full list, in which somebody leaves; null if one has no answer. */
async function gasOf(subject: TwinSubject, evm: BareEvm, twin: Address): Promise<bigint | null> {
  const { inputs } = subject
  let sum = 0n
  const measured: AskTwin = async (data) => {
    sum += (await evm.gasOf(twin, data)) ?? 0n
    return evm.call(twin, data)
  }
  const listed = Array.from({ length: MEMBERS_MAX }, (_, member) => ({
    member,
    state: inputs[member % inputs.length] ?? new Uint8Array(),
  }))
  const call = { ...drawCall(subject, 0), inputs: listed, closing: true }
  return (await twinAggregate(measured, call)) === null ? null : sum
}
