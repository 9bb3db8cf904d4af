import { expect } from 'chai'
import fc from 'fast-check'
import { step } from '../../../src/protocol/engine.ts'
import { ledgerCut } from '../../../src/protocol/ledger.ts'
import { cloneState } from '../../../src/protocol/state.ts'
import { workOn } from '../../../src/protocol/work.ts'
import type { Signed, SignedInput, Status } from '../../../src/types/objects.ts'
import { NIL } from '../../../src/types/ids.ts'
import { holds } from '../../helpers/holds.ts'
import { ledgerInput, signAs } from '../../helpers/engine-cluster.ts'
import { contentOf, EngineBench } from '../../helpers/engine-cluster-bench.ts'

/** The cut of a list of reports, by member. */
function cutOf(reports: readonly number[], before = 0, weights: readonly number[] = []): number {
  const bench = new EngineBench({ n: reports.length, weights })
  const s = cloneState(bench.state)
  s.chain = { ...s.chain, eventSeq: before }
  const inputs: SignedInput[] = reports.map((eventSeq, member): Signed<Status> => {
    const object = { type: 'status', height: 1, parent: NIL, stateHash: NIL, eventSeq } as const
    return { ...signAs(bench.world.cluster, member, object), object }
  })
  return ledgerCut(workOn(s), inputs)
}

describe('ledger cut q(k)', () => {
  for (const [name, reports, before, weights, cut] of [
    ['nobody saw an event', [0, 0, 0, 0], 0, [], 0],
    ['all saw the same', [5, 5, 5, 5], 0, [], 5],
    ['one of four alone is not believed', [0, 0, 0, 9], 0, [], 0],
    ['two of four are', [0, 0, 9, 9], 0, [], 9],
    ['the largest that more than a third reports at least', [3, 5, 7, 9], 0, [], 7],
    ['exactly a third is not enough', [4, 4, 0, 0, 0, 0], 0, [], 0],
    ['never falls', [0, 0, 0, 0], 6, [], 6],
    ['by weight: one heavy member is enough', [9, 0, 0, 0], 0, [4, 2, 2, 2], 9],
    ['by weight: three light ones are not', [0, 9, 9, 9], 0, [9, 1, 1, 1], 0],
  ] as const) {
    it(name, () => expect(cutOf(reports, before, weights)).to.equal(cut))
  }

  it('equals the dumb twin, which tries every report', () => {
    const report = fc.record({ seq: fc.nat(5), weight: fc.integer({ min: 1, max: 9 }) })
    holds(
      fc.property(fc.array(report, { minLength: 4, maxLength: 128 }), fc.nat(5), (reports, before) => {
        const sum = (of: typeof reports): number => of.reduce((weight, each) => weight + each.weight, 0)
        const twin = reports
          .map(({ seq }) => seq)
          .filter((seq) => 3 * sum(reports.filter((other) => other.seq >= seq)) > sum(reports))
        const [seqs, weights] = [reports.map(({ seq }) => seq), reports.map(({ weight }) => weight)]
        expect(cutOf(seqs, before, weights)).to.equal(Math.max(before, ...twin))
      }),
      50,
    )
  })

  it('a CLOSE reports nothing', () => {
    const bench = new EngineBench()
    const close = { ...signAs(bench.world.cluster, 1, { type: 'close' }), object: { type: 'close' } as const }
    const w = workOn(cloneState(bench.state))
    expect(ledgerCut(w, [close, bench.status(2, undefined, 1, 3).signed])).to.equal(0)
    expect(ledgerCut(w, [close, ...[2, 3].map((m) => bench.status(m, undefined, 1, 3).signed)])).to.equal(3)
  })
})

describe('DEBATE of round 0', () => {
  const statuses = (bench: EngineBench, members: readonly number[]): void => {
    for (const member of members) {
      const { signed, body } = bench.status(member)
      bench.hear(member, signed, body)
    }
  }

  it('ends when every member of the last list has answered', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 2])
    expect(bench.asked('share')).to.have.length(0)
    statuses(bench, [3])
    expect(bench.asked('share')[0]).to.include({ inputs: 0b1111n, validRound: -1 })
  })

  it('or at debateTimeout, with a quorum', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 2])
    bench.ticks(19)
    expect(bench.asked('share')).to.have.length(0)
    bench.ticks(1)
    expect(bench.asked('share')[0]).to.include({ inputs: 0b0111n })
    expect([...bench.state.vain], 'whom it has waited for in vain').to.deep.equal([[3, 1]])
  })

  it('with less than a quorum it says NIL', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1])
    bench.ticks(20)
    expect(bench.asked('share')[0]).to.deep.include(bench.share(0, 0, null).object)
    expect(bench.state.vain.size, 'nobody is blamed: it may be this node that is cut off').to.equal(0)
  })

  it('a STATUS without its body is no answer', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 2])
    bench.hear(3, bench.status(3).signed)
    expect(bench.asked('share')).to.have.length(0)
    bench.hear(3, bench.status(3).body)
    expect(bench.asked('share')).to.have.length(1)
  })

  it('a state that validate refuses, and an equivocator, are left out', () => {
    const bench = new EngineBench({ n: 7 }).start()
    statuses(bench, [1, 2, 3, 4, 6])
    bench.hear(6, bench.status(6, Uint8Array.of(7, 7)).signed)
    const odd = bench.status(5, Uint8Array.of(1, 2, 3))
    bench.hear(5, odd.signed, odd.body)
    expect(bench.asked('share')[0]).to.include({ inputs: 0b0011111n })
  })

  it('a duplicate changes nothing and is no evidence', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 1, 1])
    expect(bench.taken('evidence')).to.have.length(0)
    bench.ticks(20)
    expect(bench.state.box.inputs.size).to.equal(2)
  })

  describe('before the chain is read up to the cut', () => {
    /** Alice has heard everybody; two of them report event 4. */
    function waiting(): EngineBench {
      const bench = new EngineBench().start()
      for (const member of [1, 2, 3]) {
        const { signed, body } = bench.status(member, undefined, 1, 4)
        bench.hear(member, signed, body)
      }
      expect(bench.asked('share')).to.have.length(0)
      return bench
    }

    it('waits for it', () => {
      const bench = waiting()
      bench.world.input(0, ledgerInput(3))
      expect(bench.asked('share')).to.have.length(0)
      bench.world.input(0, ledgerInput(4))
      expect(bench.asked('share')[0]).to.include({ inputs: 0b1111n, eventSeq: 4 })
    })

    it('D2 leaves out a STATUS that follows another history, and counts no SHARE of one', () => {
      const bench = new EngineBench().start()
      for (const member of [1, 2]) {
        const { signed, body } = bench.status(member)
        bench.hear(member, signed, body)
      }
      const { signed, body } = bench.status(3)
      bench.hear(3, bench.sign(3, { ...signed.object, parent: NIL }), body)
      const [own] = bench.asked('share')
      expect(own).to.include({ inputs: 0b0111n, parent: bench.parent })
      for (const member of [1, 2, 3]) bench.hear(member, bench.sign(member, { ...own!, parent: NIL }))
      expect(bench.asked('confirm').map(({ value }) => value)).to.deep.equal([NIL])
      expect(bench.state.box.rounds.get(0)?.quorum).to.equal(null)
    })

    it('says NIL at debateTimeout', () => {
      const bench = waiting()
      bench.ticks(20)
      expect(bench.asked('share')[0]).to.include({ inputs: 0n })
    })
  })

  it('an answer of the reducer that comes too late is refused by its token', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 2, 3])
    bench.effects.length = 0
    const result = { state: Uint8Array.of(6), stateHash: NIL }
    bench.world.input(0, { kind: 'aggregated', token: 1, result })
    expect(bench.taken('ignored').map(({ code }) => code)).to.deep.equal(['late-aggregate'])
  })

  it('an answer to another call than the one that runs is refused, and the one that runs goes on', () => {
    const { state } = new EngineBench().start()
    const pending = { token: 9, round: 0, inputs: 0b0111n, inputsRoot: NIL, eventSeq: 0, eventsHash: NIL }
    const result = { state: Uint8Array.of(6), stateHash: NIL }
    const late = step({ ...state, pending }, { kind: 'aggregated', token: 8, result })
    expect(late.effects).to.deep.equal([{ kind: 'ignored', from: 0, code: 'late-aggregate' }])
    expect(late.state.pending).to.deep.equal(pending)
  })

  it('SHARE names exactly what was aggregated', () => {
    const bench = new EngineBench().start()
    statuses(bench, [1, 2, 3])
    const { stateHash, inputs, inputsRoot } = contentOf([0, 1, 2, 3].map((member) => bench.status(member)))
    expect(bench.asked('share')[0]).to.include({ stateHash, inputs, inputsRoot, eventSeq: 0 })
  })
})
