import { expect } from 'chai'
import { ZeroAddress, ZeroHash, concat, hexlify, id, keccak256, toUtf8Bytes } from 'ethers'
import { network } from 'hardhat'
import type { Proof, Values } from './evidence.ts'
import { NIL_SHARE, judge, malleated, report, valueOf } from './evidence.ts'
import { EVENTS, INPUTS, WRONG, accusation, aggregateHash, packEvents, provable } from './provable.ts'
import { refused } from './refused.ts'
import type { TaskParams } from './world.ts'
import { NOBODY, deployWorld, label, nextEvents, registeredMany, taskParams } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers

async function seven(changes: Partial<TaskParams> = {}) {
  const w = await deployWorld(connection)
  return provable(w, await registeredMany(w, 7), changes)
}

/** EIP-7825: of a transaction. */
const GAS_MAX = 2 ** 24

const ordinary = () => seven()

describe('Slasher.wrongReduction', () => {
  it('refuses a vote for what the twin gives', async () => {
    const c = await loadFixture(ordinary)
    await refused(judge(c.w, await accusation(c)), c.w.slasher, 'ProvesNothing', label('right state'))
  })

  it('convicts of any other state, and of an input that cannot be aggregated', async () => {
    const c = await loadFixture(ordinary)
    await judge(c.w, await accusation(c, WRONG))
    const empty = INPUTS.with(2, { ...INPUTS[2]!, state: '0x' })
    await judge(c.w, await accusation(c, { inputs: empty }))
    await report(c.w, c.w.mallory, await accusation(c, WRONG))
    expect(await c.w.board.convictionOf(c.story.taskId, 2)).to.deep.equal([20n, false])
    const [event] = await c.w.slasher.queryFilter(c.w.slasher.filters.Convicted(c.story.taskId))
    expect([event!.args.offence, event!.args.height, event!.args.second]).to.deep.equal([5n, 5n, ZeroHash])
    expect(await c.w.registry.keyStatus(c.story.members[2]!.keyAddress)).to.equal(5n)
  })

  it('refuses votes that are NIL or rest on an earlier round', async () => {
    const c = await loadFixture(ordinary)
    const nil = await accusation(c, { share: NIL_SHARE })
    await refused(judge(c.w, nil), c.w.slasher, 'ProvesNothing', label('SHARE of NIL'))
    for (const validRound of [0, 1, -2]) {
      const share = { stateHash: id('wrong'), validRound }
      await refused(
        judge(c.w, await accusation(c, { share })),
        c.w.slasher,
        'ProvesNothing',
        label('not fresh'),
      )
    }
  })

  it('refuses signatures that are not the member’s', async () => {
    const c = await loadFixture(ordinary)
    const { name, args } = await accusation(c, WRONG)
    const key = c.story.members[2]!.keyAddress
    const high = { name, args: args.with(3, malleated(String(args[3]))) }
    await refused(judge(c.w, high), c.w.slasher, 'NotSignedBy', 2, NOBODY, key)
    const other = { name, args: args.with(1, 3) }
    await refused(judge(c.w, other), c.w.slasher, 'NotSignedBy', 3, key, c.story.members[3]!.keyAddress)
    await refused(judge(c.w, { name, args: args.with(1, 7) }), c.w.slasher, 'NoSuchMember', 7, 7)
    await refused(judge(c.w, { name, args: args.with(0, 9n) }), c.w.slasher, 'NoSuchMember', 2, 0)
  })

  it('refuses parameters that were not published', async () => {
    const c = await loadFixture(ordinary)
    const { name, args } = await accusation(c, WRONG)
    for (const change of [{ reducerParams: '0x01' }, { twin: ZeroAddress }, { heights: 63n }]) {
      const call = judge(c.w, { name, args: args.with(4, { ...c.params, ...change }) })
      await refused(call, c.w.slasher, 'ProvesNothing', label('params'))
    }
  })

  it('gives no verdict on a task without a twin, or whose twin has other code by now', async () => {
    const c = await loadFixture(ordinary)
    await connection.networkHelpers.setCode(c.params.twin as string, '0x00')
    await refused(judge(c.w, await accusation(c, WRONG)), c.w.slasher, 'NoVerdict', label("twin's code"))
    const without = await seven({ twin: ZeroAddress })
    await refused(
      judge(without.w, await accusation(without, WRONG)),
      without.w.slasher,
      'NoVerdict',
      label('no twin'),
    )
  })

  it('refuses inputs that are not the list', async () => {
    const c = await loadFixture(ordinary)
    const { name, args } = await accusation(c, WRONG)
    const state = { ...INPUTS[0]!, state: '0x99' }
    const wrong = [
      INPUTS.slice(1),
      [...INPUTS, { member: 9, eventSeq: 0, state: '0x01' }],
      INPUTS.with(0, state),
      INPUTS.with(0, { ...INPUTS[0]!, eventSeq: 7 }),
      INPUTS.with(0, { ...INPUTS[0]!, member: 5 }),
      INPUTS.toReversed(),
      [INPUTS[0]!, ...INPUTS],
      [],
    ]
    for (const inputs of wrong) {
      const call = judge(c.w, { name, args: args.with(5, inputs) })
      await refused(call, c.w.slasher, 'ProvesNothing', label('inputs'))
    }
  })

  it('M-2 convicts of a wrong state of a list with a CLOSE, and refuses what the twin makes of it', async () => {
    const c = await loadFixture(ordinary)
    for (const closing of [2, 5]) {
      await judge(c.w, await accusation(c, { ...WRONG, closing }))
      const right = await accusation(c, { closing })
      await refused(judge(c.w, right), c.w.slasher, 'ProvesNothing', label('right state'))
    }
    const unclosed = await accusation(c, { closing: 5, share: { stateHash: aggregateHash(c) } })
    await judge(c.w, unclosed)
    await report(c.w, c.w.mallory, unclosed)
    expect(await c.w.board.convictionOf(c.story.taskId, 2)).to.deep.equal([20n, false])
  })

  it('M-2 convicts nobody by a CLOSE that its member did not sign', async () => {
    const c = await loadFixture(ordinary)
    const told = (closes: readonly number[]) => accusation(c, { ...WRONG, closing: 5, closes })
    for (const closes of [[], [5, 5]]) {
      const call = judge(c.w, await told(closes))
      await refused(call, c.w.slasher, 'ProvesNothing', label('signatures'))
    }
    const [other, key] = [3, 5].map((i) => c.story.members[i]!.keyAddress)
    await refused(judge(c.w, await told([3])), c.w.slasher, 'NotSignedBy', 5, other, key)
    const more = await accusation(c, { ...WRONG, closes: [5] })
    await refused(judge(c.w, more), c.w.slasher, 'ProvesNothing', label('signatures'))
  })

  it('M-2: takes the state of the height before if it hashes to the parent of the vote, and no other', async () => {
    const c = await seven({ usesPrevious: true })
    const before = { state: '0x0b', inputsRoot: id('list'), inputs: 31n, eventSeq: 1, eventsHash: id('e') }
    const root = id('root')
    const value = valueOf({ ...before, stateHash: keccak256(before.state) })
    const share = { parent: keccak256(concat([root, value])) }
    const right = await accusation(c, { share, previous: before.state })
    const told = ({ name, args }: Proof, change: object) => ({
      name,
      args: args.with(9, { ...before, root, ...change }),
    })
    await refused(judge(c.w, told(right, {})), c.w.slasher, 'ProvesNothing', label('right state'))
    const wrong = await accusation(c, { share: { ...share, stateHash: id('wrong') }, previous: before.state })
    await judge(c.w, told(wrong, {}))
    for (const change of [
      ...[{ state: '0x0c' }, { state: '0x' }, { inputsRoot: id('other') }, { inputs: 30n }],
      ...[{ eventSeq: 2 }, { eventsHash: id('f') }, { root: id('other') }],
    ]) {
      const call = judge(c.w, told(wrong, change))
      await refused(call, c.w.slasher, 'ProvesNothing', label('previous'))
    }
  })

  it('refuses ledger events that were not posted so, or are not all that the vote has seen', async () => {
    const c = await loadFixture(ordinary)
    const { name, args } = await accusation(c, WRONG)
    const originator = await c.w.client.getAddress()
    const [first, second] = EVENTS as [string, string]
    const good = packEvents([{ originator, data: first }])
    const wrong = [
      '0x',
      good.slice(0, -2),
      good.slice(0, 2 + 2 * 23),
      packEvents([{ originator, data: second }]),
      packEvents([{ originator: await c.w.mallory.getAddress(), data: first }]),
      packEvents([{ kind: 1, originator, data: first }]),
      packEvents(EVENTS.map((data) => ({ originator, data }))),
    ]
    for (const events of wrong) {
      const call = judge(c.w, { name, args: args.with(7, events) })
      await refused(call, c.w.slasher, 'ProvesNothing', label('events'))
    }
  })

  it('C-1, M-2 gives no verdict on ledger events that the chain does not have: a deeper re-org convicts nobody', async () => {
    const c = await loadFixture(ordinary)
    const originator = await c.w.client.getAddress()
    const replaced = hexlify(toUtf8Bytes('what stood there before'))
    const read = nextEvents(ZeroHash, 0, originator, replaced)
    const votes: readonly (readonly [Values, string])[] = [
      // the member read another event at this number, and aggregated with it
      [{ eventsHash: read }, packEvents([{ originator, data: replaced }])],
      [{ eventsHash: read }, packEvents([{ originator, data: EVENTS[0]! }])],
      // events that were not posted, with and without a hash
      [{ eventSeq: 3, eventsHash: read }, '0x'],
      [{ eventSeq: 3, eventsHash: ZeroHash }, '0x'],
      [{ eventSeq: 0, eventsHash: read }, '0x'],
    ]
    for (const [values, events] of votes) {
      const { name, args } = await accusation(c, { share: { stateHash: id('wrong'), ...values } })
      const call = judge(c.w, { name, args: args.with(7, events) })
      await refused(call, c.w.slasher, 'NoVerdict', label('events'))
    }
  })

  describe('gives no verdict by a twin', () => {
    for (const [name, mode, reason] of [
      ['whose validate reverts', '0x01', 'twin reverts'],
      ['whose aggregate reverts', '0x02', 'twin reverts'],
      ['that takes all the gas', '0x03', "twin's gas"],
      ['that answers neither yes nor no', '0x04', "twin's answer"],
      ['that answers with less than it says', '0x05', "twin's answer"],
      ['that answers nothing', '0x06', "twin's answer"],
      ['whose close reverts', '0x07', 'twin reverts'],
    ] as const) {
      it(name, async () => {
        const c = await seven({ reducerParams: mode })
        const options = { ...WRONG, ...(mode === '0x07' ? { closing: 5 } : {}) }
        await refused(judge(c.w, await accusation(c, options)), c.w.slasher, 'NoVerdict', label(reason))
      })
    }

    it('C-1: that lacks gas for its answer, however much is left for a conviction by an input that it alone refuses', async () => {
      const c = await seven({ reducerParams: '0x08' })
      const { name, args } = await accusation(c)
      // 13.7 M were enough
      for (const gasLimit of [GAS_MAX, 14_500_000]) {
        const call = judge(c.w, { name, args: [...args, { gasLimit }] })
        await refused(call, c.w.slasher, 'NoVerdict', label("twin's gas"))
      }
    })

    it('that answers with something else than a yes or no, or than bytes', async () => {
      const twin = `0x${'7e'.repeat(20)}`
      const { interface: abi } = await connection.ethers.getContractAt('IReducer', twin)
      const aggregate = abi.getFunction('aggregate').selector.slice(2)
      const answersNothing = '0x00'
      // mem[0] = 1; returns 32 bytes of it, to aggregate 64
      const answersOne = `0x600160005260003560e01c63${aggregate}1460010160051b6000f3`
      for (const code of [answersNothing, answersOne]) {
        await connection.networkHelpers.setCode(twin, code)
        const c = await seven({ twin })
        const call = judge(c.w, await accusation(c, WRONG))
        await refused(call, c.w.slasher, 'NoVerdict', label("twin's answer"))
      }
    })
  })

  describe('weighs the CONFIRMs for the wrong value', () => {
    for (const [members, percent] of [
      [[], 20n],
      [[2], 31n],
      [[0, 1, 2, 5], 65n],
      [[0, 1, 2, 3, 4, 5, 6], 100n],
    ] as const) {
      it(`${members.length} of 7: ${percent} %`, async () => {
        const c = await loadFixture(ordinary)
        await report(c.w, c.w.mallory, await accusation(c, { ...WRONG, confirmers: members, round: 3 }))
        expect(await c.w.board.convictionOf(c.story.taskId, 2)).to.deep.equal([percent, false])
      })
    }

    it('and takes more of them later, but never fewer', async () => {
      const c = await loadFixture(ordinary)
      await report(c.w, c.w.mallory, await accusation(c, { ...WRONG, confirmers: [0] }))
      await report(c.w, c.w.mallory, await accusation(c, { ...WRONG, confirmers: [0, 1] }))
      for (const confirmers of [[], [0], [0, 1], [3, 4]]) {
        const call = report(c.w, c.w.mallory, await accusation(c, { ...WRONG, confirmers }))
        await refused(call, c.w.board, 'AlreadyConvicted', c.story.taskId, 2, 42)
      }
    })

    it('refuses strangers, signatures of others, too few and too many', async () => {
      const c = await loadFixture(ordinary)
      const { name, args } = await accusation(c, { ...WRONG, confirmers: [0, 1] })
      const confirmers = args[8] as { round: number; members: number; signatures: string }
      const judged = (change: object) =>
        judge(c.w, { name, args: args.with(8, { ...confirmers, ...change }) })
      await refused(judged({ members: 0b10000001 }), c.w.slasher, 'NoSuchMember', 7, 7)
      const [alice, bob, carol] = c.story.members.map(({ keyAddress }) => keyAddress)
      await refused(judged({ members: 0b101 }), c.w.slasher, 'NotSignedBy', 2, bob, carol)
      await expect(judged({ round: 2 })).to.be.revertedWithCustomError(c.w.slasher, 'NotSignedBy')
      await refused(judged({ members: 0b111 }), c.w.slasher, 'ProvesNothing', label('signatures'))
      await refused(judged({ members: 0b1 }), c.w.slasher, 'ProvesNothing', label('signatures'))
      const high = judge(c.w, await accusation(c, { ...WRONG, confirmers: [0], spoil: malleated }))
      await refused(high, c.w.slasher, 'NotSignedBy', 0, NOBODY, alice)
    })
  })

  it('keeps the twin’s code hash and the seed of provable tasks alone', async () => {
    const c = await loadFixture(ordinary)
    const code = await connection.ethers.provider.getCode(c.params.twin)
    const { paramsHash } = await c.w.board.task(c.story.taskId)
    expect(await c.w.board.reductionOf(c.story.taskId)).to.deep.equal([paramsHash, keccak256(code), c.seed])
    await c.w.board.connect(c.w.client).publish(await taskParams(c.w))
    const other = await c.w.board.tasks()
    const { paramsHash: hash } = await c.w.board.task(other)
    expect(await c.w.board.reductionOf(other)).to.deep.equal([hash, ZeroHash, ZeroHash])
  })
})
