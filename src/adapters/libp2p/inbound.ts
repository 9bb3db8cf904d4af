import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../ports/clock.ts'
import { FrameDecoder } from './frame-decoder.ts'
import type { FrameFault } from './frame-decoder.ts'

export interface InboundComponents {
  readonly clock: Clock
  readonly frameDeadlineMs: number
  /** Charges one frame to the peer's flood budget. False: over it; the caller has cut the peer. */
  readonly spendFrame: () => boolean
  /** One whole frame. Not called any more once the stream has ended, for whatever reason. */
  readonly onFrame: (body: Uint8Array) => void
  /** The peer broke a rule; the stream is cut right after. */
  readonly onFault: (reason: FrameFault | 'late') => void
  readonly onEnd: () => void
}

/**
 * Reads frames from a stream that a peer of the set has opened, until it ends. A stream may be idle for ever, but a
 * frame that has begun must be complete by its deadline.
 */
export function readFrames(stream: Stream, components: InboundComponents): void {
  const { clock, frameDeadlineMs, spendFrame, onFrame, onFault, onEnd } = components
  const decoder = new FrameDecoder()
  let cancelDeadline: (() => void) | null = null
  let hasEnded = false

  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    cancelDeadline?.()
    onEnd()
  }
  const cut = (reason: FrameFault | 'late'): void => {
    onFault(reason)
    end()
    stream.abort(new Error(reason))
  }
  const read = (chunk: Uint8Array): void => {
    if (hasEnded) return
    const fault = decoder.push(chunk, (body) => {
      // the deadline is per frame: a finished one stops it, the next one starts anew
      cancelDeadline?.()
      cancelDeadline = null
      // what a frame causes may have ended this stream, or the budget may be spent, in the middle of a chunk
      if (!isOver() && spendFrame()) onFrame(body)
    })
    if (isOver()) return
    if (fault !== null) cut(fault)
    else if (decoder.midFrame) cancelDeadline ??= clock.after(frameDeadlineMs, () => cut('late'))
  }
  // a call, because callbacks change the flag behind the checker's back
  const isOver = (): boolean => hasEnded

  stream.addEventListener('close', end)
  // the peer has finished writing: close the other half too, or the stream would stay for ever
  stream.addEventListener('remoteCloseWrite', () => {
    stream.close().catch(() => stream.abort(new Error('stream did not close')))
  })
  stream.addEventListener('message', (event) => {
    for (const chunk of event.data instanceof Uint8Array ? [event.data] : event.data) read(chunk)
  })
}
