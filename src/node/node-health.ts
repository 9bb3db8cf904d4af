import type { StoreVerdict } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'
import type { NotJoined } from './sign-up.ts'
import type { TaskHealth } from './task-health.ts'

/** What a node says about itself, for `node status` and the API. */
export interface NodeHealth {
  readonly key: Address
  readonly ready: boolean
  /** Why it is not ready; empty if it is. */
  readonly notReady: readonly string[]
  readonly addresses: readonly string[]
  /** What the store was when this process opened it. */
  readonly store: StoreVerdict
  /** Members of the own clusters that run, but this node. */
  readonly peers: { readonly connected: number; readonly known: number }
  readonly chain: { readonly head: number; readonly cursor: number; readonly reachable: boolean }
  readonly outbox: number
  readonly tasks: readonly TaskHealth[]
  /** Open tasks that this node did not sign up for, and why. */
  readonly notJoined: readonly NotJoined[]
  readonly transport: ReturnType<Transport['counters']>
}
