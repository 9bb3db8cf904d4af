/** The draw against those who may choose something: members, builders of blocks, and what a chain serves. */
import { expect } from 'chai'
import { id, toQuantity } from 'ethers'
import { network } from 'hardhat'
import { BOARD_POSITION } from '../../ignition/modules/Rsdp.ts'
import { mixHashOf } from '../../src/audit/header.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { HeaderFacts } from '../helpers/headers.ts'
import { madeHeader, withByte } from '../helpers/headers.ts'
import { proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  STATUS,
  WINDOWS,
  anyTime,
  allowed,
  blockNumber,
  consent,
  deployWorld,
  drawingOf,
  form,
  headerOf,
} from './world.ts'
import { join, mineTo, newActor, publish, registered, registeredMany, running, seedBlockOf } from './world.ts'

const connection = await network.create()
const { ethers, networkHelpers, provider } = connection
const { loadFixture, takeSnapshot } = networkHelpers

const MIX_HASH = id('randomness') as Hex
const HISTORY = '0x0000F90827F1C53a10cb7A02335B175320002935'
/** The contract of EIP-2935. */
const HISTORY_CODE =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257' +
  '611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500'
const HISTORY_BLOCKS = 8191n

async function three(): Promise<{ w: World; actors: Actor[] }> {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 7) }
}

/** A task with everybody signed up, in the block of its deadline. */
async function signedUp(w: World, actors: readonly Actor[], maxNodes: number): Promise<bigint> {
  const joinDeadline = (await blockNumber(w)) + BigInt(actors.length) + 1n
  const taskId = await publish(w, { maxNodes, joinDeadline, stakePerNode: 10n })
  for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
  return taskId
}

/** Mines the seed block with a given mixHash, whatever its builder does besides. */
async function mineSeed(w: World, taskId: bigint, mixHash: string = MIX_HASH): Promise<bigint> {
  const seedBlock = await seedBlockOf(w, taskId)
  await mineTo(w, seedBlock - 1n)
  await provider.request({ method: 'hardhat_setPrevRandao', params: [mixHash] })
  await networkHelpers.mine(1)
  return seedBlock
}

async function drawnKeys(w: World, taskId: bigint): Promise<string> {
  await w.board.form(...(await drawingOf(w, taskId)))
  const [event] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
  return [event!.args.seed, ...event!.args.signingKeys].join()
}

describe('H-1: who is drawn is settled when sign-up ends', () => {
  /** Nine sign-ups, four of them by one operator with two and another with two keys, for seven seats. */
  async function contested() {
    const w = await deployWorld(connection)
    const honest = await registeredMany(w, 5)
    const own: Actor[] = []
    for (const [name, operator] of ['one', 'two', 'one', 'two'].entries())
      own.push(await registered(w, `mallory ${name}`, `mallory ${operator}`))
    const convict = await running(w, [...own.slice(0, 2), ...honest.slice(0, 2)], { stakePerNode: 10n })
    const taskId = await signedUp(w, [...own, ...honest], 7)
    await mineSeed(w, taskId)
    return { w, own, honest, convict, taskId }
  }

  it('every subset of frozen, replaced and convicted keys after the deadline draws the same cluster', async () => {
    const { w, own, honest, convict, taskId } = await loadFixture(contested)
    const clean = await takeSnapshot()
    const expected = await drawnKeys(w, taskId)
    await clean.restore()
    const spare = await newActor(w, 'spare', 'mallory two')
    const seatOf = (actor: Actor): number => convict.members.indexOf(actor)
    const { operatorAddress } = own[1]!
    const signature = await consent(w, spare.key, operatorAddress)
    const deeds: (() => Promise<unknown>)[] = [
      () => w.registry.connect(own[0]!.operator).freeze(own[0]!.keyAddress),
      () =>
        w.registry.connect(own[1]!.operator).rotateKey(own[1]!.keyAddress, spare.publicKey, [], signature),
      () => w.registry.connect(own[2]!.operator).freeze(own[2]!.keyAddress),
      () => report(w, w.mallory, proofOf(convict, seatOf(honest[0]!), 'unjustifiedVote')),
      () => report(w, w.mallory, proofOf(convict, seatOf(own[0]!), 'equivocation')),
    ]
    for (let subset = 0; subset < 1 << deeds.length; subset++) {
      const before = await takeSnapshot()
      for (const [i, deed] of deeds.entries()) if ((subset >> i) & 1) await deed()
      expect(await drawnKeys(w, taskId), `subset ${subset}`).to.equal(expected)
      await before.restore()
    }
  })

  it('nobody signs up or quits after the deadline', async () => {
    const { w, own, taskId } = await loadFixture(contested)
    const deadline = (await seedBlockOf(w, taskId)) - WINDOWS.reorgDepth
    const quit = w.board.connect(own[0]!.node).quit(taskId, own[0]!.keyAddress)
    await refused(quit, w.board, 'TooLate', (await blockNumber(w)) + 1n, deadline, anyTime, 0)
  })

  it('a conviction in the block of the deadline counts, one block later it does not', async () => {
    for (const late of [0n, 1n]) {
      const w = await deployWorld(connection)
      const actors = await registeredMany(w, 5)
      const convict = await running(w, actors.slice(0, 4), { stakePerNode: 10n })
      const joinDeadline = (await blockNumber(w)) + 20n
      const taskId = await publish(w, { maxNodes: 5, joinDeadline, stakePerNode: 10n })
      for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
      await mineTo(w, joinDeadline + late - 1n)
      await report(w, w.mallory, proofOf(convict, 0, 'unjustifiedVote'))
      expect((await w.registry.inactiveSince(convict.members[0]!.keyAddress)).number).to.equal(
        joinDeadline + late,
      )
      await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
      expect((await form(w, taskId, actors)).members).to.have.length(4 + Number(late))
    }
  })
})

describe('H-2: a builder chooses nothing but whether the seed block is published', () => {
  async function ready() {
    const { w, actors } = await three()
    const taskId = await signedUp(w, actors, 7)
    await mineTo(w, (await seedBlockOf(w, taskId)) - 1n)
    return { w, actors, taskId }
  }

  it('whatever else the header says, the cluster is the same', async () => {
    const { w, actors, taskId } = await loadFixture(ready)
    const rpc = (method: string, ...params: unknown[]) => provider.request({ method, params })
    const time = await networkHelpers.time.latest()
    const variations: (() => Promise<unknown>)[] = [
      () => Promise.resolve(),
      ...[100, 101, 102, 103].map((more) => () => rpc('evm_setNextBlockTimestamp', time + more)),
      ...['0xaa', '0xbb'].map(
        (end) => () => rpc('hardhat_setCoinbase', `0x${'00'.repeat(19)}${end.slice(2)}`),
      ),
      ...[29_000_000, 28_000_000].map((limit) => () => rpc('evm_setBlockGasLimit', toQuantity(limit))),
      ...[1_000, 2_000].map((fee) => () => rpc('hardhat_setNextBlockBaseFeePerGas', toQuantity(fee))),
      // another state
      () => networkHelpers.setBalance(actors[0]!.keyAddress, 10n ** 20n),
    ]
    const [hashes, clusters] = [new Set<string>(), new Set<string>()]
    for (const vary of variations) {
      const before = await takeSnapshot()
      await vary()
      await mineSeed(w, taskId)
      hashes.add((await ethers.provider.getBlock('latest'))!.hash!)
      clusters.add(await drawnKeys(w, taskId))
      await before.restore()
    }
    expect(hashes.size).to.equal(variations.length)
    expect(clusters.size).to.equal(1)
    await mineSeed(w, taskId, id('other randomness'))
    expect(clusters).not.to.include(await drawnKeys(w, taskId))
  })

  it('another block’s header, a changed field and no header are refused', async () => {
    const { w, taskId } = await loadFixture(ready)
    const seedBlock = await mineSeed(w, taskId)
    const { hash } = (await ethers.provider.getBlock(seedBlock))!
    const header = await headerOf(w, seedBlock)
    const mixAt = header.indexOf(MIX_HASH.slice(2))
    const others = [
      withByte(header, mixAt, '00'),
      withByte(header, header.length - 2, 'ff'),
      `${header}00`,
      header.slice(0, -2),
    ]
    for (const given of others) {
      const call = w.board.form(taskId, given, '0x')
      await refused(call, w.board, 'NotTheHeader', seedBlock, ethers.keccak256(given), hash)
    }
    await refused(w.board.form(taskId, '0x', '0x'), w.board, 'MalformedHeader', 0)
    await networkHelpers.mine(1)
    const [before, after] = [await headerOf(w, seedBlock - 1n), await headerOf(w, seedBlock + 1n)]
    const early = w.board.form(taskId, before, '0x')
    await refused(early, w.board, 'NotTheFirst', seedBlock - 1n, anyTime, seedBlock, 0)
    const late = w.board.form(taskId, after, header)
    await refused(late, w.board, 'NotTheFirst', seedBlock + 1n, anyTime, seedBlock, 0)
    await w.board.form(taskId, header, '0x')
  })

  it('H-2: a block without randomness draws nothing', async () => {
    const { w, taskId } = await loadFixture(ready)
    const seedBlock = await mineSeed(w, taskId, `0x${'00'.repeat(32)}`)
    await refused(w.board.form(...(await drawingOf(w, taskId))), w.board, 'NoRandomness', seedBlock)
    expect((await w.board.statusOf(taskId))[0]).to.equal(STATUS.Open)
  })
})

describe('M-4: the list of sign-ups', () => {
  it('is as long as the sign-ups that stand: quitting frees the place, however often', async () => {
    const { w, actors } = await loadFixture(three)
    const more: Actor[] = []
    for (let i = 0; i < 9; i++) more.push(await registered(w, `more ${i}`))
    const all = [...actors, ...more]
    const [last, first] = [all[15]!, all[0]!]
    const erin = await registered(w, 'heidi')
    const joinDeadline = (await blockNumber(w)) + 80n
    const taskId = await publish(w, { joinDeadline, stakePerNode: 10n })
    for (const { node, keyAddress } of all) await join(w, node, taskId, keyAddress)
    const full = join(w, erin.node, taskId, erin.keyAddress)
    await refused(full, w.board, 'TaskFull', 16, 16)
    for (let i = 0; i < 20; i++) {
      await w.board.connect(first.node).quit(taskId, first.keyAddress)
      await join(w, first.node, taskId, first.keyAddress)
    }
    // in the block of the deadline
    await mineTo(w, joinDeadline - 2n)
    await w.board.connect(last.node).quit(taskId, last.keyAddress)
    await join(w, erin.node, taskId, erin.keyAddress)
    expect(await blockNumber(w)).to.equal(joinDeadline)
    expect(await w.board.signupsOf(taskId)).to.have.length(16)
    await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
    await form(w, taskId, [...all, erin])
  })

  it('freezing every own key after the deadline does not keep a cluster from being drawn', async () => {
    const { w, actors } = await loadFixture(three)
    const taskId = await signedUp(w, actors, 7)
    await mineSeed(w, taskId)
    for (const { operator, keyAddress } of actors.slice(0, 6))
      await w.registry.connect(operator).freeze(keyAddress)
    expect((await form(w, taskId, actors)).members).to.have.length(7)
  })
})

describe('Block headers', () => {
  const harness = () => ethers.deployContract('DigestsHarness')
  const facts: HeaderFacts = {
    ...{ mixHash: MIX_HASH, parentHash: id('the parent') as Hex },
    ...{ number: 300n, timestamp: 1_700_000_000n },
  }

  it('H-2: are read up to the mixHash, whatever forks append', async () => {
    const h = await loadFixture(harness)
    const expected = [facts.parentHash, facts.number, facts.timestamp, MIX_HASH]
    for (const appended of [
      [],
      [id('a')],
      [id('a'), '0x', '0x01', id('b'), `0x${'cc'.repeat(99)}`],
    ] as const) {
      const header = madeHeader({ ...facts, appended: appended as readonly Hex[] })
      expect(await h.readHeader(header)).to.deep.equal(expected)
      expect(mixHashOf(header)).to.equal(MIX_HASH)
    }
    for (const bytes of [1, 32, 55, 56, 97, 300]) {
      const header = madeHeader({ ...facts, extraData: `0x${'e7'.repeat(bytes)}` })
      expect(await h.readHeader(header)).to.deep.equal(expected)
      expect(mixHashOf(header)).to.equal(MIX_HASH)
    }
    const zeros = madeHeader({ ...facts, number: 0n, timestamp: 127n })
    expect(await h.readHeader(zeros)).to.deep.equal([facts.parentHash, 0n, 127n, MIX_HASH])
  })

  it('refuse what is cut off, no list, a list in the place of a field, and a short mixHash', async () => {
    const h = await loadFixture(harness)
    const header = madeHeader(facts)
    const end = header.indexOf(MIX_HASH.slice(2)) + 64
    const bad = [
      ...[2, 4, 8, 100, 600, end - 64, end - 2].map((length) => header.slice(0, length) as Hex),
      withByte(header, 2, '80'),
      withByte(header, 2, 'c8'),
      withByte(header, 8, 'c0'),
      madeHeader({ ...facts, mixHash: '0x01' }),
      madeHeader({ ...facts, mixHash: '0x' }),
      madeHeader({ ...facts, number: 2n ** 256n }),
    ]
    const errors = await ethers.getContractAt('TaskBoard', HISTORY)
    for (const given of bad)
      await expect(h.readHeader(given), given.slice(0, 40)).to.be.revertedWithCustomError(
        errors,
        'MalformedHeader',
      )
    for (const given of bad.slice(0, 12)) expect(mixHashOf(given), given.slice(0, 40)).to.equal(null)
    expect(await h.readHeader(header.slice(0, end))).to.have.length(4)
  })

  it('name the first block at or after a time, with the header of the block before', async () => {
    const w = await deployWorld(connection)
    const h = await harness()
    const errors = await ethers.getContractAt('TaskBoard', HISTORY)
    const first = (await blockNumber(w)) + 1n
    const start = BigInt(await networkHelpers.time.latest())
    for (const [i, seconds] of [100n, 130n, 130n + 12n].entries()) {
      await networkHelpers.time.setNextBlockTimestamp(start + seconds)
      await provider.request({ method: 'hardhat_setPrevRandao', params: [id(`randomness ${i}`)] })
      await networkHelpers.mine(1)
    }
    await networkHelpers.mine(1)
    const headers = await Promise.all([0n, 1n, 2n].map((i) => headerOf(w, first + i)))
    const [a, b, c] = headers as [string, string, string]
    for (const wanted of [101n, 130n])
      expect(await h.mixHashSince(b, a, { number: first, time: start + wanted })).to.equal(id('randomness 1'))
    const call = (header: string, parent: string, wanted: bigint, number = first) =>
      h.mixHashSince(header, parent, { number, time: start + wanted })
    await refused(call(b, a, 100n), errors, 'NotTheFirst', first + 1n, start + 100n, first, start + 100n)
    await refused(call(b, a, 131n), errors, 'NotTheFirst', first + 1n, start + 130n, first, start + 131n)
    // the number decides: the parent is not looked at, and no later block will do
    expect(await call(b, '0x', 100n, first + 1n)).to.equal(id('randomness 1'))
    expect(await call(b, '0x', 101n, first + 1n)).to.equal(id('randomness 1'))
    await refused(
      call(c, b, 100n, first + 1n),
      errors,
      'NotTheFirst',
      first + 2n,
      start + 130n,
      first + 1n,
      start + 100n,
    )
    await refused(
      call(a, '0x', 100n, first + 1n),
      errors,
      'NotTheFirst',
      first,
      start + 100n,
      first + 1n,
      start + 100n,
    )
    const { hash, parentHash } = (await ethers.provider.getBlock(first + 2n))!
    await refused(call(c, a, 135n), errors, 'NotTheHeader', first + 1n, ethers.keccak256(a), parentHash)
    const forged = withByte(c, c.length - 2, '11')
    await refused(call(forged, b, 135n), errors, 'NotTheHeader', first + 2n, ethers.keccak256(forged), hash)
    const future = madeHeader({ ...facts, number: 10n ** 9n })
    await refused(call(future, b, 135n), errors, 'NoBlockHash', 10n ** 9n)
  })
})

describe('Hashes of past blocks', () => {
  const harness = () => ethers.deployContract('DigestsHarness')
  const setCode = (code: string) => networkHelpers.setCode(HISTORY, code)
  /** What the system call of EIP-2935 would store for a block. */
  async function store(block: bigint): Promise<void> {
    const { hash } = (await ethers.provider.getBlock(block))!
    await networkHelpers.setStorageAt(HISTORY, block % HISTORY_BLOCKS, hash!)
  }

  it('H-2: go back 256 blocks where the history contract reverts, is missing, or answers something else', async () => {
    const h = await loadFixture(harness)
    expect(await h.hashesServed()).to.equal(256)
    const answers = [
      '0x', // no code
      '0x5f5ffd', // reverts
      '0x60205ff3', // 32 zero bytes
      '0x601f5ff3', // 31 bytes
      '0x60016000526020600af3', // another word
      HISTORY_CODE, // never stored anything
    ]
    for (const code of answers) {
      await setCode(code)
      expect(await h.hashesServed(), code).to.equal(256)
    }
  })

  it('H-2: go back 8,191 where EIP-2935 answers: a cluster is drawn 8,000 blocks later, and not 8,192', async () => {
    await setCode(HISTORY_CODE)
    const w = await deployWithHistory()
    expect(await w.board.formWindow()).to.equal(HISTORY_BLOCKS)
    const actors = await registeredMany(w, 4)
    const now = await blockNumber(w)
    const taskId = await publish(w, { joinDeadline: now + 6n, endBlock: now + 9_000n })
    for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
    const seedBlock = await mineSeed(w, taskId)
    await mineTo(w, seedBlock + 300n)
    const drawing = await drawingOf(w, taskId)
    // the history contract serves what was stored, and nothing yet for this block
    await refused(w.board.form(...drawing), w.board, 'NoBlockHash', seedBlock)
    await store(seedBlock)
    for (const later of [8_000n, HISTORY_BLOCKS - 1n]) {
      await mineTo(w, seedBlock + later)
      await w.board.form.staticCall(...drawing)
    }
    await mineTo(w, seedBlock + HISTORY_BLOCKS)
    const open = allowed('Open')
    await refused(w.board.form(...drawing), w.board, 'StatusNotAllowed', taskId, STATUS.Expired, open)
  })

  /** As `deployWorld`, with room for long tasks, and with what the system call has stored when the board is built. */
  async function deployWithHistory(): Promise<World> {
    const small = await deployWorld(connection)
    const [deployer] = await ethers.getSigners()
    const nonce = (await deployer!.getNonce()) + BOARD_POSITION
    const predicted = ethers.getCreateAddress({ from: deployer!.address, nonce })
    const registry = await ethers.deployContract('NodeRegistry', [small.token, predicted, 20_000n, 0, 0])
    const log = await ethers.deployContract('PhaseLog', [predicted, id('nonce')])
    const slasher = await ethers.deployContract('Slasher', [predicted, log])
    await store(await blockNumber(small))
    const windows = { ...WINDOWS, taskBlocksMax: 10_000n }
    const board = await ethers.deployContract('TaskBoard', [registry, log, slasher, windows])
    const w = { ...small, registry, log, slasher, board }
    await w.token.connect(w.client).approve(board, 10n ** 24n)
    return w
  }
})
