/** The wallet that acts for an operator, the address at which it is paid, and the hand-over to another wallet. */
import { expect } from 'chai'
import type { Signer } from 'ethers'
import { id } from 'ethers'
import { network } from 'hardhat'
import { proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, Story, World } from './world.ts'
import { BOUNTY, NOBODY, STAKE, UNBONDING_BLOCKS, WINDOWS, blockNumber, consent } from './world.ts'
import { deployWorld, form, join, joined, mineTo, newActor, publish, registered } from './world.ts'
import { registeredMany, running, send, termsOf } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 100n
const JAILED = 4n
const ONLY_ACTIVE = 2n

/** An address with money that never did anything here. */
async function newWallet(w: World, name: string): Promise<{ signer: Signer; address: string }> {
  const { operator, operatorAddress } = await newActor(w, name)
  return { signer: operator, address: operatorAddress }
}

async function people() {
  const w = await deployWorld(connection)
  const [alice, bob] = [await registered(w, 'alice'), await registered(w, 'bob')]
  return { w, alice, bob, next: await newWallet(w, 'next'), other: await newWallet(w, 'other') }
}

/** Seven members of a task of one height; mallory may report. */
async function seven() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 7)
  const story = await running(w, actors, { heights: 1 })
  return { w, actors, story, alice: story.members[0]!, next: await newWallet(w, 'next') }
}

async function fresh() {
  const { story, ...rest } = await loadFixture(seven)
  return { ...rest, story: story.copy() }
}

async function handOver(w: World, from: Signer, operator: string, to: { signer: Signer; address: string }) {
  await w.registry.connect(from).offerAccount(to.address)
  return w.registry.connect(to.signer).acceptAccount(operator)
}

async function mineToClaims(w: World, story: Story): Promise<void> {
  if (story.last === 0n) await story.accept()
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, (await w.board.claimsOpenAt(story.taskId)).number - 1n)
}

/** All that the registry says of an operator but who acts for it. */
async function standing(w: World, { operatorAddress, keyAddress }: Actor, taskId: bigint) {
  const { registry } = w
  return {
    account: [...(await registry.account(operatorAddress))],
    tranche: [...(await registry.trancheOf(operatorAddress, 0))],
    allowance: [...(await registry.allowanceOf(keyAddress))],
    lock: await registry.lockOf(taskId, keyAddress),
    owner: await registry.keyOwner(keyAddress),
    status: await registry.keyStatus(keyAddress),
    inactive: await registry.inactiveSince(keyAddress),
    credit: await registry.creditOf(operatorAddress),
  }
}

/** Everything that only an operator's wallet may do with the registry, each as a call that would be accepted from it. */
async function walletCalls(w: World, by: Signer, alice: Actor) {
  const registry = w.registry.connect(by)
  const key = await newActor(w, 'another key')
  const signature = await consent(w, key.key, alice.operatorAddress)
  return {
    addStake: () => registry.addStake(1),
    requestUnbond: () => registry.requestUnbond(1),
    setPayout: () => registry.setPayout(NOBODY),
    offerAccount: () => registry.offerAccount(NOBODY),
    setAllowance: () => registry.setAllowance(alice.keyAddress, 0, 0),
    register: () => registry.register(key.publicKey, 0, 0, 0, [], signature),
    freeze: () => registry.freeze(alice.keyAddress),
  }
}

describe('an account', () => {
  it('is opened by the first stake or key, under the address of its wallet', async () => {
    const { w, alice, next } = await loadFixture(people)
    for (const address of [next.address, alice.keyAddress]) {
      expect(await w.registry.walletOf(address)).equal(NOBODY)
      expect(await w.registry.accountOf(address)).equal(NOBODY)
      expect(await w.registry.payoutOf(address)).equal(NOBODY)
    }
    const opened = w.registry.connect(next.signer).addStake(5)
    await expect(opened).to.emit(w.registry, 'WalletSet').withArgs(next.address, next.address)
    for (const address of [next.address, alice.operatorAddress]) {
      expect(await w.registry.walletOf(address)).equal(address)
      expect(await w.registry.accountOf(address)).equal(address)
      expect(await w.registry.payoutOf(address)).equal(address)
      expect(await w.registry.offerOf(address)).equal(NOBODY)
    }
    await expect(w.registry.connect(next.signer).addStake(5)).not.to.emit(w.registry, 'WalletSet')
  })

  it('is no signing key’s, and no wallet becomes a signing key', async () => {
    const { w, alice, next } = await loadFixture(people)
    await w.token.faucet(alice.keyAddress, 10)
    await w.token.connect(alice.node).approve(w.registry, 10)
    const stake = w.registry.connect(alice.node).addStake(5)
    await refused(stake, w.registry, 'KeyIsOperator', alice.keyAddress)
    const offer = w.registry.connect(alice.operator).offerAccount(alice.keyAddress)
    await refused(offer, w.registry, 'KeyIsOperator', alice.keyAddress)
    // a key that is registered between offer and acceptance
    const late = await newActor(w, 'late')
    await w.registry.connect(alice.operator).offerAccount(late.keyAddress)
    const signature = await consent(w, late.key, alice.operatorAddress)
    await w.registry.connect(alice.operator).register(late.publicKey, 0, 0, 0, [], signature)
    const accept = w.registry.connect(late.node).acceptAccount(alice.operatorAddress)
    await refused(accept, w.registry, 'KeyIsOperator', late.keyAddress)
    // a wallet, and one that was replaced
    const wallet = await newActor(w, 'wallet')
    await w.token.connect(wallet.node).approve(w.registry, 5)
    await w.token.faucet(wallet.keyAddress, 5)
    await w.registry.connect(wallet.node).addStake(5)
    const agreed = await consent(w, wallet.key, alice.operatorAddress)
    const register = () => w.registry.connect(alice.operator).register(wallet.publicKey, 0, 0, 0, [], agreed)
    await refused(register(), w.registry, 'KeyIsOperator', wallet.keyAddress)
    await handOver(w, wallet.node, wallet.keyAddress, next)
    await refused(register(), w.registry, 'KeyIsOperator', wallet.keyAddress)
  })

  it('has nothing that somebody without one could move', async () => {
    const { w, alice, next } = await loadFixture(people)
    const registry = w.registry.connect(next.signer)
    for (const call of [
      registry.requestUnbond(1),
      registry.withdraw(0),
      registry.setPayout(next.address),
      registry.offerAccount(next.address),
    ])
      await refused(call, w.registry, 'NoAccount', next.address)
    await refused(
      registry.acceptAccount(alice.operatorAddress),
      w.registry,
      'NotAllowed',
      next.address,
      NOBODY,
    )
    await refused(registry.acceptAccount(NOBODY), w.registry, 'NotAllowed', next.address, NOBODY)
  })

  it('gives a thief of a signing key neither account nor payout, nor a claim', async () => {
    const { w, alice, story } = await fresh()
    const bob = story.members[1]!
    await w.registry.connect(alice.operator).requestUnbond(1)
    await mineToClaims(w, story)
    const thief = w.registry.connect(alice.node)
    const key = alice.keyAddress
    for (const call of [
      thief.setPayout(key),
      thief.offerAccount(id('thief').slice(0, 42)),
      thief.requestUnbond(1),
      thief.withdraw(0),
    ])
      await refused(call, w.registry, 'NoAccount', key)
    await refused(thief.acceptAccount(alice.operatorAddress), w.registry, 'NotAllowed', key, NOBODY)
    await refused(thief.setAllowance(key, 1, 1), w.registry, 'NotAllowed', key, alice.operatorAddress)
    await refused(thief.addStake(1), w.registry, 'KeyIsOperator', key)
    await w.board.connect(bob.operator).claim(story.taskId)
    await refused(
      w.board.connect(alice.node).claim(story.taskId),
      w.board,
      'NothingToClaim',
      story.taskId,
      key,
    )
    expect(await w.registry.payoutOf(alice.operatorAddress)).equal(alice.operatorAddress)
  })
})

describe('an offer', () => {
  it('changes nothing, is replaced by the next one and taken back by 0', async () => {
    const { w, alice, next, other } = await loadFixture(people)
    const taskId = await publish(w)
    const before = await standing(w, alice, taskId)
    const registry = w.registry.connect(alice.operator)
    const offer = registry.offerAccount(next.address)
    await expect(offer).to.emit(w.registry, 'AccountOffered').withArgs(alice.operatorAddress, next.address)
    expect(await standing(w, alice, taskId)).deep.equal(before)
    expect(await w.registry.walletOf(alice.operatorAddress)).equal(alice.operatorAddress)
    expect(await w.registry.accountOf(next.address)).equal(NOBODY)
    const early = w.registry.connect(next.signer).requestUnbond(1)
    await refused(early, w.registry, 'NoAccount', next.address)
    await registry.offerAccount(other.address)
    const accept = (by: Signer) => w.registry.connect(by).acceptAccount(alice.operatorAddress)
    await refused(accept(next.signer), w.registry, 'NotAllowed', next.address, other.address)
    // in front of the acceptance
    await registry.offerAccount(NOBODY)
    await refused(accept(other.signer), w.registry, 'NotAllowed', other.address, NOBODY)
    for (const call of Object.values(await walletCalls(w, alice.operator, alice))) await call()
  })

  it('is accepted by nobody but the wallet to which it was made, and once', async () => {
    const { w, alice, bob, next, other } = await loadFixture(people)
    await w.registry.connect(alice.operator).offerAccount(next.address)
    const accept = (by: Signer) => w.registry.connect(by).acceptAccount(alice.operatorAddress)
    for (const by of [other.signer, bob.operator, alice.operator, alice.node])
      await refused(accept(by), w.registry, 'NotAllowed', await by.getAddress(), next.address)
    await expect(accept(next.signer))
      .to.emit(w.registry, 'WalletSet')
      .withArgs(alice.operatorAddress, next.address)
    await refused(accept(next.signer), w.registry, 'NotAllowed', next.address, NOBODY)
    expect(await w.registry.offerOf(alice.operatorAddress)).equal(NOBODY)
  })

  it('is made to nobody who has or had an account', async () => {
    const { w, alice, bob, next, other } = await loadFixture(people)
    const offer = (to: string) => w.registry.connect(alice.operator).offerAccount(to)
    const [a, b] = [alice.operatorAddress, bob.operatorAddress]
    for (const own of [a, b]) await refused(offer(own), w.registry, 'WalletTaken', own, own)
    await handOver(w, bob.operator, b, next)
    await refused(offer(b), w.registry, 'WalletTaken', b, b)
    await refused(offer(next.address), w.registry, 'WalletTaken', next.address, b)
    await handOver(w, next.signer, b, other)
    await refused(offer(next.address), w.registry, 'WalletTaken', next.address, b)
    // an account that is opened between offer and acceptance
    const late = await newWallet(w, 'late')
    await offer(late.address)
    await w.registry.connect(late.signer).addStake(1)
    const accept = w.registry.connect(late.signer).acceptAccount(a)
    await refused(accept, w.registry, 'WalletTaken', late.address, late.address)
    expect(await w.registry.walletOf(a)).equal(a)
  })
})

describe('a hand-over', () => {
  it('carries stake, keys, allowance, running lock, unbonding, jail and credit', async () => {
    const { w, alice, story, next } = await fresh()
    const registry = w.registry.connect(alice.operator)
    await registry.setAllowance(alice.keyAddress, 150, 300)
    await registry.requestUnbond(300)
    await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
    await report(w, alice.operator, proofOf(story, 1, 'amnesia'))
    const before = await standing(w, alice, story.taskId)
    const [free, locked, unbonding, , jailedUntil] = before.account
    expect([free, locked, unbonding]).deep.equal([STAKE - LOCK - 300n, LOCK - 1n, 300n])
    expect(before.lock).equal(LOCK - 1n)
    expect(before.allowance).deep.equal([150n, 299n, LOCK - 1n])
    expect(before.credit).equal(LOCK / 10n)
    expect(jailedUntil).to.be.greaterThan(await blockNumber(w))

    await handOver(w, alice.operator, alice.operatorAddress, next)
    expect(await standing(w, alice, story.taskId)).deep.equal(before)
    await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
    const withdraw = w.registry.connect(next.signer).withdraw(0)
    await expect(withdraw)
      .to.emit(w.registry, 'Withdrawn')
      .withArgs(alice.operatorAddress, next.address, 0, 300)
    await expect(withdraw).to.changeTokenBalances(
      connection.ethers,
      w.token,
      [w.registry, next.address, alice.operatorAddress],
      [-300, 300, 0],
    )
  })

  it('L-wallet: leaves the old wallet nothing, and gives the new one everything', async () => {
    const { w, alice, next } = await loadFixture(people)
    await handOver(w, alice.operator, alice.operatorAddress, next)
    const old = alice.operatorAddress
    const refusals = await walletCalls(w, alice.operator, alice)
    for (const name of ['addStake', 'requestUnbond', 'setPayout', 'offerAccount', 'register'] as const)
      await refused(refusals[name](), w.registry, 'NoAccount', old)
    for (const name of ['setAllowance', 'freeze'] as const)
      await refused(refusals[name](), w.registry, 'NotAllowed', old, next.address)
    const gone = w.registry.connect(alice.operator)
    const addresses = gone.updateAddresses(alice.keyAddress, [])
    await refused(addresses, w.registry, 'NotAllowed', old, next.address)
    const rotate = gone.rotateKey(alice.keyAddress, alice.publicKey, [], '0x')
    await refused(rotate, w.registry, 'NotAllowed', old, next.address)
    await refused(gone.withdrawCredit(), w.registry, 'NotAllowed', old, next.address)
    const taskId = await publish(w)
    const terms = await termsOf(w, taskId)
    const sign = (by: Signer) => w.board.connect(by).join(taskId, alice.keyAddress, terms)
    await refused(sign(alice.operator), w.board, 'NotAllowed', old, next.address)
    await sign(next.signer)
    const quit = w.board.connect(alice.operator).quit(taskId, alice.keyAddress)
    await refused(quit, w.board, 'NotAllowed', old, next.address)
    await w.board.connect(next.signer).quit(taskId, alice.keyAddress)
    for (const call of Object.values(await walletCalls(w, next.signer, alice))) await call()
    expect((await w.registry.account(old)).free).equal(STAKE)
    expect(await w.registry.accountOf(old)).equal(NOBODY)
    expect(await w.registry.accountOf(next.address)).equal(old)
    expect((await w.registry.account(next.address)).free).equal(0n)
  })

  it('gives a jailed operator no clean account, in neither direction', async () => {
    const { w, actors, alice, story, next } = await fresh()
    await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
    const { jailedUntil } = await w.registry.account(alice.operatorAddress)
    const taskId = await publish(w)
    const spare = await newActor(w, 'spare')
    const addKey = async (by: Signer) =>
      w.registry
        .connect(by)
        .register(spare.publicKey, 0, 9999, 9999, [], await consent(w, spare.key, alice.operatorAddress))
    await addKey(alice.operator)
    await handOver(w, alice.operator, alice.operatorAddress, next)
    // the account's other key, by the new wallet and by itself
    for (const by of [next.signer, spare.node])
      await refused(
        join(w, by, taskId, spare.keyAddress),
        w.registry,
        'KeyStatusNotAllowed',
        spare.keyAddress,
        JAILED,
        ONLY_ACTIVE,
      )
    // neither wallet of the jailed account gets another one: not its own, not that of a friend
    const [old, now] = [alice.operatorAddress, next.address]
    const friend = actors.find(({ operatorAddress }) => operatorAddress !== old)!
    const offer = (to: string) => w.registry.connect(friend.operator).offerAccount(to)
    await refused(offer(old), w.registry, 'WalletTaken', old, old)
    await refused(offer(now), w.registry, 'WalletTaken', now, old)
    await refused(w.registry.connect(alice.operator).addStake(1), w.registry, 'NoAccount', old)
    await w.registry.connect(next.signer).addStake(1)
    expect((await w.registry.account(now)).free).equal(0n)
    await mineTo(w, jailedUntil - 1n)
    const late = await publish(w)
    await join(w, next.signer, late, spare.keyAddress)
  })

  it('carries the sign-ups that count against the cap', async () => {
    const { w, alice, next } = await loadFixture(people)
    const taskId = await publish(w)
    const second = await registered(w, 'second', 'alice')
    await join(w, alice.operator, taskId, alice.keyAddress)
    const capped = [alice.operatorAddress, 1, 1]
    const again = join(w, alice.operator, taskId, second.keyAddress)
    await refused(again, w.board, 'OperatorCap', ...capped)
    await handOver(w, alice.operator, alice.operatorAddress, next)
    await refused(join(w, next.signer, taskId, second.keyAddress), w.board, 'OperatorCap', ...capped)
    await refused(join(w, second.node, taskId, second.keyAddress), w.board, 'OperatorCap', ...capped)
  })

  it('between sign-up and drawing moves no seat and no cap', async () => {
    const { w, actors, next } = await fresh()
    const taskId = await joined(w, actors, { maxNodes: 4 })
    const [first] = actors
    const state = await connection.networkHelpers.takeSnapshot()
    const { members } = await form(w, taskId, actors)
    await state.restore()
    await handOver(w, first!.operator, first!.operatorAddress, next)
    const after = await form(w, taskId, actors)
    expect(after.members.map(({ name }) => name)).deep.equal(members.map(({ name }) => name))
    const [event] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
    expect(event!.args.operators).not.to.include(next.address)
  })

  it('leaves the turn with the key: no wallet has one', async () => {
    const { w, story, next } = await fresh()
    const turn = await story.turn()
    const member = story.members[turn]!
    const call = story.next()
    const submit = (by: Signer) => send(w.log.connect(by), call)
    await expect(submit(member.operator)).to.be.revertedWithCustomError(w.log, 'NotYourTurn')
    await handOver(w, member.operator, member.operatorAddress, next)
    for (const by of [member.operator, next.signer])
      await expect(submit(by)).to.be.revertedWithCustomError(w.log, 'NotYourTurn')
    await story.accept()
  })
})

describe('payout', () => {
  it('L-payout: follows the wallet until it is set, and again after 0', async () => {
    const { w, alice, next, other } = await loadFixture(people)
    const operator = alice.operatorAddress
    await handOver(w, alice.operator, operator, next)
    expect(await w.registry.payoutOf(operator)).equal(next.address)
    const registry = w.registry.connect(next.signer)
    const set = registry.setPayout(w.client)
    await expect(set).to.emit(w.registry, 'PayoutSet').withArgs(operator, w.client)
    expect(await w.registry.payoutOf(operator)).equal(await w.client.getAddress())
    // a hand-over keeps what was set
    await handOver(w, next.signer, operator, other)
    expect(await w.registry.payoutOf(operator)).equal(await w.client.getAddress())
    await w.registry.connect(other.signer).setPayout(NOBODY)
    expect(await w.registry.payoutOf(operator)).equal(other.address)
  })

  it('takes rewards and fees of a task in whose middle the account was handed over', async () => {
    const { w, actors, alice, story, next } = await fresh()
    await story.accept()
    await handOver(w, alice.operator, alice.operatorAddress, next)
    const till = (await newWallet(w, 'till')).address
    await w.registry.connect(next.signer).setPayout(till)
    await mineToClaims(w, story)
    const claim = (by: Signer) => w.board.connect(by).claim(story.taskId)
    const [bob, ...others] = actors.filter(({ name }) => name !== alice.name)
    await claim(bob!.operator)
    for (const by of [alice.operator, alice.node])
      await refused(claim(by), w.board, 'NothingToClaim', story.taskId, await by.getAddress())
    const paid = claim(next.signer)
    const { feeUnits } = await w.log.tally(story.taskId)
    const amount = 6n + (9n * feeUnits[0]!) / 7n
    await expect(paid).to.emit(w.board, 'Claimed').withArgs(story.taskId, alice.operatorAddress, till, amount)
    await expect(paid).to.changeTokenBalances(
      connection.ethers,
      w.token,
      [till, next.address, alice.operatorAddress],
      [amount, 0, 0],
    )
    await refused(claim(next.signer), w.board, 'NothingToClaim', story.taskId, next.address)
    const release = w.board.connect(w.mallory).release(story.taskId, alice.keyAddress)
    await expect(release)
      .to.emit(w.board, 'Released')
      .withArgs(story.taskId, alice.keyAddress, alice.operatorAddress, LOCK)
    expect((await w.registry.account(alice.operatorAddress)).free).equal(STAKE)
    for (const { operator } of others) await claim(operator)
    expect(await w.token.balanceOf(w.board)).equal(await w.board.burnt())
  })

  it('pays nobody for a convicted operator, whoever asks', async () => {
    const { w, alice, story, next } = await fresh()
    await story.accept()
    await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
    await handOver(w, alice.operator, alice.operatorAddress, next)
    await w.registry.connect(next.signer).setPayout(w.mallory)
    await mineToClaims(w, story)
    for (const by of [next.signer, alice.operator, alice.node, w.mallory]) {
      const claim = w.board.connect(by).claim(story.taskId)
      // the first claim of the task may book what is burnt, and pays nothing
      const before = await w.token.balanceOf(w.board)
      await claim.catch(() => undefined)
      expect(await w.token.balanceOf(w.board)).equal(before)
    }
  })

  it('is not the client’s: what it did not spend goes to the client itself', async () => {
    const { w, actors, next } = await fresh()
    // alice publishes a task in which she has a seat, hands her account over, and the new wallet is paid elsewhere
    const [alice] = actors
    await w.token.faucet(alice!.operatorAddress, 10n ** 6n)
    await w.token.connect(alice!.operator).approve(w.board, 10n ** 6n)
    const own = { ...w, client: alice!.operator }
    const story = await running(own, actors, { heights: 2, epochHeights: 1 })
    await story.accept()
    await w.board.connect(alice!.operator).revoke(story.taskId)
    await handOver(w, alice!.operator, alice!.operatorAddress, next)
    await mineToClaims(w, story)
    const { escrow } = await w.board.task(story.taskId)
    const refund = w.board.connect(alice!.operator).claim(story.taskId)
    await expect(refund)
      .to.emit(w.board, 'Refunded')
      .withArgs(story.taskId, alice!.operatorAddress, escrow - 51n)
    await expect(refund).not.to.emit(w.board, 'Claimed')
    await expect(refund).to.changeTokenBalance(
      connection.ethers,
      w.token,
      alice!.operatorAddress,
      escrow - 51n,
    )
    const claim = w.board.connect(next.signer).claim(story.taskId)
    await expect(claim).to.emit(w.board, 'Claimed')
    await expect(claim).not.to.emit(w.board, 'Refunded')
  })

  it('pays a client with seats both at once, each where it belongs', async () => {
    const { w, actors } = await fresh()
    const [alice] = actors
    await w.token.faucet(alice!.operatorAddress, 10n ** 6n)
    await w.token.connect(alice!.operator).approve(w.board, 10n ** 6n)
    const story = await running({ ...w, client: alice!.operator }, actors, { heights: 2, epochHeights: 1 })
    await story.accept()
    await w.board.connect(alice!.operator).revoke(story.taskId)
    const till = (await newWallet(w, 'till')).address
    await w.registry.connect(alice!.operator).setPayout(till)
    await mineToClaims(w, story)
    const { escrow } = await w.board.task(story.taskId)
    const seat = story.members.indexOf(alice!)
    const { feeUnits } = await w.log.tally(story.taskId)
    const earned = 6n + (9n * feeUnits[seat]!) / 7n
    const claim = w.board.connect(alice!.operator).claim(story.taskId)
    await expect(claim).to.changeTokenBalances(
      connection.ethers,
      w.token,
      [till, alice!.operatorAddress],
      [earned, escrow - 51n],
    )
  })

  it('takes the credits of the wallet, those from before the hand-over and those of the new wallet', async () => {
    const { w, alice, story, next } = await fresh()
    const operator = alice.operatorAddress
    await report(w, alice.operator, proofOf(story, 1, 'amnesia'))
    await report(w, next.signer, proofOf(story, 2, 'amnesia'))
    const part = LOCK / 10n < BOUNTY ? LOCK / 10n : BOUNTY
    expect(await w.registry.creditOf(operator)).equal(part)
    expect(await w.registry.creditOf(next.address)).equal(part)
    await handOver(w, alice.operator, operator, next)
    expect(await w.registry.creditOf(operator)).equal(2n * part)
    expect(await w.registry.creditOf(next.address)).equal(0n)
    // what the old and the new wallet report from now on is the account's
    await report(w, alice.operator, proofOf(story, 3, 'amnesia'))
    await report(w, next.signer, proofOf(story, 4, 'amnesia'))
    const till = (await newWallet(w, 'till')).address
    await w.registry.connect(next.signer).setPayout(till)
    const old = w.registry.connect(alice.operator).withdrawCredit()
    await refused(old, w.registry, 'NotAllowed', operator, next.address)
    const withdraw = w.registry.connect(next.signer).withdrawCredit()
    await expect(withdraw)
      .to.emit(w.registry, 'CreditWithdrawn')
      .withArgs(operator, till, 4n * part)
    await expect(withdraw).to.changeTokenBalance(connection.ethers, w.token, till, 4n * part)
    await refused(w.registry.connect(next.signer).withdrawCredit(), w.registry, 'NoCredit', operator)
  })
})

describe('a hand-over in the middle of a transfer', () => {
  async function hostile() {
    const token = await connection.ethers.deployContract('HostileToken')
    const w = await deployWorld(connection, await token.getAddress())
    const actors = await registeredMany(w, 4)
    const [alice] = actors
    await w.registry.connect(alice!.operator).offerAccount(token)
    const accept = w.registry.interface.encodeFunctionData('acceptAccount', [alice!.operatorAddress])
    return { w, token, alice: alice!, actors, accept }
  }

  it('of the registry is refused', async () => {
    const { w, token, alice, accept } = await loadFixture(hostile)
    const registry = w.registry.connect(alice.operator)
    await registry.requestUnbond(10)
    await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
    await token.setCallback(w.registry, accept)
    for (const call of [registry.withdraw(0), registry.addStake(1)])
      await refused(call, w.registry, 'ReentrancyGuardReentrantCall')
    expect(await w.registry.walletOf(alice.operatorAddress)).equal(alice.operatorAddress)
  })

  it('of the board moves no payment and makes none twice', async () => {
    const { w, token, alice, actors, accept } = await loadFixture(hostile)
    const story = await running(w, actors, { heights: 1 })
    await mineToClaims(w, story)
    const seat = story.members.indexOf(alice)
    const { feeUnits } = await w.log.tally(story.taskId)
    const earned = 42n / 4n + (9n * feeUnits[seat]!) / 4n
    await token.setCallback(w.registry, accept)
    const claim = w.board.connect(alice.operator).claim(story.taskId)
    await expect(claim).to.changeTokenBalances(
      connection.ethers,
      w.token,
      [alice.operatorAddress, token],
      [earned, 0],
    )
    expect(await w.registry.walletOf(alice.operatorAddress)).equal(await token.getAddress())
    const again = w.board.connect(alice.operator).claim(story.taskId)
    await expect(again).to.be.revertedWithCustomError(w.board, 'NothingToClaim')
  })
})
