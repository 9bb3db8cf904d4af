import { keccak, utf8Hex } from '../codec/hex.ts'
import type { Digest } from '../types/ids.ts'
import type { Machine } from './command-log/machine.ts'
import { commandLog } from './command-log/reducer.ts'
import { kvConfig } from './machines/kv-config.ts'
import { leaderElection } from './machines/leader-election.ts'
import { lock } from './machines/lock.ts'
import { median } from './median.ts'
import { popularValue } from './popular-value.ts'
import { rateLimit } from './rate-limit.ts'
import type { Reducer } from './reducer.ts'
import { timeSlots } from './time-slots.ts'
import { weightedVote } from './weighted-vote.ts'

/**
 * A reducer whose types its holder does not know. Safe because of the one rule of `runReducer`: states and params that
 * go in come from the same reducer's own codecs.
 */
export type AnyReducer = Reducer<unknown, unknown>

/** Finds a reducer by id. */
export type FindReducer = (id: string) => AnyReducer | null

/** Machines on a log of commands, by the id of their reducer. */
const MACHINES: ReadonlyMap<string, Machine<unknown>> = new Map(
  [kvConfig, lock, leaderElection].map((machine) => [machine.id, machine as Machine<unknown>]),
)

const STOCK: ReadonlyMap<string, AnyReducer> = new Map(
  [
    ...[rateLimit, timeSlots, popularValue, median, weightedVote],
    ...[...MACHINES.values()].map((machine) => commandLog(machine) as AnyReducer),
  ].map((reducer) => [reducer.id, reducer]),
)

/** The machine of a stock reducer that orders commands, or null. */
export function findMachine(id: string): Machine<unknown> | null {
  return MACHINES.get(id) ?? null
}

/** The stock reducer with this id, or null. */
export function findReducer(id: string): AnyReducer | null {
  return STOCK.get(id) ?? null
}

/** Ids of all stock reducers. */
export function reducerIds(): readonly string[] {
  return [...STOCK.keys()]
}

/** How the chain names a reducer: `keccak(utf8 "name@version")`. */
export function reducerHash(id: string): Digest {
  return keccak(utf8Hex(id))
}

/** The stock reducer that the chain names by this hash, or null. */
export function findReducerByHash(hash: Digest): AnyReducer | null {
  for (const [id, reducer] of STOCK) if (reducerHash(id) === hash) return reducer
  return null
}
