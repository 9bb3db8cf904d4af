import type { Address } from '../types/ids.ts'

/** A member of an own cluster and where to find it. */
export interface Peer {
  /** Address of the signing key, which is also the transport identity. */
  readonly key: Address
  /** Multiaddrs from the chain's registry; may be empty or stale. */
  readonly addresses: readonly string[]
}

/**
 * The paper's SLAN (section 2): broadcast and direct send between members of a cluster. It promises nothing: bytes may
 * be lost, repeated, late or out of order. Who signed what is checked above it; what it does guarantee is that
 * `from` proved possession of that key, and that the bytes of a stranger, who is in no own cluster, never reach a handler.
 */
export interface Transport {
  /** Own identity. */
  readonly key: Address
  /** Where others can reach this node, known after `start`. */
  addresses(): readonly string[]
  /** Listens. May be called once. Throws RsdpError E_ADDR_IN_USE when the port is taken. */
  start(): Promise<void>
  /** Closes everything; afterwards nothing is delivered any more. May be called twice. */
  stop(): Promise<void>
  /** Replaces the set of identities that may connect and keeps trying to reach each of them. Never blocks. */
  setPeers(peers: readonly Peer[]): void
  /** Peers with a working stream now. */
  connected(): readonly Address[]
  /** To every peer of the set. Never blocks, never throws on a slow or absent peer: their bytes are dropped, counted. */
  broadcast(bytes: Uint8Array): void
  /** To one peer. Same promises as `broadcast`; unknown peers are ignored. */
  send(to: Address, bytes: Uint8Array): void
  /**
   * To one peer, for what is not of the protocol: leaves when no frame of `send` and `broadcast` waits, and takes no room of
   * theirs. Same promises as `broadcast`.
   */
  sendData(to: Address, bytes: Uint8Array): void
  /** The one receiver of whole frames, 1 … 65,536 bytes each. Must not throw. Set before `start`. */
  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void
  /** Counters for health and metrics, since start. */
  counters(): TransportCounters
}

export interface TransportCounters {
  readonly framesSent: number
  readonly framesReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Own frames dropped because a peer was absent or its buffer full. */
  readonly framesDropped: number
  /** Peers cut off, by reason code. */
  readonly refused: Readonly<Record<string, number>>
}

/** Largest frame body in bytes; the length prefix is checked against it before anything is allocated. */
export const FRAME_BYTES_MAX = 65_536
