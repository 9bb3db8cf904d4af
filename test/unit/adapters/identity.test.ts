import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import { computeAddress, getBytes, hexlify, SigningKey } from 'ethers'
import fc from 'fast-check'
import {
  addressFromPeerId,
  peerIdFromPublicKey,
  privateKeyFromBytes,
} from '../../../src/adapters/libp2p/identity.ts'
import { InvariantError } from '../../../src/types/errors.ts'

describe('identity', () => {
  // below the group order and not zero
  const secret = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .filter((bytes) => bytes[0] !== 0xff && bytes.some((byte) => byte !== 0))

  it('gives the address that ethers computes, by way of the PeerId text', () => {
    fc.assert(
      fc.property(secret, (bytes) => {
        const publicKey = getBytes(new SigningKey(hexlify(bytes)).compressedPublicKey)
        const peerId = peerIdFromPublicKey(publicKey)
        expect(peerId.toString()).to.match(/^16Uiu2HA/)
        const expected = computeAddress(hexlify(bytes)).toLowerCase()
        expect(addressFromPeerId(peerId)).to.equal(expected)
        expect(addressFromPeerId(peerIdFromString(peerId.toString()))).to.equal(expected)
        expect(addressFromPeerId(peerIdFromPrivateKey(privateKeyFromBytes(bytes)))).to.equal(expected)
      }),
      { numRuns: 25 },
    )
  })

  it('has no address for a key that is not secp256k1', async () => {
    const peerId = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    expect(addressFromPeerId(peerId)).to.equal(null)
  })

  it('takes 32-byte private and compressed public keys only', () => {
    // 64 bytes would be a valid ed25519 key
    for (const length of [0, 31, 33, 64]) {
      expect(() => privateKeyFromBytes(new Uint8Array(length).fill(1))).to.throw(InvariantError)
    }
    expect(() => peerIdFromPublicKey(new Uint8Array(65))).to.throw(InvariantError)
  })
})
