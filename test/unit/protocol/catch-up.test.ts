import { expect } from 'chai'
import { EngineCluster } from '../../helpers/engine-cluster.ts'
import { violations } from '../../helpers/engine-cluster-checks.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

describe('catch-up', () => {
  it('a member that was cut off for 40 heights is back within a few slots, while the others go on', () => {
    const world = new EngineCluster({
      n: 4,
      heights: 80,
      epochHeights: 10,
      config: { slotTicks: 20 },
    }).start()
    expect(world.run(2, 200)).to.equal(true)
    const cut = 3
    world.fate = ({ from, to }) => (from === cut || to === cut ? [] : [1])
    world.silent.add(cut)
    expect(world.run(42, 42 * 40)).to.equal(true)
    world.silent.delete(cut)
    world.fate = () => [1]
    for (let i = 0; i < 120; i += 1) world.tick()
    const behind = world.engine(0).chain.height - world.engine(cut).chain.height
    expect(behind).to.be.at.most(1)
    expect(violations(world)).to.deep.equal([])
  })

  it('what comes out of order is kept, and taken in order', () => {
    const source = new EngineCluster({ n: 4, heights: 3 }).start()
    expect(source.run(3, 300)).to.equal(true)
    const { decisions, bodies } = source.memory(1)
    const bench = new EngineBench({ heights: 3 })
    for (const { decided } of decisions.toReversed()) bench.hear(1, { kind: 'decided', decided })
    for (let i = 0; i < 3; i += 1) {
      bench.hear(1, ...[...bodies].map(([hash, bytes]) => ({ kind: 'body', hash, bytes }) as const))
    }
    expect(bench.state.chain.height).to.equal(3)
    expect(bench.state.chain.root).to.equal(source.engine(1).chain.root)
    expect(bench.state.ahead.size).to.equal(0)
  })

  it('a page of heights is kept, no more, and none that does not prove itself', () => {
    const bench = new EngineBench()
    const statuses = [1, 2, 3].map((member) => bench.status(member))
    const content = contentOf(statuses)
    const inputs = statuses.map(({ signed }) => signed)
    for (let height = 2; height < 100; height += 1) {
      const share = bench.share(1, 0, content, { height })
      const confirms = [1, 2, 3].map((member) => bench.confirm(member, 0, content.value, height))
      bench.hear(1, { kind: 'decided', decided: { height, confirms, share, inputs } })
    }
    expect([...bench.state.ahead.keys()]).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9])
    const weak = new EngineBench()
    const confirms = [1, 2].map((member) => weak.confirm(member, 0, content.value, 2))
    weak.hear(1, {
      kind: 'decided',
      decided: { height: 2, confirms, share: weak.share(1, 0, content, { height: 2 }), inputs },
    })
    expect(weak.state.ahead.size).to.equal(0)
  })

  it('a height that was sent ahead is taken even if the one below was decided by votes', () => {
    const bench = new EngineBench({ heights: 3, fate: () => [1] })
    const source = new EngineCluster({ n: 4, heights: 3 }).start()
    expect(source.run(3, 300)).to.equal(true)
    bench.hear(1, { kind: 'decided', decided: source.memory(1).decisions[1]!.decided })
    bench.world.start()
    for (let i = 0; i < 5; i += 1) bench.world.tick()
    expect(bench.state.chain.height).to.equal(1)
    expect(bench.state.ahead.size).to.equal(0)
    expect(bench.state.adoption?.served).to.equal(true)
  })

  it('after the last height that was sent, it asks on', () => {
    const source = new EngineCluster({ n: 4, heights: 9 }).start()
    expect(source.run(2, 300)).to.equal(true)
    const { decisions, bodies } = source.memory(1)
    const bench = new EngineBench({ heights: 9 })
    bench.hear(1, { kind: 'decided', decided: decisions[0]!.decided })
    bench.effects.length = 0
    bench.hear(1, ...[...bodies].map(([hash, bytes]) => ({ kind: 'body', hash, bytes }) as const))
    const asks = bench.taken('send').map(({ parts }) => parts[0])
    expect(asks).to.deep.include({ kind: 'sync', fromHeight: 2 })
  })
})
