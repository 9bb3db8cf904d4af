import { fromHex, isHex } from '../codec/hex.ts'
import type { RawInput } from '../reducers/apply.ts'
import type { CallFrame, Description, Operation } from '../reducers/bundle/frame.ts'
import { decodeDescription, encodeCall, encodeDescribe, encodeValidate } from '../reducers/bundle/frame.ts'
import type { AnyReducer } from '../reducers/catalog.ts'
import type { AggregateContext, Context, Need, ReducerCall } from '../reducers/reducer.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { Fault } from './guest.ts'
import type { HostFault, SandboxFault, SandboxResult } from './result.ts'
import type { Engine, Program } from './sandbox.ts'
import { prepare, run } from './sandbox.ts'

export type Opened =
  | { readonly ok: true; readonly bundle: Bundle }
  | { readonly ok: false; readonly code: SandboxFault; readonly detail: string }

/** What `reduce` gives: a state, or why there is none. */
export type Reduced = { readonly fuel: bigint } & (
  | { readonly ok: true; readonly state: Uint8Array }
  | { readonly ok: false; readonly code: SandboxFault | 'badParams' | 'noPrevious'; readonly detail: string }
)

const NOTHING = new Uint8Array()

/** A stranger's reducer: bytes in, bytes out, whatever it does. */
export class Bundle {
  /** As its author calls it. A label: `id` is the identity. */
  readonly name: string
  readonly usesPrevious: boolean
  /** The script. */
  readonly bytes: Uint8Array
  readonly #program: Program
  #hostFault: HostFault | null = null

  private constructor(bytes: Uint8Array, program: Program, { name, usesPrevious }: Description) {
    this.bytes = bytes
    this.#program = program
    this.name = name
    this.usesPrevious = usesPrevious
  }

  /** Evaluates a bundle and lets it say what it is. Never throws. */
  static open(engine: Engine, bytes: Uint8Array): Opened {
    const prepared = prepare(engine, bytes)
    if (!prepared.ok) return prepared
    const described = describe(prepared.program, NOTHING)
    if ('code' in described) return { ok: false, ...described }
    return { ok: true, bundle: new Bundle(bytes, prepared.program, described) }
  }

  /** What this machine alone came to since `open`; null: nothing. Answers are worth something only then. */
  get hostFault(): HostFault | null {
    return this.#hostFault
  }

  /** Hash of engine and bytes, as a task names it. */
  get id(): Digest {
    return this.#program.id
  }

  /** Fuel of its evaluation, which is done once. */
  get startFuel(): bigint {
    return this.#program.fuel
  }

  /** Whether the params decode; a bundle that does not answer accepts none. @throws Fault of this machine alone */
  acceptsParams(params: Hex): boolean {
    const bytes = paramsBytes(params)
    if (bytes === null) return false
    const described = describe(this.#program, bytes)
    if ('code' in described) return refused(described)
    // what it says of itself must not depend on what it is asked about
    const isSame = described.name === this.name && described.usesPrevious === this.usesPrevious
    return isSame && described.acceptsParams
  }

  /**
   * Whether `validate` takes these bytes; a bundle that does not answer takes none.
   *
   * @throws Fault of this machine alone
   */
  judge(params: Hex, input: Uint8Array): { readonly accepts: boolean; readonly fuel: bigint } {
    const bytes = paramsBytes(params)
    return bytes === null ? { accepts: false, fuel: 0n } : this.#judge(bytes, input)
  }

  /** f_agg_share, or f_agg_status and, if somebody leaves, f_agg_close after it. The inputs were accepted before. */
  reduce(call: ReducerCall): Reduced {
    const params = paramsBytes(call.params)
    if (params === null) return { ok: false, code: 'badParams', detail: 'no hex', fuel: 0n }
    const { inputs, own } = call
    const previous = call.context.previous ?? (this.usesPrevious ? null : NOTHING)
    if (previous === null) return { ok: false, code: 'noPrevious', detail: 'none is handed on', fuel: 0n }
    const context = { ...call.context, previous: this.usesPrevious ? previous : NOTHING }
    if (own !== undefined) return reduced(this.#call('share', { params, context, current: own, inputs }))
    const status = this.#call('status', { params, context, current: NOTHING, inputs })
    if (!status.ok || call.closing !== true) return reduced(status)
    const current = status.bytes
    const closed = this.#call('close', { params, context: { ...context, events: [] }, current, inputs })
    return reduced({ ...closed, fuel: status.fuel + closed.fuel })
  }

  /**
   * The same for whoever runs reducers of this package: states and params are the bytes themselves. Its functions throw
   * what the bundle comes to, as Fault.
   */
  asReducer(): AnyReducer {
    const bytes = { encode: (value: unknown) => value as Uint8Array, decode: (value: Uint8Array) => value }
    const ask = (operation: 'status' | 'share' | 'close', frame: CallFrame): Uint8Array => {
      const result = this.#call(operation, frame)
      if (!result.ok) throw new Fault(result.code, result.detail)
      return result.bytes
    }
    const uses: readonly Need[] = this.usesPrevious ? ['previous'] : []
    return {
      id: this.id,
      uses,
      state: bytes,
      params: bytes,
      validate: (input, params) => this.#judge(params as Uint8Array, input as Uint8Array).accepts,
      aggregateStatus: (inputs, params, context) =>
        ask('status', { ...frameOf(params, inputs, context), current: NOTHING }),
      aggregateShare: (own, shares, params) =>
        ask('share', { ...frameOf(params, shares, NOWHERE), current: own as Uint8Array }),
      aggregateClose: (current, remaining, params, context) =>
        ask('close', { ...frameOf(params, remaining, context), current: current as Uint8Array }),
    }
  }

  #judge(params: Uint8Array, input: Uint8Array): { readonly accepts: boolean; readonly fuel: bigint } {
    const result = this.#run('validate', encodeValidate(params, input))
    const { fuel } = result
    if (!result.ok) return { accepts: refused(result), fuel }
    return { accepts: result.bytes.length === 1 && result.bytes[0] === 1, fuel }
  }

  #call(operation: 'status' | 'share' | 'close', frame: CallFrame): SandboxResult {
    return this.#run(operation, encodeCall(frame))
  }

  #run(operation: Operation, frame: Uint8Array): SandboxResult {
    const result = run(this.#program, operation, frame)
    if (!result.ok && isHostFault(result.code)) this.#hostFault = result.code
    return result
  }
}

const HOST_FAULTS: ReadonlySet<string> = new Set<HostFault>(['hostStack', 'hostMemory'])

/** Whether a bundle came to this on this machine alone. */
export function isHostFault(code: string): code is HostFault {
  return HOST_FAULTS.has(code)
}

/** A context for `share`, which has none. */
const NOWHERE: Context = { seed: `0x${'00'.repeat(32)}`, height: 0, members: [], previous: NOTHING }

function frameOf(
  params: unknown,
  inputs: readonly { readonly member: number; readonly state: unknown }[],
  context: Context & Partial<Pick<AggregateContext, 'events'>>,
): Omit<CallFrame, 'current'> {
  return {
    params: params as Uint8Array,
    inputs: inputs as readonly RawInput[],
    context: { events: [], ...context },
  }
}

/** No, unless it is this machine that could not say. */
function refused({ code, detail }: { readonly code: SandboxFault; readonly detail: string }): false {
  if (isHostFault(code)) throw new Fault(code, detail)
  return false
}

function reduced(result: SandboxResult): Reduced {
  return result.ok ? { ok: true, state: result.bytes, fuel: result.fuel } : result
}

function describe(
  program: Program,
  params: Uint8Array,
): Description | { readonly code: SandboxFault; readonly detail: string } {
  const result = run(program, 'describe', encodeDescribe(params))
  if (!result.ok) return result
  return decodeDescription(result.bytes) ?? { code: 'badBundle', detail: 'it does not say what it is' }
}

function paramsBytes(params: Hex): Uint8Array | null {
  return isHex(params) ? fromHex(params) : null
}
