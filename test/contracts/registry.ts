import { expect } from 'chai'
import { Signature, concat, toBeHex } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  NOBODY,
  ONE_MULTIADDR,
  STAKE,
  UNBONDING_BLOCKS,
  anyTime,
  blockNumber,
  consent,
  deployWorld,
  joined,
} from './world.ts'
import { label, mineTo, newActor, registered, registeredMany } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const MAX_128 = 2n ** 128n - 1n
/** INodeRegistry.KeyStatus */
const KEY = { Unknown: 0n, Active: 1n, Frozen: 2n, Rotated: 3n, Jailed: 4n }
const ACTIVE_OR_JAILED = (1n << KEY.Active) | (1n << KEY.Jailed)

async function nobodyYet() {
  return { w: await deployWorld(connection) }
}

async function people() {
  const w = await deployWorld(connection)
  const alice = await registered(w, 'alice')
  return { w, alice, bob: await newActor(w, 'bob') }
}

const registerBob = async (w: World, bob: Actor, signature?: string, publicKey = bob.publicKey) =>
  w.registry
    .connect(bob.operator)
    .register(
      publicKey,
      STAKE,
      0,
      0,
      ONE_MULTIADDR,
      signature ?? (await consent(w, bob.key, bob.operatorAddress)),
    )

describe('NodeRegistry', () => {
  describe('register', () => {
    it('refuses a public key that is not 64 bytes', async () => {
      const { w, bob } = await loadFixture(people)
      const compressed = bob.key.compressedPublicKey
      await refused(registerBob(w, bob, undefined, compressed), w.registry, 'PublicKeyLength', 33, 64)
    })

    it('refuses a key that its owner does not hold', async () => {
      const { w, alice, bob } = await loadFixture(people)
      const mallorys = await consent(w, alice.key, bob.operatorAddress)
      await expect(registerBob(w, bob, mallorys)).to.be.revertedWithCustomError(w.registry, 'NotTheKey')
    })

    it('refuses consent that was given to somebody else', async () => {
      const { w, alice, bob } = await loadFixture(people)
      const stolen = await consent(w, bob.key, alice.operatorAddress)
      await expect(registerBob(w, bob, stolen)).to.be.revertedWithCustomError(w.registry, 'NotTheKey')
    })

    it('refuses consent given in another domain', async () => {
      const { w, bob } = await loadFixture(people)
      const others = [{ chainId: 1 }, { verifyingContract: await w.log.getAddress() }, { version: '1' }]
      for (const domain of others) {
        const signature = await consent(w, bob.key, bob.operatorAddress, domain)
        await expect(registerBob(w, bob, signature)).to.be.revertedWithCustomError(w.registry, 'NotTheKey')
      }
    })

    it('refuses malformed signatures: high s, v of 0 or 1, compact, all zero', async () => {
      const { w, bob } = await loadFixture(people)
      const { r, s, v, yParity, compactSerialized } = Signature.from(
        await consent(w, bob.key, bob.operatorAddress),
      )
      const highS = concat([r, toBeHex(ORDER - BigInt(s), 32), toBeHex(v === 27 ? 28 : 27, 1)])
      const bareParity = concat([r, s, toBeHex(yParity, 1)])
      for (const signature of [highS, bareParity, compactSerialized, `0x${'00'.repeat(65)}`]) {
        await refused(registerBob(w, bob, signature), w.registry, 'NotTheKey', NOBODY, bob.keyAddress)
      }
    })

    it('refuses a wallet that is its own key', async () => {
      const { w, bob } = await loadFixture(people)
      const call = w.registry.connect(bob.node).register(bob.publicKey, 0, 0, 0, [], '0x')
      await refused(call, w.registry, 'KeyIsOperator', bob.keyAddress)
    })

    it('refuses a key that has an owner, even the same one', async () => {
      const { w, alice } = await loadFixture(people)
      const again = registerBob(w, alice)
      await refused(again, w.registry, 'KeyTaken', alice.keyAddress, alice.operatorAddress)
    })

    it('refuses too many or too long addresses', async () => {
      const { w, bob } = await loadFixture(people)
      const signature = await consent(w, bob.key, bob.operatorAddress)
      const register = (multiaddrs: string[]) =>
        w.registry.connect(bob.operator).register(bob.publicKey, 0, 0, 0, multiaddrs, signature)
      const five = Array.from({ length: 5 }, () => '0x01')
      await refused(register(five), w.registry, 'OutOfBounds', label('multiaddrs'), 5, 0, 4)
      const long = `0x${'01'.repeat(257)}`
      await refused(register([long]), w.registry, 'OutOfBounds', label('multiaddr'), 257, 1, 256)
      await refused(register(['0x']), w.registry, 'OutOfBounds', label('multiaddr'), 0, 1, 256)
    })

    it('binds the key for ever, emits the public key and takes the stake', async () => {
      const { w, bob } = await loadFixture(people)
      const call = registerBob(w, bob)
      await expect(call)
        .to.emit(w.registry, 'KeyRegistered')
        .withArgs(bob.operatorAddress, bob.keyAddress, bob.publicKey)
      await expect(call).to.emit(w.registry, 'AddressesUpdated').withArgs(bob.keyAddress, ONE_MULTIADDR)
      await expect(call).to.emit(w.registry, 'StakeAdded').withArgs(bob.operatorAddress, STAKE)
      await expect(call).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [bob.operatorAddress, w.registry],
        [-STAKE, STAKE],
      )
      expect(await w.registry.keyOwner(bob.keyAddress)).to.equal(bob.operatorAddress)
      expect(await w.registry.keyStatus(bob.keyAddress)).to.equal(KEY.Active)
      expect(await w.registry.account(bob.operatorAddress)).to.deep.equal([STAKE, 0n, 0n, 0n, 0n, 0n])
    })

    it('lets one operator have several keys on one stake', async () => {
      const { w, alice } = await loadFixture(people)
      const second = await newActor(w, 'second', 'alice')
      const signature = await consent(w, second.key, alice.operatorAddress)
      await w.registry.connect(alice.operator).register(second.publicKey, 0, 0, 0, [], signature)
      expect(await w.registry.keyOwner(second.keyAddress)).to.equal(alice.operatorAddress)
      expect((await w.registry.account(alice.operatorAddress)).free).to.equal(STAKE)
    })
  })

  describe('addStake, requestUnbond, withdraw', () => {
    it('refuse nothing at all, more than is free, and tranches that are not there', async () => {
      const { w, alice } = await loadFixture(people)
      const registry = w.registry.connect(alice.operator)
      await refused(registry.addStake(0), w.registry, 'OutOfBounds', label('amount'), 0, 1, MAX_128)
      await refused(registry.requestUnbond(0), w.registry, 'OutOfBounds', label('amount'), 0, 1, MAX_128)
      const tooMuch = registry.requestUnbond(STAKE + 1n)
      await refused(tooMuch, w.registry, 'InsufficientFree', alice.operatorAddress, STAKE, STAKE + 1n)
      await refused(registry.withdraw(0), w.registry, 'NoSuchTranche', alice.operatorAddress, 0, 0)
    })

    it('refuse to unbond what a task has locked', async () => {
      const { w, alice } = await loadFixture(people)
      await joined(w, [alice], { maxNodes: 4 })
      const call = w.registry.connect(alice.operator).requestUnbond(STAKE)
      await refused(call, w.registry, 'InsufficientFree', alice.operatorAddress, STAKE - 100n, STAKE)
    })

    it('pay a tranche once, to its operator, from its end on and not a block before', async () => {
      const { w, alice, bob } = await loadFixture(people)
      const registry = w.registry.connect(alice.operator)
      await registry.requestUnbond(400)
      const endsAt = (await blockNumber(w)) + UNBONDING_BLOCKS
      const { amount, unbondingEndsAt } = await w.registry.trancheOf(alice.operatorAddress, 0)
      expect([amount, unbondingEndsAt]).to.deep.equal([400n, endsAt])
      await registry.requestUnbond(100)
      await registry.addStake(5)
      expect((await w.registry.trancheOf(alice.operatorAddress, 0)).unbondingEndsAt).to.equal(endsAt)
      await mineTo(w, endsAt - 2n)
      await refused(registry.withdraw(0), w.registry, 'TooEarly', endsAt - 1n, endsAt, anyTime, anyTime)
      const others = w.registry.connect(bob.operator).withdraw(0)
      await refused(others, w.registry, 'NoAccount', bob.operatorAddress)
      await mineTo(w, endsAt - 1n)
      const call = registry.withdraw(0)
      const to = alice.operatorAddress
      await expect(call).to.emit(w.registry, 'Withdrawn').withArgs(to, to, 0, 400)
      await expect(call).to.changeTokenBalance(connection.ethers, w.token, alice.operatorAddress, 400)
      await refused(registry.withdraw(0), w.registry, 'NoSuchTranche', alice.operatorAddress, 0, 2)
      expect(await w.registry.account(alice.operatorAddress)).to.deep.equal([
        ...[STAKE - 495n, 0n, 100n, 2n, 0n, 0n],
      ])
    })
  })

  describe('rotateKey, freeze, updateAddresses', () => {
    it('refuse strangers, and the hot key where money or identity is at stake', async () => {
      const { w, alice, bob } = await loadFixture(people)
      const key = alice.keyAddress
      for (const signer of [bob.operator, alice.node]) {
        const caller = await signer.getAddress()
        const registry = w.registry.connect(signer)
        const rotate = registry.rotateKey(key, bob.publicKey, [], '0x')
        await refused(rotate, w.registry, 'NotAllowed', caller, alice.operatorAddress)
        await refused(registry.freeze(key), w.registry, 'NotAllowed', caller, alice.operatorAddress)
      }
      const move = w.registry.connect(bob.operator).updateAddresses(key, [])
      await refused(move, w.registry, 'NotAllowed', bob.operatorAddress, alice.operatorAddress)
      const unknown = w.registry.connect(bob.node).updateAddresses(bob.keyAddress, [])
      await refused(unknown, w.registry, 'NotAllowed', bob.keyAddress, NOBODY)
    })

    it('rotate an active or frozen key once, with the new key’s consent', async () => {
      const { w, alice, bob } = await loadFixture(people)
      const registry = w.registry.connect(alice.operator)
      const wrong = registry.rotateKey(alice.keyAddress, bob.publicKey, [], '0x')
      await refused(wrong, w.registry, 'NotTheKey', NOBODY, bob.keyAddress)
      await registry.freeze(alice.keyAddress)
      const signature = await consent(w, bob.key, alice.operatorAddress)
      const rotate = registry.rotateKey(alice.keyAddress, bob.publicKey, ONE_MULTIADDR, signature)
      await expect(rotate)
        .to.emit(w.registry, 'KeyRotated')
        .withArgs(alice.operatorAddress, alice.keyAddress, bob.keyAddress)
      expect(await w.registry.keyStatus(alice.keyAddress)).to.equal(KEY.Rotated)
      expect(await w.registry.keyStatus(bob.keyAddress)).to.equal(KEY.Active)
      expect(await w.registry.keyOwner(alice.keyAddress)).to.equal(alice.operatorAddress)
      const again = registry.rotateKey(alice.keyAddress, bob.publicKey, [], signature)
      const allowed = ACTIVE_OR_JAILED | (1n << KEY.Frozen) | (1n << 5n)
      await refused(again, w.registry, 'KeyStatusNotAllowed', alice.keyAddress, KEY.Rotated, allowed)
    })

    it('freeze for ever', async () => {
      const { w, alice } = await loadFixture(people)
      const registry = w.registry.connect(alice.operator)
      await expect(registry.freeze(alice.keyAddress))
        .to.emit(w.registry, 'KeyFrozen')
        .withArgs(alice.operatorAddress, alice.keyAddress)
      const again = registry.freeze(alice.keyAddress)
      await refused(again, w.registry, 'KeyStatusNotAllowed', alice.keyAddress, KEY.Frozen, ACTIVE_OR_JAILED)
    })

    it('let the node itself say where it is, and its operator', async () => {
      const { w, alice } = await loadFixture(people)
      for (const [by, addresses] of [
        [alice.node, ['0x01', '0x02']],
        [alice.operator, ['0x03']],
      ] as const) {
        const call = w.registry.connect(by).updateAddresses(alice.keyAddress, [...addresses])
        await expect(call).to.emit(w.registry, 'AddressesUpdated').withArgs(alice.keyAddress, addresses)
      }
    })
  })

  describe('lock, unlock', () => {
    it('are for the board alone', async () => {
      const { w, alice } = await loadFixture(people)
      const board = await w.board.getAddress()
      const registry = w.registry.connect(alice.operator)
      const lock = registry.lock(1, alice.keyAddress, 1, true)
      await refused(lock, w.registry, 'NotAllowed', alice.operatorAddress, board)
      const unlock = registry.unlock(1, alice.keyAddress)
      await refused(unlock, w.registry, 'NotAllowed', alice.operatorAddress, board)
    })

    it('refuse the board a key without a lock', async () => {
      const { w, alice } = await loadFixture(people)
      const board = await connection.ethers.getImpersonatedSigner(await w.board.getAddress())
      await connection.networkHelpers.setBalance(board.address, 10n ** 18n)
      const unlock = w.registry.connect(board).unlock(7, alice.keyAddress)
      await refused(unlock, w.registry, 'NotLocked', 7, alice.keyAddress)
    })
  })

  it('tells who owned keys that were active in a block, and since when others are not', async () => {
    const { w } = await loadFixture(nobodyYet)
    const [alice, bob, carol] = await registeredMany(w, 3)
    await w.registry.connect(bob!.operator).freeze(bob!.keyAddress)
    const keys = [alice!, bob!, carol!].map((a) => a.keyAddress)
    const owners = [alice!, bob!, carol!].map((a) => a.operatorAddress)
    const frozenAt = await blockNumber(w)
    expect((await w.registry.inactiveSince(bob!.keyAddress)).number).to.equal(frozenAt)
    expect((await w.registry.inactiveSince(carol!.keyAddress)).number).to.equal(0)
    const asked = [...keys, NOBODY]
    expect(await w.registry.ownersActiveAt(asked, { number: frozenAt, time: 0n })).to.deep.equal([
      ...owners,
      NOBODY,
    ])
    owners[1] = NOBODY
    expect(await w.registry.ownersActiveAt(asked, { number: frozenAt + 1n, time: 0n })).to.deep.equal([
      ...owners,
      NOBODY,
    ])
    const { time } = await w.registry.inactiveSince(bob!.keyAddress)
    // it was active until a second that had come when it was frozen, and not until a later one
    for (const [end, owner] of [
      [time, bob!.operatorAddress],
      [time + 1n, NOBODY],
    ] as const)
      expect((await w.registry.ownersActiveAt(asked, { number: frozenAt, time: end }))[1]).to.equal(owner)
    const dave = await newActor(w, 'dave', 'bob')
    const signature = await consent(w, dave.key, bob!.operatorAddress)
    await w.registry.connect(bob!.operator).rotateKey(bob!.keyAddress, dave.publicKey, [], signature)
    expect((await w.registry.inactiveSince(bob!.keyAddress)).number).to.equal(frozenAt)
  })

  it('separates its domain from every other', async () => {
    const { w } = await loadFixture(people)
    expect(await w.registry.domainSeparator()).not.to.equal(await w.log.domainSeparator())
  })
})
