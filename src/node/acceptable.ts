import { byteLength, fromHex, isHex } from '../codec/hex.ts'
import type { KnownBundle } from '../ports/bundles.ts'
import { findReducerByHash, hasTwin } from '../reducers/catalog.ts'
import { usesPrevious } from '../reducers/reducer.ts'
import { STATE_BYTES_MAX } from '../reducers/run.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** Why this node cannot run a task. */
export type TaskRefusal =
  | 'unknown-reducer'
  | 'reducer-params'
  | 'seats'
  | 'heights'
  | 'epoch'
  | 'state-cap'
  | 'input-cap'
  | 'previous'
  | 'history'
  | 'events'
  | 'timing'

const MEMBERS_MIN = 4
const HEIGHTS_MAX = 65_535
const EPOCH_HEIGHTS_MAX = 256
const REDUCER_PARAMS_BYTES_MAX = 1_024
/** All decided states of a task, bytes: an application that starts again is handed them at once. */
const HISTORY_BYTES_MAX = 64 * 1024 * 1024
/** Events go to the reducer with every height, up to 1 KiB each. */
const EVENTS_MAX = 4_096
/** A tick is a step of the engine, whether anything happens or not. */
const TICK_MS = { min: 10, max: 60_000 }
/** Shorter phases only fail, round after round, each with signatures and writes. */
const PHASE_MS = { min: 50, max: 3_600_000 }
const SLOT_MS = { min: 10, max: 86_400_000 }

/**
 * Null if this node can run a task with these parameters, else why not: a client's parameters must not be able to crash
 * its nodes or wear them out. Narrower than what the contract accepts, and takes nothing that it checks for granted.
 * Whether a bundle accepts the params is for its runner to say.
 *
 * @param bundle the reducer, if it is one that this node has
 */
export function taskRefusal(params: TaskParams, bundle: KnownBundle | null = null): TaskRefusal | null {
  const stock = findReducerByHash(params.reducer)
  if (stock === null && bundle === null) return 'unknown-reducer'
  const { reducerParams } = params
  if (!isHex(reducerParams) || byteLength(reducerParams) > REDUCER_PARAMS_BYTES_MAX) return 'reducer-params'
  if (stock?.params.decode(fromHex(reducerParams)) === null) return 'reducer-params'
  if (!isWithin(params.maxNodes, MEMBERS_MIN, MEMBERS_MAX)) return 'seats'
  if (!isWithin(params.minNodes, MEMBERS_MIN, params.maxNodes)) return 'seats'
  if (!isWithin(params.heights, 1, HEIGHTS_MAX)) return 'heights'
  if (!isWithin(params.epochHeights, 1, EPOCH_HEIGHTS_MAX)) return 'epoch'
  if (params.usesPrevious !== (stock === null ? bundle?.usesPrevious : usesPrevious(stock))) return 'previous'
  if (!isWithin(params.stateCap, 1, STATE_BYTES_MAX)) return 'state-cap'
  // one without a twin may fill its state, and no height would be decided any more
  if (stock !== null && !hasTwin(stock.id) && params.stateCap < STATE_BYTES_MAX) return 'state-cap'
  if (!isWithin(params.inputCap, 1, STATE_BYTES_MAX)) return 'input-cap'
  if (params.heights * params.stateCap > HISTORY_BYTES_MAX) return 'history'
  if (!isWithin(params.maxEvents, 0, EVENTS_MAX)) return 'events'
  return isTimedWell(params) ? null : 'timing'
}

function isTimedWell(params: TaskParams): boolean {
  const { tickMs, slotTicks, debateTicks, shareTicks, confirmTicks, helloTicks } = params
  const phases = [debateTicks, shareTicks, confirmTicks, helloTicks]
  return (
    isWithin(tickMs, TICK_MS.min, TICK_MS.max) &&
    [...phases, slotTicks].every((ticks) => isWithin(ticks, 1, Number.MAX_SAFE_INTEGER)) &&
    phases.every((ticks) => isWithin(ticks * tickMs, PHASE_MS.min, PHASE_MS.max)) &&
    isWithin(slotTicks * tickMs, SLOT_MS.min, SLOT_MS.max)
  )
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}
