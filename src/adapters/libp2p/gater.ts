import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Address } from '../../types/ids.ts'
import { addressFromPeerId } from './identity.ts'

/**
 * Lets an identity through only if `mayConnect` says so. Asked right after noise has proved the identity, before a
 * muxer or a stream exists, and once more when the connection is complete, because the peer set may have changed.
 *
 * @param onRefused called for each inbound connection that is turned away
 * @param onAccepted called for each connection, either way, that is about to be used; `raw` carries its encrypted bytes
 */
export function createGater(
  mayConnect: (key: Address) => boolean,
  onRefused: (peerId: PeerId) => void,
  onAccepted: (key: Address, raw: MultiaddrConnection) => void,
): ConnectionGater {
  const isDenied = (peerId: PeerId): boolean => {
    const key = addressFromPeerId(peerId)
    return key === null || !mayConnect(key)
  }
  const isInboundDenied = (peerId: PeerId): boolean => {
    const denied = isDenied(peerId)
    if (denied) onRefused(peerId)
    return denied
  }
  const accept = (peerId: PeerId, raw: MultiaddrConnection): boolean => {
    const key = addressFromPeerId(peerId)
    if (key === null || !mayConnect(key)) return true
    onAccepted(key, raw)
    return false
  }
  return {
    denyDialPeer: isDenied,
    denyInboundEncryptedConnection: isInboundDenied,
    denyInboundUpgradedConnection: accept,
    denyOutboundEncryptedConnection: isDenied,
    denyOutboundUpgradedConnection: accept,
  }
}
