import { expect } from 'chai'
import { concat, dataLength, dataSlice, hexlify, keccak256 } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import { label } from './world.ts'

const connection = await network.create()
const { ethers } = connection
/** Bytes of a full data contract: contract code has at most 24,576. */
const FULL = 24_575
const PARTS_MAX = 4

/** Bytes that differ from place to place and from seed to seed. */
const bytesOf = (length: number, seed = 1): string =>
  hexlify(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) % 256))

async function deployStore() {
  const store = await ethers.deployContract('BundleStore')
  const [alice, bob] = await ethers.getSigners()
  return { store, alice: alice!, bob: bob! }
}

describe('BundleStore', () => {
  const fixture = () => connection.networkHelpers.loadFixture(deployStore)
  type Store = Awaited<ReturnType<typeof fixture>>['store']

  /** Publishes each, and gives their ids. */
  async function published(store: Store, ...parts: readonly string[]): Promise<string[]> {
    for (const part of parts) await store.publish(part)
    return parts.map((part) => keccak256(part))
  }

  describe('refuses', () => {
    it('a bundle without bytes, and one that fits no contract', async () => {
      const { store } = await fixture()
      for (const length of [0, FULL + 1, 2 * FULL]) {
        await refused(store.publish(bytesOf(length)), store, 'OutOfBounds', label('bundle'), length, 1, FULL)
      }
    })

    it('to publish again what the same author has published: nothing would change', async () => {
      const { store, alice } = await fixture()
      const bundle = bytesOf(100)
      await store.publish(bundle)
      await refused(store.publish(bundle), store, 'AlreadyPublished', keccak256(bundle), alice.address)
      const [full, rest] = await published(store, bytesOf(FULL), bytesOf(3))
      await store.publishParts([full!, rest!])
      const whole = keccak256(concat([bytesOf(FULL), bytesOf(3)]))
      await refused(store.publishParts([full!, rest!]), store, 'AlreadyPublished', whole, alice.address)
    })

    it('to go on without a data contract where the gas was too little for one', async () => {
      const { store } = await fixture()
      const bundle = bytesOf(FULL)
      await refused(store.publish(bundle, { gasLimit: 5_000_000 }), store, 'NotStored')
      expect(await store.partsOf(keccak256(bundle))).to.deep.equal([])
    })

    it('a bundle of one part, and one of five', async () => {
      const { store } = await fixture()
      const [full] = await published(store, bytesOf(FULL))
      for (const count of [0, 1, PARTS_MAX + 1]) {
        const parts = Array.from({ length: count }, () => full!)
        await refused(store.publishParts(parts), store, 'OutOfBounds', label('parts'), count, 2, PARTS_MAX)
      }
    })

    it('a part that nobody has published, also as the last one', async () => {
      const { store } = await fixture()
      const [full] = await published(store, bytesOf(FULL))
      const unknown = keccak256('0x77')
      for (const parts of [
        [unknown, full!],
        [full!, unknown],
      ])
        await refused(store.publishParts(parts), store, 'NotAPart', unknown, 0, FULL)
    })

    it('a part that is not full before the last one: a bundle can be cut in one way only', async () => {
      const { store } = await fixture()
      const [full, short] = await published(store, bytesOf(FULL), bytesOf(FULL - 1))
      for (const parts of [
        [short!, full!],
        [full!, short!, full!],
        [short!, short!],
      ])
        await refused(store.publishParts(parts), store, 'NotAPart', short, FULL - 1, FULL)
    })

    it('a part that has parts itself', async () => {
      const { store } = await fixture()
      const [full, rest] = await published(store, bytesOf(FULL), bytesOf(9))
      await store.publishParts([full!, rest!])
      const whole = keccak256(concat([bytesOf(FULL), bytesOf(9)]))
      await refused(store.publishParts([full!, whole]), store, 'NotAPart', whole, 0, FULL)
    })
  })

  describe('keeps', () => {
    for (const length of [1, 2, 255, 256, 11_000, FULL]) {
      it(`${length} bytes as the code of a contract that does nothing`, async () => {
        const { store, alice } = await fixture()
        const bundle = bytesOf(length, 0xef)
        const pointer = await store.publish.staticCall(bundle)
        const id = keccak256(bundle)
        await expect(store.publish(bundle)).to.emit(store, 'Published').withArgs(id, alice.address, [pointer])
        expect(await ethers.provider.getCode(pointer)).to.equal(concat(['0x00', bundle]))
        expect(await store.partsOf(id)).to.deep.equal([pointer])
        expect(await store.read(id)).to.equal(bundle)
        expect(await alice.call({ to: pointer, data: '0x12345678' })).to.equal('0x')
      })
    }

    for (const lengths of [
      [FULL, 1],
      [FULL, FULL],
      [FULL, FULL, FULL, 17],
      [FULL, FULL, FULL, FULL],
    ]) {
      it(`a bundle of parts of ${lengths.join(', ')} bytes by the hash of all of them`, async () => {
        const { store, alice, bob } = await fixture()
        const parts = lengths.map((length, i) => bytesOf(length, i + 1))
        const ids = await published(store, ...parts)
        const whole = concat(parts)
        expect(dataLength(whole)).to.equal(lengths.reduce((sum, length) => sum + length))
        const pointers = (await Promise.all(ids.map((id) => store.partsOf(id)))).flat()
        // anybody's parts will do
        await expect(store.connect(bob).publishParts(ids))
          .to.emit(store, 'Published')
          .withArgs(keccak256(whole), bob.address, pointers)
        expect(await store.partsOf(keccak256(whole))).to.deep.equal(pointers)
        expect(await store.read(keccak256(whole))).to.equal(whole)
        expect(await store.isAuthor(keccak256(whole), alice.address)).to.equal(false)
      })
    }

    it('another order of the same parts as another bundle', async () => {
      const { store } = await fixture()
      const parts = [bytesOf(FULL, 1), bytesOf(FULL, 2)] as const
      const [first, second] = await published(store, ...parts)
      await store.publishParts([second!, first!])
      expect(await store.partsOf(keccak256(concat([...parts])))).to.deep.equal([])
      expect(await store.read(keccak256(concat([parts[1], parts[0]])))).to.equal(concat([parts[1], parts[0]]))
    })

    it('nothing under an id that nobody has published', async () => {
      const { store } = await fixture()
      const id = keccak256('0x01')
      expect(await store.partsOf(id)).to.deep.equal([])
      expect(await store.read(id)).to.equal('0x')
    })
  })

  it('who copies bytes and overtakes their author cannot keep the author from being one', async () => {
    const { store, alice, bob } = await fixture()
    const bundle = bytesOf(5_000)
    const id = keccak256(bundle)
    await store.connect(bob).publish(bundle)
    expect(await store.isAuthor(id, alice.address)).to.equal(false)
    const [pointer] = await store.partsOf(id)
    await expect(store.connect(alice).publish(bundle))
      .to.emit(store, 'Published')
      .withArgs(id, alice.address, [pointer])
    expect(await store.partsOf(id)).to.deep.equal([pointer])
    expect(await store.isAuthor(id, alice.address)).to.equal(true)
    expect(await store.isAuthor(id, bob.address)).to.equal(true)
  })

  it('its data contracts can be read by whoever has the event alone', async () => {
    const { store } = await fixture()
    const parts = [bytesOf(FULL, 1), bytesOf(800, 2)]
    await store.publishParts(await published(store, ...parts))
    const id = keccak256(concat(parts))
    const [event] = await store.queryFilter(store.filters.Published(id))
    const codes = await Promise.all(event!.args.parts.map((part) => ethers.provider.getCode(part)))
    expect(keccak256(concat(codes.map((code) => dataSlice(code, 1))))).to.equal(id)
  })
})
