import type { Difference, Frozen } from '../types/frozen.ts'
import type { Digest } from '../types/ids.ts'

/** That a node votes NIL in a task, and what it was that could not be relied on. */
export interface Freeze {
  readonly height: number
  readonly why: Frozen
  /** Names the code that ran then. */
  readonly code: string
  readonly difference: Difference | null
}

/** Remembers freezes over restarts. A write is on the disk when the call returns; one that fails throws E_FROZEN_FILE. */
export interface Freezes {
  /** Names the code that runs now: package, runtime, engine of the sandbox. */
  readonly code: string
  of(cluster: Digest): Freeze | null
  keep(cluster: Digest, freeze: Freeze): void
  drop(cluster: Digest): void
}
