import { expect } from 'chai'
import { hashObject } from '../../../src/codec/objects.ts'
import type { ProtocolObject } from '../../../src/types/objects.ts'
import { step } from '../../../src/protocol/engine.ts'
import type { EngineEffect } from '../../../src/protocol/io.ts'
import { restoreEngine } from '../../../src/protocol/restore.ts'
import { NIL } from '../../../src/types/ids.ts'
import { EngineCluster, signAs } from '../../helpers/engine-cluster.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'
import { violations } from '../../helpers/engine-cluster-checks.ts'

/** Alice (0) dies with her first object of a type durable and nothing sent, and comes back after a while. */
function dyingAt(type: ProtocolObject['type'], round = 0): { world: EngineCluster; effects: EngineEffect[] } {
  const effects: EngineEffect[] = []
  let alive = true
  const world = new EngineCluster({
    n: 4,
    heights: 2,
    onEffect: (_, member, effect) => {
      if (member === 0) effects.push(effect)
    },
    dies: (member, object) => {
      const dies =
        member === 0 && alive && object.type === type && (!('round' in object) || object.round === round)
      if (dies) alive = false
      return dies
    },
  })
  return { world, effects }
}

const sentTypes = (effects: readonly EngineEffect[]): string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'broadcast'
      ? effect.parts.flatMap((part) => (part.kind === 'object' ? [part.signed.object.type] : []))
      : [],
  )

describe('restart', () => {
  for (const type of ['status', 'share', 'confirm'] as const) {
    it(`sends the stored ${type.toUpperCase()} again, signs no other, and the height goes on`, () => {
      const { world, effects } = dyingAt(type)
      world.start()
      for (let i = 0; i < 5; i += 1) world.tick()
      expect(world.silent.has(0)).to.equal(true)
      const stored = [...world.memory(0).signed.values()].at(-1)
      effects.length = 0
      world.restart(0)
      expect(world.run(2, 400)).to.equal(true)
      expect(sentTypes(effects)).to.include(type)
      expect(stored?.hash).to.equal(hashObject(world.cluster.id, stored!.object))
      expect(world.conflicts).to.deep.equal([])
      expect(violations(world)).to.deep.equal([])
    })
  }

  it('goes on with RESET, then t1, in one chain', () => {
    const { world } = dyingAt('confirm')
    world.start()
    for (let i = 0; i < 5; i += 1) world.tick()
    world.restart(0)
    world.run(2, 400)
    const events = world.memory(0).log.map((entry) => entry.event)
    expect(events.slice(0, 8)).to.deep.equal(['t1', 't2', 't4', 't6', 'RESET', 't1', 't2', 't4'])
    expect(violations(world)).to.deep.equal([])
  })

  it('keeps its lock', () => {
    const { world } = dyingAt('confirm')
    world.start()
    for (let i = 0; i < 5; i += 1) world.tick()
    world.restart(0)
    expect(world.engine(0).lock?.round).to.equal(0)
    expect(world.engine(0).valid?.value).to.equal(world.engine(0).lock?.value)
  })

  it('keeps its lock in a later round than that of the lock', () => {
    const bench = new EngineBench().start()
    const statuses = [1, 2, 3].map((member) => bench.status(member))
    for (const { signed, body } of statuses) bench.hear(signed.member, signed, body)
    const { value, ...content } = contentOf([bench.status(0), ...statuses])
    for (const member of [1, 2]) bench.hear(member, bench.share(member, 0, content))
    bench.endRound(0)
    bench.ticks(41)
    expect(bench.world.memory(0).signed.has('share/1/1')).to.equal(true)
    bench.world.restart(0)
    expect(bench.state.round).to.equal(1)
    expect(bench.state.lock).to.deep.equal({ value, round: 0 })
  })

  it('keeps what admits to a round, so that members below can still be helped', () => {
    const { world } = dyingAt('share', 1)
    world.silent.add(3)
    world.start([0, 1, 2])
    const inRoundOne = (): boolean => world.engine(0).round === 1
    const vote = { type: 'confirm', height: 1, round: 0, value: `0x${'00'.repeat(32)}` } as const
    for (const member of [1, 2, 3]) {
      const hash = hashObject(world.cluster.id, vote)
      const signed = { object: vote, member, hash, signature: '0x' } as const
      world.input(0, { kind: 'message', from: member, parts: [{ kind: 'object', signed }] })
    }
    expect(inRoundOne()).to.equal(true)
    for (let i = 0; i < 60 && !world.silent.has(0); i += 1) world.input(0, { kind: 'tick' })
    world.restart(0)
    expect(world.engine(0).round).to.equal(1)
    expect([...(world.engine(0).box.rounds.get(0)?.confirms.keys() ?? [])]).to.include.members([1, 2, 3])
  })

  it('sends the notes of all its CHECKPOINTs again, also of epochs that it has left behind', () => {
    const world = new EngineCluster({ n: 4, heights: 4, epochHeights: 2, fate: () => [] })
    const { config } = world.engine(0)
    const own = [2, 4].map((height) => {
      const object = {
        type: 'checkpoint',
        height,
        root: NIL,
        logSeq: 9,
        logHead: NIL,
        inputsHash: NIL,
      } as const
      return signAs(world.cluster, 0, object)
    })
    const notes = new Map([
      [2, '0x0001'],
      [4, '0x0002'],
    ] as const)
    const restored = restoreEngine(config, { entries: [], signed: own, proofs: [], notes, decided: [] })
    const { effects } = step(restored, { kind: 'tick' })
    const found = effects
      .flatMap((effect) => (effect.kind === 'broadcast' ? effect.parts : []))
      .flatMap((part) => (part.kind === 'notes' ? [part.note] : []))
    expect(found).to.deep.equal(['0x0001', '0x0002'])
  })

  it('a height goes on even if everybody stopped at once after the last SHARE', () => {
    const shared = new Set<number>()
    const world = new EngineCluster({
      n: 4,
      heights: 1,
      dies: (member, object) => object.type === 'confirm' && shared.size < 4 && shared.add(member).size > 0,
    })
    world.start()
    for (let i = 0; i < 5; i += 1) world.tick()
    expect(world.silent.size).to.equal(4)
    for (const member of [0, 1, 2, 3]) world.restart(member)
    expect(world.run(1, 400)).to.equal(true)
    expect(world.memory(0).decisions[0]?.round).to.equal(0)
    expect(violations(world)).to.deep.equal([])
  })
})
