import { keccak, utf8Hex } from '../codec/hex.ts'
import { decisions } from '../services/transactions/decisions.ts'
import { federatedMean } from '../services/sentinel/federated.ts'
import { services } from '../services/services.ts'
import type { Digest } from '../types/ids.ts'
import type { Machine } from './command-log/machine.ts'
import { commandLog } from './command-log/reducer.ts'
import { kvConfig } from './machines/kv-config.ts'
import { leaderElection } from './machines/leader-election.ts'
import { lock } from './machines/lock.ts'
import { workAssignment } from './machines/work-assignment.ts'
import { median } from './median.ts'
import { popularValue } from './popular-value.ts'
import { rateLease } from './rate-lease.ts'
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
  [kvConfig, lock, leaderElection, workAssignment, decisions].map((machine) => [
    machine.id,
    machine as Machine<unknown>,
  ]),
)

/** Reducers that a contract computes, too. */
const TWINNED: readonly AnyReducer[] = [rateLimit, timeSlots, popularValue, median, weightedVote]

const STOCK: ReadonlyMap<string, AnyReducer> = new Map(
  [
    ...TWINNED,
    ...[...MACHINES.values()].map((machine) => commandLog(machine) as AnyReducer),
    rateLease as AnyReducer,
    services as AnyReducer,
    federatedMean as AnyReducer,
  ].map((reducer) => [reducer.id, reducer]),
)

/** The machine of a stock reducer that orders commands, or null. */
export function findMachine(id: string): Machine<unknown> | null {
  return MACHINES.get(id) ?? null
}

/** Whether a stock reducer has a twin, a contract that computes the same. */
export function hasTwin(id: string): boolean {
  return TWINNED.some((reducer) => reducer.id === id)
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
