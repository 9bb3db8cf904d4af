import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { valueHash } from '../../../src/codec/objects.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Confirm, Share, Signed } from '../../../src/types/objects.ts'
import type { Content } from '../../../src/protocol/state.ts'
import type { StatusParts } from '../../helpers/engine-cluster-bench.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

/** Alice (0) is the engine under test; mallory is whoever the test says. */
describe('certificates', () => {
  const others = (bench: EngineBench): StatusParts[] => [1, 2, 3].map((member) => bench.status(member))

  function decidedPart(
    bench: EngineBench,
    share: Signed<Share>,
    confirms: readonly Signed<Confirm>[],
  ): Parameters<EngineBench['hear']>[1] {
    const inputs = others(bench).map(({ signed }) => signed)
    return { kind: 'decided', decided: { height: 1, confirms, share, inputs } }
  }

  /** Bodies for whatever is still missing. */
  function bodies(bench: EngineBench, content: { state: Uint8Array; stateHash: Digest }): void {
    bench.hear(1, ...others(bench).map(({ body }) => body), {
      kind: 'body',
      hash: content.stateHash,
      bytes: content.state,
    })
  }

  it('a decided height is adopted with its votes, its list and all bodies', () => {
    const bench = new EngineBench()
    const content = contentOf(others(bench))
    const confirms = [1, 2, 3].map((member) => bench.confirm(member, 0, content.value))
    bench.hear(1, decidedPart(bench, bench.share(1, 0, content), confirms))
    expect(bench.state.chain.height).to.equal(0)
    bodies(bench, content)
    expect(bench.state.chain.value).to.equal(content.value)
  })

  it('refuses a value that leads the list of CONFIRMs but is not what the quorum confirms', () => {
    const bench = new EngineBench()
    const honest = contentOf(others(bench))
    const state = Uint8Array.of(6, 6, 6)
    const lie: Content = { ...honest, stateHash: keccak(state) }
    const confirms = [
      bench.confirm(0, 0, valueHash(lie)),
      ...[1, 2, 3].map((member) => bench.confirm(member, 0, honest.value)),
    ]
    bench.hear(3, decidedPart(bench, bench.share(3, 0, lie), confirms))
    bodies(bench, { state, stateHash: lie.stateHash })
    expect(bench.state.chain.height).to.equal(0)
    expect(bench.taken('ignored').map(({ code }) => code)).to.include('bad-certificate')
  })

  const refused: [
    string,
    (bench: EngineBench, content: Content & { value: Digest }) => Parameters<EngineBench['hear']>[1],
  ][] = [
    [
      'CONFIRMs below quorum weight',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, content),
          [1, 2].map((member) => bench.confirm(member, 0, content.value)),
        ),
    ],
    [
      'one member three times',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, content),
          [1, 1, 1].map((member) => bench.confirm(member, 0, content.value)),
        ),
    ],
    [
      'CONFIRMs of two rounds',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, content),
          [1, 2, 3].map((member) => bench.confirm(member, member === 1 ? 1 : 0, content.value)),
        ),
    ],
    [
      'a SHARE under another bitmap',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, { ...content, inputs: 0b1111n }),
          [1, 2, 3].map((member) => bench.confirm(member, 0, content.value)),
        ),
    ],
    [
      'a SHARE of another height',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, content, { height: 2 }),
          [1, 2, 3].map((member) => bench.confirm(member, 0, content.value)),
        ),
    ],
    [
      'a quorum of NIL',
      (bench, content) =>
        decidedPart(
          bench,
          bench.share(1, 0, content),
          [1, 2, 3].map((member) => bench.confirm(member, 0, NIL)),
        ),
    ],
  ]
  for (const [name, make] of refused) {
    it(`refuses a decided height with ${name}`, () => {
      const bench = new EngineBench()
      const content = contentOf(others(bench))
      bench.hear(1, make(bench, content))
      bodies(bench, content)
      expect(bench.state.chain.height).to.equal(0)
      expect(bench.taken('ignored').map(({ code }) => code)).to.include('bad-certificate')
    })
  }

  it('decides with a SHARE that proves the value, whatever bitmap a liar voted under', () => {
    const bench = new EngineBench()
    const statuses = others(bench)
    const content = contentOf(statuses)
    bench.start()
    for (const { signed, body } of statuses) bench.hear(signed.member, signed, body)
    for (const member of [1, 2]) bench.hear(member, bench.share(member, 0, content))
    bench.hear(3, bench.share(3, 0, { ...content, inputs: 0b1111n }))
    for (const member of [1, 2, 3]) bench.hear(member, bench.confirm(member, 0, content.value))
    bodies(bench, content)
    const [decided] = bench.taken('decided')
    expect(decided?.decided.share.object.inputs).to.equal(content.inputs)
    expect(bench.state.chain.inputs).to.equal(content.inputs)
  })

  describe('SHARE quorums', () => {
    /** Bob is locked on a value of round 0; mallory (3) voted for it towards him, NIL towards alice. */
    function lockedBob(): {
      bench: EngineBench
      content: Content & { value: Digest }
      quorum: Signed<Share>[]
    } {
      const bench = new EngineBench().start()
      const content = contentOf(others(bench))
      const quorum = [1, 2, 3].map((member) => bench.share(member, 0, content))
      bench.hear(1, bench.share(1, 0, content))
      bench.hear(2, bench.share(2, 0, content))
      bench.hear(3, bench.share(3, 0, null))
      expect(bench.state.valid).to.equal(null)
      bench.endRound(0)
      bench.effects.length = 0
      return { bench, content, quorum }
    }

    it('a re-proposal is judged by the quorum attached to it, not by what its voters said here', () => {
      const { bench, content, quorum } = lockedBob()
      const { value, inputs, inputsRoot } = content
      const hello = bench.hello(1, [], { value, inputs, inputsRoot, validRound: 0 })
      bench.hear(hello.member, hello, ...quorum)
      const [share] = bench.asked('share')
      expect(share).to.include({ stateHash: content.stateHash, validRound: 0 })
    })

    it('a re-proposal without its quorum waits, and gets NIL at helloTimeout', () => {
      const { bench, content, quorum } = lockedBob()
      const { value, inputs, inputsRoot } = content
      const hello = bench.hello(1, [], { value, inputs, inputsRoot, validRound: 0 })
      bench.hear(hello.member, hello, ...quorum.slice(0, 2))
      expect(bench.asked('share')).to.have.length(0)
      bench.ticks(41)
      expect(bench.asked('share')[0]).to.include({ inputs: 0n, validRound: -1 })
    })

    it('a re-proposal of another value than its quorum is for gets NIL', () => {
      const { bench, content, quorum } = lockedBob()
      const { inputs, inputsRoot } = content
      const hello = bench.hello(1, [], { value: keccak('0x66'), inputs, inputsRoot, validRound: 0 })
      bench.hear(hello.member, hello, ...quorum)
      bench.ticks(41)
      expect(bench.asked('share')[0]).to.include({ inputs: 0n, validRound: -1 })
    })

    it('a malformed SHARE is refused, and its sender not taken as having voted', () => {
      const bench = new EngineBench().start()
      const content = contentOf(others(bench))
      bench.effects.length = 0
      bench.hear(1, bench.share(1, 0, { ...content, inputs: 0b0011n }))
      bench.hear(2, bench.share(2, 0, null, { validRound: 0 }))
      expect(bench.taken('ignored').map(({ code }) => code)).to.deep.equal([
        'malformed-vote',
        'malformed-vote',
      ])
      expect(bench.state.box.rounds.get(0)?.shares.size ?? 0).to.equal(0)
    })

    it('a malformed SHARE does not complete a quorum', () => {
      const { bench, content, quorum } = lockedBob()
      const { value, inputs, inputsRoot } = content
      const hello = bench.hello(1, [], { value, inputs, inputsRoot, validRound: 0 })
      const odd = bench.share(3, 0, content, { validRound: 0 })
      bench.hear(hello.member, hello, ...quorum.slice(0, 2), odd)
      expect(bench.asked('share')).to.have.length(0)
    })
  })
})
