import { expect } from 'chai'
import { awaited, noteHeard, noteVain, PATIENCE, turnHearing } from '../../../src/protocol/awaited.ts'
import { bitmapOf } from '../../../src/codec/bitmap.ts'
import { cloneState, emptyBox } from '../../../src/protocol/state.ts'
import type { Work } from '../../../src/protocol/work.ts'
import { workOn } from '../../../src/protocol/work.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { ProtocolObject } from '../../../src/types/objects.ts'
import { makeCluster, signAs } from '../../helpers/engine-cluster.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const N = 7

/** Member 0 of seven in height 5, after a list of 0 … 4. */
function inHeight5(): Work {
  const w = workOn(cloneState(new EngineBench({ n: N }).state))
  w.s.chain = { ...w.s.chain, height: 4, inputs: bitmapOf([0, 1, 2, 3, 4]) }
  w.s.box = emptyBox(5)
  return w
}

/** Decides the running height with the same list once more. */
function nextHeight(w: Work): void {
  w.s.chain = { ...w.s.chain, height: w.s.chain.height + 1 }
  w.s.box = emptyBox(w.s.chain.height + 1)
  turnHearing(w)
}

const statusOf = (height: number): ProtocolObject => ({
  type: 'status',
  height,
  parent: NIL,
  stateHash: NIL,
  eventSeq: 0,
})

function hear(w: Work, from: number, object: ProtocolObject, signer = from): void {
  noteHeard(w, from, [signAs(makeCluster(N), signer, object)])
}

describe('whom DEBATE waits for', () => {
  it('everybody in the first height', () => {
    const w = workOn(cloneState(new EngineBench({ n: N }).state))
    expect(awaited(w)).to.have.members([0, 1, 2, 3, 4, 5, 6])
  })

  it('the last list and this node, which may not be in it', () => {
    const w = inHeight5()
    expect(awaited(w)).to.have.members([0, 1, 2, 3, 4])
    w.s.chain = { ...w.s.chain, inputs: bitmapOf([1, 2, 3, 4, 6]) }
    expect(awaited(w)).to.have.members([0, 1, 2, 3, 4, 6])
  })

  it('who was heard in the running or the last height, though no list has it', () => {
    const w = inHeight5()
    hear(w, 5, statusOf(5))
    expect(awaited(w)).to.include(5)
    nextHeight(w)
    expect(awaited(w)).to.include(5)
    nextHeight(w)
    expect(awaited(w)).not.to.include(5)
  })

  for (const [name, height, isHeard] of [
    ['of three heights ago', 2, false],
    ['of two heights ago', 3, true],
    ['of a height ahead', 9, true],
  ] as const) {
    it(`an object ${name} ${isHeard ? 'counts' : 'does not count'}`, () => {
      const w = inHeight5()
      hear(w, 5, statusOf(height))
      expect(awaited(w).includes(5)).to.equal(isHeard)
    })
  }

  it('nobody for an object that another member brings, or for a CLOSE', () => {
    const w = inHeight5()
    hear(w, 6, statusOf(5), 5)
    hear(w, 6, { type: 'close' })
    expect(awaited(w)).to.have.members([0, 1, 2, 3, 4])
  })

  it('not who has left', () => {
    const w = inHeight5()
    w.s.left = bitmapOf([3, 5])
    hear(w, 5, statusOf(5))
    expect(awaited(w)).to.have.members([0, 1, 2, 4])
  })

  it('who was waited for in vain only once it is heard again', () => {
    const w = inHeight5()
    hear(w, 5, statusOf(5))
    noteVain(w, [5])
    nextHeight(w)
    expect(awaited(w)).not.to.include(5)
    hear(w, 5, statusOf(5))
    expect(awaited(w)).to.include(5)
  })

  it('not who has used up the patience, listed or heard, until a height that n divides', () => {
    const w = inHeight5()
    for (let i = 0; i < PATIENCE; i += 1) {
      expect(awaited(w)).to.include(4)
      noteVain(w, [4])
    }
    hear(w, 4, statusOf(5))
    expect(awaited(w)).not.to.include(4)
    nextHeight(w) // 5
    nextHeight(w) // 6
    expect(awaited(w)).not.to.include(4)
    nextHeight(w) // 7
    expect(awaited(w)).to.include(4)
    noteVain(w, [4])
    nextHeight(w)
    expect(awaited(w)).not.to.include(4)
  })
})
