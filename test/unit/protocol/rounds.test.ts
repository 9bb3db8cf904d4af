import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { seededOrder } from '../../../src/codec/roots.ts'
import { convener } from '../../../src/protocol/rounds.ts'
import { NIL } from '../../../src/types/ids.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

const some = keccak('0x01')

describe('rounds', () => {
  it('convener: position (height + round) mod n of the seeded order', () => {
    const { config } = new EngineBench({ n: 7 }).state
    const order = seededOrder(config.cluster)
    for (let height = 1; height < 9; height += 1) {
      for (let round = 1; round < 9; round += 1) {
        expect(convener(config, height, round)).to.equal(order[(height + round) % 7])
      }
    }
  })

  it('a quorum of NIL ends a round at once', () => {
    const bench = new EngineBench().start()
    bench.endRound(0, [1, 2])
    expect(bench.state.round).to.equal(0)
    bench.endRound(0, [3])
    expect(bench.state.round).to.equal(1)
  })

  it('a mixed quorum ends it after confirmTimeout', () => {
    const bench = new EngineBench().start()
    bench.hear(1, bench.confirm(1, 0, some))
    bench.endRound(0, [2, 3])
    bench.ticks(19)
    expect(bench.state.round).to.equal(0)
    bench.ticks(1)
    expect(bench.state.round).to.equal(1)
  })

  it('fewer than a quorum never end it', () => {
    const bench = new EngineBench().start()
    bench.hear(1, bench.confirm(1, 0, some))
    bench.ticks(2000)
    expect(bench.state.round).to.equal(0)
  })

  it('by registered weight, not by heads', () => {
    const bench = new EngineBench({ weights: [3, 1, 1, 4] }).start()
    bench.endRound(0, [1, 2])
    expect(bench.state.round).to.equal(0)
    const heavy = new EngineBench({ weights: [1, 1, 4, 4], n: 4 }).start()
    heavy.endRound(0, [2, 3])
    expect(heavy.state.round).to.equal(1)
  })

  it('a certificate for a later round leads there at once', () => {
    const bench = new EngineBench().start()
    const confirms = [1, 2, 3].map((member) => bench.confirm(member, 7, NIL))
    bench.hear(1, { kind: 'roundCertificate', certificate: { height: 1, round: 7, confirms } })
    expect(bench.state.round).to.equal(8)
  })

  for (const [name, change] of [
    ['below quorum weight', (bench: EngineBench) => [1, 2].map((member) => bench.confirm(member, 7, NIL))],
    ['of one member', (bench: EngineBench) => [1, 1, 1].map(() => bench.confirm(1, 7, NIL))],
    ['of two rounds', (bench: EngineBench) => [1, 2, 3].map((member) => bench.confirm(member, member, NIL))],
    [
      'of another height',
      (bench: EngineBench) => [1, 2, 3].map((member) => bench.confirm(member, 7, NIL, 2)),
    ],
    ['of nobody', () => []],
  ] as const) {
    it(`refuses a certificate ${name}`, () => {
      const bench = new EngineBench().start()
      bench.effects.length = 0
      const certificate = { height: 1, round: 7, confirms: change(bench) }
      bench.hear(1, { kind: 'roundCertificate', certificate })
      expect(bench.state.round).to.equal(0)
      expect(bench.taken('ignored').map(({ code }) => code)).to.deep.equal(['bad-certificate'])
    })
  }

  it('a member counts once in a certificate, whatever else it signed', () => {
    const bench = new EngineBench().start()
    bench.hear(1, bench.confirm(1, 0, some))
    const confirms = [1, 2, 3].map((member) => bench.confirm(member, 0, NIL))
    bench.hear(2, { kind: 'roundCertificate', certificate: { height: 1, round: 0, confirms } })
    expect(bench.taken('evidence')).to.have.length(1)
    bench.ticks(20)
    expect(bench.state.round).to.equal(1)
  })

  describe('a convener that is late and has heard the SHARE quorum of a later round', () => {
    const self = new EngineBench().convener(1)
    const others = [0, 1, 2, 3].filter((member) => member !== self)

    it('lists: a HELLO that names a later round would convict it', () => {
      const bench = new EngineBench({}, self).start()
      const statuses = others.map((member) => bench.status(member))
      bench.endRound(0, others)
      for (const member of others) bench.hear(member, bench.share(member, 2, contentOf(statuses)))
      expect(bench.state.valid?.round).to.equal(2)
      expect(bench.state.round).to.equal(1)
      for (const [i, { signed, body }] of statuses.entries()) bench.hear(others[i]!, signed, body)
      const hellos = bench.asked('hello')
      expect(hellos.map(({ round, value, validRound }) => ({ round, value, validRound }))).to.deep.equal([
        { round: 1, value: NIL, validRound: -1 },
      ])
    })

    it('proposes the value of the quorum before its round', () => {
      const bench = new EngineBench({}, new EngineBench().convener(2)).start()
      const rest = [0, 1, 2, 3].filter((member) => member !== bench.self)
      const content = contentOf(rest.map((member) => bench.status(member)))
      for (const member of rest) bench.hear(member, bench.share(member, 1, content))
      bench.endRound(0, rest)
      for (const member of rest) bench.hear(member, bench.share(member, 2, content))
      bench.endRound(1, rest)
      const hellos = bench.asked('hello')
      expect(bench.state.valid?.round).to.equal(2)
      expect(hellos.map(({ round, value, validRound }) => ({ round, value, validRound }))).to.deep.equal([
        { round: 2, value: content.value, validRound: 1 },
      ])
    })
  })

  it('nothing is signed for a round that was left', () => {
    const bench = new EngineBench().start()
    bench.endRound(0)
    bench.effects.length = 0
    bench.ticks(30)
    const votes = bench.taken('record').map(({ object }) => object)
    expect(votes.some((object) => 'round' in object && object.round === 0)).to.equal(false)
  })

  it('a round that fails is logged with NIL as far as the node had come', () => {
    const bench = new EngineBench().start()
    bench.endRound(0)
    bench.ticks(60)
    const { log } = bench.world.memory(0)
    expect(log.slice(0, 5).map(({ event, round, value }) => [event, round, value])).to.deep.equal([
      ['t1', 0, NIL],
      ['t2', 0, NIL],
      ['t4', 0, NIL],
      ['t6', 0, NIL],
      ['t3', 1, NIL],
    ])
  })

  it('time-outs grow by round and are capped', () => {
    const waits = (round: number): number => {
      const bench = new EngineBench().start()
      const confirms = [1, 2, 3].map((member) => bench.confirm(member, round - 1, NIL))
      bench.hear(1, { kind: 'roundCertificate', certificate: { height: 1, round: round - 1, confirms } })
      bench.effects.length = 0
      let ticks = 0
      while (bench.asked('share').length === 0 && ticks < 10_000) {
        bench.ticks(1)
        ticks += 1
      }
      return ticks
    }
    const [one, three, hundred, thousand] = [1, 3, 100, 1000].map(waits)
    expect([one, three]).to.deep.equal([40, 80])
    expect(hundred).to.equal(thousand)
    expect(hundred).to.equal(20 * 20)
  })

  it('own STATUS and the objects of the last two rounds are sent again until the height is decided', () => {
    const bench = new EngineBench().start()
    bench.endRound(0)
    bench.ticks(200)
    bench.effects.length = 0
    bench.ticks(100)
    const sent = bench
      .taken('broadcast')
      .flatMap(({ parts }) =>
        parts.flatMap((part) => (part.kind === 'object' ? [part.signed.object.type] : [part.kind])),
      )
    expect(new Set(sent)).to.deep.equal(new Set(['ask', 'status', 'body', 'share', 'confirm']))
  })
})
