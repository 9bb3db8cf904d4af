import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey as peerIdFromKey } from '@libp2p/peer-id'
import { hexlify } from 'ethers'
import { computeAddress } from 'ethers/transaction'
import type { Address } from '../../types/ids.ts'
import { invariant } from '../../types/errors.ts'

/**
 * The libp2p form of the signing key.
 *
 * @param bytes 32 bytes, a valid secp256k1 scalar; anything else is a bug of the caller, who has checked the key file
 */
export function privateKeyFromBytes(bytes: Uint8Array): PrivateKey {
  // libp2p tells key types apart by length alone: 64 bytes would silently become an ed25519 identity
  invariant(bytes.length === 32, `signing key has ${bytes.length} bytes, not 32`)
  return privateKeyFromRaw(bytes)
}

/** PeerId (`16Uiu2HA…`) of a compressed secp256k1 public key, 33 bytes. The key itself is inside the id. */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  invariant(publicKey.length === 33, `public key has ${publicKey.length} bytes, not 33`)
  return peerIdFromKey(publicKeyFromRaw(publicKey))
}

/**
 * Ethereum address of the key inside a PeerId: how an identity proved by noise is compared with the registry.
 *
 * @returns null when the id holds no secp256k1 key (ed25519, RSA): such a peer cannot be registered
 */
export function addressFromPeerId(peerId: PeerId): Address | null {
  if (peerId.type !== 'secp256k1') return null
  const address = computeAddress(hexlify(peerId.publicKey.raw))
  return `0x${address.slice(2).toLowerCase()}`
}
