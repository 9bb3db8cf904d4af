import type { Address, Digest, Hex } from '../types/ids.ts'

/** Signs 32-byte EIP-712 digests with the node's one key. Protocol objects reach it only through the sign-once store. */
export interface Keyring {
  readonly address: Address
  /** r ‖ s ‖ v, low s, v ∈ {27, 28}. Deterministic (RFC 6979). */
  sign(digest: Digest): Hex
}

/** Recovers the signer of a digest, or null for anything malformed: never throws. */
export type RecoverSigner = (digest: Digest, signature: Hex) => Address | null
