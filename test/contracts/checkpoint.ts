import { expect } from 'chai'
import { Signature, concat, dataSlice, id, toBeHex } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { CheckpointCall, Exception, Story } from './world.ts'
import {
  NOBODY,
  STATUS,
  WINDOWS,
  allowed,
  blockNumber,
  deployWorld,
  encodeBatch,
  encodeExceptions,
} from './world.ts'
import { heightOf, label, mineTo, publish, registeredMany, running, send } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const RUNNING = allowed('Active', 'Finalizing')

async function six() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 6)
  const story = await running(w, actors, { heights: 40, epochHeights: 8 })
  return { w, actors, story }
}

/** Six members of a task of 40 heights, 8 to an epoch. */
async function fresh() {
  const { story, ...rest } = await loadFixture(six)
  return { ...rest, story: story.copy() }
}

/** The call with one signature, by position among the signers, replaced. */
function replace(call: CheckpointCall, position: number, signature: string): CheckpointCall {
  const at = 65 * position
  const rest = dataSlice(call.signatures, at + 65)
  return { ...call, signatures: concat([dataSlice(call.signatures, 0, at), signature, rest]) }
}

const signatureOf = (call: CheckpointCall, position: number): Signature =>
  Signature.from(dataSlice(call.signatures, 65 * position, 65 * position + 65))

describe('PhaseLog.checkpoint', () => {
  const by = (story: Story) => story.world.log.connect(story.world.mallory)

  describe('refuses', () => {
    it('tasks without a cluster', async () => {
      const { w, story } = await fresh()
      const taskId = await publish(w)
      for (const other of [taskId, 77n]) {
        await refused(send(by(story), { ...story.next(), taskId: other }), w.log, 'NotOpen', other)
      }
    })

    it('gaps, overlaps and replays', async () => {
      const { w, story } = await fresh()
      const first = story.next(2)
      await refused(send(by(story), { ...first, first: 2n }), w.log, 'WrongFirst', 2, 1)
      await refused(send(by(story), { ...first, first: 0n }), w.log, 'WrongFirst', 0, 1)
      await story.accept(w.mallory, 2)
      await refused(send(by(story), first), w.log, 'WrongFirst', 1, 3)
    })

    it('a batch that is no whole number of heights', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      for (const batch of ['0x', dataSlice(call.batch, 1), concat([call.batch, '0x00'])]) {
        const length = (batch.length - 2) / 2
        await refused(send(by(story), { ...call, batch }), w.log, 'BatchLength', length, 68)
      }
    })

    it('a batch that crosses an epoch', async () => {
      const { w, story } = await fresh()
      await refused(send(by(story), story.next(9)), w.log, 'CrossesEpoch', 1, 9, 8)
      await story.accept(w.mallory, 7)
      await refused(send(by(story), story.next(2)), w.log, 'CrossesEpoch', 8, 9, 8)
      await story.accept(w.mallory, 1)
      await story.accept(w.mallory, 8)
    })

    it('heights that the task does not have', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 5, epochHeights: 8 })
      await refused(send(by(story), story.next(6)), w.log, 'BeyondLimit', 6, 5)
      await story.accept(w.mallory, 5)
      await refused(send(by(story), story.next(1)), w.log, 'BeyondLimit', 6, 5)
    })

    it('ledger events that were not posted', async () => {
      const { w, story } = await fresh()
      const spoiled = story.next(1, { heights: [heightOf(1n, 1)] })
      await refused(send(by(story), spoiled), w.log, 'UnknownEvent', 1, 0)
      await story.post('0x01')
      const tooMany = story.next(2, { heights: [heightOf(1n, 1), heightOf(2n, 1)] })
      await refused(send(by(story), tooMany), w.log, 'UnknownEvent', 2, 1)
      await story.accept(w.mallory, 2, { heights: [heightOf(1n, 1), heightOf(2n)] })
      expect((await w.log.head(story.taskId)).eventSeq).to.equal(1)
    })

    it('inputs where none are published, and their absence where they are', async () => {
      const { w, actors, story } = await fresh()
      const given = story.next(1, { inputs: '0x01' })
      await refused(send(by(story), given), w.log, 'InputsMode', false, 1)
      const open = await running(w, actors, { calldataInputs: true, epochHeights: 2, inputCap: 9 })
      await refused(send(by(open), open.next()), w.log, 'InputsMode', true, 0)
      const max = 1 + 6 * (11 + 9)
      const long = open.next(1, { inputs: `0x${'00'.repeat(max + 1)}` })
      await refused(send(by(open), long), w.log, 'OutOfBounds', label('inputs'), max + 1, 0, max)
      await open.accept(w.mallory, 1, { inputs: `0x${'00'.repeat(max)}` })
    })

    it('notes that nobody could read', async () => {
      const { w, story } = await fresh()
      const max = 31 * 1024
      const long = story.next(1, { notes: `0x${'00'.repeat(max + 1)}` })
      await refused(send(by(story), long), w.log, 'OutOfBounds', label('notes'), max + 1, 0, max)
      await story.accept(w.mallory, 1, { notes: `0x${'00'.repeat(max)}` })
    })

    it('bits of members that do not exist', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const bitmap = call.bitmap | (1n << 6n)
      await refused(send(by(story), { ...call, bitmap }), w.log, 'StrangerInBitmap', bitmap, 6)
      const last = call.bitmap | (1n << 31n)
      await refused(send(by(story), { ...call, bitmap: last }), w.log, 'StrangerInBitmap', last, 6)
    })

    it('too few and too many signatures', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const short = { ...call, signatures: dataSlice(call.signatures, 65) }
      await refused(send(by(story), short), w.log, 'SignaturesLength', 325, 390)
      const long = { ...call, signatures: concat([call.signatures, '0x00']) }
      await refused(send(by(story), long), w.log, 'SignaturesLength', 391, 390)
    })

    it('signatures in another order, one member twice, and those of strangers', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const [a, b] = [signatureOf(call, 0), signatureOf(call, 1)]
      const key = (i: number) => story.members[i]!.keyAddress
      const swapped = replace(replace(call, 0, b.serialized), 1, a.serialized)
      await refused(send(by(story), swapped), w.log, 'BadSignature', 0, key(1), key(0))
      const twice = replace(call, 1, a.serialized)
      await refused(send(by(story), twice), w.log, 'BadSignature', 1, key(0), key(1))
    })

    it('malformed signatures: high s, v of 0 or 1, r of 0, all zero', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const { r, s, v, yParity } = signatureOf(call, 2)
      const key = story.members[2]!.keyAddress
      const other = v === 27 ? 28 : 27
      const highS = toBeHex(ORDER - BigInt(s), 32)
      const malformed = [
        concat([r, highS, toBeHex(other, 1)]),
        concat([r, s, toBeHex(yParity, 1)]),
        concat([r, s, toBeHex(v + 2, 1)]),
        concat([toBeHex(0, 32), s, toBeHex(v, 1)]),
        `0x${'00'.repeat(65)}`,
        `0x${'ff'.repeat(65)}`,
      ]
      for (const signature of malformed) {
        const spoiled = replace(call, 2, signature)
        await refused(send(by(story), spoiled), w.log, 'BadSignature', 2, NOBODY, key)
      }
      // the same bytes with the other parity are well-formed, but by somebody else
      const flipped = replace(call, 2, concat([r, s, toBeHex(other, 1)]))
      await expect(send(by(story), flipped)).to.be.revertedWithCustomError(w.log, 'BadSignature')
    })

    it('signatures under another domain or for another cluster', async () => {
      const { w, story } = await fresh()
      const domains = [
        { name: 'RSDP3' },
        { version: '1' },
        { chainId: 1 },
        { verifyingContract: await w.board.getAddress() },
        { salt: id('yesterday') },
      ]
      for (const domain of domains) {
        const call = send(by(story), story.next(1, { domain }))
        await expect(call).to.be.revertedWithCustomError(w.log, 'BadSignature')
      }
      const call = send(by(story), story.next(1, { cluster: id('another') }))
      await expect(call).to.be.revertedWithCustomError(w.log, 'BadSignature')
    })

    it('a signed root with other values, inputs or events behind it', async () => {
      const { w, story } = await fresh()
      await story.post('0x01')
      const call = story.next()
      const good = heightOf(1n)
      const others = [{ stateHash: id('a') }, { inputsRoot: id('b') }, { delta: 1 }, { list: 0b11111n }]
      for (const other of others) {
        const spoiled = send(by(story), { ...call, batch: encodeBatch([{ ...good, ...other }], 6) })
        await expect(spoiled).to.be.revertedWithCustomError(w.log, 'BadSignature')
      }
    })

    it('a log head that was not signed', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      for (const other of [{ sharedHead: id('x') }, { sharedSeq: 9n }]) {
        const spoiled = send(by(story), { ...call, ...other })
        await expect(spoiled).to.be.revertedWithCustomError(w.log, 'BadSignature')
      }
    })

    it('exceptions of members that did not sign, that do not exist, out of order, twice, or cut short', async () => {
      const { w, story } = await fresh()
      const own = (member: number) => ({ member, logSeq: 5n, logHead: id('own') })
      const signers = [0, 1, 2, 3, 4]
      const cut = dataSlice(encodeExceptions([own(1), own(3)]), 0, 81)
      // what is sent, what of it was signed, and where the bad one is
      const cases: [string, Exception[], number][] = [
        [encodeExceptions([own(5)]), [], 0],
        [encodeExceptions([own(200)]), [], 0],
        [encodeExceptions([own(3), own(1)]), [own(3)], 41],
        [encodeExceptions([own(1), own(1)]), [own(1)], 41],
        [cut, [own(1)], 0],
      ]
      for (const [exceptions, signed, offset] of cases) {
        const spoiled = send(by(story), { ...story.next(1, { signers, exceptions: signed }), exceptions })
        await refused(spoiled, w.log, 'BadException', offset, (exceptions.length - 2) / 2)
      }
    })

    it('exactly two thirds of the weight', async () => {
      const { w, story } = await fresh()
      const call = story.next(1, { signers: [0, 2, 3, 5] })
      await refused(send(by(story), call), w.log, 'BelowQuorum', 4, 6)
      await refused(send(by(story), story.next(1, { signers: [] })), w.log, 'BelowQuorum', 0, 6)
      await story.accept(w.mallory, 1, { signers: [0, 2, 3, 4, 5] })
    })
  })

  it('takes exceptions of first, middle and last members', async () => {
    const { w, story } = await fresh()
    const exceptions = [0, 3, 5].map((member) => ({ member, logSeq: 9n, logHead: id(`own ${member}`) }))
    await story.accept(w.mallory, 1, { exceptions })
    expect((await w.log.head(story.taskId)).last).to.equal(1)
  })

  it('emits everything that history is rebuilt from', async () => {
    const { w, story } = await fresh()
    await story.post('0x01')
    const options = {
      heights: [heightOf(1n), { ...heightOf(2n, 1), hint: 3 }],
      signers: [0, 1, 2, 4, 5],
      exceptions: [{ member: 4, logSeq: 11n, logHead: id('own') }],
      notes: '0x0404',
    }
    const call = story.next(2, options)
    const { root } = story.fold(options.heights)
    await expect(send(by(story), call))
      .to.emit(w.log, 'Checkpointed')
      .withArgs(
        story.taskId,
        1,
        2,
        root,
        1,
        call.bitmap,
        call.sharedSeq,
        call.sharedHead,
        await w.mallory.getAddress(),
        call.batch,
        call.exceptions,
        '0x0404',
        '0x',
      )
    expect(await w.log.head(story.taskId)).to.deep.equal([root, 2n, 1n, 1n, await blockNumber(w), 0n, 6n])
  })

  it('counts missed heights of those who did not sign, and of nobody else', async () => {
    const { w, story } = await fresh()
    await story.accept(w.mallory, 3, { signers: [0, 1, 2, 3, 4] })
    await story.accept(w.mallory, 2, { signers: [1, 2, 3, 4, 5] })
    await story.accept(w.mallory, 1)
    const [last, missed] = await w.log.tally(story.taskId)
    expect(last).to.equal(6)
    expect(missed).to.deep.equal([2n, 0n, 0n, 0n, 0n, 3n])
  })

  describe('fee', () => {
    const feeUnits = async (story: Story) => [...(await story.world.log.tally(story.taskId))[2]]
    const nothing = [0n, 0n, 0n, 0n, 0n, 0n]

    it('goes to nobody if a stranger or another member submits', async () => {
      const { w, story } = await fresh()
      await story.accept(w.mallory, 8)
      const another = story.members[((await story.turn()) + 1) % 6]!
      await story.accept(another.node, 8)
      expect(await feeUnits(story)).to.deep.equal(nothing)
    })

    it('goes to nobody for heights in the middle of an epoch', async () => {
      const { story } = await fresh()
      await story.accept(story.members[await story.turn()]!.node, 7)
      expect(await feeUnits(story)).to.deep.equal(nothing)
    })

    it('goes by the weight of the signers to whose turn it is, key or operator, at the end of an epoch', async () => {
      const { story } = await fresh()
      const first = await story.turn()
      await story.accept(story.members[first]!.node, 8)
      const second = await story.turn()
      await story.accept(story.members[second]!.operator, 8, { signers: [0, 1, 2, 3, 4] })
      const units = [...nothing]
      units[first]! += 6n
      units[second]! += 5n
      expect(await feeUnits(story)).to.deep.equal(units)
    })

    it('passes on with the blocks and the epochs', async () => {
      const { w, story } = await fresh()
      const { lastBlock } = await w.log.head(story.taskId)
      const turns = await Promise.all(
        [0n, 1n, 2n, 3n, 11n, 12n].map((b) => w.log.turnAt(story.taskId, lastBlock + b)),
      )
      expect(turns).to.deep.equal([0n, 0n, 1n, 1n, 5n, 0n])
      await story.accept(w.mallory, 8)
      expect(await story.turn()).to.equal(1)
      await refused(w.log.turnAt(99, 1), w.log, 'NotOpen', 99)
    })

    it('is earned in the middle of an epoch after half the stall time, and not a block before', async () => {
      const { w, story } = await fresh()
      const { lastBlock } = await w.log.head(story.taskId)
      await mineTo(w, lastBlock + 198n)
      await story.accept(story.members[await story.turn()]!.node)
      expect(await feeUnits(story)).to.deep.equal(nothing)
      await mineTo(w, lastBlock + 199n + 199n)
      const turn = await story.turn()
      await story.accept(story.members[turn]!.node)
      const units = [...nothing]
      units[turn] = 6n
      expect(await feeUnits(story)).to.deep.equal(units)
    })

    it('is earned by the last heights of a task', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 3 })
      const turn = await story.turn()
      await story.accept(story.members[turn]!.node, 3)
      expect((await feeUnits(story))[turn]).to.equal(6)
    })
  })

  describe('status', () => {
    it('goes from Active to Finalizing with the last height, and to Closed', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 1 })
      expect(await w.log.limitOf(story.taskId)).to.equal(1)
      await story.accept(w.mallory)
      const at = await blockNumber(w)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.Finalizing, 0n])
      await mineTo(w, at + WINDOWS.closeGrace - 1n)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.Finalizing, 0n])
      await mineTo(w, at + WINDOWS.closeGrace)
      const closed = at + WINDOWS.closeGrace
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.Closed, closed])
      const late = send(by(story), story.next())
      await refused(late, w.log, 'StatusNotAllowed', story.taskId, STATUS.Closed, RUNNING)
      expect(await w.board.claimsOpenAt(story.taskId)).to.equal(closed + WINDOWS.evidence + 1n)
    })

    it('takes R more heights after the end block and pays them', async () => {
      const { w, actors } = await fresh()
      const endBlock = (await blockNumber(w)) + 100n
      const story = await running(w, actors, { epochHeights: 4, endBlock })
      await story.accept(w.mallory, 2)
      await mineTo(w, endBlock)
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
      await story.accept(w.mallory, 2)
      await story.accept(w.mallory, 1)
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
      await refused(send(by(story), story.next(2)), w.log, 'BeyondLimit', 7, 6)
      await story.accept(w.mallory, 1)
      await refused(send(by(story), story.next(1)), w.log, 'BeyondLimit', 7, 6)
      expect((await w.log.tally(story.taskId)).last).to.equal(6)
      await mineTo(w, endBlock + WINDOWS.closeGrace)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([
        STATUS.Closed,
        endBlock + WINDOWS.closeGrace,
      ])
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
    })

    it('is NoQuorum, for ever, after too long a silence', async () => {
      const { w, story } = await fresh()
      await story.accept(w.mallory)
      const stall = (await blockNumber(w)) + 400n
      await mineTo(w, stall - 1n)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.Active, 0n])
      await send(by(story), story.next()).then((tx) => tx.wait())
      const { lastBlock } = await w.log.head(story.taskId)
      expect(lastBlock).to.equal(stall)
      await mineTo(w, lastBlock + 401n)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.NoQuorum, lastBlock + 400n])
      const call = send(by(story), { ...story.next(), first: 3n })
      await refused(call, w.log, 'StatusNotAllowed', story.taskId, STATUS.NoQuorum, RUNNING)
      await mineTo(w, lastBlock + 1400n)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([STATUS.NoQuorum, lastBlock + 400n])
    })

    it('does not call silence a stall that ends with the task', async () => {
      const { w, actors } = await fresh()
      const endBlock = (await blockNumber(w)) + 200n
      const story = await running(w, actors, { endBlock })
      await mineTo(w, endBlock + WINDOWS.closeGrace)
      expect(await w.board.statusOf(story.taskId)).to.deep.equal([
        STATUS.Closed,
        endBlock + WINDOWS.closeGrace,
      ])
    })
  })
})
