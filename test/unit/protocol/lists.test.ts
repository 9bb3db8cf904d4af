import { expect } from 'chai'
import { inputsRoot } from '../../../src/codec/objects.ts'
import type { StatusParts } from '../../helpers/engine-cluster-bench.ts'
import { contentOf, EngineBench, listOf } from '../../helpers/engine-cluster-bench.ts'

describe('convener lists', () => {
  /** Alice in round 1 of height 1, with no STATUS but her own. */
  function inRoundOne(): { bench: EngineBench; statuses: StatusParts[] } {
    const bench = new EngineBench().start()
    bench.endRound(0)
    bench.effects.length = 0
    expect(bench.convener(1)).not.to.equal(bench.self)
    return { bench, statuses: [1, 2, 3].map((member) => bench.status(member)) }
  }
  const framed = ({ signed, body }: StatusParts): readonly [StatusParts['signed'], StatusParts['body']] => [
    signed,
    body,
  ]

  it('a list with every object and body is aggregated as listed', () => {
    const { bench, statuses } = inRoundOne()
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.flatMap(framed))
    expect(bench.asked('share')[0]).to.include({ stateHash: contentOf(statuses).stateHash, validRound: -1 })
  })

  it('a list whose root covers fewer inputs than its bitmap names is not answered: its quorum would be a fake', () => {
    const { bench, statuses } = inRoundOne()
    const [first] = statuses
    const { inputs } = listOf(statuses.map(({ signed }) => signed))
    const hello = bench.hello(1, [], { inputs, inputsRoot: inputsRoot(inputs, [first!.signed.hash]) })
    bench.hear(hello.member, hello, ...framed(first!))
    bench.ticks(41)
    expect(bench.asked('share')).to.deep.include({
      ...bench.share(0, 1, null).object,
    })
  })

  for (const [name, change] of [
    ['below quorum weight', { inputs: 0b0011n }],
    ['that names a stranger', { inputs: 0b11110n }],
    ['with a validRound', { validRound: 0 }],
  ] as const) {
    it(`a list ${name} is malformed`, () => {
      const { bench, statuses } = inRoundOne()
      const hello = bench.hello(
        1,
        statuses.map(({ signed }) => signed),
        change,
      )
      bench.hear(hello.member, hello, ...statuses.flatMap(framed))
      expect(bench.taken('ignored').map(({ code }) => code)).to.include('malformed-vote')
    })
  }

  it('a list that comes before its round is used when the round begins', () => {
    const bench = new EngineBench().start()
    const statuses = [1, 2, 3].map((member) => bench.status(member))
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.flatMap(framed))
    bench.effects.length = 0
    bench.endRound(0)
    expect(bench.asked('share')[0]).to.include({ round: 1, stateHash: contentOf(statuses).stateHash })
  })

  it('the list of the next round does not push out the one in work', () => {
    const { bench, statuses } = inRoundOne()
    const signed = statuses.map((status) => status.signed)
    const [now, early] = [bench.hello(1, signed), bench.hello(2, signed)]
    bench.hear(now.member, now, ...signed)
    bench.hear(early.member, early, ...signed)
    bench.hear(1, ...statuses.map(({ body }) => body))
    expect(bench.asked('share')[0]).to.include({ round: 1, stateHash: contentOf(statuses).stateHash })
  })

  it('an equivocator in the list is no reason to refuse: the list pins one input', () => {
    const { bench, statuses } = inRoundOne()
    const other = bench.status(3, Uint8Array.of(66, 66))
    bench.hear(3, ...framed(other))
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.flatMap(framed))
    expect(bench.asked('share')[0]).to.include({ stateHash: contentOf(statuses).stateHash })
  })

  it('a value over a pinned input is decided in a later round too: its list is still known', () => {
    const { bench, statuses } = inRoundOne()
    bench.hear(3, ...framed(bench.status(3, Uint8Array.of(66, 66))))
    const content = contentOf(statuses)
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.flatMap(framed))
    for (const member of [1, 2]) bench.hear(member, bench.share(member, 1, content))
    bench.endRound(1)
    expect(bench.state.round).to.equal(2)
    const again = { validRound: 1 }
    for (const member of [1, 2, 3]) bench.hear(member, bench.share(member, 2, content, again))
    for (const member of [1, 2, 3]) bench.hear(member, bench.confirm(member, 2, content.value))
    expect(bench.state.chain.value).to.equal(content.value)
  })

  it('asks the convener once for the bodies it lacks', () => {
    const { bench, statuses } = inRoundOne()
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.map(({ signed }) => signed))
    const gets = bench.taken('send').filter(({ parts }) => parts[0]?.kind === 'get')
    expect(gets.map(({ to }) => to)).to.deep.equal([hello.member])
    bench.ticks(2)
    expect(bench.taken('send')).to.have.length(0)
  })

  it('answers NIL if the reducer refuses a listed state', () => {
    const { bench, statuses } = inRoundOne()
    const odd = [...statuses.slice(0, 2), bench.status(3, Uint8Array.of(1, 2, 3))]
    const hello = bench.hello(
      1,
      odd.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...odd.flatMap(framed))
    expect(bench.asked('share')[0]).to.include({ inputs: 0n })
  })

  it('only the convener is heard, and only its first HELLO', () => {
    const { bench, statuses } = inRoundOne()
    const signed = statuses.map((status) => status.signed)
    const hello = bench.hello(1, signed)
    const stranger = [1, 2, 3].find((member) => member !== hello.member)!
    bench.hear(stranger, bench.sign(stranger, hello.object))
    expect(bench.taken('ignored').map(({ code }) => code)).to.deep.equal(['not-convener'])
    bench.hear(hello.member, hello)
    bench.hear(
      hello.member,
      bench.hello(
        1,
        [...signed, bench.status(0).signed].toSorted((a, b) => a.member - b.member),
      ),
    )
    expect(bench.taken('evidence')).to.have.length(1)
    expect(bench.state.box.rounds.get(1)?.hello?.hash).to.equal(hello.hash)
  })
})
