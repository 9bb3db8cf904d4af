import { expect } from 'chai'
import { trustObservation } from '../../../src/services/trust/codec.ts'
import { sightingOf } from '../../../src/services/trust/sighting.ts'
import { explainTrust, trust } from '../../../src/services/trust/slice.ts'
import { DEFAULT_POLICY } from '../../../src/services/policy.ts'
import { healthOf, IDLE } from '../../helpers/services-placement.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'

describe('what a node says of a peer that it watches', () => {
  it('is full trust while the peer answers, and less by what costs more: losses or silence', () => {
    expect(sightingOf(3, 999, null)).deep.equal({ member: 3, score: 1000, cause: 'none' })
    expect(sightingOf(3, 0, 50)).deep.equal({ member: 3, score: 950, cause: 'silent' })
    expect(sightingOf(3, 1250, 50)).deep.equal({ member: 3, score: 750, cause: 'silent' })
    expect(sightingOf(3, 1250, 400).score).equal(600)
  })

  it('has bytes whatever was measured', () => {
    for (const phi of [0, 1000, 2000, 0xffff])
      for (const loss of [null, 0, 1000, 0xffff]) {
        const said = { peers: [sightingOf(0, phi, loss)] }
        expect(trustObservation.decode(trustObservation.encode(said))).deep.equal(said)
      }
  })
})

describe('reasons of trust', () => {
  const members = membersOf([1, 1, 1, 1, 1])
  const policy = DEFAULT_POLICY.trust
  const said = (score: number, cause: 'silent' | 'wrong' | 'none', observers = [1, 2, 3, 4]) =>
    observers.map((member) => ({ member, state: { peers: [{ member: 0, score, cause }] } }))
  const at = (level: number) => ({
    rows: [{ member: 0, level, why: 'steady' as const, cause: 'none' as const }],
  })
  const nobody = { health: { rows: [] } }
  const explain = (before: number, words: ReturnType<typeof said>, needs = nobody) =>
    explainTrust(at(before), words, foldContext(members), policy, needs)[0]

  it('name who said what, the median, and what the observers weigh', () => {
    const words = [...said(200, 'wrong', [1, 2]), ...said(900, 'silent', [3]), ...said(1000, 'none', [4])]
    expect(explain(500, words)).deep.include({
      ...{ before: 500, level: 400, why: 'falls', cause: 'wrong', median: 200, observedBy: 4, doubt: 2 },
    })
    expect(explain(500, words)?.said).deep.include({ observer: 3, weight: 1, score: 900, cause: 'silent' })
  })

  it('two observers are too few, and a word about oneself is none', () => {
    expect(explain(500, said(0, 'wrong', [1, 2]))).deep.include({ level: 500, why: 'unseen', median: null })
    expect(explain(500, said(0, 'wrong', [0, 1, 2]))).deep.include({ level: 500, why: 'unseen' })
    expect(explain(500, said(0, 'wrong', [1, 2, 3]))).deep.include({ level: 400, why: 'falls' })
  })

  it('rises slower than it falls, and forgets the cause at full trust', () => {
    expect(explain(980, said(1000, 'none'))).deep.include({ level: 1000, why: 'rises', cause: 'none' })
    expect(explain(60, said(0, 'wrong'))).deep.include({ level: policy.floor, why: 'falls' })
    expect(explain(policy.floor, said(0, 'wrong'))).deep.include({ level: policy.floor, why: 'steady' })
  })

  it('a member that the board has convicted falls, whatever the others say', () => {
    const health = healthOf([{ ...IDLE, verdict: 'byzantine' }, IDLE, IDLE, IDLE, IDLE])
    expect(explain(500, said(1000, 'none'), { health } as never)).deep.include({
      ...{ level: 400, why: 'convicted' },
    })
  })

  it('whoever is new begins at the floor', () => {
    const rows = explainTrust(trust.empty, said(1000, 'none'), foldContext(members), policy, nobody)
    expect(rows.map(({ level, why }) => [level, why])).deep.equal(members.map(() => [policy.floor, 'new']))
  })
})
