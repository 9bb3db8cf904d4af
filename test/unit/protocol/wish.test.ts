import { expect } from 'chai'
import { WISHES_MAX } from '../../../src/protocol/wish.ts'
import type { Part } from '../../../src/types/frames.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const N = 7
const SLOT = 1_000
const PACE = 5
const ON = { minHeightTicks: PACE, slotTicks: SLOT }

/** Alice right after height 1, long before the next slot. */
function afterHeightOne(config: object = ON, heights = 20): EngineBench {
  const bench = new EngineBench({ n: N, heights, fate: () => [1], config })
  bench.world.start()
  bench.world.run(1, 50)
  bench.world.fate = () => []
  bench.effects.length = 0
  return bench
}

const opens = (bench: EngineBench): boolean => bench.taken('observe').length > 0

function wishOf(bench: EngineBench, member: MemberIndex, height: number): Part[] {
  const { signed, body } = bench.status(member, Uint8Array.of(member, height), height)
  return [{ kind: 'ask', height, wish: true }, { kind: 'object', signed }, body]
}

/** Whether alice's opening frame asks the others, too. */
const asks = (bench: EngineBench): boolean[] =>
  bench
    .taken('broadcast')
    .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'ask' ? [part.wish === true] : [])))

describe('wish', () => {
  it('changes nothing in a task whose heights do not open on demand', () => {
    for (const config of [{ slotTicks: SLOT }, { slotTicks: SLOT, minHeightTicks: 0 }]) {
      const bench = afterHeightOne(config)
      bench.world.input(0, { kind: 'wish' })
      bench.hear(3, ...wishOf(bench, 3, 2))
      bench.ticks(100)
      expect(opens(bench)).to.equal(false)
      expect([bench.state.wished, bench.state.box.wishes.size]).to.deep.equal([false, 0])
    }
  })

  it('is refused without the STATUS of who wishes, from another height, and as a lone HELLO', () => {
    const bench = afterHeightOne()
    bench.hear(3, { kind: 'ask', height: 2, wish: true })
    bench.hear(4, { kind: 'ask', height: 2, wish: true }, bench.status(5, Uint8Array.of(5, 2), 2).signed)
    bench.hear(6, ...wishOf(bench, 6, 9))
    bench.hear(2, ...wishOf(bench, 2, 2).slice(1))
    bench.ticks(100)
    expect(opens(bench)).to.equal(false)
  })

  it('of this node opens the next height once its pace allows, and asks the others', () => {
    const bench = afterHeightOne()
    bench.world.input(0, { kind: 'wish' })
    bench.ticks(bench.state.anchorTick + PACE - 1 - bench.state.tick)
    expect(opens(bench)).to.equal(false)
    bench.ticks(1)
    expect(asks(bench)).to.deep.equal([true])
    expect(bench.state.wished).to.equal(false)
  })

  it('of another member opens it too, and is not passed on', () => {
    const bench = afterHeightOne()
    bench.ticks(PACE)
    bench.hear(3, ...wishOf(bench, 3, 2))
    expect(asks(bench)).to.deep.equal([false])
    expect(bench.state.log.height).to.equal(2)
  })

  it('that comes before the height below is decided is kept', () => {
    const bench = new EngineBench({ n: N, heights: 9, fate: () => [1], config: ON })
    bench.world.start()
    bench.hear(3, ...wishOf(bench, 3, 2).slice(0, 1))
    expect(bench.state.next.wishes.has(3)).to.equal(true)
  })

  it('that comes during a height is for the next one', () => {
    const bench = new EngineBench({ n: N, config: ON }).start()
    bench.world.input(0, { kind: 'wish' })
    expect(asks(bench)).to.deep.equal([false])
    expect(bench.state.wished).to.equal(true)
  })

  it(`of one member opens ${WISHES_MAX} heights at once, then one in a slot`, () => {
    const bench = afterHeightOne({ minHeightTicks: PACE, slotTicks: 40 }, 99)
    const openedBy = (member: MemberIndex, ticks: number): number => {
      const before = bench.state.chain.height
      bench.world.fate = () => [1]
      for (let i = 0; i < ticks; i += 1) {
        for (const { index } of bench.world.cluster.members) {
          const state = bench.world.engine(index)
          if (state.log.height === state.box.height) continue
          const parts = wishOf(bench, member, state.box.height)
          if (index !== member) bench.world.input(index, { kind: 'message', from: member, parts })
        }
        bench.world.tick()
      }
      return bench.state.chain.height - before
    }
    bench.world.silent.add(3)
    // from the first wish on: its budget, and one for each of the 10 slots; slots of others open heights too
    const wished = openedBy(3, 400)
    expect(wished).to.be.within(WISHES_MAX + 9, 2 * 10 + WISHES_MAX + 1)
  })

  it('is paid by one of those who wished, the one with the most budget, and only if it opened the height', () => {
    const bench = afterHeightOne()
    bench.world.fate = () => [1]
    const paid = [3, 5, 3, 5].map((other, i) => {
      for (const member of [other, 0]) bench.world.input(member, { kind: 'wish' })
      bench.world.run(2 + i, 50)
      return [...bench.state.wishBudgets].map(([member, { left }]) => `${member}:${left}`).join(' ')
    })
    expect(paid).to.deep.equal(['0:3', '0:3 5:3', '0:3 5:3 3:3', '0:2 5:3 3:3'])
    const scheduled = afterHeightOne({ ...ON, slotTicks: 8 })
    scheduled.world.fate = () => [1]
    scheduled.world.run(6, 400)
    expect(scheduled.state.chain.height).to.equal(6)
    expect(scheduled.state.wishBudgets.size).to.equal(0)
  })
})
