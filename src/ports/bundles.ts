import type { Address, Digest, Hex } from '../types/ids.ts'
import type { ReducerRunner } from './reducer-runner.ts'

/** A stranger's reducer that this node has, checked against its hash and evaluated. */
export interface KnownBundle {
  /** Hash of engine and bytes: a task's `reducer`. */
  readonly id: Digest
  /** The script: what a member that has lost it, and whoever audits, can be given. */
  readonly bytes: Uint8Array
  /** As its author calls it. A label. */
  readonly name: string
  readonly usesPrevious: boolean
  /** Of those whom the operator trusts as authors: who has published it on chain. */
  readonly authors: readonly Address[]
}

/** Runs bundles. `ReducerCall.reducer` is the bundle's id. */
export interface BundleRunner extends ReducerRunner {
  /** Whether these bytes may be an input; null: this machine cannot say now. */
  judge(bundle: Digest, params: Hex, input: Uint8Array): Promise<boolean | null>
  /** Whether a task may have these params; null: this machine cannot say now. */
  acceptsParams(bundle: Digest, params: Hex): Promise<boolean | null>
}

/**
 * What became of bytes: they are the bundle and run from now on; they are others; or they are the bundle, and this machine
 * cannot run it now.
 */
export type Added = 'added' | 'other' | 'unable'

/** All bundles of a node, and what runs them. */
export interface Bundles {
  readonly known: ReadonlyMap<Digest, KnownBundle>
  /** Ids that the operator named, whose bytes are nowhere to be found on this machine. */
  readonly missing: ReadonlySet<Digest>
  readonly runner: BundleRunner
  /** Bytes that somebody gave for a missing one. Keeps them, and never throws for what they are. */
  readonly add: (id: Digest, bytes: Uint8Array) => Promise<Added>
}
