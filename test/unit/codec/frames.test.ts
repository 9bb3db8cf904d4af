import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { PARTS_MAX, decodeFrame, decodeSigned, encodeFrame, encodeSigned } from '../../../src/codec/frames.ts'
import type { RawPart, Unverified } from '../../../src/codec/frames.ts'
import { fromHex, keccak, toHex } from '../../../src/codec/hex.ts'
import { hashObject, NOTHING } from '../../../src/codec/objects.ts'
import type { Digest, Hex } from '../../../src/types/ids.ts'
import { MEMBERS_MAX, NIL } from '../../../src/types/ids.ts'
import type { Confirm, Share, Signed } from '../../../src/types/objects.ts'
import { holds } from '../../helpers/holds.ts'
import { frame, part, signed } from '../../helpers/wire-arbitraries.ts'

const cluster = keccak('0x01')
const signature: Hex = `0x${'11'.repeat(65)}`
const confirm: Confirm = { type: 'confirm', height: 1, round: 0, value: NIL }
const bytes32 = fromHex(cluster)
const sig = fromHex(signature)

/** A frame of raw CBOR values, as a peer with its own encoder would send them. */
const crafted = (...parts: readonly unknown[]): Uint8Array => encode([5, bytes32, parts])
const ask = [0, 1]
/** `[4, cluster, [[0, 1]]]` byte by byte, with one of the pieces replaced. */
function spelled(
  pieces: Partial<
    Record<'outer' | 'version' | 'cluster' | 'parts' | 'part' | 'tag' | 'height' | 'end', string>
  >,
): Uint8Array {
  const usual = {
    outer: '83',
    version: '05',
    cluster: `5820${cluster.slice(2)}`,
    parts: '81',
    part: '82',
    tag: '00',
    height: '01',
    end: '',
  }
  return fromHex(`0x${Object.values({ ...usual, ...pieces }).join('')}`)
}

describe('frames', () => {
  describe('refuses what is not canonical', () => {
    it('(the usual spelling is accepted)', () => {
      expect(decodeFrame(spelled({}))).deep.equal({ cluster, parts: [{ kind: 'ask', height: 1 }] })
    })

    const SPELLINGS: Readonly<Record<string, Parameters<typeof spelled>[0]>> = {
      'a version in two bytes': { version: '1805' },
      'a height in two bytes': { height: '1801' },
      'a height in nine bytes': { height: '1b0000000000000001' },
      'a bignum tag': { height: 'c24101' },
      'a half float': { height: 'f93c00' },
      'a single float': { height: 'fa3f800000' },
      'a double': { height: 'fb3ff0000000000000' },
      'minus zero': { height: 'f98000' },
      'not a number': { height: 'f97e00' },
      'a negative height': { height: '20' },
      'an unsafe height': { height: '1b0020000000000000' },
      'a height of 64 bits': { height: '1bffffffffffffffff' },
      'a date tag': { height: 'c101' },
      'a boolean': { height: 'f5' },
      null: { height: 'f6' },
      undefined: { height: 'f7' },
      'a break': { height: 'ff' },
      'an array of unknown length': { outer: '9f', end: 'ff' },
      'parts of unknown length': { parts: '9f', end: 'ff' },
      'an array length in two bytes': { parts: '9801' },
      'a byte string length in three bytes': { cluster: `590020${cluster.slice(2)}` },
      'a byte string in chunks': { cluster: `5f5820${cluster.slice(2)}ff` },
      'a text instead of bytes': { cluster: `7820${'61'.repeat(32)}` },
      'a cluster of 31 bytes': { cluster: `581f${'00'.repeat(31)}` },
      'a trailing byte': { end: '00' },
      'a second frame': { end: toHex(spelled({})).slice(2) },
      'a foreign version': { version: '03' },
      'a fourth field': { outer: '84', end: '00' },
      'a missing field': { outer: '82', parts: '', part: '', tag: '', height: '' },
      'a map as parts': { parts: 'a1' },
      'a map with unsorted keys': { parts: 'a2', part: '616201', tag: '616101', height: '' },
      'a map with a key twice': { parts: 'a2', part: '616101', tag: '616101', height: '' },
      'a CID': { parts: `d82a58250001711220${'00'.repeat(32)}`, part: '', tag: '', height: '' },
      'an unknown part': { tag: '09' },
      'a part without a field': { part: '81', height: '' },
      'a part with a field too many': { part: '83', end: '00' },
    }
    for (const [name, pieces] of Object.entries(SPELLINGS)) {
      it(name, () => {
        expect(decodeFrame(spelled(pieces))).equal(null)
      })
    }

    it('no bytes', () => {
      expect(decodeFrame(new Uint8Array())).equal(null)
    })
  })

  describe('refuses what breaks a limit', () => {
    const object = [4, 0, 1, 0, bytes32, sig]
    const list = new Uint8Array(32).fill(255)
    const share = [3, 0, 1, 0, bytes32, bytes32, bytes32, list, 0, bytes32, -1, sig]
    const digestAt = (i: number): Uint8Array => new Uint8Array(32).fill(i)
    /** A digest of each. */
    const everybody = Array.from({ length: MEMBERS_MAX }, (_, i) => [digestAt(i), i])
    const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
    /** A part at its limit, and the same one beyond it. */
    const LIMITS: Readonly<Record<string, readonly [within: unknown[], beyond: unknown[]]>> = {
      'a member above 127': [
        [1, 4, 127, 1, 0, bytes32, sig],
        [1, 4, 128, 1, 0, bytes32, sig],
      ],
      'an object type above 6': [
        [1, 6, 0, sig],
        [1, 7, 0, sig],
      ],
      'an object type 0': [
        [1, 6, 0, sig],
        [1, 0, 0, sig],
      ],
      'a signature of 64 bytes': [
        [1, 6, 0, sig],
        [1, 6, 0, sig.subarray(1)],
      ],
      'a digest of 31 bytes': [
        [4, [bytes32]],
        [4, [bytes32.subarray(1)]],
      ],
      'a field too few': [
        [1, ...object],
        [1, ...object.slice(0, 4), sig],
      ],
      'a field too many': [
        [1, ...object],
        [1, ...object, sig],
      ],
      'a round above u32': [
        [1, 4, 0, 1, 2 ** 32 - 1, bytes32, sig],
        [1, 4, 0, 1, 2 ** 32, bytes32, sig],
      ],
      'a validRound below −1': [
        [1, ...share],
        [1, ...share.with(-2, -2)],
      ],
      'a bitmap of 31 bytes': [
        [1, ...share],
        [1, ...share.with(7, list.subarray(1))],
      ],
      'a validRound above i32': [
        [1, ...share.with(-2, 2 ** 31 - 1)],
        [1, ...share.with(-2, 2 ** 31)],
      ],
      'digests wanted': [
        [4, times(2 * MEMBERS_MAX, bytes32)],
        [4, times(2 * MEMBERS_MAX + 1, bytes32)],
      ],
      'members seen': [
        [3, 1, everybody, [], everybody, [], [[bytes32, 127]]],
        [3, 1, everybody, [], everybody, [], [[bytes32, 128]]],
      ],
      'digests seen of a kind': [
        [3, 1, everybody, [], [], [], []],
        [3, 1, [...everybody, [digestAt(128), 127]], [], [], [], []],
      ],
      'kinds of what was seen': [
        [3, 1, [], [], [], [], []],
        [3, 1, [], [], [], [], [], []],
      ],
      'a digest that nobody signed': [
        [3, 1, [[bytes32, 3]], [], [], [], []],
        [3, 1, [[bytes32]], [], [], [], []],
      ],
      'a digest in two groups': [
        [
          3,
          1,
          [
            [digestAt(0), 3],
            [bytes32, 4],
          ],
          [],
          [],
          [],
          [],
        ],
        [
          3,
          1,
          [
            [bytes32, 3],
            [bytes32, 4],
          ],
          [],
          [],
          [],
          [],
        ],
      ],
      'a member in two groups': [
        [
          3,
          1,
          [
            [digestAt(0), 3, 5],
            [bytes32, 4],
          ],
          [],
          [],
          [],
          [],
        ],
        [
          3,
          1,
          [
            [digestAt(0), 3, 5],
            [bytes32, 4, 5],
          ],
          [],
          [],
          [],
          [],
        ],
      ],
      'groups out of order': [
        [
          3,
          1,
          [
            [digestAt(0), 3],
            [bytes32, 4],
          ],
          [],
          [],
          [],
          [],
        ],
        [
          3,
          1,
          [
            [digestAt(0), 4],
            [bytes32, 3],
          ],
          [],
          [],
          [],
          [],
        ],
      ],
      'members of a group out of order': [
        [3, 1, [[bytes32, 3, 4]], [], [], [], []],
        [3, 1, [[bytes32, 4, 3]], [], [], [], []],
      ],
      CONFIRMs: [
        [7, 1, 0, times(MEMBERS_MAX, object)],
        [7, 1, 0, times(MEMBERS_MAX + 1, object)],
      ],
      'inputs of a height': [
        [6, 1, [], share, times(MEMBERS_MAX, object)],
        [6, 1, [], share, times(MEMBERS_MAX + 1, object)],
      ],
    }
    for (const [name, [within, beyond]] of Object.entries(LIMITS)) {
      it(name, () => {
        expect(decodeFrame(crafted(within))).not.equal(null)
        expect(decodeFrame(crafted(beyond))).equal(null)
      })
    }

    it('parts', () => {
      expect(decodeFrame(crafted(...times(PARTS_MAX, ask)))?.parts).length(PARTS_MAX)
      expect(decodeFrame(crafted(...times(PARTS_MAX + 1, ask)))).equal(null)
    })
  })

  describe('survives hostile bytes', () => {
    const BOMBS: Readonly<Record<string, Uint8Array>> = {
      'arrays 10,000 deep': fromHex(`0x${'81'.repeat(10_000)}00`),
      'arrays 65,535 deep': fromHex(`0x${'81'.repeat(65_535)}00`),
      'maps 10,000 deep': fromHex(`0x${'a10a'.repeat(10_000)}00`),
      'tags 10,000 deep': fromHex(`0x${'c2'.repeat(10_000)}00`),
      'an array of 2^32 items': fromHex('0x9b0000000100000000'),
      'an array of 2^64 items': fromHex('0x9bffffffffffffffff'),
      'a map of 2^32 keys': fromHex('0xbaffffffff'),
      'bytes of 4 GiB': fromHex('0x5affffffff'),
      'a text of 2^53 bytes': fromHex('0x7b0020000000000000'),
      'parts of 4 GiB': spelled({ parts: '9affffffff' }),
      '65,536 zero bytes': new Uint8Array(65_536),
      '65,536 breaks': new Uint8Array(65_536).fill(0xff),
    }
    for (const [name, bytes] of Object.entries(BOMBS)) {
      it(name, () => {
        const start = performance.now()
        expect(decodeFrame(bytes)).equal(null)
        expect(decodeSigned(bytes)).equal(null)
        expect(performance.now() - start).lessThan(1_000)
      })
    }

    it('any bytes: null, or a frame that encodes to them', () => {
      holds(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(decodeFrame(bytes)).equal(null)
        }),
        2_000,
      )
    })
  })

  describe('what is accepted', () => {
    it('comes back as it was', () => {
      holds(fc.property(frame, (sent) => void expect(decodeFrame(encodeFrame(sent))).deep.equal(sent)))
    })

    it('has one spelling: a changed byte is refused or means something else', () => {
      holds(
        fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, at, flip) => {
          const bytes = encodeFrame(sent)
          bytes[at % bytes.length]! ^= flip
          const decoded = decodeFrame(bytes)
          if (decoded !== null) expect(toHex(encodeFrame(decoded))).equal(toHex(bytes))
        }),
        2_000,
      )
    })

    it('is whole: every cut and every extension is refused', () => {
      holds(
        fc.property(frame, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), (sent, cut, more) => {
          const bytes = encodeFrame(sent)
          expect(decodeFrame(bytes.subarray(0, cut % bytes.length))).equal(null)
          expect(decodeFrame(Uint8Array.of(...bytes, ...more))).equal(null)
        }),
      )
    })

    it('does not depend on where in a buffer the bytes lie', () => {
      holds(
        fc.property(frame, (sent) => {
          const bytes = encodeFrame(sent)
          const buffer = Uint8Array.of(1, 2, 3, ...bytes, 4)
          expect(decodeFrame(buffer.subarray(3, 3 + bytes.length))).deep.equal(sent)
        }),
      )
    })

    it('keeps parts apart and in order', () => {
      holds(
        fc.property(fc.array(part, { maxLength: 20 }), (parts: RawPart[]) => {
          expect(decodeFrame(encodeFrame({ cluster, parts }))?.parts).deep.equal(parts)
        }),
      )
    })

    it('is the same whether objects were verified or not', () => {
      const verify = <T extends Unverified>(one: T): T & { hash: Digest } => ({
        ...one,
        hash: hashObject(cluster, one.object),
      })
      const share: Share = {
        type: 'share',
        height: 1,
        round: 0,
        parent: NIL,
        ...NOTHING,
        validRound: -1,
      }
      const confirms: Signed<Confirm>[] = [verify({ object: confirm, member: 1, signature })]
      const signedShare: Signed<Share> = verify({ object: share, member: 2, signature })
      const sent = encodeFrame({
        cluster,
        parts: [
          { kind: 'decided', decided: { height: 1, confirms, share: signedShare, inputs: [] } },
          { kind: 'roundCertificate', certificate: { height: 1, round: 0, confirms } },
        ],
      })
      const bare = confirms.map(({ object, member }) => ({ object, member, signature }))
      expect(decodeFrame(sent)?.parts).deep.equal([
        {
          kind: 'decided',
          height: 1,
          confirms: bare,
          share: { object: share, member: 2, signature },
          inputs: [],
        },
        { kind: 'roundCertificate', height: 1, round: 0, confirms: bare },
      ])
    })
  })
})

describe('one signed object', () => {
  it('refuses other spellings, cuts and extensions', () => {
    const bytes = encodeSigned({ object: confirm, member: 1, signature })
    expect(decodeSigned(bytes)).deep.equal({ object: confirm, member: 1, signature })
    expect(decodeSigned(Uint8Array.of(...bytes, 0))).equal(null)
    expect(decodeSigned(bytes.subarray(1))).equal(null)
    // the type in two bytes, and as a float
    expect(decodeSigned(Uint8Array.of(bytes[0]!, 0xf9, 0x44, 0x00, ...bytes.subarray(2)))).equal(null)
    expect(decodeSigned(Uint8Array.of(bytes[0]!, 0x18, ...bytes.subarray(1)))).equal(null)
  })

  it('comes back as it was', () => {
    holds(fc.property(signed, (one) => void expect(decodeSigned(encodeSigned(one))).deep.equal(one)))
  })
})
