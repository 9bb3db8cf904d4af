import { peerIdFromPublicKey, privateKeyFromBytes } from '../../adapters/libp2p/identity.ts'

/** PeerId of a node with this signing key. */
export function peerIdOfKey(privateKey: Uint8Array): string {
  return peerIdFromPublicKey(privateKeyFromBytes(privateKey).publicKey.raw).toString()
}
