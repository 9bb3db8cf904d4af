import { expect } from 'chai'
import { isProof } from '../../../src/codec/evidence.ts'
import { concatHex, keccak } from '../../../src/codec/hex.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import { encodeNote } from '../../../src/codec/notes.ts'
import { NOTHING, valueHash } from '../../../src/codec/objects.ts'
import { sharedSteps } from '../../../src/protocol/phase-log.ts'
import type { Evidence } from '../../../src/types/evidence.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import type { Checkpoint, Close, Share, Signed } from '../../../src/types/objects.ts'
import { contentOf, EngineBench, listOf } from '../../helpers/engine-cluster-bench.ts'

const EPOCH = 2

/** What was found since the last call; all of it must convince the contract. */
function found(bench: EngineBench): Evidence[] {
  const { cluster } = bench.world
  const evidence = bench.taken('evidence').map((effect) => effect.evidence)
  for (const each of evidence) expect(isProof({ cluster, epochHeights: EPOCH }, each)).to.equal(true)
  return evidence
}

const kinds = (evidence: readonly Evidence[]): string[] => evidence.map(({ kind }) => kind)

describe('evidence', () => {
  let bench: EngineBench

  beforeEach(() => {
    bench = new EngineBench({ epochHeights: EPOCH }).start()
  })

  /** Everybody's STATUS is here; this node has cast its SHARE of round 0. */
  function debated(): ReturnType<typeof contentOf> {
    const own = bench.status(0)
    const statuses = [own, ...[1, 2, 3].map((member) => bench.status(member))]
    for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
    return contentOf(statuses)
  }

  describe('of two objects for one key (E1)', () => {
    it('not from one object sent again, nor with other signature bytes', () => {
      const { signed } = bench.status(1)
      const again: Signed = { ...signed, signature: concatHex(signed.hash, keccak('0x'), '1c') }
      bench.hear(1, signed)
      bench.hear(2, signed)
      bench.hear(1, again)
      expect(found(bench)).to.deep.equal([])
    })

    it('not from a NIL vote in one round and another vote in the next', () => {
      const content = debated()
      bench.hear(1, bench.share(1, 0, null))
      bench.hear(1, bench.share(1, 1, content))
      bench.hear(1, bench.confirm(1, 0, NIL))
      expect(found(bench)).to.deep.equal([])
    })

    it('once per key, whoever brings the second one', () => {
      bench.hear(1, bench.status(1).signed)
      bench.hear(2, bench.status(1, Uint8Array.of(9, 9)).signed)
      bench.hear(3, bench.status(1, Uint8Array.of(8, 8)).signed)
      expect(kinds(found(bench))).to.deep.equal(['E1'])
      bench.hear(1, bench.confirm(1, 0, NIL))
      bench.hear(1, bench.confirm(1, 0, keccak('0x01')))
      expect(kinds(found(bench))).to.deep.equal(['E1'])
    })

    it('of a convener that lists differently', () => {
      debated()
      bench.endRound(0)
      const statuses = [1, 2, 3].map((member) => bench.status(member).signed)
      const member = bench.convener(1)
      bench.hear(member, bench.hello(1, statuses))
      bench.hear(2, bench.hello(1, [bench.status(0).signed, ...statuses]))
      expect(kinds(found(bench))).to.deep.equal(['E1'])
    })

    it('of a vote that is no vote beside a good one', () => {
      const content = debated()
      bench.hear(1, bench.share(1, 0, content))
      bench.hear(1, bench.share(1, 0, { ...content, inputs: 1n }, { validRound: 0 }))
      expect(kinds(found(bench))).to.deep.equal(['E1', 'E3'])
    })

    it('out of a certificate for a round that was left', () => {
      debated()
      bench.endRound(0)
      found(bench)
      const other = [1, 2, 3].map((member) => bench.confirm(member, 0, member === 2 ? keccak('0x01') : NIL))
      bench.hear(3, { kind: 'roundCertificate', certificate: { height: 1, round: 0, confirms: other } })
      const [pair] = found(bench)
      expect(pair).to.include({ kind: 'E1' })
    })
  })

  describe('of amnesia (E1b)', () => {
    const value = keccak('0x77')

    it('not from votes that a lock allows', () => {
      const content = debated()
      bench.hear(1, bench.confirm(1, 0, value))
      bench.hear(1, bench.share(1, 1, null))
      bench.hear(2, bench.confirm(2, 0, content.value))
      bench.hear(2, bench.share(2, 1, content, { validRound: 0 }))
      bench.hear(3, bench.confirm(3, 0, value))
      bench.hear(3, bench.share(3, 1, content, { validRound: 0 }))
      expect(found(bench)).to.deep.equal([])
    })

    it('not from a CONFIRM of NIL, nor from the vote of an earlier round', () => {
      const content = debated()
      bench.hear(1, bench.share(1, 0, content))
      bench.hear(1, bench.confirm(1, 0, value))
      bench.hear(2, bench.confirm(2, 0, NIL))
      bench.hear(2, bench.share(2, 1, content))
      expect(found(bench)).to.deep.equal([])
    })

    for (const order of ['CONFIRM first', 'SHARE first'] as const) {
      it(`of a fresh vote against the own CONFIRM, ${order}`, () => {
        const content = debated()
        const objects = [bench.confirm(1, 0, value), bench.share(1, 1, content)]
        for (const signed of order === 'SHARE first' ? objects.toReversed() : objects) bench.hear(2, signed)
        bench.hear(1, ...objects)
        expect(kinds(found(bench))).to.deep.equal(['E1b'])
      })
    }

    it('of a CONFIRM that comes in a certificate', () => {
      const content = debated()
      bench.hear(1, bench.share(1, 1, content))
      const confirms = [1, 2, 3].map((member) => bench.confirm(member, 0, member === 1 ? value : NIL))
      bench.hear(3, { kind: 'roundCertificate', certificate: { height: 1, round: 0, confirms } })
      expect(kinds(found(bench))).to.deep.equal(['E1b'])
    })
  })

  describe('of votes for no list (E3)', () => {
    const few = { ...NOTHING, stateHash: keccak('0x01'), inputsRoot: keccak('0x02'), inputs: 0b0011n }

    it('not from NIL, a quorum list, or a vote that is only repeated', () => {
      const content = debated()
      bench.hear(1, bench.share(1, 0, null))
      bench.hear(2, bench.share(2, 0, content))
      bench.hear(3, bench.share(3, 1, few, { validRound: 0 }))
      expect(found(bench)).to.deep.equal([])
    })

    it('of half the weight, and of a stranger; they count for nothing', () => {
      debated()
      bench.hear(1, bench.share(1, 0, few))
      bench.hear(1, bench.share(1, 0, few))
      bench.hear(2, bench.share(2, 0, { ...few, inputs: 0b10111n }))
      expect(kinds(found(bench))).to.deep.equal(['E3', 'E3'])
      expect([...(bench.state.box.rounds.get(0)?.shares.keys() ?? [])]).to.deep.equal([0])
    })

    it('of a convener, and of nobody who is not', () => {
      debated()
      bench.endRound(0)
      found(bench)
      const list = bench.hello(1, [], { inputs: 1n })
      const other = [1, 2, 3].find((member) => member !== list.member) ?? 0
      bench.hear(other, bench.sign(other, list.object))
      expect(found(bench)).to.deep.equal([])
      bench.hear(list.member, list)
      expect(kinds(found(bench))).to.deep.equal(['E3'])
    })

    it('not of rounds that nobody is in: a liar has no end of them', () => {
      debated()
      for (let round = 2; round < 100; round += 1) bench.hear(1, bench.share(1, round, few))
      expect(found(bench)).to.deep.equal([])
    })
  })

  describe('of a wrong reduction (E4)', () => {
    const wrong = keccak('0xbad0')

    function decide(content: ReturnType<typeof contentOf>, liars: readonly Signed<Share>[]): void {
      for (const signed of liars) bench.hear(signed.member, signed)
      for (const member of [2, 3]) bench.hear(member, bench.share(member, 0, content))
      for (const member of [2, 3]) bench.hear(member, bench.confirm(member, 0, content.value))
    }

    it('not from a vote for another list or another cut, which this node has not aggregated', () => {
      const content = debated()
      decide(content, [bench.share(1, 0, { ...content, inputsRoot: wrong })])
      expect(bench.state.chain.height).to.equal(1)
      expect(found(bench)).to.deep.equal([])
      bench = new EngineBench().start()
      decide(debated(), [bench.share(1, 0, { ...content, stateHash: wrong, eventSeq: 1 })])
      expect(found(bench)).to.deep.equal([])
    })

    it('not in a task without a twin', () => {
      bench = new EngineBench({ config: { isProvable: false } }).start()
      const content = debated()
      decide(content, [bench.share(1, 0, { ...content, stateHash: wrong })])
      expect(found(bench)).to.deep.equal([])
    })

    it('of another state for the own list, with the CONFIRM that it misled', () => {
      const content = debated()
      const lie = bench.share(1, 0, { ...content, stateHash: wrong })
      const value = valueHash({ ...content, stateHash: wrong })
      bench.hear(1, bench.confirm(1, 0, value))
      decide(content, [lie])
      const [evidence] = found(bench)
      expect(evidence).to.deep.include({ kind: 'E4', share: lie })
      expect(evidence?.kind === 'E4' ? evidence.confirms.map(({ member }) => member) : []).to.deep.equal([1])
    })

    it('M-2 of another state of a list with a CLOSE, which comes with its signature', () => {
      const statuses = [0, 1, 2].map((member) => bench.status(member))
      const close = bench.sign<Close>(3, { type: 'close' })
      for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
      bench.hear(3, close)
      const { stateHash } = contentOf(statuses)
      const list = listOf([...statuses.map(({ signed }) => signed), close])
      const content = { stateHash, ...list, eventSeq: 0, eventsHash: NIL }
      const lie = bench.share(1, 0, { ...content, stateHash: wrong })
      decide({ ...content, value: valueHash(content), state: new Uint8Array() }, [lie])
      expect(bench.state.chain.height).to.equal(1)
      const [evidence, ...more] = found(bench)
      expect(more).to.deep.equal([])
      expect(evidence).to.deep.equal({
        kind: 'E4',
        share: lie,
        inputs: inputsOf(statuses),
        closes: [close],
        confirms: [],
      })
    })

    it('of a list with a state that the reducer refuses', () => {
      const bad = bench.status(3, Uint8Array.of(3, 1, 4))
      const statuses = [bench.status(0), bench.status(1), bench.status(2), bad]
      const listed = contentOf(statuses)
      const good = contentOf(statuses.slice(0, 3))
      for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
      const lie = bench.share(1, 0, listed)
      bench.hear(1, lie)
      for (const member of [2, 3]) bench.hear(member, bench.share(member, 0, good))
      for (const member of [2, 3]) bench.hear(member, bench.confirm(member, 0, good.value))
      expect(bench.state.chain.height).to.equal(1)
      expect(found(bench)).to.deep.include.members([
        { kind: 'E4', share: lie, inputs: inputsOf(statuses), closes: [], confirms: [] },
      ])
    })

    function inputsOf(statuses: readonly ReturnType<EngineBench['status']>[]): unknown[] {
      return statuses.map(({ signed, body }) => ({ status: signed, state: body.bytes }))
    }
  })

  describe('of illegal and forked logs (E2)', () => {
    type Step = Pick<LogEntry, 'event' | 'height' | 'round' | 'value'>

    let early: string[] = []

    /** Both heights of the epoch are decided here. */
    function epoch(before: () => void = () => undefined): void {
      bench = new EngineBench({ heights: EPOCH, epochHeights: EPOCH }).start()
      before()
      for (let height = 1; height <= EPOCH; height += 1) {
        const statuses = [0, 1, 2, 3].map((member) =>
          bench.status(member, Uint8Array.of(member, height), height),
        )
        for (const { signed, body } of statuses.slice(1)) bench.hear(signed.member, signed, body)
        const content = contentOf(statuses)
        for (const member of [1, 2, 3]) {
          bench.hear(member, bench.sign(member, bench.share(member, 0, content, { height }).object))
        }
        for (const member of [1, 2, 3]) bench.hear(member, bench.confirm(member, 0, content.value, height))
      }
      expect(bench.state.chain.height).to.equal(EPOCH)
      early = kinds(found(bench))
    }

    function values(): readonly Hex[] {
      return bench.state.checkpoints.get(EPOCH)?.epoch?.values ?? []
    }

    /** The shared log of the epoch as steps. */
    function shared(): Step[] {
      const [first = NIL, second = NIL] = values()
      return [
        ...sharedSteps(0, first, NIL, 'INITIAL').map((step) => ({ ...step, height: 1 })),
        ...sharedSteps(0, second, first, 'IDLE').map((step) => ({ ...step, height: 2 })),
      ]
    }

    const FROM = {
      t1: 'INITIAL',
      t2: 'DEBATE',
      t3: 'IDLE',
      t4: 'IDLE',
      t5: 'IDLE',
      t6: 'SHARE',
      t7: 'CLOSE',
    } as const
    const TO = {
      t1: 'DEBATE',
      t2: 'IDLE',
      t3: 'DEBATE',
      t4: 'SHARE',
      t5: 'CLOSE',
      t6: 'IDLE',
      t7: 'IDLE',
    } as const

    function logOf(steps: readonly Step[], isCovered: boolean): LogEntry[] {
      let status: LogEntry['to'] = 'INITIAL'
      return steps.map((step, i) => {
        const from = isCovered && step.event !== 'RESET' ? FROM[step.event] : status
        status = step.event === 'RESET' ? 'INITIAL' : TO[step.event]
        return { seq: i + 1, from, to: status, ...step }
      })
    }

    function checkpointOf(log: readonly LogEntry[], more: Partial<Checkpoint> = {}): Signed<Checkpoint> {
      const { chain, config } = bench.state
      const logHead = log.reduce(appendLog, logStart(config.cluster.id, 0))
      const { root } = chain
      return bench.sign(1, {
        type: 'checkpoint',
        height: EPOCH,
        root,
        logSeq: log.length,
        logHead,
        inputsHash: NIL,
        ...more,
      })
    }

    function note(steps: readonly Step[]): { kind: 'notes'; firstHeight: number; note: Hex } {
      const valueOf = (height: number): Hex => values()[height - 1] ?? NIL
      return {
        kind: 'notes',
        firstHeight: 1,
        note: encodeNote({ member: 1, entries: steps }, { first: 1, valueOf }),
      }
    }

    it('not from an honest note, nor from one that is not what was signed', () => {
      epoch()
      const [start, ...rest] = shared()
      const reset: Step[] = [start!, { event: 'RESET', height: 1, round: 0, value: NIL }, start!, ...rest]
      expect(early).to.deep.equal([])
      bench.hear(1, checkpointOf(logOf(reset, false)), note(reset.filter(({ height }) => height === 1)))
      expect(found(bench)).to.deep.equal([])
      epoch()
      const jump = shared().filter(({ event, height }) => event !== 't2' || height === 1)
      bench.hear(1, checkpointOf(logOf(shared(), false)), note(jump.filter(({ height }) => height === 2)))
      expect(found(bench)).to.deep.equal([])
    })

    for (const isCovered of [false, true]) {
      it(`of a jump ${isCovered ? 'that claims to come from the right status' : 'in plain sight'}`, () => {
        epoch()
        const jump = shared().filter(({ event, height }) => event !== 't2' || height === 1)
        const noted = note(jump.filter(({ height }) => height === 2))
        bench.hear(1, checkpointOf(logOf(jump, isCovered)), noted)
        const [evidence] = found(bench)
        expect(evidence).to.include({ kind: 'E2', form: 'illegal' })
      })
    }

    it('of a log that falls back', () => {
      epoch()
      const steps = shared()
      const fallen = [...steps, ...steps.slice(4).map((step) => ({ ...step, height: 1 }))]
      bench.hear(1, checkpointOf(logOf(fallen, false)), note(fallen))
      expect(kinds(found(bench))).to.deep.equal(['E2'])
    })

    it('as soon as the values of the epoch are known here', () => {
      epoch()
      const jump = shared().filter(({ event, height }) => event !== 't2' || height === 1)
      const { object } = checkpointOf(logOf(jump, false))
      const noted = note(jump.filter(({ height }) => height === 2))
      epoch(() => {
        bench.hear(1, bench.sign(1, object), noted)
        expect(found(bench)).to.deep.equal([])
      })
      expect(early).to.deep.equal(['E2'])
    })

    it('of two CHECKPOINTs in one epoch whose logs do not extend each other, in either order', () => {
      for (const late of [false, true]) {
        epoch()
        const whole = checkpointOf(logOf(shared(), false))
        // of the same history: another root would be another offence
        const vote = [...bench.state.last!.rounds.get(0)!.shares.values()][0]!.object
        const stray = checkpointOf(logOf(shared(), false).slice(0, 4), { height: 1, root: vote.parent })
        const other = bench.sign(1, { ...stray.object, logHead: keccak('0x01') })
        const longer = bench.sign(2, { ...stray.object, logSeq: 9 })
        const ends = bench.sign(2, whole.object)
        for (const signed of late ? [whole, other] : [other, whole]) bench.hear(1, signed)
        expect(found(bench)).to.have.length(1)
        for (const signed of late ? [ends, longer] : [longer, ends]) bench.hear(2, signed)
        expect(kinds(found(bench))).to.deep.equal(['E2'])
        bench.hear(3, bench.sign(3, stray.object), bench.sign(3, whole.object))
        expect(found(bench)).to.deep.equal([])
      }
    })

    it('of two CHECKPOINTs of one height', () => {
      epoch()
      bench.hear(1, checkpointOf(logOf(shared(), false)))
      bench.hear(1, checkpointOf(logOf(shared(), false), { logSeq: 9 }))
      bench.hear(1, checkpointOf(logOf(shared(), false), { logSeq: 10 }))
      expect(kinds(found(bench))).to.deep.equal(['E1'])
    })
  })
})
