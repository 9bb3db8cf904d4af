import { expect } from 'chai'
import { ZeroHash, concat, dataSlice, getBytes, id, toBeHex } from 'ethers'
import { network } from 'hardhat'
import secp256k1 from 'secp256k1'
import type { Brought, Entry, Proof, Spoilt, TypeName, Values } from './evidence.ts'
import {
  HOLDS,
  NIL_SHARE,
  OBJECT,
  TYPES,
  bring,
  foldEntries,
  judge,
  malleated,
  packEntries,
} from './evidence.ts'
import { proofOf, roundOf, valueOf } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, Story, World } from './world.ts'
import {
  blockNumber,
  consent,
  deployWorld,
  form,
  join,
  label,
  mineTo,
  newActor,
  ONE_MULTIADDR,
  publish,
  registeredMany,
  running,
  WINDOWS,
} from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const KINDS = Object.keys(HOLDS) as (keyof typeof HOLDS)[]
const TYPE_NAMES = Object.keys(TYPES) as TypeName[]

async function five() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 5)
  return { w, actors, story: await running(w, actors.slice(0, 4)) }
}

/** What would convict, if what is spoilt about its objects did not matter. */
const spoiltProof = (story: Story, member: number, kind: keyof typeof HOLDS, spoilt: Spoilt): Proof =>
  HOLDS[kind](story, member, (type, changes) => bring(story, member, type, changes, spoilt))

/** Two objects of one type and one sign-once key, each from where it was honestly signed. */
const pairOf = (story: Story, member: number, type: TypeName, first: Brought, second: Brought): Proof => ({
  name: 'equivocation',
  args: [story.taskId, member, OBJECT[type], first.fields, first.signature, second.fields, second.signature],
})

/** Another thing that may have happened at the same height, in another world. */
const THERE: Readonly<Record<TypeName, Values>> = {
  Hello: { inputsRoot: id('there') },
  Status: { stateHash: id('there') },
  Share: { stateHash: id('there') },
  Confirm: { value: id('there') },
  Checkpoint: { root: id('there') },
}

/** Refused because the signature is by nobody, or by whoever another message would be from: never by the accused. */
const notByAccused = (w: World, proof: Proof) => refused(judge(w, proof), w.slasher, 'NotSignedBy')

/** What a member honestly signed here and there never adds up to a proof, in either task. */
async function notTogether(w: World, here: Story, there: Story, key: string): Promise<void> {
  const seatOf = ({ members }: Story): number => members.findIndex(({ keyAddress }) => keyAddress === key)
  for (const type of TYPE_NAMES) {
    const first = bring(here, seatOf(here), type)
    const second = bring(there, seatOf(there), type, THERE[type])
    await notByAccused(w, pairOf(here, seatOf(here), type, first, second))
    await notByAccused(w, pairOf(here, seatOf(here), type, second, first))
  }
}

describe('Framing', () => {
  it('of a key that sits in two tasks: objects of one are none of the other', async () => {
    const { w, actors, story } = await loadFixture(five)
    const other = await running(w, actors.slice(1))
    for (const { keyAddress } of actors.slice(1, 4)) {
      await notTogether(w, story, other, keyAddress)
      await notTogether(w, other, story, keyAddress)
    }
    const [taskId, seat] = [other.taskId, other.members.findIndex(({ name }) => name === 'bob')]
    const accused = story.members.findIndex(({ name }) => name === 'bob')
    for (const kind of KINDS) {
      const proof = proofOf(story, accused, kind)
      await judge(w, proof)
      await notByAccused(w, { ...proof, args: proof.args.with(0, taskId).with(1, seat) })
    }
  })

  it('by a stranger, who signs for this cluster with a key that sits in another', async () => {
    const { w, actors, story } = await loadFixture(five)
    await running(w, actors.slice(1))
    const stranger = actors[4]!
    for (const [member, { keyAddress }] of story.members.entries()) {
      for (const kind of KINDS) {
        const call = judge(w, spoiltProof(story, member, kind, { key: stranger.key }))
        await refused(call, w.slasher, 'NotSignedBy', member, stranger.keyAddress, keyAddress)
      }
    }
  })

  it('by another member: nobody answers for its neighbour', async () => {
    const { w, story } = await loadFixture(five)
    const [{ key, keyAddress }, accused] = story.members as [Actor, Actor]
    for (const kind of KINDS) {
      const call = judge(w, spoiltProof(story, 1, kind, { key }))
      await refused(call, w.slasher, 'NotSignedBy', 1, keyAddress, accused.keyAddress)
    }
    for (const type of TYPE_NAMES) {
      const proof = pairOf(story, 1, type, bring(story, 1, type), bring(story, 0, type, THERE[type]))
      await refused(judge(w, proof), w.slasher, 'NotSignedBy', 1, keyAddress, accused.keyAddress)
    }
  })

  it('of an operator that rotates its key: in a running task the key of the snapshot counts', async () => {
    const { w, story } = await loadFixture(five)
    const old = story.members[0]!
    const fresh = await newActor(w, 'the next key of the first seat')
    const signature = await consent(w, fresh.key, old.operatorAddress)
    await w.registry
      .connect(old.operator)
      .rotateKey(old.keyAddress, fresh.publicKey, ONE_MULTIADDR, signature)
    for (const kind of KINDS) {
      const call = judge(w, spoiltProof(story, 0, kind, { key: fresh.key }))
      await refused(call, w.slasher, 'NotSignedBy', 0, fresh.keyAddress, old.keyAddress)
      await judge(w, proofOf(story, 0, kind))
    }
  })

  it('with objects of other domains and clusters', async () => {
    const { w, story } = await loadFixture(five)
    const second = await deployWorld(connection)
    const elsewhere: Spoilt[] = [
      { domain: { verifyingContract: await second.log.getAddress() } },
      { domain: { salt: await second.log.deploymentId() } },
      { domain: { salt: ZeroHash } },
      { domain: { chainId: 1n } },
      { domain: { version: '1' } },
      { domain: { name: 'RSDP2' } },
      { domain: { verifyingContract: await w.registry.getAddress() } },
      { cluster: id('another cluster') },
      { cluster: ZeroHash },
    ]
    for (const spoilt of elsewhere) {
      for (const kind of KINDS) await notByAccused(w, spoiltProof(story, 2, kind, spoilt))
    }
  })

  it('with yesterday’s objects on a restarted chain: addresses and task numbers are the same', async () => {
    const day = async (nonce: string) => {
      const w = await deployWorld(await network.create(), undefined, id(nonce))
      const actors = await registeredMany(w, 4)
      return { w, story: await running(w, actors) }
    }
    const [yesterday, today] = [await day('yesterday'), await day('today')]
    expect(await today.w.log.getAddress()).to.equal(await yesterday.w.log.getAddress())
    expect(today.story.taskId).to.equal(yesterday.story.taskId)
    for (const { keyAddress } of today.story.members) {
      await notTogether(today.w, today.story, yesterday.story, keyAddress)
    }
    // even if the same members were drawn with the same seed
    const { domain } = yesterday.story
    for (const kind of KINDS) await notByAccused(today.w, spoiltProof(today.story, 3, kind, { domain }))
  })

  it('with objects of a branch that was dropped: the same task number, another cluster', async () => {
    const w = await deployWorld(connection)
    const actors = await registeredMany(w, 4)
    const beforePublish = await connection.networkHelpers.takeSnapshot()
    const dropped = await running(w, actors, { heights: 32n })
    await beforePublish.restore()

    const joinDeadline = (await blockNumber(w)) + 12n
    const taskId = await publish(w, { joinDeadline })
    for (const actor of actors) await join(w, actor.node, taskId, actor.keyAddress)
    const beforeSeed = await connection.networkHelpers.takeSnapshot()
    await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
    const reorganised = await form(w, taskId, actors)
    await beforeSeed.restore()
    await w.token.faucet(w.mallory, 1n)
    await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
    const story = await form(w, taskId, actors)

    for (const other of [dropped, reorganised]) {
      expect(other.taskId).to.equal(story.taskId)
      expect(other.cluster).not.to.equal(story.cluster)
      for (const { keyAddress } of actors) await notTogether(w, story, other, keyAddress)
    }
  })

  it('with a second signature of one object', async () => {
    const { w, story } = await loadFixture(five)
    for (const type of TYPE_NAMES) {
      const first = bring(story, 0, type)
      for (const after of [malleated, withV(29), withV(0), withV(1), zeroR, zeroS, swapped]) {
        await notByAccused(w, pairOf(story, 0, type, first, bring(story, 0, type, {}, { after })))
      }
      // the key can sign one digest in as many ways as there are nonces
      const again = resign(story.members[0]!.key.privateKey, story, type)
      expect(again.signature).not.to.equal(first.signature)
      const call = judge(w, pairOf(story, 0, type, first, again))
      await refused(call, w.slasher, 'ProvesNothing', label('same object'))
    }
  })

  it('of a member that locked, was unlocked by a later quorum, locked on that, and came back', async () => {
    const { w, story } = await loadFixture(five)
    const content = (name: string): Values => ({
      stateHash: id(`state ${name}`),
      inputsRoot: id(`list ${name}`),
      inputs: 0b1111n,
      eventSeq: 0,
      eventsHash: ZeroHash,
    })
    const [a, b] = [content('a'), content('b')]
    const share = (round: number, voted: Values, validRound: number) =>
      bring(story, 0, 'Share', { ...voted, round, validRound })
    const confirm = (round: number, value: string) => bring(story, 0, 'Confirm', { round, value })
    const nil = bring(story, 0, 'Share', { ...NIL_SHARE, round: 3 })
    const votes = [share(0, a, -1), share(2, b, 1), nil, share(4, b, 2), share(6, a, 5), share(7, a, 6)]
    const confirms = [confirm(0, valueOf(a)), confirm(1, ZeroHash), confirm(2, valueOf(b))]
    confirms.push(
      confirm(3, ZeroHash),
      confirm(4, valueOf(b)),
      confirm(6, valueOf(a)),
      confirm(7, valueOf(a)),
    )
    const proof = (first: Brought, second: Brought): Proof => ({
      name: 'amnesia',
      args: [story.taskId, 0, first.fields, first.signature, second.fields, second.signature],
    })
    for (const first of confirms) {
      for (const second of votes) await refused(judge(w, proof(first, second)), w.slasher, 'ProvesNothing')
    }
    const reasons = [
      [confirms[0], votes[1], 'validRound'],
      [confirms[0], votes[4], 'same value'],
      [confirms[0], votes[2], 'SHARE of NIL'],
      [confirms[1], votes[3], 'CONFIRM of NIL'],
      [confirms[4], votes[4], 'validRound'],
      [confirms[5], votes[3], 'round'],
    ] as const
    for (const [first, second, rule] of reasons) {
      const call = judge(w, proof(first!, second!))
      await refused(call, w.slasher, 'ProvesNothing', label(rule))
    }
    // one round earlier than its last lock, and it would have forgotten
    await judge(w, proof(confirms[4]!, share(6, a, 3)))
  })

  it('of a member that gave the same vote again, and one that started anew in the middle of a round', async () => {
    const { w, story } = await loadFixture(five)
    const again = bring(story, 1, 'Share', { round: 1 })
    await refused(
      judge(w, pairOf(story, 1, 'Share', again, bring(story, 1, 'Share', { round: 1 }))),
      w.slasher,
      'ProvesNothing',
      label('same object'),
    )
    const before = roundOf(1, 3, 0)
    const entries: Entry[] = [
      ...before.slice(0, 2),
      { seq: 3, from: 2, event: 8, to: 0, height: 3, round: 0 },
      { seq: 4, from: 0, event: 1, to: 1, height: 3, round: 0 },
      { seq: 5, from: 1, event: 2, to: 2, height: 3, round: 0 },
      ...roundOf(6, 3, 1),
    ]
    const head = id('the epoch’s beginning')
    for (const cut of entries.keys()) {
      const headBefore = foldEntries(head, entries.slice(0, cut))
      const log = { logSeq: entries.length, logHead: foldEntries(head, entries) }
      const { fields, signature } = bring(story, 1, 'Checkpoint', log)
      const args = [story.taskId, 1, fields, signature, headBefore, packEntries(entries.slice(cut))]
      const call = judge(w, { name: 'illegalLog', args })
      await refused(call, w.slasher, 'ProvesNothing', label('legal'))
    }
  })
})

const withV =
  (v: number) =>
  (signature: string): string =>
    concat([dataSlice(signature, 0, 64), toBeHex(v, 1)])
const zeroR = (signature: string): string => concat([ZeroHash, dataSlice(signature, 32)])
const zeroS = (signature: string): string =>
  concat([dataSlice(signature, 0, 32), ZeroHash, dataSlice(signature, 64)])
const swapped = (signature: string): string =>
  concat([dataSlice(signature, 32, 64), dataSlice(signature, 0, 32), dataSlice(signature, 64)])

/** The plain object of a type under another nonce than the usual one: as valid a signature. */
function resign(privateKey: string, story: Story, type: TypeName): Brought {
  const key = {
    sign: (digest: string) => {
      const options = { data: new Uint8Array(32).fill(7) }
      const made = secp256k1.ecdsaSign(getBytes(digest), getBytes(privateKey), options)
      return { serialized: concat([made.signature, toBeHex(27 + made.recid, 1)]) }
    },
  }
  return bring(story, 0, type, {}, { key: key as unknown as Actor['key'] })
}
