import { FRAME_BYTES_MAX } from '../../ports/transport.ts'

/** Bytes of the length prefix, u32 big endian. */
export const PREFIX_BYTES = 4

/** Why a byte stream is no frame stream: `oversized` a length above the limit, `malformed` a length of zero. */
export type FrameFault = 'oversized' | 'malformed'

/**
 * Cuts a byte stream into frames (docs/decisions.md, section 6), however the bytes are chunked.
 *
 * Pure: no timers, no I/O. Holds at most one unfinished frame, and allocates its body only after the length has been
 * checked. After a fault it stays dead: there is no way to find the next frame boundary.
 */
export class FrameDecoder {
  readonly #prefix = new Uint8Array(PREFIX_BYTES)
  #prefixFilled = 0
  #body: Uint8Array | null = null
  #bodyFilled = 0
  #fault: FrameFault | null = null

  /** True from the first byte of a frame until its last has been seen. */
  get midFrame(): boolean {
    return this.#prefixFilled > 0
  }

  /**
   * Feeds the next bytes and hands over each frame that they finish, in order. A frame's body is a fresh array.
   *
   * @returns the fault that ended the stream, now or earlier; null while all is well
   */
  push(chunk: Uint8Array, onFrame: (body: Uint8Array) => void): FrameFault | null {
    let at = 0
    while (at < chunk.length && this.#fault === null) {
      if (this.#body === null) {
        at += this.#readPrefix(chunk.subarray(at))
        continue
      }
      const part = chunk.subarray(at, at + this.#body.length - this.#bodyFilled)
      this.#body.set(part, this.#bodyFilled)
      this.#bodyFilled += part.length
      at += part.length
      if (this.#bodyFilled === this.#body.length) onFrame(this.#finish(this.#body))
    }
    return this.#fault
  }

  /** Takes what the prefix still lacks and, once it is whole, checks the length. Returns the bytes taken. */
  #readPrefix(bytes: Uint8Array): number {
    const part = bytes.subarray(0, PREFIX_BYTES - this.#prefixFilled)
    this.#prefix.set(part, this.#prefixFilled)
    this.#prefixFilled += part.length
    if (this.#prefixFilled === PREFIX_BYTES) {
      const length = new DataView(this.#prefix.buffer).getUint32(0)
      if (length === 0) this.#fault = 'malformed'
      else if (length > FRAME_BYTES_MAX) this.#fault = 'oversized'
      else this.#body = new Uint8Array(length)
    }
    return part.length
  }

  #finish(body: Uint8Array): Uint8Array {
    this.#prefixFilled = 0
    this.#body = null
    this.#bodyFilled = 0
    return body
  }
}

/** The frame around a body of 1 … 65,536 bytes; the caller has checked the length. A copy, so the body may be reused. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PREFIX_BYTES + body.length)
  new DataView(frame.buffer).setUint32(0, body.length)
  frame.set(body, PREFIX_BYTES)
  return frame
}
