import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { shareValue, signingDigest } from '../../../src/codec/objects.ts'
import { KEPT_NOTHING } from '../../../src/protocol/state.ts'
import type { Checkpoint, Confirm, Hello, ProtocolObject, Share, Status } from '../../../src/types/objects.ts'
import { NIL } from '../../../src/types/ids.ts'
import { Bench, demand, digestOf, ROUND } from './court.ts'
import { NOTHING } from '../../../src/codec/objects.ts'

const A = digestOf('a')
const B = digestOf('b')
const STATUS: Status = { type: 'status', height: 2, parent: A, stateHash: A, eventSeq: 0 }
const CONFIRM: Confirm = { type: 'confirm', height: 2, round: 0, value: A }
const HELLO: Hello = {
  type: 'hello',
  height: 2,
  round: 1,
  value: NIL,
  inputsRoot: A,
  inputs: 15n,
  validRound: -1,
}
const NIL_SHARE: Share = {
  type: 'share',
  height: 2,
  round: 0,
  parent: NIL,
  ...NOTHING,
  validRound: -1,
}

/** What is found in a world in which this happened. */
function foundAfter(act: (bench: Bench) => void): readonly string[] {
  const bench = new Bench()
  act(bench)
  bench.judge.close()
  return bench.found
}

function expectProof(kind: string, act: (bench: Bench) => void): void {
  expect(
    foundAfter(act).filter((what) => what.startsWith(`convictable: ${kind} against 0,`)),
  ).not.to.deep.equal([])
}

describe('transcripts of the honest', () => {
  it('convict nobody who kept to the rules: NIL, a lock, votes for it again, a CLOSE in a list, a RESET', () => {
    const found = foundAfter((bench) => {
      const [share, kept] = bench.vote(2)
      const value = shareValue(share)
      bench.sign({ ...STATUS, parent: share.parent, stateHash: keccak(demand(0n)) })
      bench.sign(share, kept)
      bench.sign({ ...CONFIRM, value })
      bench.sign({ ...HELLO, value, inputsRoot: share.inputsRoot, validRound: 0 })
      bench.sign({ ...share, round: 1, validRound: 0 })
      bench.sign({ ...CONFIRM, round: 1, value: NIL })
      bench.sign({ ...NIL_SHARE, round: 2 })
      bench.sign({ ...CONFIRM, round: 2, value: NIL })
      const [closing, keptToo] = bench.vote(3, {}, bench.seal({ type: 'close' }, 3))
      bench.sign(closing, keptToo)
      bench.sign({ type: 'close' })
      bench.sign(bench.log(4, ...ROUND, ['IDLE', 'RESET', 'INITIAL'], ['INITIAL', 't1', 'DEBATE']).checkpoint)
    })
    expect(found).to.deep.equal([])
  })

  const checkpoint: Checkpoint = {
    type: 'checkpoint',
    height: 4,
    root: A,
    logSeq: 1,
    logHead: A,
    inputsHash: NIL,
  }
  const twice: readonly (readonly [ProtocolObject, ProtocolObject])[] = [
    [HELLO, { ...HELLO, inputsRoot: B }],
    [STATUS, { ...STATUS, eventSeq: 1 }],
    [
      { ...NIL_SHARE, stateHash: A, inputs: 15n, validRound: 0, round: 1 },
      { ...NIL_SHARE, round: 1 },
    ],
    [CONFIRM, { ...CONFIRM, value: NIL }],
    [checkpoint, { ...checkpoint, logSeq: 2 }],
  ]
  for (const [first, second] of twice) {
    it(`E1: two ${first.type.toUpperCase()} for one key, whether they were sent or not`, () => {
      expectProof('E1', (bench) => {
        bench.sign(first)
        bench.sign(second)
      })
    })
  }

  it('E1b: a vote against the own CONFIRM, and the same two in another order', () => {
    const turned = { ...NIL_SHARE, stateHash: B, inputsRoot: B, inputs: 15n, round: 3, validRound: 0 }
    const confirm = { ...CONFIRM, round: 1 }
    for (const objects of [
      [confirm, turned],
      [turned, confirm],
    ])
      expectProof('E1b', (bench) => objects.forEach((object) => bench.sign(object)))
  })

  it('E2: a CHECKPOINT over a log with an illegal step', () => {
    expectProof('E2', (bench) => {
      bench.sign(bench.log(4, ...ROUND, ['IDLE', 't6', 'IDLE']).checkpoint)
    })
  })

  it('E2: two CHECKPOINTs of one epoch, the later log not longer, or another one', () => {
    expectProof('E2', (bench) => {
      const { checkpoint: whole } = bench.log(4, ...ROUND)
      bench.sign({ ...whole, height: 3, logHead: B })
      bench.sign(whole)
    })
    expectProof('E2', (bench) => {
      const { checkpoint: whole } = bench.log(4, ...ROUND)
      bench.sign({ ...whole, height: 3, logSeq: 2, logHead: B })
      bench.sign(whole)
    })
  })

  it('E3: a fresh vote or list below quorum weight, or with a stranger', () => {
    for (const inputs of [1n, 3n, 31n]) {
      expectProof('E3', (bench) => bench.sign({ ...HELLO, inputs }))
      expectProof('E3', (bench) => bench.sign({ ...NIL_SHARE, stateHash: A, inputsRoot: A, inputs }))
    }
  })

  it('E4: a fresh vote for a state that the reducer does not give, or over one that it refuses', () => {
    expectProof('E4', (bench) => bench.sign(...bench.vote(2, { stateHash: B })))
    expectProof('E4', (bench) =>
      bench.sign(...bench.vote(2, { stateHash: B }, bench.seal({ type: 'close' }, 3))),
    )
    expectProof('E4', (bench) => {
      const state = demand(60_000n)
      const refused = bench.seal({ ...STATUS, parent: NIL, stateHash: keccak(state) }, 3)
      const [share, kept] = bench.vote(2, {}, refused)
      bench.sign(share, { ...kept, bodies: new Map([...(kept.bodies ?? []), [keccak(state), state]]) })
    })
  })

  it('are whole: a signature past the store is found', () => {
    const found = foundAfter((bench) => bench.judge.keyUsed(1, signingDigest(A, B)))
    expect(found.map((what) => what.split(':')[0])).to.deep.equal(['signed-unseen'])
  })

  it('hold the list behind every fresh vote, and the log behind every head', () => {
    const listless = foundAfter((bench) => bench.sign(bench.vote(2)[0]))
    expect(listless.map((what) => what.split(':')[0])).to.deep.equal(['bad-list'])
    const headless = foundAfter((bench) => bench.sign(checkpoint))
    expect(headless.map((what) => what.split(':')[0])).to.deep.equal(['forked-log'])
  })

  it('are read by the auditor: an object that it does not take for the member’s is found', () => {
    const found = foundAfter((bench) => bench.judge.signed(bench.seal(HELLO, 0, 1), KEPT_NOTHING, 0))
    expect(found.map((what) => what.split(':')[0])).to.deep.equal(['judges-differ'])
  })
})
