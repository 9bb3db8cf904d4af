import { expect } from 'chai'
import type { PaperProfile } from '../../../src/protocol/paper/profile.ts'
import type { Schedule } from '../../../src/protocol/schedule.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'
import { violations } from '../../helpers/engine-cluster-checks.ts'
import { detectionDelay, PaperWorld } from '../../helpers/paper-world.ts'

const SCHEDULES: readonly Schedule[] = ['slots', 'asynchronous', 'external']
const SLOT = 40

describe('mandatory resynchronisation, profile paper', () => {
  for (const schedule of SCHEDULES) {
    it(`${schedule}: a state that changed behind the protocol’s back is found and repaired`, () => {
      const world = new PaperWorld({ n: 5, schedule, slotTicks: SLOT })
      world.run(20)
      world.corrupt(3, Uint8Array.of(99))
      expect(world.states).to.equal(2)
      const since = world.now
      world.run(6 * SLOT)
      const found = world.measured.filter(({ tick }) => tick >= since)
      expect(found[0]?.operational).to.deep.include({ compared: 5, magnitude: 0.8 })
      expect(world.states).to.equal(1)
      expect([...world.held.values()].map(([byte]) => byte)).to.deep.equal([1, 1, 1, 1, 1])
      world.run(6 * SLOT)
      expect(world.measured.at(-1)?.operational).to.deep.include({ compared: 5, magnitude: 1, entropy: 0 })
      expect(violations(world.engines)).to.deep.equal([])
    })

    it(`${schedule}: members that a partition made finalise different states agree again`, () => {
      let now = 0
      // the two sides do not hear each other while each resynchronises by itself
      const world: PaperWorld = new PaperWorld({
        n: 5,
        schedule,
        slotTicks: SLOT,
        fate: ({ from, to }) => (now > 20 && now < 20 + 6 * SLOT && from < 2 !== to < 2 ? [] : [1]),
      })
      const run = (ticks: number): void => {
        for (let i = 0; i < ticks; i += 1) {
          world.run(1)
          now = world.now
        }
      }
      run(30)
      while (world.isBusy) run(1)
      for (const member of [0, 1]) world.corrupt(member, Uint8Array.of(50))
      run(5 * SLOT)
      // each side has resynchronised within itself and sees nothing wrong
      expect(world.states).to.equal(2)
      run(8 * SLOT)
      expect(world.foundSince(20 + 6 * SLOT)).to.be.greaterThan(0)
      expect(world.states).to.equal(1)
      run(6 * SLOT)
      expect(world.measured.at(-1)?.operational).to.deep.include({ compared: 5, magnitude: 1 })
    })

    for (const selection of ['weighted', 'merge'] as const satisfies PaperProfile['selection'][]) {
      it(`${schedule}, ${selection}: all decide the same where nothing is lost`, () => {
        const world = new PaperWorld({
          n: 5,
          schedule,
          slotTicks: SLOT,
          profile: { kind: 'paper', selection },
        })
        world.run(8 * SLOT)
        const heights = world.engines.memory(0).settled.length
        expect(heights).to.be.greaterThan(1)
        for (const memory of world.engines.memories) {
          expect(memory.settled.map(({ stateHash }) => stateHash)).to.deep.equal(
            world.engines.memory(0).settled.map(({ stateHash }) => stateHash),
          )
        }
      })
    }
  }

  it('finds divergence within 1.1 · ΔT / 2n + 3δ on average with even slots, sooner than the others', () => {
    const delay = (schedule: Schedule): number => detectionDelay({ n: 4, schedule, slotTicks: SLOT }, 24).mean
    const slots = delay('slots')
    expect(slots).to.be.at.most((1.1 * SLOT) / 2 + 3)
    expect(delay('asynchronous')).to.be.greaterThan(slots)
    expect(delay('external')).to.be.within(0.4 * 4 * SLOT, 0.6 * 4 * SLOT)
  })

  it('profile bft opens by the other schedules too', () => {
    for (const schedule of SCHEDULES) {
      const world = new EngineCluster({ n: 4, heights: 20, config: { schedule } }).start()
      for (let i = 1; i <= 400; i += 1) {
        world.tick()
        if (schedule !== 'external' || i % 80 !== 0) continue
        for (const { index } of world.cluster.members) world.input(index, { kind: 'resync' })
      }
      expect(Math.min(...world.engines.map(({ chain }) => chain.height))).to.be.greaterThan(3)
      expect(violations(world)).to.deep.equal([])
    }
  })
})
