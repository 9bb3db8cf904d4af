import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { computeAddress, recoverAddress, SigningKey } from 'ethers'
import fc from 'fast-check'
import secp256k1 from 'secp256k1'
import {
  addressOf,
  createKeyring,
  createRecoverSigner,
  isPrivateKey,
  newPrivateKey,
  recoverSigner,
} from '../../../src/adapters/keys/keyring.ts'
import type { Curve } from '../../../src/adapters/keys/keyring.ts'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Digest, Hex } from '../../../src/types/ids.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isPrivateKey)
const digest = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  // leading zeros are where big-number code goes wrong
  fc.uint8Array({ minLength: 0, maxLength: 31 }).map((bytes) => {
    const padded = new Uint8Array(32)
    padded.set(bytes, 32 - bytes.length)
    return padded
  }),
)
const curves: Record<string, Curve> = {
  native: secp256k1,
  'pure JavaScript': createRequire(import.meta.url)('secp256k1/elliptic.js') as Curve,
}
const word = (value: bigint): string => value.toString(16).padStart(64, '0')

for (const [name, curve] of Object.entries(curves)) {
  describe(`keyring: ${name}`, () => {
    const recover = createRecoverSigner(curve)

    it('signs as ethers does, and recovers what ethers recovers', () => {
      fc.assert(
        fc.property(secret, digest, (key, bytes) => {
          const keyring = createKeyring(key, curve)
          const hash: Digest = toHex(bytes)
          const signature = keyring.sign(hash)
          expect(keyring.address).to.equal(computeAddress(toHex(key)).toLowerCase())
          expect(signature).to.equal(new SigningKey(toHex(key)).sign(hash).serialized)
          expect(recover(hash, signature)).to.equal(keyring.address)
          expect(recoverAddress(hash, signature).toLowerCase()).to.equal(keyring.address)
        }),
        { numRuns: 200 },
      )
    })

    const key = new Uint8Array(32).fill(0x11)
    const keyring = createKeyring(key, curve)
    const hash: Digest = `0x${'ab'.repeat(32)}`
    const good = keyring.sign(hash)
    const r = good.slice(2, 66)
    const s = good.slice(66, 130)
    const v = good.slice(130)

    const bad: Record<string, readonly [Digest, string]> = {
      'no bytes': [hash, '0x'],
      '64 bytes': [hash, good.slice(0, -2)],
      '66 bytes': [hash, `${good}00`],
      'half a byte more': [hash, `${good}0`],
      'upper case': [hash, `0x${good.slice(2).toUpperCase()}`],
      'no 0x': [hash, good.slice(2)],
      'what is not hex': [hash, `0x${'zz'.repeat(65)}`],
      's in the upper half': [hash, `0x${r}${word(ORDER - BigInt(`0x${s}`))}${v === '1b' ? '1c' : '1b'}`],
      's just above half': [hash, `0x${r}${word(ORDER / 2n + 1n)}${v}`],
      's above the order': [hash, `0x${r}${'ff'.repeat(32)}${v}`],
      's zero': [hash, `0x${r}${word(0n)}${v}`],
      'r zero': [hash, `0x${word(0n)}${s}${v}`],
      'r equal to the order': [hash, `0x${word(ORDER)}${s}${v}`],
      'r that is no point': [hash, `0x${word(5n)}${s}${v}`],
      'v 0': [hash, `0x${r}${s}00`],
      'v 1': [hash, `0x${r}${s}01`],
      'v 26': [hash, `0x${r}${s}1a`],
      'v 29': [hash, `0x${r}${s}1d`],
      'a digest of 31 bytes': [`0x${'ab'.repeat(31)}`, good],
      'a digest of 33 bytes': [`0x${'ab'.repeat(33)}`, good],
    }
    for (const [what, [wrongHash, signature]] of Object.entries(bad)) {
      it(`recovers nobody from ${what}`, () => {
        expect(recover(wrongHash, signature as Hex)).to.equal(null)
      })
    }

    it('recovers somebody with s at exactly half the order', () => {
      expect(recover(hash, `0x${r}${word(ORDER / 2n)}1b`)).to.match(/^0x[0-9a-f]{40}$/)
    })

    it('never throws, whatever it is given', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 65, maxLength: 65 }), fc.boolean(), (bytes, even) => {
          bytes[64] = even ? 27 : 28
          const who = recover(hash, toHex(bytes))
          expect(who === null || /^0x[0-9a-f]{40}$/.test(who)).to.equal(true)
        }),
      )
      for (const value of [undefined, null, 7, {}, []] as unknown[]) {
        expect(recover(hash, value as Hex)).to.equal(null)
        expect(recover(value as Hex, good)).to.equal(null)
      }
    })
  })
}

describe('keyring', () => {
  const key = new Uint8Array(32).fill(0x22)

  it('recovers with the native code by default', () => {
    const keyring = createKeyring(key)
    const hash: Digest = `0x${'cd'.repeat(32)}`
    expect(recoverSigner(hash, keyring.sign(hash))).to.equal(keyring.address)
  })

  it('shows its key to nobody, and keeps it when the caller wipes its own copy', () => {
    const mine = new Uint8Array(key)
    const keyring = createKeyring(mine)
    mine.fill(0)
    const hash: Digest = `0x${'cd'.repeat(32)}`
    expect(keyring.sign(hash)).to.equal(createKeyring(key).sign(hash))
    expect(Object.keys(keyring)).to.have.members(['address', 'sign'])
    for (const text of [inspect(keyring, { showHidden: true, depth: 9 }), JSON.stringify(keyring)])
      expect(text).to.not.match(/2222|34, 34/)
  })

  it('refuses keys outside the group, and says nothing of them', () => {
    for (const bytes of [new Uint8Array(32), fromHex(`0x${word(ORDER)}`), new Uint8Array(31).fill(0x77)]) {
      expect(isPrivateKey(bytes)).to.equal(false)
      expect(() => createKeyring(bytes))
        .to.throw(InvariantError)
        .with.property('message')
        .that.does.not.match(/77|fff/)
    }
  })

  it('signs 32-byte digests only', () => {
    const keyring = createKeyring(key)
    for (const hash of [
      '0x',
      `0x${'00'.repeat(31)}`,
      `0x${'00'.repeat(33)}`,
      `0x${'AB'.repeat(32)}`,
    ] as Hex[])
      expect(() => keyring.sign(hash)).to.throw(InvariantError)
  })

  it('makes new keys, all different', () => {
    const addresses = Array.from({ length: 20 }, () => addressOf(newPrivateKey()))
    expect(new Set(addresses).size).to.equal(20)
  })
})
