import { concatHex, keccak, uint } from '../codec/hex.ts'
import type { Keyring, RecoverSigner } from '../ports/keyring.ts'
import type { Address } from '../types/ids.ts'

/** The keys of one world. */
export interface KeyRoom {
  /** The keyring of a seat: the same for the same seat. */
  readonly keyring: (seat: number) => Keyring
  readonly recover: RecoverSigner
}

/** Makes the keys for a seed. */
export type MakeKeys = (seed: number) => KeyRoom

/**
 * Signatures that nobody can forge, because the room knows which were given: those of a real curve take most of a run's
 * time and say nothing more about the protocol.
 */
export const noteKeys: MakeKeys = (seed) => {
  const given = new Map<string, Address>()
  return {
    keyring: (seat) => {
      const address: Address = `0x${keccak(concatHex(uint(seed, 8), uint(seat, 2))).slice(-40)}`
      const tail = `${uint(seat, 4)}${'0'.repeat(56)}1b`
      return {
        address,
        sign: (digest) => {
          const signature = `${digest}${tail}` as const
          given.set(signature, address)
          return signature
        },
      }
    },
    recover: (digest, signature) => (signature.startsWith(digest) ? (given.get(signature) ?? null) : null),
  }
}
