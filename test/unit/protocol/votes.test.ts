import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { isQuorumList, isWellFormedHello, isWellFormedShare } from '../../../src/protocol/votes.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Hello, Share } from '../../../src/types/objects.ts'
import { makeCluster } from '../../helpers/engine-cluster.ts'
import { NOTHING } from '../../../src/codec/objects.ts'

const cluster = makeCluster(4)
const some = keccak('0x01')
const nil: Share = {
  type: 'share',
  height: 1,
  round: 2,
  parent: NIL,
  ...NOTHING,
  validRound: -1,
}
const fresh: Share = { ...nil, parent: some, stateHash: some, inputsRoot: some, inputs: 0b0111n, eventSeq: 3 }
const list: Hello = {
  type: 'hello',
  height: 1,
  round: 2,
  value: NIL,
  inputsRoot: some,
  inputs: 0b1110n,
  validRound: -1,
}
const proposal: Hello = { ...list, value: some, validRound: 1 }

describe('well-formed SHAREs', () => {
  const good: Record<string, Share> = {
    NIL: nil,
    'a fresh vote': fresh,
    'a vote of all members': { ...fresh, inputs: 0b1111n },
    'a re-vote of round 0': { ...fresh, validRound: 0 },
    'a re-vote of the round before': { ...fresh, validRound: 1 },
  }
  const bad: Record<string, Share> = {
    'NIL with a state': { ...nil, stateHash: some },
    'NIL with a root': { ...nil, inputsRoot: some },
    'NIL with events': { ...nil, eventSeq: 1 },
    'NIL with a hash of events': { ...nil, eventsHash: some },
    'NIL with a parent': { ...nil, parent: some },
    'NIL with a validRound': { ...nil, validRound: 0 },
    'a list of exactly half': { ...fresh, inputs: 0b0011n },
    'a list that names a stranger': { ...fresh, inputs: 0b10111n },
    'a list that names bit 255': { ...fresh, inputs: (1n << 255n) + 7n },
    'a list that names bit 31': { ...fresh, inputs: 0x8000_0007n },
    'a validRound of its own round': { ...fresh, validRound: 2 },
    'a validRound above its round': { ...fresh, validRound: 7 },
    'a validRound below −1': { ...fresh, validRound: -2 },
    'a re-vote in round 0': { ...fresh, round: 0, validRound: 0 },
  }
  for (const [name, share] of Object.entries(good)) {
    it(`counts ${name}`, () => expect(isWellFormedShare(cluster, share)).to.equal(true))
  }
  for (const [name, share] of Object.entries(bad)) {
    it(`refuses ${name}`, () => expect(isWellFormedShare(cluster, share)).to.equal(false))
  }
})

describe('well-formed HELLOs', () => {
  const bad: Record<string, Hello> = {
    'round 0, which has no convener': { ...list, round: 0 },
    'a list below quorum': { ...list, inputs: 0b0110n },
    'an empty list': { ...list, inputs: 0n },
    'a list with a stranger': { ...list, inputs: 0b11110n },
    'a list with a validRound': { ...list, validRound: 0 },
    'a proposal without a validRound': { ...proposal, validRound: -1 },
    'a proposal of its own round': { ...proposal, validRound: 2 },
    'a proposal with a bitmap below quorum': { ...proposal, inputs: 1n },
  }
  it('takes a fresh list', () => expect(isWellFormedHello(cluster, list)).to.equal(true))
  it('takes a re-proposal', () => expect(isWellFormedHello(cluster, proposal)).to.equal(true))
  for (const [name, hello] of Object.entries(bad)) {
    it(`refuses ${name}`, () => expect(isWellFormedHello(cluster, hello)).to.equal(false))
  }
})

describe('quorum lists', () => {
  it('go by registered weight', () => {
    const weighted = makeCluster(4, [3, 3, 3, 1])
    expect(isQuorumList(weighted, 0b0011n)).to.equal(false)
    expect(isQuorumList(weighted, 0b1011n)).to.equal(true)
    expect(isQuorumList(weighted, 0b0111n)).to.equal(true)
  })

  it('work with all 31 seats', () => {
    expect(isQuorumList(makeCluster(31), 0x7fff_ffffn)).to.equal(true)
    expect(isQuorumList(makeCluster(31), 0xffff_ffffn)).to.equal(false)
  })
})
