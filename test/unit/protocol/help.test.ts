import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { NIL } from '../../../src/types/ids.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

const codes = (bench: EngineBench): string[] => bench.taken('ignored').map(({ code }) => code)

/** Alice has decided height 1 with bob, carol and dave. */
function afterHeightOne(): EngineBench {
  const bench = new EngineBench()
  const statuses = [1, 2, 3].map((member) => bench.status(member))
  const content = contentOf(statuses)
  const confirms = [1, 2, 3].map((member) => bench.confirm(member, 0, content.value))
  const inputs = statuses.map(({ signed }) => signed)
  const decided = { height: 1, confirms, share: bench.share(1, 0, content), inputs }
  const state = { kind: 'body', hash: content.stateHash, bytes: content.state } as const
  bench.hear(1, { kind: 'decided', decided }, ...statuses.map(({ body }) => body))
  bench.hear(1, state)
  expect(bench.state.chain.height).to.equal(1)
  bench.effects.length = 0
  return bench
}

describe('help', () => {
  it('a vote of a decided height is answered with that height, once per shareTicks', () => {
    const bench = afterHeightOne()
    for (let i = 0; i < 5; i += 1) bench.hear(2, bench.status(2).signed)
    expect(bench.taken('serveHeights')).to.deep.equal([{ kind: 'serveHeights', to: 2, fromHeight: 1 }])
    bench.ticks(20)
    bench.hear(2, bench.status(2).signed)
    expect(bench.taken('serveHeights')).to.have.length(1)
  })

  it('a vote of a round that was left is answered with the CONFIRMs that ended it', () => {
    const bench = new EngineBench().start()
    bench.endRound(0)
    bench.effects.length = 0
    bench.hear(2, bench.share(2, 0, null))
    const [answer] = bench.taken('send')
    expect(answer?.to).to.equal(2)
    expect(answer?.parts[0]).to.have.nested.property('certificate.round', 0)
  })

  it('objects two heights ahead are not kept: they make a node ask', () => {
    const bench = new EngineBench().start()
    bench.effects.length = 0
    bench.hear(2, bench.status(2, Uint8Array.of(1, 1), 3).signed)
    expect(bench.taken('send')).to.deep.equal([
      { kind: 'send', to: 2, parts: [{ kind: 'sync', fromHeight: 1 }] },
    ])
    expect(bench.state.next.inputs.size).to.equal(0)
  })

  it('a node that did not open a height asks for it when more than a third is in the next', () => {
    const bench = afterHeightOne()
    bench.start()
    for (const member of [1, 2]) bench.hear(member, bench.status(member, Uint8Array.of(1, 1), 3).signed)
    expect(bench.taken('send')).to.deep.equal([
      { kind: 'send', to: 2, parts: [{ kind: 'sync', fromHeight: 2 }] },
    ])
  })

  it('serves no height below the first', () => {
    const bench = afterHeightOne()
    bench.hear(1, { kind: 'sync', fromHeight: 0 })
    bench.hear(2, bench.status(2, Uint8Array.of(1, 1), 0).signed)
    expect(bench.taken('serveHeights').map(({ fromHeight }) => fromHeight)).to.deep.equal([1, 1])
  })

  it('asks who confirmed a value for the SHAREs behind it, and takes them as a quorum', () => {
    const bench = new EngineBench().start()
    const content = contentOf([1, 2, 3].map((member) => bench.status(member)))
    bench.hear(1, bench.confirm(1, 0, content.value))
    bench.hear(2, bench.confirm(2, 0, NIL))
    bench.effects.length = 0
    bench.hear(3, bench.confirm(3, 0, NIL))
    const asks = bench.taken('send').filter(({ parts }) => parts[0]?.kind === 'get')
    expect(asks).to.deep.equal([{ kind: 'send', to: 1, parts: [{ kind: 'get', hashes: [content.value] }] }])
    bench.hear(1, ...[1, 2, 3].map((member) => bench.share(member, 0, content)))
    expect(bench.state.valid).to.include({ value: content.value, round: 0 })
    bench.effects.length = 0
    bench.hear(2, { kind: 'get', hashes: [content.value] })
    const [served] = bench.taken('send')
    expect(served?.parts.map((part) => part.kind)).to.deep.equal(['object', 'object', 'object'])
  })

  it('a CONFIRM that comes after its round was left makes it ask too', () => {
    const bench = new EngineBench({ n: 7 }).start()
    bench.endRound(0, [1, 2, 3, 4, 5])
    bench.effects.length = 0
    bench.hear(6, bench.confirm(6, 0, keccak('0x01')))
    expect(bench.taken('send').map(({ to }) => to)).to.include(6)
  })

  it('one member gets a bounded number of bodies per shareTicks', () => {
    const bench = new EngineBench().start()
    const { stateHash } = bench.state.box.inputs.get(0)!.object as { stateHash: `0x${string}` }
    bench.effects.length = 0
    for (let i = 0; i < 2000; i += 1) bench.hear(2, { kind: 'get', hashes: [stateHash] })
    const sent = bench.effects.filter((effect) => effect.kind === 'send').length
    expect(sent).to.be.greaterThan(0)
    expect(sent).to.be.at.most(512)
    bench.hear(1, { kind: 'get', hashes: [stateHash] })
    expect(bench.taken('send').filter(({ to }) => to === 1)).to.have.length(1)
    bench.ticks(20)
    bench.effects.length = 0
    bench.hear(2, { kind: 'get', hashes: [stateHash, stateHash] })
    expect(bench.taken('send')[0]?.parts).to.have.length(1)
  })

  it('a lone HELLO is answered with the own STATUS in every status; beside a STATUS it is not', () => {
    const bench = new EngineBench().start()
    bench.effects.length = 0
    bench.hear(2, { kind: 'ask', height: 1 })
    expect(bench.taken('send')[0]?.parts.map((part) => part.kind)).to.deep.equal(['object', 'body'])
    bench.hear(2, { kind: 'ask', height: 1 }, bench.status(2).signed)
    bench.hear(2, { kind: 'ask', height: 7 })
    expect(bench.taken('send')).to.have.length(0)
  })

  it('asks another confirmer each time it has to ask again', () => {
    const bench = new EngineBench({ n: 7, config: { shareTicks: 20 } })
    const value = keccak('0x01')
    for (const member of [1, 2, 3, 4, 5]) bench.hear(member, bench.confirm(member, 0, value))
    bench.ticks(101)
    const asked = bench.taken('send').map(({ to }) => to)
    expect(new Set(asked)).to.deep.equal(new Set([1, 2, 3, 4, 5]))
  })
})

describe('what an engine keeps', () => {
  it('no body that nobody announced, and none above the cap', () => {
    const bench = new EngineBench().start()
    const bytes = Uint8Array.of(9, 9)
    bench.hear(1, { kind: 'body', hash: keccak(bytes), bytes })
    expect(codes(bench)).to.deep.equal(['unwanted-body'])
    const big = new Uint8Array(5000)
    bench.hear(1, bench.status(1, big).signed, { kind: 'body', hash: keccak(big), bytes: big })
    expect(codes(bench)).to.deep.equal(['oversized-body'])
    expect(bench.state.bodies.size).to.equal(1)
  })

  it('no round more than one ahead', () => {
    const bench = new EngineBench().start()
    bench.effects.length = 0
    for (let round = 1; round < 50; round += 1) bench.hear(1, bench.confirm(1, round, NIL))
    expect(codes(bench)).to.have.length(48)
    expect(Math.max(...bench.state.box.rounds.keys())).to.equal(1)
  })

  it('a bounded number of rounds, bodies and log entries, however long a height takes', () => {
    const bench = new EngineBench().start()
    for (let round = 0; round < 400; round += 1) {
      const statuses = [1, 2, 3].map((member) => bench.status(member, Uint8Array.of(round % 250, member)))
      const hello = bench.hello(
        round + 1,
        statuses.map(({ signed }) => signed),
      )
      bench.endRound(round)
      if (bench.convener(round + 1) !== 0) {
        bench.hear(hello.member, hello, ...statuses.flatMap(({ signed, body }) => [signed, body]))
      }
      bench.effects.length = 0
    }
    expect(bench.state.round).to.equal(400)
    expect(bench.state.box.rounds.size).to.be.at.most(70)
    expect(bench.state.bodies.size).to.be.at.most(70 * 5)
    expect(bench.state.epoch.entries.length).to.be.at.most(4 * 258)
  })

  it('one proof per equivocator and height', () => {
    const bench = new EngineBench().start()
    bench.effects.length = 0
    for (let i = 0; i < 50; i += 1) bench.hear(1, bench.status(1, Uint8Array.of(1, i)).signed)
    expect(bench.taken('evidence')).to.have.length(1)
  })
})
