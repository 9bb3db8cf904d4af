import { expect } from 'chai'
import fc from 'fast-check'
import { keccak } from '../../src/codec/hex.ts'
import { shareValue } from '../../src/codec/objects.ts'
import { tallyConfirms, tallyShares } from '../../src/protocol/votes.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Confirm, Share, Signed } from '../../src/types/objects.ts'
import { makeCluster, signAs } from '../helpers/engine-cluster.ts'
import { NOTHING } from '../../src/codec/objects.ts'

const PARENT = keccak('0x05')
/** Few values and rounds, so that votes meet; null = silent. */
const CONTENTS = [
  null,
  { stateHash: keccak('0x01'), inputs: 0b1111n },
  { stateHash: keccak('0x02'), inputs: 0b1111n },
  { stateHash: keccak('0x01'), inputs: 0b0111n },
] as const
const vote = fc.option(
  fc.record({ content: fc.constantFrom(...CONTENTS), validRound: fc.constantFrom(-1, 0, 1) }),
  { freq: 4 },
)
const ballot = fc.array(fc.tuple(vote, fc.integer({ min: 1, max: 9 })), { minLength: 4, maxLength: 128 })

function shareOf({ content, validRound }: { content: (typeof CONTENTS)[number]; validRound: number }): Share {
  const base = { type: 'share', height: 1, round: 2, parent: PARENT, ...NOTHING } as const
  return content === null ? { ...base, parent: NIL, validRound: -1 } : { ...base, ...content, validRound }
}

/** Dumb twin: asks about every pair of votes, and adds weights one by one. */
function twin(
  cluster: Cluster,
  votes: ReadonlyMap<number, string>,
): { winner: string | null; hopeless: boolean } {
  const weight = (member: number): number => cluster.members[member]?.weight ?? 0
  const total = cluster.members.reduce((sum, member) => sum + member.weight, 0)
  const silent = cluster.members.reduce((sum, { index }) => sum + (votes.has(index) ? 0 : weight(index)), 0)
  let winner: string | null = null
  let hopeless = silent <= (2 * total) / 3
  for (const candidate of votes.values()) {
    if (candidate === 'nil') continue
    let support = 0
    for (const [member, choice] of votes) if (choice === candidate) support += weight(member)
    if (support / total > 2 / 3 + 1e-12) winner = candidate
    if ((support + silent) / total > 2 / 3 + 1e-12) hopeless = false
  }
  return { winner, hopeless }
}

describe('tallies', () => {
  it('of SHAREs equal the dumb twin', () => {
    fc.assert(
      fc.property(ballot, (choices) => {
        const cluster = makeCluster(
          choices.length,
          choices.map(([, weight]) => weight),
        )
        const shares = new Map<number, Signed<Share>>()
        const named = new Map<number, string>()
        choices.forEach(([choice], member) => {
          if (choice === null) return
          const object = shareOf(choice)
          shares.set(member, { ...signAs(cluster, member, object), object })
          const value = shareValue(object)
          named.set(member, value === NIL ? 'nil' : `${value}/${object.validRound}`)
        })
        const { winner, hopeless } = tallyShares(cluster, PARENT, shares)
        const dumb = twin(cluster, named)
        const first = winner?.[0]
        expect(first === undefined ? null : named.get(first.member)).to.equal(dumb.winner)
        expect(hopeless).to.equal(dumb.hopeless)
      }),
      { numRuns: 400 },
    )
  })

  it('of CONFIRMs equal the dumb twin', () => {
    fc.assert(
      fc.property(ballot, (choices) => {
        const cluster = makeCluster(
          choices.length,
          choices.map(([, weight]) => weight),
        )
        const confirms = new Map<number, Signed<Confirm>>()
        const named = new Map<number, string>()
        choices.forEach(([choice], member) => {
          if (choice === null) return
          const value = choice.content?.stateHash ?? NIL
          const object: Confirm = { type: 'confirm', height: 1, round: 0, value }
          confirms.set(member, { ...signAs(cluster, member, object), object })
          named.set(member, value === NIL ? 'nil' : value)
        })
        const { commit, complete, nil } = tallyConfirms(cluster, confirms)
        expect(commit?.[0]?.object.value ?? null).to.equal(twin(cluster, named).winner)
        const any = new Map([...named.keys()].map((member) => [member, 'any']))
        expect(complete).to.equal(twin(cluster, any).winner !== null)
        const nils = new Map(
          [...named].filter(([, value]) => value === 'nil').map(([member]) => [member, 'any']),
        )
        expect(nil).to.equal(twin(cluster, nils).winner !== null)
      }),
      { numRuns: 400 },
    )
  })

  it('of CONFIRMs that come one by one are those of all that have come', () => {
    fc.assert(
      fc.property(ballot, (choices) => {
        const cluster = makeCluster(
          choices.length,
          choices.map(([, weight]) => weight),
        )
        const growing = new Map<number, Signed<Confirm>>()
        choices.forEach(([choice], member) => {
          if (choice === null) return
          const value = choice.content?.stateHash ?? NIL
          const object: Confirm = { type: 'confirm', height: 1, round: 0, value }
          growing.set(member, { ...signAs(cluster, member, object), object })
          const fresh = tallyConfirms(cluster, new Map(growing))
          expect(tallyConfirms(cluster, growing)).deep.equal(fresh)
          expect(tallyConfirms(cluster, growing)).deep.equal(fresh)
        })
      }),
      { numRuns: 100 },
    )
  })
})
