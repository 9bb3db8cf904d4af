import { ledgerInput } from '../../helpers/engine-cluster.ts'
import { expect } from 'chai'
import { slotOwner } from '../../../src/protocol/schedule.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const N = 7
const SLOT = 20

/** Alice right after height 1, which all have decided undisturbed. The next to come is height 2. */
function afterHeightOne(): EngineBench {
  const bench = new EngineBench({ n: N, fate: () => [1] })
  bench.world.start()
  for (let i = 0; i < 10; i += 1) bench.world.tick()
  expect(bench.state.chain.height).to.equal(1)
  bench.world.fate = () => []
  bench.effects.length = 0
  return bench
}

/** Who owns the slot `slots` after the one of height 1. */
const ownerAfter = (bench: EngineBench, slots: number): MemberIndex =>
  slotOwner(bench.state.config.order, SLOT * N, (slots + 1) * SLOT)

const opens = (bench: EngineBench): boolean => bench.taken('observe').length > 0
const isOpen = (bench: EngineBench): boolean => bench.state.log.height === 2

/** Ticks until the first slot after height 1 begins on alice's clock. */
function untilSlot(bench: EngineBench, slots: number): void {
  bench.ticks(bench.state.anchorTick + slots * SLOT - bench.state.tick)
}

describe('opening', () => {
  it('height 1 opens at start, and not before', () => {
    const bench = new EngineBench()
    bench.ticks(5)
    expect(opens(bench)).to.equal(false)
    bench.start()
    expect(opens(bench)).to.equal(true)
  })

  it('nothing opens a height before the one below is decided', () => {
    const bench = new EngineBench({ n: N }).start()
    bench.effects.length = 0
    for (let member = 1; member < N; member += 1) {
      bench.hear(member, bench.status(member, Uint8Array.of(member, 2), 2).signed)
    }
    bench.ticks(500)
    expect(bench.state.log.height).to.equal(1)
  })

  it('a member opens in its own slot, with nobody else, and not before', () => {
    const bench = afterHeightOne()
    const own = Array.from({ length: N }, (_, i) => i + 1).find((slots) => ownerAfter(bench, slots) === 0)!
    bench.ticks(bench.state.anchorTick + own * SLOT - 1 - bench.state.tick)
    expect(isOpen(bench)).to.equal(false)
    bench.ticks(1)
    expect(isOpen(bench)).to.equal(true)
    expect(bench.state.anchorTick).to.equal(bench.state.tick)
  })

  it('follows the owner of the present slot, alone', () => {
    const bench = afterHeightOne()
    const owner = ownerAfter(bench, 1)
    untilSlot(bench, 1)
    bench.hear(owner, bench.status(owner, Uint8Array.of(owner, 2), 2).signed)
    expect(isOpen(bench)).to.equal(true)
  })

  it('hears the owner of the next slot a quarter of a slot early, but nobody else', () => {
    const bench = afterHeightOne()
    const owner = ownerAfter(bench, 1)
    const other = [1, 2, 3].find((member) => member !== owner)!
    bench.ticks(bench.state.anchorTick + SLOT - SLOT / 4 - 1 - bench.state.tick)
    bench.hear(owner, bench.status(owner, Uint8Array.of(owner, 2), 2).signed)
    bench.hear(other, bench.status(other, Uint8Array.of(other, 2), 2).signed)
    expect(isOpen(bench)).to.equal(false)
    bench.ticks(1)
    expect(isOpen(bench)).to.equal(true)
  })

  it('follows members of more than a third, whoever they are; a third is not enough', () => {
    const bench = afterHeightOne()
    const strangers = [1, 2, 3, 4, 5, 6].filter((member) => member !== ownerAfter(bench, 1))
    const [first, second, third] = strangers
    for (const member of [first, second])
      bench.hear(member!, bench.status(member!, Uint8Array.of(1, 2), 2).signed)
    expect(isOpen(bench)).to.equal(false)
    bench.hear(third!, bench.confirm(third!, 0, NIL, 2))
    expect(isOpen(bench)).to.equal(true)
  })

  it('opens for a ledger event above the last cut', () => {
    const bench = afterHeightOne()
    bench.world.input(0, ledgerInput(1))
    expect(isOpen(bench)).to.equal(true)
  })

  it('a dead owner is passed over: the owner of the next slot opens', () => {
    const bench = new EngineBench({ n: N, fate: () => [1], heights: 2 })
    bench.world.start()
    for (let i = 0; i < 10; i += 1) bench.world.tick()
    const dead = ownerAfter(bench, 1)
    bench.world.silent.add(dead)
    expect(bench.world.run(2, 3 * SLOT)).to.equal(true)
    const alive = bench.world.honest.find((member) => member !== dead)!
    const opener = bench.world.memory(alive).decisions[1]!.decided.inputs.map(({ member }) => member)
    expect(opener).not.to.include(dead)
  })

  it('no height above the last of the task', () => {
    const bench = new EngineBench({ heights: 1, fate: () => [1] })
    bench.world.start()
    expect(bench.world.run(1, 50)).to.equal(true)
    bench.ticks(500)
    expect(bench.state.log.height).to.equal(1)
  })
})
