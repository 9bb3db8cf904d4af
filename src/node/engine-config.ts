import { fromHex } from '../codec/hex.ts'
import { seededOrder } from '../codec/roots.ts'
import type { Profile } from '../protocol/paper/profile.ts'
import type { Schedule } from '../protocol/schedule.ts'
import type { EngineConfig } from '../protocol/state.ts'
import { findReducer } from '../reducers/catalog.ts'
import { isValidInput } from '../reducers/run.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Hex, MemberIndex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** What the engine wants to know of a task's parameters. */
export type EngineParams = Pick<
  TaskParams,
  | 'heights'
  | 'epochHeights'
  | 'stateCap'
  | 'inputCap'
  | 'reducerParams'
  | 'debateTicks'
  | 'shareTicks'
  | 'confirmTicks'
  | 'helloTicks'
  | 'slotTicks'
>

/** The engine's view of a task: its parameters, and the reducer's rule for inputs. */
export function engineConfig(task: {
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: EngineParams
  /** `name@version`; of a bundle its id, and then `isValidInput` is given. */
  readonly reducer: string
  readonly isValidInput?: (state: Uint8Array) => boolean
  /** Tasks on chain leave it out: they run `bft`. */
  readonly profile?: Profile
  readonly schedule?: Schedule
  /** The task has a twin. */
  readonly isProvable?: boolean
  readonly publishesInputs?: boolean
}): EngineConfig {
  const { cluster, self, params, reducer, profile = { kind: 'bft' }, schedule = 'slots' } = task
  const { isProvable = false, publishesInputs = false } = task
  const judge = (bytes: Uint8Array): boolean =>
    isValidInput(reducer, params.reducerParams, bytes, { inputBytesMax: params.inputCap })
  return {
    cluster,
    self,
    order: seededOrder(cluster),
    heights: params.heights,
    epochHeights: params.epochHeights,
    stateBytesMax: params.stateCap,
    inputBytesMax: params.inputCap,
    debateTicks: params.debateTicks,
    shareTicks: params.shareTicks,
    confirmTicks: params.confirmTicks,
    helloTicks: params.helloTicks,
    slotTicks: params.slotTicks,
    profile,
    schedule,
    isProvable,
    publishesInputs,
    minHeightTicks: paceOf(reducer, params.reducerParams),
    isValidInput: task.isValidInput ?? remembered(judge),
  }
}

/** Fewest ticks between two openings of a task on demand; 0: it is none. A bundle cannot say it. */
function paceOf(reducerId: string, bytes: Hex): number {
  const reducer = findReducer(reducerId)
  const params = reducer?.params.decode(fromHex(bytes)) ?? null
  return params === null ? 0 : (reducer?.minHeightTicks?.(params) ?? 0)
}

/** States of which the verdict is remembered: engines ask again with every message. */
const VERDICTS_MAX = 4 * MEMBERS_MAX

/** The same function, which looks at the same bytes once. */
function remembered(isValid: (bytes: Uint8Array) => boolean): (bytes: Uint8Array) => boolean {
  const verdicts = new Map<Uint8Array, boolean>()
  return (bytes) => {
    const known = verdicts.get(bytes)
    if (known !== undefined) return known
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear()
    const verdict = isValid(bytes)
    verdicts.set(bytes, verdict)
    return verdict
  }
}
