import { expect } from 'chai'
import fc from 'fast-check'
import { decodeFrame } from '../../../src/codec/frames.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { packFrames } from '../../../src/node/frames.ts'
import { FRAME_BYTES_MAX } from '../../../src/ports/transport.ts'
import type { Part, Seen } from '../../../src/types/frames.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { MEMBERS_MAX } from '../../../src/types/ids.ts'
import type { Confirm, Share, SignedInput } from '../../../src/types/objects.ts'
import { holds } from '../../helpers/holds.ts'
import { CLUSTER, confirm, share, signed, status } from '../../helpers/store-kit.ts'

const BODY_BYTES_MAX = 31 * 1024

function body(size: number, fill: number): Part {
  const bytes = new Uint8Array(size).fill(fill)
  return { kind: 'body', hash: keccak(bytes), bytes }
}

/** What arrives when the frames are read one after the other. */
function read(frames: readonly Uint8Array[]): unknown[] {
  return frames.flatMap((bytes) => decodeFrame(bytes)?.parts ?? expect.fail('not a frame'))
}

describe('packFrames', () => {
  it('one frame for what fits into one', () => {
    const parts: Part[] = [{ kind: 'ask', height: 1 }, body(100, 1)]
    expect(packFrames(CLUSTER, parts)).to.have.length(1)
  })

  it('a STATUS with the largest body fits into one frame', () => {
    const parts: Part[] = [
      { kind: 'ask', height: 1 },
      { kind: 'object', signed: signed(status(1)) },
      body(BODY_BYTES_MAX, 1),
    ]
    const [frame, ...others] = packFrames(CLUSTER, parts)
    expect(others).to.be.empty
    expect(frame).to.have.length.at.most(FRAME_BYTES_MAX)
  })

  it('two of the largest bodies too; three do not', () => {
    expect(packFrames(CLUSTER, [body(BODY_BYTES_MAX, 1), body(BODY_BYTES_MAX, 2)])).to.have.length(1)
    const three = [1, 2, 3].map((fill) => body(BODY_BYTES_MAX, fill))
    expect(packFrames(CLUSTER, three)).to.have.length(2)
  })

  it('a height decided by 128 members leaves the room of a body in its frame', () => {
    const members = Array.from({ length: MEMBERS_MAX }, (_, member) => member)
    const decided = {
      height: 65_535,
      confirms: members.map((member) => signed<Confirm>(confirm(65_535, 255), member)),
      share: signed<Share>(share(65_535, 255)),
      inputs: members.map((member): SignedInput => signed(status(65_535), member)),
    }
    const [frame, ...others] = packFrames(CLUSTER, [{ kind: 'decided', decided }])
    expect(others).to.be.empty
    expect(frame).to.have.length.at.most(FRAME_BYTES_MAX - BODY_BYTES_MAX)
  })

  it('what one of 128 has seen of a height of which nothing is missing fits into an eighth of a frame', () => {
    const seen = Array.from({ length: MEMBERS_MAX }, (_, member): Seen => ({
      member,
      status: keccak(Uint8Array.of(1, member)),
      hello: null,
      share: keccak('0x02'),
      confirm: keccak('0x03'),
      checkpoint: keccak('0x04'),
    }))
    const [frame, ...others] = packFrames(CLUSTER, [{ kind: 'seen', height: 65_535, seen }])
    expect(others).to.be.empty
    expect(frame).to.have.length.at.most(FRAME_BYTES_MAX / 8)
  })

  it('nor do 128 members that all say different things of everything need more than half a frame', () => {
    const seen = Array.from({ length: MEMBERS_MAX }, (_, member): Seen => {
      const [status, hello, share, confirm, checkpoint] = [1, 2, 3, 4, 5].map((kind) =>
        keccak(Uint8Array.of(kind, member)),
      ) as [Digest, Digest, Digest, Digest, Digest]
      return { member, status, hello, share, confirm, checkpoint }
    })
    const [frame] = packFrames(CLUSTER, [{ kind: 'seen', height: 65_535, seen }])
    expect(frame).to.have.length.at.most(FRAME_BYTES_MAX / 2)
  })

  it('never exceeds the limit, loses nothing and keeps the order', () => {
    const part = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), height: fc.nat() }),
      fc.tuple(fc.integer({ min: 0, max: BODY_BYTES_MAX }), fc.nat({ max: 255 })).map((of) => body(...of)),
      fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 })).map((of): Part => ({
        kind: 'object',
        signed: signed(share(...of)),
      })),
    )
    holds(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const frames = packFrames(CLUSTER, parts)
        for (const frame of frames) expect(frame).to.have.length.within(1, FRAME_BYTES_MAX)
        const sent = parts.map((sending) =>
          sending.kind === 'object'
            ? { ...sending, signed: { ...sending.signed, hash: undefined } }
            : sending,
        )
        const arrived = (read(frames) as Part[]).map((arriving) =>
          arriving.kind === 'object'
            ? { ...arriving, signed: { ...arriving.signed, hash: undefined } }
            : arriving,
        )
        expect(arrived).to.deep.equal(sent)
      }),
      60,
    )
  })

  it('more parts than one frame may have', () => {
    const parts = Array.from({ length: 300 }, (_, height): Part => ({ kind: 'ask', height }))
    expect(read(packFrames(CLUSTER, parts))).to.deep.equal(parts)
  })
})
