import { expect } from 'chai'
import { getBytes, keccak256 } from 'ethers'
import fc from 'fast-check'
import { hashInWebAssembly } from '../../../src/adapters/system/fast-keccak.ts'
import { keccak, toHex } from '../../../src/codec/hex.ts'
import { holds } from '../../helpers/holds.ts'

describe('keccak in WebAssembly', () => {
  const script = keccak256._

  before(async () => {
    // whatever was used before is not used any more
    keccak256.register(() => new Uint8Array(32))
    await hashInWebAssembly()
  })
  after(() => keccak256.register((bytes) => getBytes(script(bytes))))

  const inScript = (bytes: Uint8Array): string => toHex(getBytes(script(bytes)))

  it('gives what JavaScript gives, at every length around the block of 136 bytes and for any bytes', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = new Uint8Array(length).fill(length)
      expect(keccak(bytes), `${length} bytes`).equal(inScript(bytes))
    }
    holds(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => keccak(bytes) === inScript(bytes)))
  })

  it('hashes one thing after another: nothing of the last call is left', () => {
    const long = keccak(new Uint8Array(1_000))
    expect(keccak(new Uint8Array(0))).equal(
      '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    )
    expect(keccak(new Uint8Array(1_000))).equal(long)
  })
})
