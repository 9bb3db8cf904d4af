import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { Limits } from './limits.ts'

export interface NodeSettings {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly gater: ConnectionGater
  readonly limits: Limits
}

/** Must never be the smaller bound: the door bounds who waits, the peer set and `CONNECTIONS_PER_PEER_MAX` who is in. */
const CONNECTIONS_MAX = 4_096

/** The stream window, equal on both ends: also the most that can wait unseen between sender and receiver. */
const WINDOW_BYTES = 262_144

/**
 * A libp2p node that is not started yet: TCP + noise + yamux and nothing else. No identify, no ping service, no
 * discovery: addresses come from the chain's registry alone, and each service less is one less to attack.
 */
export function createNode(settings: NodeSettings): Promise<Libp2p> {
  const { limits } = settings
  return createLibp2p({
    start: false,
    privateKey: settings.privateKey,
    addresses: { listen: [...settings.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 32,
        maxOutboundStreams: 32,
        streamOptions: {
          initialStreamWindowSize: WINDOW_BYTES,
          maxStreamWindowSize: WINDOW_BYTES,
          // a full window may arrive before the protocol handler is attached
          maxReadBufferLength: 2 * WINDOW_BYTES,
        },
      }),
    ],
    connectionGater: settings.gater,
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      maxIncomingPendingConnections: CONNECTIONS_MAX,
      inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
      inboundUpgradeTimeout: limits.handshakeDeadlineMs,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeDeadlineMs,
      outboundStreamProtocolNegotiationTimeout: limits.dialDeadlineMs,
      dialTimeout: limits.dialDeadlineMs,
    },
    // finds peers that vanished without a word; the answer "no such protocol" to its ping is proof of life enough.
    // A busy machine may answer late: cutting it would only make it busier
    connectionMonitor: { pingInterval: 10_000, pingTimeout: { minTimeout: 10_000 } },
  })
}
