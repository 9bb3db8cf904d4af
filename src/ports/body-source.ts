import type { Digest, Hex } from '../types/ids.ts'

/** The bytes behind what a checkpoint says of one height. */
export interface HeightBodies {
  /** `encodeInputs` of the one list. */
  readonly inputs: Hex
  /** Canonical bytes of the decided state. */
  readonly state: Hex
}

/** A height whose bodies are looked for, and what names them. */
export interface WantedBodies {
  readonly taskId: bigint
  readonly height: number
  readonly inputsRoot: Digest
}

/**
 * Keeps bodies of heights, and the bundle of their task: a folder, or a member. It is trusted with nothing; an audit takes
 * only what hashes to what was attested.
 */
export interface BodySource {
  /** For messages. */
  readonly name: string
  /** Null if it has none. Throws RsdpError E_BODIES if it cannot be asked. */
  get(wanted: WantedBodies): Promise<HeightBodies | null>
  /** What it has as the bundle that a task names, unchecked; null if it has none. Throws RsdpError E_BODIES. */
  bundle(taskId: bigint, id: Digest): Promise<Uint8Array | null>
}
