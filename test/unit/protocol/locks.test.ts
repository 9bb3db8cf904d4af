import { expect } from 'chai'
import type { Content } from '../../../src/protocol/state.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { StatusParts } from '../../helpers/engine-cluster-bench.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

type Valued = Content & { value: Digest; state: Uint8Array }

/** Alice has confirmed `first` in round 0, the round ended without a decision, and she is in round 1. */
function locked(): { bench: EngineBench; first: Valued; other: Valued; statuses: StatusParts[] } {
  const bench = new EngineBench().start()
  const statuses = [1, 2, 3].map((member) => bench.status(member))
  for (const { signed, body } of statuses) bench.hear(signed.member, signed, body)
  const first = contentOf([bench.status(0), ...statuses])
  for (const member of [1, 2]) bench.hear(member, bench.share(member, 0, first))
  expect(bench.state.lock).to.deep.equal({ value: first.value, round: 0 })
  for (const member of [1, 2, 3]) bench.hear(member, bench.confirm(member, 0, NIL))
  expect(bench.state.round).to.equal(1)
  bench.effects.length = 0
  return { bench, first, other: contentOf(statuses), statuses }
}

function propose(bench: EngineBench, round: number, content: Valued, validRound: number): void {
  const { value, inputs, inputsRoot } = content
  const hello = bench.hello(round, [], { value, inputs, inputsRoot, validRound })
  const quorum = [1, 2, 3].map((member) => bench.share(member, validRound, content))
  bench.hear(hello.member, hello, ...quorum)
}

/** The round that alice does not convene, from `round` on. */
function nextOf(bench: EngineBench, round: number): number {
  return bench.convener(round) === 0 ? round + 1 : round
}

describe('locks', () => {
  it('CONFIRM of a value locks, CONFIRM(NIL) does not', () => {
    const { bench, first } = locked()
    expect(bench.state.lock?.value).to.equal(first.value)
    const free = new EngineBench().start()
    free.ticks(60)
    expect(free.asked('confirm')[0]?.value).to.equal(NIL)
    expect(free.state.lock).to.equal(null)
  })

  it('a locked member refuses a fresh list', () => {
    const { bench, statuses } = locked()
    const hello = bench.hello(
      1,
      statuses.map(({ signed }) => signed),
    )
    bench.hear(hello.member, hello, ...statuses.flatMap(({ signed, body }) => [signed, body]))
    expect(bench.asked('share')[0]).to.include({ round: 1, inputs: 0n, validRound: -1 })
  })

  it('and votes for a re-proposal that is valid since its lock', () => {
    const { bench, first } = locked()
    propose(bench, 1, first, 0)
    expect(bench.asked('share')[0]).to.include({ round: 1, stateHash: first.stateHash, validRound: 0 })
  })

  it('another value needs a SHARE quorum from the lock on', () => {
    const { bench, other } = locked()
    bench.endRound(1)
    bench.endRound(2)
    const round = nextOf(bench, 3)
    if (round === 4) bench.endRound(3)
    bench.effects.length = 0
    propose(bench, round, other, 2)
    expect(bench.asked('share')[0]).to.include({ round, stateHash: other.stateHash, validRound: 2 })
  })

  it('an older re-proposal than the own lock gets NIL: the other way round is amnesia (E1b)', () => {
    const { bench, other, first } = locked()
    // round 1: the lock moves to `first` again, now of round 1
    propose(bench, 1, first, 0)
    for (const member of [1, 2]) bench.hear(member, bench.share(member, 1, first, { validRound: 0 }))
    expect(bench.state.lock).to.deep.equal({ value: first.value, round: 1 })
    bench.endRound(1)
    const round = nextOf(bench, 2)
    if (round === 3) bench.endRound(2)
    bench.effects.length = 0
    // a quorum of round 0 for another value can only be made by liars above a third; the lock holds all the same
    bench.state.box.rounds = new Map([...bench.state.box.rounds].filter(([known]) => known !== 0))
    propose(bench, round, other, 0)
    expect(bench.asked('share')[0]).to.include({ round, inputs: 0n, validRound: -1 })
  })

  it('a locked convener re-proposes its value with the quorum attached', () => {
    const { bench, first } = locked()
    let round = 1
    while (bench.convener(round) !== 0) bench.endRound(round++)
    const hello = bench.effects.flatMap((effect) =>
      effect.kind === 'broadcast' &&
      effect.parts.some((part) => part.kind === 'object' && part.signed.object.type === 'hello')
        ? [effect.parts]
        : [],
    )[0]
    const objects = (hello ?? []).flatMap((part) => (part.kind === 'object' ? [part.signed.object] : []))
    expect(objects[0]).to.include({ type: 'hello', value: first.value, validRound: 0 })
    expect(objects.slice(1).map((object) => object.type)).to.deep.equal(['share', 'share', 'share'])
  })

  it('the record of a CONFIRM carries the quorum of its own round', () => {
    const bench = new EngineBench().start()
    const statuses = [1, 2, 3].map((member) => bench.status(member))
    for (const { signed, body } of statuses) bench.hear(signed.member, signed, body)
    const content = contentOf([bench.status(0), ...statuses])
    for (const member of [1, 2]) bench.hear(member, bench.share(member, 0, content))
    const record = bench.taken('record').find(({ object }) => object.type === 'confirm')
    expect(record?.proof).to.include({ round: 0, value: content.value })
    expect(record?.proof?.shares.map(({ member }) => member)).to.deep.equal([0, 1, 2])
  })
})
