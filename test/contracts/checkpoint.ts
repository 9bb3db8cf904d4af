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
  claimsOpenAt,
  standingOf,
  lastBlockOf,
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
  describe('refuses', () => {
    it('tasks without a cluster', async () => {
      const { w, story } = await fresh()
      const taskId = await publish(w)
      for (const other of [taskId, 77n]) {
        await refused(
          send(w.log.connect(w.mallory), { ...story.next(), taskId: other }),
          w.log,
          'NotOpen',
          other,
        )
      }
    })

    it('gaps, overlaps and replays', async () => {
      const { w, story } = await fresh()
      const first = story.next(2)
      await refused(story.attempt({ ...first, first: 2n }), w.log, 'WrongFirst', 2, 1)
      await refused(story.attempt({ ...first, first: 0n }), w.log, 'WrongFirst', 0, 1)
      await story.accept(2)
      await refused(story.attempt(first), w.log, 'WrongFirst', 1, 3)
    })

    it('a batch that is no whole number of heights', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      for (const batch of ['0x', dataSlice(call.batch, 1), concat([call.batch, '0x00'])]) {
        const length = (batch.length - 2) / 2
        await refused(story.attempt({ ...call, batch }), w.log, 'BatchLength', length, 68)
      }
    })

    it('a batch that crosses an epoch', async () => {
      const { w, story } = await fresh()
      await refused(story.attempt(story.next(9)), w.log, 'CrossesEpoch', 1, 9, 8)
      await story.accept(7)
      await refused(story.attempt(story.next(2)), w.log, 'CrossesEpoch', 8, 9, 8)
      await story.accept(1)
      await story.accept(8)
    })

    it('heights that the task does not have', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 5, epochHeights: 8 })
      await refused(story.attempt(story.next(6)), w.log, 'BeyondLimit', 6, 5)
      await story.accept(5)
      await refused(story.attempt(story.next(1)), w.log, 'BeyondLimit', 6, 5)
    })

    it('ledger events that were not posted', async () => {
      const { w, story } = await fresh()
      const spoiled = story.next(1, { heights: [heightOf(1n, 1)] })
      await refused(story.attempt(spoiled), w.log, 'UnknownEvent', 1, 0)
      await story.post('0x01')
      const tooMany = story.next(2, { heights: [heightOf(1n, 1), heightOf(2n, 1)] })
      await refused(story.attempt(tooMany), w.log, 'UnknownEvent', 2, 1)
      await story.accept(2, { heights: [heightOf(1n, 1), heightOf(2n)] })
      expect((await w.log.head(story.taskId)).eventSeq).to.equal(1)
    })

    it('inputs where none are published, and their absence where they are', async () => {
      const { w, actors, story } = await fresh()
      const given = story.next(1, { inputs: '0x01' })
      await refused(story.attempt(given), w.log, 'InputsMode', false, 1)
      const open = await running(w, actors, { calldataInputs: true, epochHeights: 2, inputCap: 9 })
      await refused(open.attempt(open.next()), w.log, 'InputsMode', true, 0)
      const max = 1 + 6 * (11 + 9)
      const long = open.next(1, { inputs: `0x${'00'.repeat(max + 1)}` })
      await refused(open.attempt(long), w.log, 'OutOfBounds', label('inputs'), max + 1, 0, max)
      await open.accept(1, { inputs: `0x${'00'.repeat(max)}` })
    })

    it('notes that nobody could read', async () => {
      const { w, story } = await fresh()
      const max = 31 * 1024
      const long = story.next(1, { notes: `0x${'00'.repeat(max + 1)}` })
      await refused(story.attempt(long), w.log, 'OutOfBounds', label('notes'), max + 1, 0, max)
      await story.accept(1, { notes: `0x${'00'.repeat(max)}` })
    })

    it('bits of members that do not exist', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const bitmap = call.bitmap | (1n << 6n)
      await refused(story.attempt({ ...call, bitmap }), w.log, 'StrangerInBitmap', bitmap, 6)
      const last = call.bitmap | (1n << 31n)
      await refused(story.attempt({ ...call, bitmap: last }), w.log, 'StrangerInBitmap', last, 6)
    })

    it('too few and too many signatures', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const short = { ...call, signatures: dataSlice(call.signatures, 65) }
      await refused(story.attempt(short), w.log, 'SignaturesLength', 325, 390)
      const long = { ...call, signatures: concat([call.signatures, '0x00']) }
      await refused(story.attempt(long), w.log, 'SignaturesLength', 391, 390)
    })

    it('signatures in another order, one member twice, and those of strangers', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      const [a, b] = [signatureOf(call, 0), signatureOf(call, 1)]
      const key = (i: number) => story.members[i]!.keyAddress
      const swapped = replace(replace(call, 0, b.serialized), 1, a.serialized)
      await refused(story.attempt(swapped), w.log, 'BadSignature', 0, key(1), key(0))
      const twice = replace(call, 1, a.serialized)
      await refused(story.attempt(twice), w.log, 'BadSignature', 1, key(0), key(1))
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
        await refused(story.attempt(spoiled), w.log, 'BadSignature', 2, NOBODY, key)
      }
      // the same bytes with the other parity are well-formed, but by somebody else
      const flipped = replace(call, 2, concat([r, s, toBeHex(other, 1)]))
      await expect(story.attempt(flipped)).to.be.revertedWithCustomError(w.log, 'BadSignature')
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
        const call = story.attempt(story.next(1, { domain }))
        await expect(call).to.be.revertedWithCustomError(w.log, 'BadSignature')
      }
      const call = story.attempt(story.next(1, { cluster: id('another') }))
      await expect(call).to.be.revertedWithCustomError(w.log, 'BadSignature')
    })

    it('a signed root with other values, inputs or events behind it', async () => {
      const { w, story } = await fresh()
      await story.post('0x01')
      const call = story.next()
      const good = heightOf(1n)
      const others = [{ stateHash: id('a') }, { inputsRoot: id('b') }, { delta: 1 }, { list: 0b11111n }]
      for (const other of others) {
        const spoiled = story.attempt({ ...call, batch: encodeBatch([{ ...good, ...other }], 6) })
        await expect(spoiled).to.be.revertedWithCustomError(w.log, 'BadSignature')
      }
    })

    it('a log head that was not signed', async () => {
      const { w, story } = await fresh()
      const call = story.next()
      for (const other of [{ sharedHead: id('x') }, { sharedSeq: 9n }]) {
        const spoiled = story.attempt({ ...call, ...other })
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
        const spoiled = story.attempt({ ...story.next(1, { signers, exceptions: signed }), exceptions })
        await refused(spoiled, w.log, 'BadException', offset, (exceptions.length - 2) / 2)
      }
    })

    it('exactly two thirds of the weight', async () => {
      const { w, story } = await fresh()
      const call = story.next(1, { signers: [0, 2, 3, 5] })
      await refused(story.attempt(call), w.log, 'BelowQuorum', 4, 6)
      await refused(story.attempt(story.next(1, { signers: [] })), w.log, 'BelowQuorum', 0, 6)
      await story.accept(1, { signers: [0, 2, 3, 4, 5] })
    })
  })

  it('takes exceptions of first, middle and last members', async () => {
    const { w, story } = await fresh()
    const exceptions = [0, 3, 5].map((member) => ({ member, logSeq: 9n, logHead: id(`own ${member}`) }))
    await story.accept(1, { exceptions })
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
    const by = await story.submitter()
    await expect(send(w.log.connect(by), call))
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
        await by.getAddress(),
        call.batch,
        call.exceptions,
        '0x0404',
        '0x',
      )
    const head = await w.log.head(story.taskId)
    expect(head.lastAt.number).to.equal(await blockNumber(w))
    const { last, eventSeq, events, graceHeights, members } = head
    expect([head.root, last, eventSeq, events, graceHeights, members]).to.deep.equal([
      root,
      2n,
      1n,
      1n,
      0n,
      6n,
    ])
  })

  it('counts the heights whose list leaves a member out, whoever signs, and writes nothing else', async () => {
    const { story } = await fresh()
    const lists = [0b111111n, 0b111110n, 0b111110n, 0b101111n]
    await story.accept(4, { heights: lists.map((list, i) => ({ ...heightOf(BigInt(i + 1)), list })) })
    await story.accept(2, { signers: [1, 2, 3, 4, 5] })
    const alone = [{ ...heightOf(7n), list: 0b011111n }]
    await story.accept(1, { signers: [0, 1, 2, 3, 5], heights: alone })
    const [last, , missed] = await story.world.log.tally(story.taskId)
    expect(last).to.equal(7)
    expect(missed).to.deep.equal([2n, 0n, 0n, 0n, 1n, 1n])
  })

  it('refuses lists of members that do not exist', async () => {
    const { w, story } = await fresh()
    const heights = [{ ...heightOf(1n), list: 0b1111111n }]
    await refused(story.attempt(story.next(1, { heights })), w.log, 'StrangerInList', 6)
  })

  it('refuses inputs other than those that were signed', async () => {
    const { w, actors } = await fresh()
    const open = await running(w, actors, { calldataInputs: true, epochHeights: 2, stateCap: 9 })
    const call = open.next(1, { inputs: '0x0102' })
    const replaced = open.attempt({ ...call, inputs: '0x0103' })
    await expect(replaced).to.be.revertedWithCustomError(w.log, 'BadSignature')
    await open.accept(1, { inputs: '0x0102' })
  })

  it('republish: anybody, hints and notes of what was accepted, within their size, at any time', async () => {
    const { w, story } = await fresh()
    const by = w.log.connect(w.mallory)
    await story.accept(3)
    await refused(by.republish(99, 1, '0x', '0x'), w.log, 'NotOpen', 99)
    await refused(by.republish(story.taskId, 0, '0x', '0x'), w.log, 'NotAccepted', 0, 3)
    await refused(by.republish(story.taskId, 4, '0x', '0x'), w.log, 'NotAccepted', 4, 3)
    const max = 31 * 1024
    const long = `0x${'00'.repeat(max + 1)}`
    await refused(
      by.republish(story.taskId, 3, '0x', long),
      w.log,
      'OutOfBounds',
      label('notes'),
      max + 1,
      0,
      max,
    )
    const hints = `0x${'00'.repeat(257)}`
    await refused(
      by.republish(story.taskId, 3, hints, '0x'),
      w.log,
      'OutOfBounds',
      label('hints'),
      257,
      0,
      256,
    )
    const lastBlock = await lastBlockOf(w, story.taskId)
    await mineTo(w, lastBlock + 500n) // NoQuorum by now
    const call = by.republish(story.taskId, 3, '0x000100', '0x0404')
    await expect(call).to.emit(w.log, 'Republished').withArgs(story.taskId, 3, '0x000100', '0x0404')
  })

  describe('fee', () => {
    const feeUnits = async (story: Story) => [...(await story.world.log.tally(story.taskId)).feeUnits]
    const feesDue = async (story: Story) => (await story.world.log.tally(story.taskId)).feesDue
    const nothing = [0n, 0n, 0n, 0n, 0n, 0n]

    it('H-4 the turn is exclusive: nobody else submits, whatever it brings, until its last block', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, {
        heights: 40,
        epochHeights: 8,
        turnBlocks: 3,
        stallBlocks: 800,
      })
      const lastBlock = await lastBlockOf(w, story.taskId)
      await mineTo(w, lastBlock + 2n)
      const [mine, next] = [story.members[1]!, story.members[2]!]
      for (const by of [w.mallory, next.node, next.operator, w.client]) {
        const call = send(w.log.connect(by), story.next(8))
        const until = lastBlock + 5n
        await refused(call, w.log, 'NotYourTurn', await by.getAddress(), 1, mine.keyAddress, until)
        await mineTo(w, lastBlock + 2n)
      }
    })

    it('is burnt, not saved, where somebody else submits while Finalizing', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 8, epochHeights: 4 })
      await story.accept(4)
      await w.board.connect(w.client).revoke(story.taskId)
      await story.accept(4, { by: w.mallory })
      expect(await feesDue(story)).to.equal(2)
      expect((await feeUnits(story)).reduce((sum, units) => sum + units, 0n)).to.equal(6n)
    })

    it('goes to nobody for heights in the middle of an epoch', async () => {
      const { story } = await fresh()
      await story.accept(7)
      expect(await feeUnits(story)).to.deep.equal(nothing)
    })

    it('goes by the weight of the signers to whose turn it is, at the end of an epoch', async () => {
      const { story } = await fresh()
      const first = await story.turn()
      await story.accept(8)
      const second = await story.turn()
      await story.accept(8, { signers: [0, 1, 2, 3, 4] })
      const units = [...nothing]
      units[first]! += 6n
      units[second]! += 5n
      expect(await feeUnits(story)).to.deep.equal(units)
    })

    it('passes on with the blocks and the epochs', async () => {
      const { w, story } = await fresh()
      const lastBlock = await lastBlockOf(w, story.taskId)
      const turns = await Promise.all(
        [0n, 1n, 2n, 3n, 11n, 12n].map((b) => w.log.turnAt(story.taskId, lastBlock + b)),
      )
      expect(turns).to.deep.equal([0n, 0n, 1n, 1n, 5n, 0n])
      await story.accept(8)
      expect(await story.turn()).to.equal(1)
      await refused(w.log.turnAt(99, 1), w.log, 'NotOpen', 99)
    })

    it('is earned in the middle of an epoch after half the stall time, and not a block before', async () => {
      const { w, story } = await fresh()
      const lastBlock = await lastBlockOf(w, story.taskId)
      await mineTo(w, lastBlock + 198n)
      await story.accept()
      expect(await feeUnits(story)).to.deep.equal(nothing)
      await mineTo(w, lastBlock + 199n + 199n)
      const turn = await story.turn()
      await story.accept()
      const units = [...nothing]
      units[turn] = 6n
      expect(await feeUnits(story)).to.deep.equal(units)
    })

    it('is earned by the last heights of a task', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 3 })
      const turn = await story.turn()
      await story.accept(3)
      expect((await feeUnits(story))[turn]).to.equal(6)
    })
  })

  describe('status', () => {
    it('goes from Active to Finalizing with the last height, and to Closed', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { heights: 1 })
      expect(await w.log.limitOf(story.taskId)).to.equal(1)
      await story.accept()
      const at = await blockNumber(w)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Finalizing, 0n])
      await mineTo(w, at + WINDOWS.closeGrace - 1n)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Finalizing, 0n])
      await mineTo(w, at + WINDOWS.closeGrace)
      const closed = at + WINDOWS.closeGrace
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Closed, closed])
      const late = story.attempt(story.next())
      await refused(late, w.log, 'StatusNotAllowed', story.taskId, STATUS.Closed, RUNNING)
      expect(await claimsOpenAt(w, story.taskId)).to.equal(closed + WINDOWS.evidence + 1n)
    })

    it('takes R more heights after the end block and pays them', async () => {
      const { w, actors } = await fresh()
      const endBlock = (await blockNumber(w)) + 100n
      const story = await running(w, actors, { epochHeights: 4, endBlock })
      await story.accept(2)
      await mineTo(w, endBlock)
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
      await story.accept(2)
      await story.accept(1)
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
      await refused(story.attempt(story.next(2)), w.log, 'BeyondLimit', 7, 6)
      await story.accept(1)
      await refused(story.attempt(story.next(1)), w.log, 'BeyondLimit', 7, 6)
      expect((await w.log.tally(story.taskId)).last).to.equal(6)
      await mineTo(w, endBlock + WINDOWS.closeGrace)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Closed, endBlock + WINDOWS.closeGrace])
      expect(await w.log.limitOf(story.taskId)).to.equal(6)
    })

    it('is NoQuorum, for ever, after too long a silence', async () => {
      const { w, story } = await fresh()
      await story.accept()
      const stall = (await blockNumber(w)) + 400n
      await mineTo(w, stall - 1n)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Active, 0n])
      await story.accept()
      const lastBlock = await lastBlockOf(w, story.taskId)
      expect(lastBlock).to.equal(stall)
      await mineTo(w, lastBlock + 401n)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.NoQuorum, lastBlock + 400n])
      const call = story.attempt({ ...story.next(), first: 3n })
      await refused(call, w.log, 'StatusNotAllowed', story.taskId, STATUS.NoQuorum, RUNNING)
      await mineTo(w, lastBlock + 1400n)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.NoQuorum, lastBlock + 400n])
    })

    it('does not call silence a stall that ends with the task', async () => {
      const { w, actors } = await fresh()
      const endBlock = (await blockNumber(w)) + 200n
      const story = await running(w, actors, { endBlock })
      await mineTo(w, endBlock + WINDOWS.closeGrace)
      expect(await standingOf(w, story.taskId)).to.deep.equal([STATUS.Closed, endBlock + WINDOWS.closeGrace])
    })
  })
})
