import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { GET_MAX } from '../../../src/types/frames.ts'
import type { Part, Seen } from '../../../src/types/frames.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Checkpoint, Signed } from '../../../src/types/objects.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

const OTHER = Uint8Array.of(9, 9)

/** Height 2 comes decided, with all that it stands for. */
function decideNext(bench: EngineBench): void {
  const statuses = [1, 2, 3].map((member) => bench.status(member, Uint8Array.of(member, 2), 2))
  const next = contentOf(statuses)
  const decided = {
    height: 2,
    confirms: [1, 2, 3].map((member) => bench.confirm(member, 0, next.value, 2)),
    share: bench.share(1, 0, next, { height: 2 }),
    inputs: statuses.map(({ signed }) => signed),
  }
  const state: Part = { kind: 'body', hash: next.stateHash, bytes: next.state }
  bench.hear(1, { kind: 'decided', decided }, ...statuses.map(({ body }) => body), state)
}

describe('what each has seen', () => {
  let bench: EngineBench
  let content: ReturnType<typeof contentOf>

  beforeEach(() => {
    bench = new EngineBench().start()
    const statuses = [0, 1, 2, 3].map((member) => bench.status(member))
    for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
    content = contentOf(statuses)
    bench.effects.length = 0
  })

  /** Digests asked for since the last call, by member asked. */
  function asked(): [number, readonly Digest[]][] {
    return bench
      .taken('send')
      .flatMap(({ to, parts }) =>
        parts.flatMap((part): [number, readonly Digest[]][] =>
          part.kind === 'get' ? [[to, part.hashes]] : [],
        ),
      )
  }

  function tell(from: number, seen: readonly Seen[], round = 0, height = 1): void {
    const part: Part = { kind: 'seen', height, seen }
    bench.hear(from, bench.confirm(from, round, NIL), part)
  }

  const nothing = { status: null, hello: null, share: null, confirm: null, checkpoint: null }
  const status = (member: number, hash: Digest): Seen => ({ ...nothing, member, status: hash })

  it('travels behind the own CONFIRM: STATUS of the height, SHARE of its round, of all others', () => {
    const shares = [1, 2].map((member) => bench.share(member, 0, content))
    for (const signed of shares) bench.hear(signed.member, signed)
    const [frame] = bench.taken('broadcast')
    expect(frame?.parts.map(({ kind }) => kind)).to.deep.equal(['object', 'seen'])
    expect(frame?.parts[1]).to.deep.equal({
      kind: 'seen',
      height: 1,
      seen: [1, 2, 3].map((member) => ({
        ...nothing,
        member,
        status: bench.status(member).signed.hash,
        share: shares.find((signed) => signed.member === member)?.hash ?? null,
      })),
    })
  })

  it('is asked about only where it differs from what is held, once by object and sender', () => {
    const other = bench.status(3, OTHER).signed.hash
    tell(1, [status(3, bench.status(3).signed.hash), status(2, bench.status(2).signed.hash)])
    expect(asked()).to.deep.equal([])
    for (let i = 0; i < 3; i += 1) tell(1, [status(3, other)])
    for (let i = 0; i < 50; i += 1) tell(1, [status(3, keccak(Uint8Array.of(i)))])
    expect(asked()).to.deep.equal([[1, [other]]])
    tell(2, [status(3, other)])
    expect(asked()).to.deep.equal([[2, [other]]])
  })

  it('leads to one bounded question per view, whatever a liar claims to have seen', () => {
    const bench = new EngineBench({ n: 128 }).start()
    bench.effects.length = 0
    const members = Array.from({ length: 127 }, (_, i) => i + 1)
    const value = content.value
    for (const member of members) {
      bench.hear(member, bench.status(member).signed, bench.confirm(member, 0, value))
    }
    const questions = (): (readonly Digest[])[] =>
      bench
        .taken('send')
        .filter(({ to }) => to === 1)
        .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'get' ? [part.hashes] : [])))
    bench.effects.length = 0
    const lie = (member: number): Digest => keccak(Uint8Array.of(77, member))
    const seen = members.map((member) => ({
      ...nothing,
      member,
      status: lie(member),
      confirm: lie(member),
    }))
    const sizes = []
    for (let i = 0; i < 9; i += 1) {
      bench.hear(1, bench.confirm(1, 0, value), { kind: 'seen', height: 1, seen })
      sizes.push(...questions().map(({ length }) => length))
    }
    // each object once: the STATUS and the CONFIRM of 127 members
    expect(sizes).to.deep.equal([GET_MAX, 2 * 127 - GET_MAX])
  })

  it('is not asked about where nothing is held, nor about this node itself', () => {
    const some = keccak('0x01')
    tell(1, [
      { member: 0, status: some, hello: some, share: some, confirm: some, checkpoint: some },
      { ...nothing, member: 2, share: some },
      { member: 30, status: some, hello: some, share: some, confirm: some, checkpoint: some },
    ])
    tell(1, [status(3, some)], 0, 7)
    tell(1, [{ ...nothing, member: 0, share: some }], 40)
    bench.hear(1, { kind: 'seen', height: 1, seen: [status(3, some)] })
    expect(asked()).to.deep.equal([])
  })

  it('convicts with the answer, though nobody was sent both', () => {
    const lie = bench.status(3, OTHER).signed
    tell(1, [status(3, lie.hash)])
    bench.effects.length = 0
    bench.hear(1, lie)
    expect(bench.taken('evidence').map(({ evidence }) => evidence)).to.deep.equal([
      { kind: 'E1', first: bench.status(3).signed, second: lie },
    ])
    tell(2, [status(3, keccak('0x02'))])
    expect(asked()).to.deep.equal([])
  })

  it('finds two CONFIRMs of a round', () => {
    const held = bench.confirm(3, 0, NIL)
    const lie = bench.confirm(3, 0, keccak('0x01'))
    bench.hear(3, held)
    tell(1, [{ ...nothing, member: 3, confirm: lie.hash }])
    expect(asked()).to.deep.equal([[1, [lie.hash]]])
    bench.effects.length = 0
    bench.hear(1, lie)
    expect(bench.taken('evidence').map(({ evidence }) => evidence)).to.deep.equal([
      { kind: 'E1', first: held, second: lie },
    ])
  })

  it('finds two lists of a convener, of the round after that of the CONFIRM', () => {
    const [, one, two, three] = [0, 1, 2, 3].map((member) => bench.status(member).signed)
    const convener = bench.convener(1)
    const held = bench.hello(1, [one!, two!, three!])
    const lie = bench.hello(1, [one!, two!, three!], { inputsRoot: keccak('0x01') })
    bench.hear(convener, held)
    const from = [1, 2, 3].find((member) => member !== convener)!
    tell(from, [{ ...nothing, member: convener, hello: lie.hash }])
    expect(asked()).to.deep.equal([[from, [lie.hash]]])
    bench.effects.length = 0
    bench.hear(from, lie)
    expect(bench.taken('evidence').map(({ evidence }) => evidence)).to.deep.equal([
      { kind: 'E1', first: held, second: lie },
    ])
  })

  describe('finds two CHECKPOINTs', () => {
    const checkpointOf = (logHead: Digest): Signed<Checkpoint> =>
      bench.sign<Checkpoint>(3, {
        type: 'checkpoint',
        height: 1,
        root: NIL,
        logSeq: 5,
        logHead,
        inputsHash: NIL,
      })
    const held = (): Signed<Checkpoint> => checkpointOf(NIL)
    const lie = (): Signed<Checkpoint> => checkpointOf(keccak('0x01'))
    const told = (): Part => ({
      kind: 'seen',
      height: 1,
      seen: [{ ...nothing, member: 3, checkpoint: lie().hash }],
    })

    /** Height 1 is decided: the end of an epoch, of which the chain may have the checkpoint already. */
    function decide(): void {
      for (const member of [1, 2]) bench.hear(member, bench.share(member, 0, content))
      for (const member of [1, 2]) bench.hear(member, bench.confirm(member, 0, content.value))
      expect(bench.state.box.height).to.equal(2)
    }

    beforeEach(() => {
      bench = new EngineBench({ epochHeights: 1 }).start()
      const statuses = [0, 1, 2, 3].map((member) => bench.status(member))
      for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
    })

    for (const anchored of [false, true]) {
      it(`told of behind a CONFIRM of the next height${anchored ? ', though the chain has the height' : ''}`, () => {
        decide()
        bench.hear(3, held())
        if (anchored) bench.world.input(0, { kind: 'checkpointed', height: 1 })
        bench.effects.length = 0
        bench.hear(1, bench.confirm(1, 0, NIL, 2), told())
        expect(asked()).to.deep.equal([[1, [lie().hash]]])
        bench.effects.length = 0
        bench.hear(1, lie())
        expect(
          bench.effects.flatMap((effect) => (effect.kind === 'evidence' ? [effect.evidence] : [])),
        ).to.deep.equal([{ kind: 'E1', first: held(), second: lie() }])
        bench.effects.length = 0
        bench.hear(2, { kind: 'get', hashes: [held().hash, lie().hash] })
        const answers = bench.taken('send').flatMap(({ parts }) => parts)
        expect(answers).to.have.deep.members([
          { kind: 'object', signed: held() },
          { kind: 'object', signed: lie() },
        ])
      })
    }

    it('told of behind a CHECKPOINT: after the last height of a task nothing else comes', () => {
      decide()
      bench.hear(3, held())
      bench.effects.length = 0
      const own = {
        type: 'checkpoint',
        height: 1,
        root: NIL,
        logSeq: 6,
        logHead: NIL,
        inputsHash: NIL,
      } as const
      bench.hear(1, bench.sign<Checkpoint>(1, own), told())
      expect(asked()).to.deep.equal([[1, [lie().hash]]])
    })

    it('and names them behind both', () => {
      bench.hear(3, held())
      decide()
      const frames = bench.taken('broadcast').map(({ parts }) => parts)
      const behind = frames.find(
        ([first]) => first?.kind === 'object' && first.signed.object.type === 'checkpoint',
      )
      const seen = behind?.flatMap((part) => (part.kind === 'seen' ? part.seen : []))
      expect(seen?.find(({ member }) => member === 3)?.checkpoint).to.equal(held().hash)
    })
  })

  describe('what met here is passed on to all', () => {
    const passed = (): readonly Part[][] => bench.taken('broadcast').map(({ parts }) => [...parts])
    const pair = (first: Signed, second: Signed): Part[] =>
      [first, second].map((signed): Part => ({ kind: 'object', signed }))

    it('once', () => {
      const lie = bench.status(3, OTHER).signed
      bench.hear(1, lie)
      expect(passed()).to.deep.include(pair(bench.status(3).signed, lie))
      bench.hear(2, lie)
      bench.hear(3, bench.status(3, Uint8Array.of(7)).signed)
      expect(passed()).to.deep.equal([])
    })

    it('also if its signer sent both in one frame: who else got them is not known', () => {
      const both = [NIL, keccak('0x01')].map((value) => bench.confirm(3, 0, value))
      bench.hear(3, ...both)
      expect(passed()).to.deep.equal([pair(both[0]!, both[1]!)])
    })

    it('not again if it came as a pair, which then is evidence here as well', () => {
      const both = [NIL, keccak('0x01')].map((value) => bench.confirm(3, 0, value))
      bench.hear(1, ...both)
      expect(bench.effects.map(({ kind }) => kind)).to.include('evidence')
      expect(passed()).to.deep.equal([])
    })

    it('a vote against an own CONFIRM, too', () => {
      const confirm = bench.confirm(3, 0, content.value)
      const share = bench.share(3, 1, { ...content, stateHash: keccak('0x01') })
      bench.hear(3, confirm)
      expect(passed()).to.deep.equal([])
      bench.hear(3, share)
      expect(passed()).to.deep.equal([pair(confirm, share)])
    })
  })

  it('names the height before, of which late objects are here by then; two heights later they still convict', () => {
    const vote = bench.share(3, 0, content)
    const lie = bench.share(3, 0, null)
    const votes = [1, 2].map((member) => bench.share(member, 0, content))
    for (const signed of votes) bench.hear(signed.member, signed)
    const confirms = (height: number, value: Digest): void => {
      for (const member of [1, 2]) bench.hear(member, bench.confirm(member, 0, value, height))
    }
    confirms(1, content.value)
    bench.hear(3, vote)
    expect(bench.state.box.height).to.equal(2)
    bench.effects.length = 0
    const seen: Part = { kind: 'seen', height: 1, seen: [{ ...nothing, member: 3, share: lie.hash }] }
    bench.hear(1, bench.confirm(1, 0, NIL, 2), seen)
    expect(asked()).to.deep.equal([[1, [lie.hash]]])
    decideNext(bench)
    expect(bench.state.box.height).to.equal(3)
    bench.effects.length = 0
    bench.hear(2, { kind: 'get', hashes: [vote.hash] })
    // others voted the same: the digest names the vote, not the voter
    const answers = bench.taken('send').flatMap(({ parts }) => parts)
    expect(answers).to.deep.include({ kind: 'object', signed: vote })
    bench.hear(1, lie)
    expect(bench.taken('evidence').map(({ evidence }) => evidence)).to.deep.equal([
      { kind: 'E1', first: vote, second: lie },
    ])
  })

  it('is answered with the signed objects, second ones too, of third members', () => {
    const lie = bench.status(3, OTHER).signed
    bench.hear(3, lie)
    const votes = [1, 2].map((member) => bench.share(member, 0, content))
    bench.hear(1, votes[0]!)
    bench.effects.length = 0
    const answer = (from: number, ...hashes: readonly Digest[]): unknown[] => {
      bench.hear(from, { kind: 'get', hashes })
      return bench
        .taken('send')
        .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'object' ? [part.signed] : [])))
    }
    expect(answer(2, lie.hash, votes[0]!.hash)).to.have.deep.members([lie, votes[0]])
    expect(answer(2, bench.status(0).signed.hash, keccak('0x77'))).to.deep.equal([])
    expect(answer(1, votes[0]!.hash)).to.deep.equal([])
  })

  it('is answered within a quota', () => {
    const { hash } = bench.status(3).signed
    let answers = 0
    for (let i = 0; i < 2_000; i += 1) bench.hear(1, { kind: 'get', hashes: [hash] })
    for (const { parts } of bench.taken('send')) answers += parts.length
    expect(answers).to.equal(256)
  })
})
