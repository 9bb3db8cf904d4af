import { randomBytes } from 'node:crypto'
import secp256k1 from 'secp256k1'
import { fromHex, keccak, toHex } from '../../codec/hex.ts'
import type { Keyring, RecoverSigner } from '../../ports/keyring.ts'
import { invariant } from '../../types/errors.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'

/** What of the curve is used here: the package's native code, or the pure JavaScript in the same package. */
export type Curve = Pick<
  typeof secp256k1,
  'privateKeyVerify' | 'publicKeyCreate' | 'ecdsaSign' | 'ecdsaRecover'
>

/** Largest s that is accepted: half of the group order. The other half says the same twice. */
const S_MAX = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex')
const DIGEST = /^0x[0-9a-f]{64}$/
const SIGNATURE = /^0x[0-9a-f]{130}$/

/** Whether the bytes are a private key: 32 of them, not zero, below the group order. */
export function isPrivateKey(bytes: Uint8Array): boolean {
  return bytes.length === 32 && secp256k1.privateKeyVerify(bytes)
}

/** A new private key from the system's randomness. */
export function newPrivateKey(): Uint8Array {
  while (true) {
    const bytes = new Uint8Array(randomBytes(32))
    if (isPrivateKey(bytes)) return bytes
  }
}

/** Account of a private key. */
export function addressOf(privateKey: Uint8Array, curve: Curve = secp256k1): Address {
  return addressOfPublicKey(curve.publicKeyCreate(privateKey, false))
}

/**
 * A keyring over a private key, of which it keeps a copy that nothing can read back.
 *
 * @param privateKey a valid one (`isPrivateKey`)
 * @param curve for tests of the fallback
 */
export function createKeyring(privateKey: Uint8Array, curve: Curve = secp256k1): Keyring {
  invariant(isPrivateKey(privateKey), 'not a private key') // never its value
  const key = new Uint8Array(privateKey)
  return {
    address: addressOf(key, curve),
    sign: (digest: Digest): Hex => {
      invariant(DIGEST.test(digest), 'only 32-byte digests are signed')
      const { signature, recid } = curve.ecdsaSign(fromHex(digest), key)
      invariant(recid <= 1, 'r above the group order') // once in 2^127 signatures
      const bytes = new Uint8Array(65)
      bytes.set(signature)
      bytes[64] = 27 + recid
      return toHex(bytes)
    },
  }
}

/** `recoverSigner` over a given implementation of the curve. */
export function createRecoverSigner(curve: Curve): RecoverSigner {
  return (digest, signature) => {
    if (!DIGEST.test(digest) || !SIGNATURE.test(signature)) return null
    const bytes = Buffer.from(signature.slice(2), 'hex')
    const v = bytes[64]
    if (v !== 27 && v !== 28) return null
    const s = bytes.subarray(32, 64)
    if (isZero(s) || isZero(bytes.subarray(0, 32)) || Buffer.compare(s, S_MAX) > 0) return null
    try {
      return addressOfPublicKey(curve.ecdsaRecover(bytes.subarray(0, 64), v - 27, fromHex(digest), false))
    } catch {
      return null // r ≥ n, or no point of the curve has it
    }
  }
}

/**
 * Signer of a digest; null for a signature that is not 65 bytes of lower-case hex, has r or s of zero or above the
 * group order, s in the upper half, or v other than 27 and 28: one signer and digest have one accepted (r, s, v) per
 * nonce, as in the contracts. Never throws.
 */
export const recoverSigner: RecoverSigner = createRecoverSigner(secp256k1)

function addressOfPublicKey(uncompressed: Uint8Array): Address {
  return `0x${keccak(uncompressed.subarray(1)).slice(-40)}`
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
