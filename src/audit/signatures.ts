import { Signature, recoverAddress } from 'ethers'
import { byteLength } from '../codec/hex.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'

const SIGNATURE_BYTES = 65
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/** Who signed, by the contracts' strict rule: 65 bytes, low s, v 27 or 28. Null for anything else. Never throws. */
export function recoverSigner(digest: Digest, signature: Hex): Address | null {
  if (byteLength(signature) !== SIGNATURE_BYTES) return null
  const v = Number.parseInt(signature.slice(-2), 16)
  const s = `0x${signature.slice(66, 130)}`
  if ((v !== 27 && v !== 28) || BigInt(s) > HALF_ORDER) return null
  try {
    return recoverAddress(
      digest,
      Signature.from({ r: signature.slice(0, 66), s, v }),
    ).toLowerCase() as Address
  } catch {
    return null // r is no point of the curve
  }
}

/** The signatures of packed bytes, 65 each; the last one may be short. */
export function splitSignatures(packed: Hex): Hex[] {
  const signatures: Hex[] = []
  for (let at = 2; at < packed.length; at += 2 * SIGNATURE_BYTES) {
    signatures.push(`0x${packed.slice(at, at + 2 * SIGNATURE_BYTES)}`)
  }
  return signatures
}
