import { encodeFrame, PARTS_MAX } from '../codec/frames.ts'
import { FRAME_BYTES_MAX } from '../ports/transport.ts'
import type { Part } from '../types/frames.ts'
import type { Digest } from '../types/ids.ts'

/** Room for the frame's own fields around its parts. */
const ENVELOPE_BYTES = 64

/** Frames for a list of parts, in order, as few as the limits of a frame allow. A single part always fits. */
export function packFrames(cluster: Digest, parts: readonly Part[]): Uint8Array[] {
  const whole = encodeFrame({ cluster, parts })
  if ((whole.length <= FRAME_BYTES_MAX && parts.length <= PARTS_MAX) || parts.length <= 1) return [whole]
  const frames: Uint8Array[] = []
  let group: Part[] = []
  let size = ENVELOPE_BYTES
  for (const part of parts) {
    const bytes = encodeFrame({ cluster, parts: [part] }).length
    if (group.length === PARTS_MAX || (group.length > 0 && size + bytes > FRAME_BYTES_MAX)) {
      frames.push(encodeFrame({ cluster, parts: group }))
      group = []
      size = ENVELOPE_BYTES
    }
    group.push(part)
    size += bytes
  }
  frames.push(encodeFrame({ cluster, parts: group }))
  return frames
}
