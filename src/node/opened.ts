import { broughtList, claimOf } from '../codec/claims.ts'
import type { Opening } from '../codec/claims.ts'
import type { Store } from '../ports/store.ts'
import type { Before, Claim } from '../types/evidence.ts'
import type { Digest } from '../types/ids.ts'
import { rootBefore } from './checkpoint-call.ts'

/** A decided height with all that is behind it. */
export interface OpenedHeight extends Opening {
  readonly claim: Claim
}

/** Opens a height that this node has decided. */
export function openHeight(
  store: Store,
  cluster: Digest,
  height: number,
  usesPrevious: boolean,
): OpenedHeight | null {
  const [found] = store.heights(cluster, height, 1)
  if (found === undefined) return null
  const { share, inputs } = found.decided
  const list = broughtList(inputs, (hash) => store.body(cluster, hash))
  if (list === null) return null
  const claim = { ...claimOf(share.object), parent: rootBefore(store, cluster, height) }
  return { claim, ...list, ...beforeOf(store, cluster, height, usesPrevious) }
}

/** The height before, for a reducer that is handed its state. */
export function beforeOf(
  store: Store,
  cluster: Digest,
  height: number,
  usesPrevious: boolean,
): { readonly before?: Before } {
  if (!usesPrevious || height === 1) return {}
  const [found] = store.heights(cluster, height - 1, 1)
  if (found === undefined) return {}
  const { inputsRoot, inputs, eventSeq, eventsHash } = found.decided.share.object
  const root = rootBefore(store, cluster, height - 1)
  return { before: { state: found.state, inputsRoot, inputs, eventSeq, eventsHash, root } }
}
