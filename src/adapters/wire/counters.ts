import type { TransportCounters } from '../../ports/transport.ts'

/**
 * Why a peer, one of its streams or a frame was refused: `stranger` outside the peer set, `oversized` or `malformed` frame, `late`
 * frame that missed its deadline, `flood` budget spent, `streams` more than allowed, `stalled` peer that takes nothing, `crowd`
 * at the door; on a broker also a `forged` signature, a `replay`, and a frame of an `unopened` session.
 */
export type Refusal =
  | 'stranger'
  | 'oversized'
  | 'malformed'
  | 'late'
  | 'flood'
  | 'streams'
  | 'stalled'
  | 'crowd'
  | 'forged'
  | 'replay'
  | 'unopened'

/** What a transport counts since its start. One object, shared by its parts. */
export class Counters {
  framesSent = 0
  framesReceived = 0
  bytesSent = 0
  bytesReceived = 0
  framesDropped = 0
  readonly #refused = new Map<Refusal, number>()

  refuse(reason: Refusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  snapshot(): TransportCounters {
    return {
      framesSent: this.framesSent,
      framesReceived: this.framesReceived,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      framesDropped: this.framesDropped,
      refused: Object.fromEntries(this.#refused),
    }
  }
}
