import { hash } from 'node:crypto'
import { keccak256 } from 'ethers'
import { createKeyring, recoverSigner } from '../../adapters/keys/keyring.ts'
import { fromHex, keccak, utf8Hex } from '../../codec/hex.ts'
import type { MakeKeys } from '../../sim/keys.ts'
import { noteKeys } from '../../sim/keys.ts'

/** Every so many seeds run on the real curve and hash; the others on stand-ins, which take a fraction of the time. */
export const REAL_EVERY = 50

const realKeys: MakeKeys = (seed) => ({
  keyring: (seat) => createKeyring(fromHex(keccak(utf8Hex(`simulated key ${seed}/${seat}`)))),
  recover: recoverSigner,
})

let original: ((data: Uint8Array) => string | Uint8Array) | null = null

/**
 * Chooses signatures and hash for a seed, and says how its keys are made. The hash is set for the whole thread: SHA-256,
 * which Node has natively, instead of keccak, which is pure JavaScript. Both are 32 bytes that nobody can guess.
 */
export function cryptoFor(seed: number): MakeKeys {
  original ??= keccak256._
  const isReal = seed % REAL_EVERY === 0
  keccak256.register(isReal ? asBytes(original) : sha256)
  return isReal ? realKeys : noteKeys
}

/** The real hash again, for whatever the thread does next. */
export function restoreCrypto(): void {
  if (original !== null) keccak256.register(asBytes(original))
}

function asBytes(digest: (data: Uint8Array) => string | Uint8Array): (data: Uint8Array) => Uint8Array {
  return (data) => {
    const result = digest(data)
    return typeof result === 'string' ? fromHex(result as `0x${string}`) : result
  }
}

function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer')
}
