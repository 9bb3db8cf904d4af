import { fixedCodec, struct, u64 } from '../fixed-width.ts'
import type { Field } from '../fixed-width.ts'
import type { Context, Input, Reducer } from '../reducer.ts'
import type { LogParams } from './fold.ts'
import { foldHeight } from './fold.ts'
import type { LogContent, LogInput, LogState } from './log-state.ts'
import { logCodec } from './log-state.ts'
import type { Machine } from './machine.ts'

/**
 * The reducer that orders commands for a machine: each exactly once, in one order for all, and the machine's state after
 * them. It reads the state of the height before, and its heights open on demand.
 *
 * - An input is a member's clock and commands of one session; a state is no input.
 * - Who leaves keeps its sessions until others need the room.
 */
export function commandLog<S>(machine: Machine<S>): Reducer<LogContent<S>, LogParams> {
  const state = logCodec(machine.state)
  return {
    id: machine.id,
    state,
    params: paramsCodec,
    uses: ['previous'],
    minHeightTicks: (params) => params.minHeightTicks,

    validate: (input) =>
      input.kind === 'input' && input.commands.every((command) => machine.isCommand(command)),

    aggregateStatus: (inputs, params, context) =>
      foldHeight(machine, params, context, stateIn(state.decode(context.previous)), inputsIn(inputs)).state,

    /** Profile `paper` has no agreed state to go on from: it refuses this reducer. */
    aggregateShare: (own) => own,

    /** The leaver's entry in the list is its CLOSE: nothing of it is in the state of this height. */
    aggregateClose: (current) => current,
  }
}

/** What a height applied, for who holds its inputs: the same function that the reducer ran. */
export function outcomesOf<S>(
  machine: Machine<S>,
  params: LogParams,
  context: Pick<Context, 'height' | 'members'>,
  previous: Uint8Array,
  inputs: readonly { readonly member: number; readonly state: Uint8Array }[],
): ReturnType<typeof foldHeight<S>> {
  const codec = logCodec(machine.state)
  const decoded = inputs.flatMap(({ member, state }) => {
    const content = codec.decode(state)
    return content === null ? [] : [{ member, state: content }]
  })
  return foldHeight(machine, params, context, stateIn(codec.decode(previous)), inputsIn(decoded))
}

function stateIn<S>(content: LogContent<S> | null): LogState<S> | null {
  return content?.kind === 'state' ? content : null
}

function inputsIn<S>(inputs: readonly Input<LogContent<S>>[]): Input<LogInput>[] {
  return inputs.flatMap(({ member, state }) => (state.kind === 'input' ? [{ member, state }] : []))
}

const u16: Field<number> = {
  bytes: 2,
  put: (view, at, value) => view.setUint16(at, value),
  get: (view, at) => view.getUint16(at),
}

const u32: Field<number> = {
  bytes: 4,
  put: (view, at, value) => view.setUint32(at, value),
  get: (view, at) => view.getUint32(at),
}

/** `u16 minHeightTicks ‖ u32 sessionIdleMs ‖ u64 generation`. */
export const paramsCodec = fixedCodec<LogParams>(
  struct({ minHeightTicks: u16, sessionIdleMs: u32, generation: u64 }),
  ({ minHeightTicks, sessionIdleMs }) => minHeightTicks > 0 && sessionIdleMs >= SESSION_IDLE_MS_MIN,
)

/** A shorter rest could end a session whose first commands are still on their way. */
export const SESSION_IDLE_MS_MIN = 60_000
