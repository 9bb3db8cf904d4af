import { expect } from 'chai'
import { ZeroHash, id, keccak256 } from 'ethers'
import { network } from 'hardhat'
import type { Opened } from './challenged.ts'
import {
  LAST,
  OPENED,
  OUTCOME,
  WRONG_STATE,
  anchored,
  closeWindow,
  finalize,
  refutation,
  resultOf,
  seven,
  signedCheckpoint,
  twoParents,
  wrongCheckpoint,
} from './challenged.ts'
import type { Proof, Step } from './evidence.ts'
import { bring, judge, proofOf, report } from './evidence.ts'
import type { Case } from './provable.ts'
import { refused } from './refused.ts'
import type { TaskParams } from './world.ts'
import { deployWorld, label, registeredMany, stateOf } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const EVERYBODY = [0, 1, 2, 3, 4, 5, 6]
const RESULT = keccak256(stateOf(LAST))

async function ordinary(changes: Partial<TaskParams> = {}): Promise<Case> {
  const w = await deployWorld(connection)
  return seven(w, await registeredMany(w, 7), changes)
}

const plain = () => ordinary()

async function wrong() {
  const c = await ordinary()
  return { c, opened: await anchored(c, { stateHash: WRONG_STATE }, EVERYBODY) }
}

async function right() {
  const c = await ordinary()
  return { c, opened: await anchored(c, {}, [0, 1, 2, 3, 4]) }
}

const bringTo = async ({ w }: Case, proof: Proof | Step) => report(w, w.mallory, proof)

/** Refutes the opened height and convicts these of having signed it. */
async function convict(c: Case, opened: Opened, members: readonly number[]): Promise<void> {
  await bringTo(c, await refutation(c, opened))
  for (const member of members) await bringTo(c, wrongCheckpoint(c, member, opened))
}

describe('Slasher.refute and wrongCheckpoint', () => {
  it('M-2: refuses a height whose state is right, and then whoever signed it', async () => {
    const { c, opened } = await loadFixture(right)
    await refused(judge(c.w, await refutation(c, opened)), c.w.slasher, 'ProvesNothing', label('right state'))
    const accused = judge(c.w, wrongCheckpoint(c, 0, opened))
    await refused(accused, c.w.slasher, 'ProvesNothing', label('not refuted'))
  })

  it('M-2: convicts every signer of a CHECKPOINT above an opened height that is wrong', async () => {
    const { c, opened } = await loadFixture(wrong)
    await expect(bringTo(c, await refutation(c, opened)))
      .to.emit(c.w.slasher, 'Refuted')
      .withArgs(c.story.taskId, OPENED, opened.root, true, (data: string) => data.length > 2)
    for (const member of EVERYBODY) {
      await bringTo(c, wrongCheckpoint(c, member, opened))
      expect(await c.w.board.convictionOf(c.story.taskId, member)).to.deep.equal([100n, false])
    }
    const [event] = await c.w.slasher.queryFilter(c.w.slasher.filters.Convicted(c.story.taskId))
    expect([event!.args.offence, event!.args.height, event!.args.second]).to.deep.equal([6n, LAST, ZeroHash])
    expect(event!.args.first).to.equal(signedCheckpoint(c, 0).hash)
  })

  it('M-2: refuses heights that are not below the root that was signed', async () => {
    const { c, opened } = await loadFixture(wrong)
    await bringTo(c, await refutation(c, opened))
    const { name, args } = wrongCheckpoint(c, 2, opened)
    const told = (at: number, value: unknown) => judge(c.w, { name, args: args.with(at, value) })
    await refused(told(6, opened.later.slice(0, 1)), c.w.slasher, 'ProvesNothing', label('root'))
    await refused(told(6, opened.later.toReversed()), c.w.slasher, 'ProvesNothing', label('root'))
    await refused(told(6, []), c.w.slasher, 'ProvesNothing', label('root'))
    await refused(told(4, OPENED - 1), c.w.slasher, 'ProvesNothing', label('not refuted'))
    await refused(told(5, id('another')), c.w.slasher, 'ProvesNothing', label('not refuted'))
    await refused(told(0, 9n), c.w.slasher, 'NoSuchMember', 2, 0)
    const [key, other] = [2, 3].map((i) => c.story.members[i]!.keyAddress)
    await refused(told(1, 3), c.w.slasher, 'NotSignedBy', 3, key, other)
    const { fields, signature } = bring(c.story, 2, 'Checkpoint', { height: LAST, root: id('own') })
    const invented = { name, args: args.with(2, fields).with(3, signature) }
    await refused(judge(c.w, invented), c.w.slasher, 'ProvesNothing', label('root'))
  })

  it('M-2: nobody can have a right root refuted under a height that is not its own', async () => {
    const { c, opened } = await loadFixture(right)
    // STATUS objects name their height: for another one the list does not open
    const claim = { ...opened.claim, height: 6 }
    const call = judge(c.w, await refutation(c, { ...opened, claim }))
    await refused(call, c.w.slasher, 'ProvesNothing', label('inputs'))
    const none = { ...opened.claim, inputs: 0n }
    const empty = judge(c.w, await refutation(c, { ...opened, claim: none }))
    await refused(empty, c.w.slasher, 'ProvesNothing', label('inputs'))
  })

  it('M-2: refuses other lists, events, parameters and CLOSEs', async () => {
    const { c, opened } = await loadFixture(wrong)
    const { name, args } = await refutation(c, opened)
    const told = (at: number, value: unknown) => judge(c.w, { name, args: args.with(at, value) })
    await refused(told(3, { ...c.params, heights: 8n }), c.w.slasher, 'ProvesNothing', label('params'))
    await refused(told(4, (args[4] as unknown[]).slice(1)), c.w.slasher, 'ProvesNothing', label('inputs'))
    await refused(told(5, '0x00'), c.w.slasher, 'ProvesNothing', label('signatures'))
    await refused(told(6, '0x'), c.w.slasher, 'ProvesNothing', label('events'))
    const stranger = { ...opened.claim, inputs: BigInt(opened.claim['inputs']!) | (1n << 9n) }
    await refused(told(1, stranger), c.w.slasher, 'ProvesNothing', label('inputs'))
  })

  it('M-2: an event replaced by a deeper re-org: no verdict', async () => {
    const { c, opened } = await loadFixture(wrong)
    for (const change of [{ eventsHash: id('what stood there before') }, { eventSeq: 3 }, { eventSeq: 0 }]) {
      const claim = { ...opened.claim, ...change }
      const call = judge(c.w, await refutation(c, { ...opened, claim }))
      await refused(call, c.w.slasher, 'NoVerdict', label('events'))
    }
  })

  it('M-2: gives no verdict without a twin, with other code, or by one that reverts', async () => {
    const { c, opened } = await loadFixture(wrong)
    await connection.networkHelpers.setCode(c.params.twin as string, '0x00')
    await refused(judge(c.w, await refutation(c, opened)), c.w.slasher, 'NoVerdict', label("twin's code"))
    const silent = await ordinary({ reducerParams: '0x02' })
    const silentOpened = await anchored(silent, { stateHash: WRONG_STATE }, EVERYBODY)
    const call = judge(silent.w, await refutation(silent, silentOpened))
    await refused(call, silent.w.slasher, 'NoVerdict', label('twin reverts'))
  })

  it('M-2: who voted for what the twin gives is safe, whatever it says of the inputs', async () => {
    // the twin neither takes nor refuses an input, but it gives the state
    const c = await ordinary({ reducerParams: '0x04' })
    const opened = await anchored(c, {}, EVERYBODY)
    await refused(judge(c.w, await refutation(c, opened)), c.w.slasher, 'ProvesNothing', label('right state'))
  })

  it('takes a refuted height again only to taint', async () => {
    const c = await ordinary()
    const opened = await anchored(c, { stateHash: WRONG_STATE }, EVERYBODY)
    const aside = { ...opened, later: [] }
    await expect(bringTo(c, await refutation(c, aside)))
      .to.emit(c.w.slasher, 'Refuted')
      .withArgs(c.story.taskId, OPENED, opened.root, false, (data: string) => data.length > 2)
    expect(await c.w.slasher.isRefuted(c.story.taskId, OPENED, opened.root)).to.equal(true)
    expect(await c.w.slasher.isRefuted(c.story.taskId, OPENED + 1, opened.root)).to.equal(false)
    expect(await c.w.slasher.isTainted(c.story.taskId)).to.equal(false)
    await refused(judge(c.w, await refutation(c, aside)), c.w.slasher, 'ProvesNothing', label('refuted'))
    await bringTo(c, await refutation(c, opened))
    expect(await c.w.slasher.isTainted(c.story.taskId)).to.equal(true)
    await refused(judge(c.w, await refutation(c, opened)), c.w.slasher, 'ProvesNothing', label('refuted'))
  })
})

describe('Slasher.twoParents', () => {
  const share = { height: OPENED, parent: id('another history') }

  it('M-2: convicts a vote that follows another history than its signer names elsewhere', async () => {
    const c = await loadFixture(plain)
    const proofs = [
      twoParents(c, 2, 'Status', { height: OPENED, parent: c.story.root }, share),
      twoParents(c, 2, 'Checkpoint', { height: OPENED - 1, root: c.story.root }, share),
      twoParents(c, 2, 'Share', { height: OPENED, round: 2, parent: c.story.root }, share),
    ]
    for (const proof of proofs) await judge(c.w, proof)
    await bringTo(c, proofs[0]!)
    expect(await c.w.board.convictionOf(c.story.taskId, 2)).to.deep.equal([20n, false])
  })

  it('M-2: refuses one parent, two heights, NIL votes, and objects that name none', async () => {
    const c = await loadFixture(plain)
    const nil = { ...share, inputs: 0n }
    const refusals: readonly (readonly [Proof, string])[] = [
      [twoParents(c, 2, 'Status', share, share), 'same parent'],
      [twoParents(c, 2, 'Share', { ...share, round: 2 }, share), 'same parent'],
      [twoParents(c, 2, 'Status', { height: OPENED - 1 }, share), 'height'],
      [twoParents(c, 2, 'Checkpoint', { height: OPENED, root: c.story.root }, share), 'height'],
      [twoParents(c, 2, 'Status', { height: OPENED }, nil), 'SHARE of NIL'],
      [twoParents(c, 2, 'Share', { ...nil, round: 2 }, share), 'SHARE of NIL'],
    ]
    for (const [proof, rule] of refusals)
      await refused(judge(c.w, proof), c.w.slasher, 'ProvesNothing', label(rule))
    const confirm = twoParents(c, 2, 'Confirm', { height: OPENED }, share)
    await refused(judge(c.w, confirm), c.w.slasher, 'BadFields', 4, 96)
  })
})

describe('Results.result', () => {
  it('is pending before anything is accepted, finalized, or safe from challenge', async () => {
    const c = await ordinary({ heights: LAST })
    expect(await resultOf(c)).to.deep.equal([OUTCOME.pending, ZeroHash, BigInt(OPENED - 1)])
    const opened = await anchored(c, {}, EVERYBODY)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.pending, ZeroHash, LAST])
    await finalize(c, opened)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.pending, RESULT, LAST])
    await closeWindow(c)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.final, RESULT, LAST])
  })

  it('becomes final by a finalize that comes after the window', async () => {
    const { c, opened } = await loadFixture(right)
    await closeWindow(c)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.pending, ZeroHash, LAST])
    await finalize(c, opened)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.final, RESULT, LAST])
  })

  it('M-2: ≥ 2/3 liars finalise an invented result: convicted, result tainted', async () => {
    const { c, opened } = await loadFixture(wrong)
    await finalize(c, opened)
    await bringTo(c, await refutation(c, opened))
    expect(await resultOf(c)).to.deep.equal([OUTCOME.tainted, RESULT, LAST])
    for (const member of EVERYBODY) await bringTo(c, wrongCheckpoint(c, member, opened))
    await closeWindow(c)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.tainted, RESULT, LAST])
  })

  it('L-result: resultHash stays valid after every signer is convicted', async () => {
    const { c, opened } = await loadFixture(right)
    await finalize(c, opened)
    for (const member of [0, 1, 2, 3, 4]) await bringTo(c, proofOf(c.story, member, 'equivocation'))
    await closeWindow(c)
    expect((await c.w.board.task(c.story.taskId)).resultHash).to.equal(RESULT)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.tainted, RESULT, LAST])
  })

  it('is tainted once the signers that stand weigh at most a third, and not before', async () => {
    const { c, opened } = await loadFixture(right)
    await finalize(c, opened)
    for (const member of [5, 6, 0, 1]) await bringTo(c, proofOf(c.story, member, 'amnesia'))
    expect((await resultOf(c))[0]).to.equal(OUTCOME.pending) // 2, 3, 4 of 7 stand
    await bringTo(c, proofOf(c.story, 2, 'equivocation', 'Checkpoint'))
    expect((await resultOf(c))[0]).to.equal(OUTCOME.tainted)
  })

  it('M-2: a 1 % self-conviction leaves the result final', async () => {
    const { c, opened } = await loadFixture(right)
    await finalize(c, opened)
    for (const member of [0, 1, 2, 3, 4]) {
      await bringTo(c, proofOf(c.story, member, 'unjustifiedVote'))
      await bringTo(c, proofOf(c.story, member, 'illegalLog'))
    }
    await closeWindow(c)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.final, RESULT, LAST])
  })

  it('M-2: a CHECKPOINT that its signer invents for itself taints nothing', async () => {
    const { c, opened } = await loadFixture(right)
    const claim = { ...opened.claim, stateHash: WRONG_STATE }
    await bringTo(c, await refutation(c, { claim, later: opened.later }))
    expect(await c.w.slasher.isTainted(c.story.taskId)).to.equal(false)
    expect((await resultOf(c))[0]).to.equal(OUTCOME.pending)
  })

  it('final is terminal: no conviction, no taint and no checkpoint comes any more', async () => {
    const { c, opened } = await loadFixture(wrong)
    await finalize(c, opened)
    const aside = await refutation(c, { ...opened, later: [] })
    await bringTo(c, aside)
    await closeWindow(c)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.final, RESULT, LAST])
    const late = judge(c.w, await refutation(c, opened))
    await refused(late, c.w.slasher, 'ProvesNothing', label('refuted'))
    for (const proof of [wrongCheckpoint(c, 0, opened), proofOf(c.story, 1, 'equivocation')])
      await refused(judge(c.w, proof), c.w.board, 'TooLate')
    await refused(c.story.attempt(c.story.next(1)), c.w.log, 'StatusNotAllowed')
    await connection.networkHelpers.mine(500)
    expect(await resultOf(c)).to.deep.equal([OUTCOME.final, RESULT, LAST])
  })
})

describe('ResultEscrow', () => {
  const VALUE = 1000n

  async function funded(c: Case, expected: string) {
    const results = await c.w.slasher.results()
    const escrow = await connection.ethers.deployContract('ResultEscrow', [results])
    const until = BigInt(await connection.ethers.provider.getBlockNumber()) + 300n
    const payee = `0x${'9a'.repeat(20)}`
    await escrow.connect(c.w.client).deposit(c.story.taskId, expected, payee, until, { value: VALUE })
    return { escrow, payee, until }
  }

  const balance = (account: string) => connection.ethers.provider.getBalance(account)

  it('refuses pending results, and pays once on the final one that was expected', async () => {
    const { c, opened } = await loadFixture(right)
    const { escrow, payee } = await funded(c, RESULT)
    await finalize(c, opened)
    await refused(escrow.settle(0), escrow, 'NotFinal', c.story.taskId, OUTCOME.pending)
    await closeWindow(c)
    await escrow.connect(c.w.mallory).settle(0)
    expect(await balance(payee)).to.equal(VALUE)
    await refused(escrow.settle(0), escrow, 'NoDeposit', 0)
    await refused(escrow.takeBack(0), escrow, 'NoDeposit', 0)
  })

  it('pays back on a final result that was not expected', async () => {
    const { c, opened } = await loadFixture(right)
    const { escrow, payee } = await funded(c, id('another'))
    await finalize(c, opened)
    await closeWindow(c)
    await expect(escrow.settle(0)).to.changeEtherBalances(connection.ethers, [c.w.client], [VALUE])
    expect(await balance(payee)).to.equal(0n)
  })

  it('refuses tainted results: the payer takes it back, not before its block', async () => {
    const { c, opened } = await loadFixture(wrong)
    const { escrow, until } = await funded(c, RESULT)
    await finalize(c, opened)
    await convict(c, opened, [0])
    await closeWindow(c)
    await refused(escrow.settle(0), escrow, 'NotFinal', c.story.taskId, OUTCOME.tainted)
    await refused(escrow.takeBack(1), escrow, 'NoDeposit', 1)
    await expect(escrow.takeBack(0)).to.be.revertedWithCustomError(escrow, 'TooSoon')
    await connection.networkHelpers.mineUpTo(until)
    await expect(escrow.takeBack(0)).to.changeEtherBalances(connection.ethers, [c.w.client], [VALUE])
  })
})
