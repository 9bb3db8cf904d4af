import type { Clock } from '../ports/clock.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { SourceRequest } from '../node/node-init.ts'
import type { Bundle } from '../sandbox/bundle.ts'
import { toHex } from '../codec/hex.ts'
import { reducerHash } from '../reducers/catalog.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import { isValidInput, runReducer } from '../reducers/run.ts'
import type { Digest, Hex } from '../types/ids.ts'

/** Which node of the world opens a source. */
export interface Place {
  readonly node: number
  /** Times that its disk went back: an application that is asked again says something else. */
  readonly rollBacks: number
  /** Of the machine: it drifts, stands still with the machine, and calls nobody once this life of the node is over. */
  readonly clock: Clock
}

/** What the simulated task computes, and what its nodes bring. Pure but for the sources. */
export interface SimulatedApp {
  /** `name@version`; of a bundle its id. */
  readonly name: string
  /** As the task names it. */
  readonly hash: Digest
  readonly params: Hex
  readonly usesPrevious: boolean
  readonly stateCap: number
  /** Of a cluster of so many members, where that is more than `stateCap`. */
  readonly stateCapFor?: (members: number) => number
  readonly inputCap: number
  /** The bundle that nodes run; null: a reducer of this package, which also has a twin. */
  readonly bundle: Bundle | null
  readonly run: (call: ReducerCall) => RunnerResult
  readonly isValid: (input: Uint8Array) => boolean
  /** One node's states. They must not wait for anything: the world has no other clock than its own. */
  readonly open: (request: SourceRequest, place: Place) => StateSource
  /** A valid input that costs the most: what the liar `poisoned-input` brings. */
  readonly worst: (height: number) => Uint8Array
  /** Data of the client's next ledger event, by a number that was drawn; null: it posts none. */
  readonly event: ((drawn: number) => Uint8Array) | null
}

/** Highest demand that an input of the default application may claim. */
export const DEMAND_MAX = 1_000n

const PARAMS = toHex(rateLimit.params.encode({ budget: 100n, demandMax: DEMAND_MAX }))
const CAPS = { stateCap: 536, inputCap: 26 }
/** Bytes of a state with a row for each of so many members; what 31 need is the least. */
const stateCapFor = (members: number): number => Math.max(CAPS.stateCap, 9 + 17 * members)

function demandOf(demand: bigint): Uint8Array {
  return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
}

/** What worlds run unless they are given another: the rate limit. */
export const RATE_LIMIT_APP: SimulatedApp = {
  name: rateLimit.id,
  // not before it is asked for: simulations choose their hash
  get hash() {
    return reducerHash(rateLimit.id)
  },
  params: PARAMS,
  usesPrevious: false,
  ...CAPS,
  stateCapFor,
  bundle: null,
  run: (call) => {
    const stateBytesMax = stateCapFor(call.context.members.length)
    return runReducer(call, { stateBytesMax, inputBytesMax: CAPS.inputCap })
  },
  isValid: (input) => isValidInput(rateLimit.id, PARAMS, input),
  open: (_, { node, rollBacks }) => ({
    observe: (height) => Promise.resolve(demandOf(BigInt((node * 37 + (height + rollBacks) * 11) % 90))),
    decided: () => undefined,
  }),
  worst: () => demandOf(DEMAND_MAX),
  event: (drawn) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, drawn),
}
