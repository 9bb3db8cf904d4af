import { expect } from 'chai'
import fc from 'fast-check'
import { LEVEL_MAX, trustObservation, trustState } from '../../../src/services/trust/codec.ts'
import type { Sighting, TrustPolicy, TrustState } from '../../../src/services/trust/codec.ts'
import { explainTrust, trust } from '../../../src/services/trust/slice.ts'
import { trustedWeights } from '../../../src/services/trust/weights.ts'
import type { ContextMember } from '../../../src/reducers/reducer.ts'
import { holds } from '../../helpers/holds.ts'
import { clusters, foldContext, membersOf, plainMedian } from '../../helpers/services-cluster.ts'

const levels = fc.integer({ min: 0, max: LEVEL_MAX })
const policies: fc.Arbitrary<TrustPolicy> = fc
  .record({
    floor: fc.integer({ min: 1, max: 300 }),
    riseMax: fc.integer({ min: 1, max: 100 }),
    more: fc.nat(200),
    observersMin: fc.integer({ min: 3, max: 4 }),
  })
  .map(({ more, ...policy }) => ({ ...policy, fallMax: policy.riseMax + more }))

/** What each of n members says of each: a score, or nothing. */
const matrix = (n: number): fc.Arbitrary<(number | null)[][]> =>
  fc.array(fc.array(fc.option(levels, { freq: 6 }), { minLength: n, maxLength: n }), {
    minLength: n,
    maxLength: n,
  })

type Said = readonly (number | null)[]

function observation(scores: Said, cause: Sighting['cause'] = 'outlier'): { peers: Sighting[] } {
  return {
    peers: scores.flatMap((score, member) => (score === null ? [] : [{ member, score, cause }])),
  }
}

const NOBODY = { health: { rows: [] } }

function height(
  state: TrustState,
  members: readonly ContextMember[],
  said: readonly (Said | null)[],
  policy: TrustPolicy,
): TrustState {
  const inputs = said.flatMap((row, member) => (row === null ? [] : [{ member, state: observation(row) }]))
  return trust.fold(state, inputs, foldContext(members), policy, NOBODY)
}

const levelsOf = ({ rows }: TrustState): number[] => rows.map(({ level }) => level)

describe('trust', () => {
  it('takes any story: canonical, bounded, in any order, and explained by what it was folded from', () => {
    const stories = clusters.chain(({ members }) =>
      fc.record({
        members: fc.constant(members),
        policy: policies,
        heights: fc.array(matrix(members.length), { minLength: 1, maxLength: 6 }),
        silent: fc.nat(members.length),
      }),
    )
    holds(
      fc.property(stories, ({ members, policy, heights, silent }) => {
        let state = trust.empty
        for (const said of heights) {
          const before = state
          const inputs = said.flatMap((row, member) =>
            member === silent ? [] : [{ member, state: observation(row) }],
          )
          const context = foldContext(members)
          state = trust.fold(before, inputs, context, policy, NOBODY)
          expect(trust.fold(before, inputs.toReversed(), context, policy, NOBODY)).deep.equal(state)
          expect(trustState.decode(trustState.encode(state))).deep.equal(state)
          for (const { state: one } of inputs)
            expect(trustObservation.decode(trustObservation.encode(one))).deep.equal(one)
          const reasons = explainTrust(before, inputs, context, policy, NOBODY)
          reasons.forEach((reason, member) => {
            const { level, why, cause, median, observedBy, doubt, said: words } = reason
            expect(state.rows[member]).deep.equal({ member, level, why, cause })
            expect(level).within(policy.floor, LEVEL_MAX)
            const last = before.rows[member]?.level
            if (last === undefined) {
              expect(level).equal(policy.floor)
              return
            }
            expect(level - last).within(-policy.fallMax, policy.riseMax)
            // again from the words alone, by the dumb twin
            const isSeen = words.length >= policy.observersMin && observedBy > doubt
            const twin = plainMedian(words.map(({ score, weight }) => ({ value: score, weight })))
            expect(median).equal(isSeen ? twin : null)
            if (median === null) expect(level).equal(last)
          })
        }
      }),
      60,
    )
  })

  it('0 … n/2 poisoned observers: below half of those who speak they move no level out of the honest range', () => {
    const stories = fc.integer({ min: 5, max: 13 }).chain((n) =>
      fc.record({
        n: fc.constant(n),
        liars: fc.nat(Math.floor((n - 2) / 2)),
        said: matrix(n).map((rows) => rows.map((row) => row.map((score) => score ?? 0))),
        low: fc.integer({ min: 0, max: 900 }),
        policy: policies,
        start: levels,
      }),
    )
    holds(
      fc.property(stories, ({ n, liars, said, low, policy, start }) => {
        const members = membersOf(Array.from({ length: n }, () => 1))
        const from: TrustState = {
          rows: members.map((_, member) => ({
            member,
            level: Math.max(policy.floor, start),
            why: 'steady',
            cause: 'none',
          })),
        }
        // seats below `liars` lie at will; the others say low … low + 100
        const rows = said.map((row, member) =>
          member < liars ? row : row.map((score) => low + (score % 101)),
        )
        const after = height(from, members, rows, policy)
        after.rows.slice(liars).forEach(({ level, member }) => {
          const last = from.rows[member]!.level
          // observers of it: n − 1, of which the liars are fewer than half
          expect(2 * liars).below(n - 1)
          expect(level).least(Math.max(policy.floor, Math.min(last, low)))
          expect(level).most(Math.max(last, low + 100))
        })
      }),
      150,
    )
  })

  it('false accusation by less than a third of the weight costs an honest member nothing, whoever is silent', () => {
    const stories = clusters.chain(({ members, liars }) =>
      fc.record({
        members: fc.constant(members),
        liars: fc.constant(liars),
        policy: policies,
        absent: fc.array(fc.boolean(), { minLength: members.length, maxLength: members.length }),
        heights: fc.integer({ min: 1, max: 60 }),
      }),
    )
    holds(
      fc.property(stories, ({ members, liars, policy, absent, heights }) => {
        let state = trust.empty
        for (let i = 0; i < heights; i += 1) {
          const before = levelsOf(state)
          const said = members.map((_, observer) =>
            i > 0 && absent[observer] === true
              ? null
              : members.map((__, member) =>
                  observer < liars ? (member < liars ? LEVEL_MAX : 0) : member < liars ? 0 : LEVEL_MAX,
                ),
          )
          state = height(state, members, said, policy)
          levelsOf(state).forEach((level, member) => {
            if (member < liars) expect(level, 'a clique praises itself in vain').equal(policy.floor)
            else expect(level, 'honest').least(before[member] ?? policy.floor)
          })
        }
      }),
      60,
    )
  })

  it('what a false majority does is bounded: one step a height, never below the floor, and it heals in stated time', () => {
    holds(
      fc.property(policies, fc.integer({ min: 1, max: 30 }), (policy, attacked) => {
        const members = membersOf([1, 1, 1, 1, 1, 1, 1])
        const all = (score: number): number[][] => members.map(() => members.map(() => score))
        let state = height(trust.empty, members, all(LEVEL_MAX), policy)
        const heal = Math.ceil((LEVEL_MAX - policy.floor) / policy.riseMax)
        for (let i = 0; i < heal; i += 1) state = height(state, members, all(LEVEL_MAX), policy)
        expect(levelsOf(state)).deep.equal(members.map(() => LEVEL_MAX))
        for (let i = 0; i < attacked; i += 1) state = height(state, members, all(0), policy)
        const left = Math.max(policy.floor, LEVEL_MAX - attacked * policy.fallMax)
        expect(levelsOf(state)).deep.equal(members.map(() => left))
        for (let i = 0; i < heal; i += 1) state = height(state, members, all(LEVEL_MAX), policy)
        expect(levelsOf(state)).deep.equal(members.map(() => LEVEL_MAX))
      }),
      20,
    )
  })

  it('slow drift: a level follows the median down as slowly as it drifts, and lags by nothing', () => {
    holds(
      fc.property(policies, fc.integer({ min: 1, max: 40 }), (policy, drift) => {
        fc.pre(drift <= policy.fallMax)
        const members = membersOf([1, 1, 1, 1, 1])
        let state: TrustState = {
          rows: members.map((_, member) => ({ member, level: LEVEL_MAX, why: 'steady', cause: 'none' })),
        }
        for (let score = LEVEL_MAX; score >= 0; score -= drift) {
          state = height(
            state,
            members,
            members.map(() => members.map((_, member) => (member === 0 ? score : LEVEL_MAX))),
            policy,
          )
          expect(state.rows[0]!.level).equal(Math.max(policy.floor, score))
        }
      }),
      30,
    )
  })

  it('whitewashing: a new key begins where nobody is below', () => {
    holds(
      fc.property(
        clusters,
        policies,
        fc.array(levels, { minLength: 13, maxLength: 13 }),
        (c, policy, had) => {
          const state: TrustState = {
            rows: c.members.slice(1).map((_, i) => ({
              member: i + 1,
              level: Math.max(policy.floor, had[i] ?? 0),
              why: 'steady',
              cause: 'none',
            })),
          }
          const gone = trust.reseat(state, (seat) => (seat === 1 ? null : seat))
          const [first, second, ...others] = levelsOf(
            height(
              gone,
              c.members,
              c.members.map(() => c.members.map(() => LEVEL_MAX)),
              policy,
            ),
          )
          expect([first, second]).deep.equal([policy.floor, policy.floor])
          for (const level of others) expect(level).least(policy.floor)
        },
      ),
    )
  })

  it('new identities add no weight: a seat split into seats of the same weight moves nobody', () => {
    const stories = fc
      .record({
        weights: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 9 }),
        policy: policies,
      })
      .chain(({ weights, policy }) =>
        fc.record({
          weights: fc.constant(weights),
          policy: fc.constant(policy),
          said: matrix(weights.length).map((rows) => rows.map((row) => row.map((score) => score ?? 0))),
        }),
      )
    holds(
      fc.property(stories, ({ weights, policy, said }) => {
        const last = weights.length - 1
        const parts = Array.from({ length: weights[last]! }, () => 1)
        const level = (list: readonly number[], rows: readonly Said[]): number[] => {
          const members = membersOf(list)
          const from: TrustState = {
            rows: members.map((_, member) => ({ member, level: 500, why: 'steady', cause: 'none' })),
          }
          return levelsOf(height(from, members, rows, policy)).slice(0, last)
        }
        const whole = level(weights, said)
        const split = level(
          [...weights.slice(0, last), ...parts],
          [...said.slice(0, last), ...parts.map(() => said[last]!)],
        )
        expect(split).deep.equal(whole)
      }),
    )
  })
})

describe('weights by trust', () => {
  it('are each below a third of the whole, keep their order, and change nothing but the greatest two', () => {
    const lists = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: LEVEL_MAX })),
      {
        minLength: 4,
        maxLength: 31,
      },
    )
    holds(
      fc.property(lists, (list) => {
        const raw = list.map(([stake, level]) => stake * level)
        const weights = trustedWeights(
          list.map(([stake]) => stake),
          list.map(([, level]) => level),
        )
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (const weight of weights) {
          expect(weight).least(1)
          expect(3 * weight).below(total)
        }
        expect(weights.filter((weight, i) => weight !== raw[i]).length).most(2)
        raw.forEach((a, i) => {
          raw.forEach((b, j) => {
            if (a >= b) expect(weights[i]).least(weights[j]!)
          })
        })
        // the largest such cap: one more breaks it for somebody
        const cap = Math.max(...weights)
        if (cap < Math.max(...raw)) {
          const wider = raw.map((weight) => Math.min(weight, cap + 1))
          expect(3 * (cap + 1)).least(wider.reduce((sum, weight) => sum + weight, 0))
        }
      }),
      200,
    )
  })
})
