import { decodeFrame } from '../codec/frames.ts'
import type { Clock } from '../ports/clock.ts'
import type { Transport } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'

/** A misbehaviour switched on on purpose: for demonstrations and tests. */
export interface DelayStatus {
  readonly kind: 'delay-status'
  /** Height whose STATUS is held back. */
  readonly height: number
  readonly ms: number
}

/** `delay-status:HEIGHT:MS`, or null for anything else. */
export function parseFault(text: string): DelayStatus | null {
  const match = /^delay-status:([1-9]\d{0,5}):([1-9]\d{0,5})$/.exec(text)
  if (match === null) return null
  return { kind: 'delay-status', height: Number(match[1]), ms: Number(match[2]) }
}

/** A transport that holds back the frames that bring this node's STATUS of one height, as a slow link would. */
export function delayStatus(transport: Transport, fault: DelayStatus, clock: Clock): Transport {
  const carries = (bytes: Uint8Array): boolean =>
    decodeFrame(bytes)?.parts.some(
      (part) =>
        part.kind === 'object' &&
        part.signed.object.type === 'status' &&
        part.signed.object.height === fault.height,
    ) ?? false
  return {
    key: transport.key,
    addresses: () => transport.addresses(),
    start: () => transport.start(),
    stop: () => transport.stop(),
    setPeers: (peers) => transport.setPeers(peers),
    connected: () => transport.connected(),
    onMessage: (receive) => transport.onMessage(receive),
    counters: () => transport.counters(),
    broadcast: (bytes) => {
      if (carries(bytes)) clock.after(fault.ms, () => transport.broadcast(bytes))
      else transport.broadcast(bytes)
    },
    send: (to: Address, bytes) => {
      if (carries(bytes)) clock.after(fault.ms, () => transport.send(to, bytes))
      else transport.send(to, bytes)
    },
  }
}
