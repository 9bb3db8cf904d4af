import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import { decodeSealed, encodeSealed, SEALED_HEADER_BYTES, sealDigest } from '../../../src/codec/sealed.ts'
import type { Sealed, SealedKind, SealScope } from '../../../src/codec/sealed.ts'
import { createKeyring, recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import type { Address, Digest, Hex } from '../../../src/types/ids.ts'

interface Vector {
  readonly privateKey: Hex
  readonly network: string
  readonly receiver: Address
  readonly kind: SealedKind
  readonly sender: Address
  readonly session: Hex
  readonly sequence: string
  readonly body: Hex
  readonly digest: Digest
  readonly frame: Hex
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/sealed.json', import.meta.url), 'utf8'),
) as readonly Vector[]

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => toHex(value))

const sealed: fc.Arbitrary<Sealed> = fc.record({
  kind: fc.constantFrom<SealedKind>('ask', 'answer', 'direct', 'broadcast', 'bye'),
  sender: hex(20),
  session: hex(16),
  sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  signature: hex(65),
  body: fc.uint8Array({ maxLength: 80 }),
})
const scope: fc.Arbitrary<SealScope> = fc.record({ network: fc.string(), receiver: hex(20) })

describe('sealed frames', () => {
  it('are the vectors, byte for byte', () => {
    expect(VECTORS).to.have.length.greaterThan(3)
    for (const vector of VECTORS) {
      const { kind, sender, session, sequence, network, receiver } = vector
      const unsigned = { kind, sender, session, sequence: BigInt(sequence), body: fromHex(vector.body) }
      const keyring = createKeyring(fromHex(vector.privateKey))
      expect(keyring.address).to.equal(sender)
      expect(sealDigest(unsigned, { network, receiver })).to.equal(vector.digest)
      const frame = { ...unsigned, signature: keyring.sign(vector.digest) }
      expect(toHex(encodeSealed(frame))).to.equal(vector.frame)
      expect(decodeSealed(fromHex(vector.frame))).to.deep.equal(frame)
      expect(recoverSigner(vector.digest, frame.signature)).to.equal(sender)
    }
  })

  it('come back as they were', () => {
    fc.assert(
      fc.property(sealed, (frame) => {
        expect(decodeSealed(encodeSealed(frame))).to.deep.equal(frame)
      }),
    )
  })

  it('have another digest when any part differs', () => {
    fc.assert(
      fc.property(sealed, scope, sealed, scope, (a, inA, b, inB) => {
        const digest = sealDigest(a, inA)
        const changed: readonly (readonly [Sealed, SealScope])[] = [
          [{ ...a, kind: b.kind }, inA],
          [{ ...a, sender: b.sender }, inA],
          [{ ...a, session: b.session }, inA],
          [{ ...a, sequence: b.sequence }, inA],
          [{ ...a, body: b.body }, inA],
          [a, { ...inA, network: inB.network }],
          [a, { ...inA, receiver: inB.receiver }],
        ]
        for (const [frame, within] of changed) {
          const isSame =
            toHex(encodeSealed(frame)) === toHex(encodeSealed(a)) &&
            within.network === inA.network &&
            within.receiver === inA.receiver
          expect(sealDigest(frame, within) === digest).to.equal(isSame)
        }
      }),
    )
  })

  it('are refused where they are none, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const frame = decodeSealed(bytes)
        const isOne =
          bytes.length >= SEALED_HEADER_BYTES && bytes[0] === 1 && bytes[1]! >= 1 && bytes[1]! <= 5
        expect(frame !== null).to.equal(isOne)
        if (frame !== null) expect(toHex(encodeSealed(frame))).to.equal(toHex(bytes))
      }),
    )
    const [{ frame }] = VECTORS as readonly [Vector]
    const bytes = fromHex(frame)
    expect(decodeSealed(bytes.subarray(0, SEALED_HEADER_BYTES - 1))).to.equal(null)
    expect(decodeSealed(Uint8Array.of(2, ...bytes.subarray(1)))).to.equal(null)
    expect(decodeSealed(Uint8Array.of(1, 0, ...bytes.subarray(2)))).to.equal(null)
    expect(decodeSealed(Uint8Array.of(1, 6, ...bytes.subarray(2)))).to.equal(null)
  })
})
