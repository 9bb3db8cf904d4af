import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Address } from '../../types/ids.ts'
import type { Door } from './door.ts'
import { hostOf, THIS_MACHINE } from './host.ts'
import { addressFromPeerId } from './identity.ts'

/**
 * Lets a connection begin if the door does, and an identity through only if `mayConnect` says so. Asked right after noise has proved the identity, before a
 * muxer or a stream exists, and once more when the connection is complete, because the peer set may have changed.
 *
 * @param door knows who waits; a connection has left it when it is complete or gone
 * @param onRefused called for each inbound connection that is turned away
 * @param onAccepted called for each connection, either way, that is about to be used; `raw` carries its encrypted bytes
 */
export function createGater(
  door: Door,
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
  const knock = (raw: MultiaddrConnection): boolean => {
    const host = hostOf(raw.remoteAddr) ?? THIS_MACHINE
    const id = raw.remoteAddr.toString()
    raw.addEventListener('close', () => {
      door.leave(host, id)
    })
    return !door.enter(host, id, () => {
      raw.abort(new Error('crowd'))
    })
  }
  const acceptInbound = (peerId: PeerId, raw: MultiaddrConnection): boolean => {
    door.leave(hostOf(raw.remoteAddr) ?? THIS_MACHINE, raw.remoteAddr.toString())
    return accept(peerId, raw)
  }
  return {
    denyInboundConnection: knock,
    denyDialPeer: isDenied,
    denyInboundEncryptedConnection: isInboundDenied,
    denyInboundUpgradedConnection: acceptInbound,
    denyOutboundEncryptedConnection: isDenied,
    denyOutboundUpgradedConnection: accept,
  }
}
