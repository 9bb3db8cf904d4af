import { expect } from 'chai'
import { membersOf } from '../../../src/codec/bitmap.ts'
import { step } from '../../../src/protocol/engine.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'

const LEAVER = 3

/** A cluster in which one member asks to leave once it has decided `after`. */
function withLeaver(n: number, after: number, heights: number): EngineCluster {
  const world = new EngineCluster({ n, heights }).start()
  expect(world.run(after, 500), `height ${after} before the CLOSE`).equal(true)
  world.input(LEAVER, { kind: 'close' })
  return world
}

describe('CLOSE', () => {
  it('puts the leaver into one decided list as its CLOSE, and into none after', () => {
    const world = withLeaver(7, 2, 8)
    expect(world.run(8, 2_000)).equal(true)
    const decisions = world.memories[0]!.decisions
    const closing = decisions.filter(({ decided }) =>
      decided.inputs.some(({ object }) => object.type === 'close'),
    )
    expect(closing).length(1)
    const height = closing[0]!.decided.height
    expect(height).greaterThan(2)
    for (const { decided } of decisions) {
      const listed = membersOf(decided.share.object.inputs).includes(LEAVER)
      expect(listed, `height ${decided.height}`).equal(decided.height <= height)
    }
  })

  it('is logged as t5, t7 by everybody, and only at that height', () => {
    const world = withLeaver(7, 2, 6)
    expect(world.run(6, 2_000)).equal(true)
    const [closing] = world.memories[0]!.decisions.filter(({ decided }) =>
      decided.inputs.some(({ object }) => object.type === 'close'),
    )
    for (const { log } of world.memories) {
      const closes = log.filter(({ event }) => event === 't5' || event === 't7')
      expect(closes.map(({ event, height, value }) => [event, height, value])).deep.equal([
        ['t5', closing!.decided.height, closing!.value],
        ['t7', closing!.decided.height, closing!.value],
      ])
    }
  })

  it('keeps the leaver’s weight in W: 2 of 7 may leave, a third makes the rest wait for it', () => {
    const world = withLeaver(7, 1, 6)
    world.input(4, { kind: 'close' })
    expect(world.run(4, 2_000)).equal(true)
    expect(membersOf(world.engines[0]!.chain.inputs)).not.include.members([LEAVER])
    world.input(5, { kind: 'close' })
    world.run(6, 600)
    // four of seven are no quorum: nothing more can be listed once the third has left
    expect(world.engines[0]!.chain.height).lessThan(6)
  })

  it('is signed once, however often it is asked for', () => {
    const world = withLeaver(4, 1, 3)
    const before = world.memories[LEAVER]!.signed.size
    const { effects } = step(world.engines[LEAVER]!, { kind: 'close' })
    expect(effects.filter(({ kind }) => kind === 'record')).deep.equal([])
    expect(world.memories[LEAVER]!.signed.size).equal(before)
  })

  it('opens the height that is next without waiting for the slot', () => {
    const slow = { slotTicks: 200 }
    const quiet = new EngineCluster({ n: 7, heights: 3, config: slow }).start()
    quiet.run(1, 100)
    const closing = new EngineCluster({ n: 7, heights: 3, config: slow }).start()
    closing.run(1, 100)
    closing.input(LEAVER, { kind: 'close' })
    expect(closing.run(2, 60)).equal(true)
    expect(quiet.run(2, 60)).equal(false)
  })
})
