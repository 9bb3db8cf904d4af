import { broughtList, claimOf } from '../codec/claims.ts'
import type { Opening } from '../codec/claims.ts'
import type { Store } from '../ports/store.ts'
import type { Before, Claim } from '../types/evidence.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import { rootBefore } from './checkpoint-call.ts'

/** A decided height with all that is behind it. */
export interface OpenedHeight extends Opening {
  readonly claim: Claim
}

/** What a reducer is handed on. */
export interface HandedOn {
  readonly usesPrevious: boolean
  /** The state before height 1: the result of the task's predecessor, empty without one. */
  readonly handedOver: () => Uint8Array
}

/** A result is bound by the chain, and not by the height that it is of. */
const NO_HEIGHT = { inputsRoot: NIL, inputs: 0n, eventSeq: 0, eventsHash: NIL, root: NIL } as const

/** Opens a height that this node has decided. */
export function openHeight(
  store: Store,
  cluster: Digest,
  height: number,
  handed: HandedOn,
): OpenedHeight | null {
  const [found] = store.heights(cluster, height, 1)
  if (found === undefined) return null
  const { share, inputs } = found.decided
  const list = broughtList(inputs, (hash) => store.body(cluster, hash))
  if (list === null) return null
  const claim = { ...claimOf(share.object), parent: rootBefore(store, cluster, height) }
  return { claim, ...list, ...beforeOf(store, cluster, height, handed) }
}

/** The height before, for a reducer that is handed its state; at height 1 what the task's predecessor has handed over. */
export function beforeOf(
  store: Store,
  cluster: Digest,
  height: number,
  { usesPrevious, handedOver }: HandedOn,
): { readonly before?: Before } {
  if (!usesPrevious) return {}
  if (height === 1) {
    const state = handedOver()
    return state.length === 0 ? {} : { before: { ...NO_HEIGHT, state } }
  }
  const [found] = store.heights(cluster, height - 1, 1)
  if (found === undefined) return {}
  const { inputsRoot, inputs, eventSeq, eventsHash } = found.decided.share.object
  const root = rootBefore(store, cluster, height - 1)
  return { before: { state: found.state, inputsRoot, inputs, eventSeq, eventsHash, root } }
}
