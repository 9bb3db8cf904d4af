import { expect } from 'chai'
import fc from 'fast-check'
import { encodeFrame, FrameDecoder } from '../../../src/adapters/libp2p/frame-decoder.ts'
import type { FrameFault } from '../../../src/adapters/libp2p/frame-decoder.ts'
import { FRAME_BYTES_MAX } from '../../../src/ports/transport.ts'

interface Decoded {
  readonly frames: Uint8Array[]
  readonly fault: FrameFault | null
  readonly decoder: FrameDecoder
}

function decode(chunks: readonly Uint8Array[]): Decoded {
  const decoder = new FrameDecoder()
  const frames: Uint8Array[] = []
  let fault: FrameFault | null = null
  for (const chunk of chunks) fault = decoder.push(chunk, (body) => frames.push(body))
  return { frames, fault, decoder }
}

/** Cuts bytes at the given places, which may repeat or lie outside. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end))
}

describe('FrameDecoder', () => {
  it('B06: refuses a length of zero', () => {
    expect(decode([Uint8Array.of(0, 0, 0, 0)]).fault).to.equal('malformed')
  })

  it('B06, B07: refuses lengths above the limit as soon as the prefix is whole', () => {
    for (const prefix of [
      [0, 1, 0, 1],
      [0x7f, 0xff, 0xff, 0xff],
      [0x80, 0, 0, 0],
      [0xff, 0xff, 0xff, 0xff],
    ]) {
      expect(decode([Uint8Array.from(prefix.slice(0, 3))]).fault).to.equal(null)
      expect(decode([Uint8Array.from(prefix)]).fault).to.equal('oversized')
    }
  })

  it('stays dead after a fault and hands over nothing more', () => {
    const good = encodeFrame(Uint8Array.of(1))
    const { frames, fault } = decode([good, Uint8Array.of(0, 0, 0, 0), good])
    expect(fault).to.equal('malformed')
    expect(frames).to.have.length(1)
  })

  it('takes the smallest and the largest frame', () => {
    const largest = new Uint8Array(FRAME_BYTES_MAX).fill(9)
    const { frames, fault } = decode([encodeFrame(Uint8Array.of(1)), encodeFrame(largest)])
    expect(fault).to.equal(null)
    expect(frames.map(({ length }) => length)).to.deep.equal([1, FRAME_BYTES_MAX])
  })

  it('knows whether a frame has begun and is not complete', () => {
    const frame = encodeFrame(Uint8Array.of(1, 2))
    for (let length = 0; length <= frame.length; length += 1) {
      const { decoder } = decode([frame.subarray(0, length)])
      expect(decoder.midFrame, `after ${length} bytes`).to.equal(length > 0 && length < frame.length)
    }
  })

  it('hands over bodies that do not change when the chunk is reused', () => {
    const chunk = encodeFrame(Uint8Array.of(5))
    const { frames } = decode([chunk])
    chunk.fill(0)
    expect([...frames[0]!]).to.deep.equal([5])
  })

  it('B08: gives the same frames for any chunking', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 })
    const places = fc.array(fc.nat(4_000), { maxLength: 40 })
    fc.assert(
      fc.property(bodies, places, (sent, at) => {
        const bytes = Buffer.concat(sent.map(encodeFrame))
        const whole = decode([bytes])
        const chunked = decode(cutAt(bytes, at))
        const single = decode(cutAt(bytes, [...bytes.keys()]))
        for (const { frames, fault, decoder } of [whole, chunked, single]) {
          expect(fault).to.equal(null)
          expect(decoder.midFrame).to.equal(false)
          expect(frames.map((frame) => [...frame])).to.deep.equal(sent.map((body) => [...body]))
        }
      }),
    )
  })

  it('gives the same frames and the same fault for any chunking of any bytes', () => {
    // small numbers, so that prefixes are often plausible
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.nat(3), fc.nat(255)), { maxLength: 200 })
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(200), { maxLength: 20 }), (input, at) => {
        const whole = decode([Uint8Array.from(input)])
        const chunked = decode(cutAt(Uint8Array.from(input), at))
        expect(chunked.fault).to.equal(whole.fault)
        expect(chunked.frames).to.deep.equal(whole.frames)
      }),
    )
  })
})
