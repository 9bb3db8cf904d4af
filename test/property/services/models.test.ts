import { expect } from 'chai'
import fc from 'fast-check'
import type { ContextMember } from '../../../src/reducers/reducer.ts'
import type { ModelsObservation, ModelsState } from '../../../src/services/sentinel/models.ts'
import {
  encodeProposal,
  encodeResume,
  isModelsPolicy,
  models,
  NO_MODELS,
} from '../../../src/services/sentinel/models.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { holds } from '../../helpers/holds.ts'
import { clusters, foldContext, membersOf } from '../../helpers/services-cluster.ts'

const hashOf = (digit: string): Digest => `0x${digit.repeat(64)}`
const [A, B, C] = ['a', 'b', 'c'].map(hashOf) as [Digest, Digest, Digest]
const policy = { margin: 20, streak: 3, trial: 6, changesMax: 2 }
const five = membersOf([1, 1, 1, 1, 1])

/** One height, in which members say what they measured of the models that the state names. */
function height(
  state: ModelsState,
  words: readonly (readonly [current: number, shadow: number] | null)[],
  orders: readonly Uint8Array[] = [],
  members: readonly ContextMember[] = five,
): ModelsState {
  const news = orders.map((data, i) => ({ seq: i + 1, kind: 'posted' as const, data }))
  // who measures a proposal has seen it: the fold takes orders first
  const named = models.fold(state, [], foldContext(members, { news }), policy, {})
  const said = words.flatMap((word, member) =>
    word === null
      ? []
      : [
          {
            member,
            state: {
              ...{ current: named.current, currentError: word[0] },
              ...{ shadow: named.shadow, shadowError: word[1] },
            },
          },
        ],
  )
  return models.fold(state, said, foldContext(members, { news }), policy, {})
}
const all = (current: number, shadow = 0): [number, number][] => five.map(() => [current, shadow])
const times = (count: number, state: ModelsState, words: readonly [number, number][]): ModelsState =>
  Array.from({ length: count }).reduce<ModelsState>((at) => height(at, words), state)

/** Model A is in force, and its trial is over. */
function begun(): ModelsState {
  const shadow = height(models.empty, all(0, 300), [encodeProposal(A)])
  return times(policy.streak - 1 + policy.trial, shadow, all(300, 300))
}

describe('which model is in force', () => {
  it('refuses policies under which nothing or everything changes', () => {
    expect(isModelsPolicy(policy)).equal(true)
    for (const wrong of [{ margin: 0 }, { streak: 0 }, { trial: 2 }, { changesMax: 0 }])
      expect(isModelsPolicy({ ...policy, ...wrong }), JSON.stringify(wrong)).equal(false)
  })

  it('begins with a proposal that is better than none', () => {
    expect(begun()).deep.include({ current: A, shadow: NIL, stage: 'steady', baseline: 300, changes: 1 })
  })

  it('a shadow decides nothing until it was better for some heights in a row', () => {
    let state = height(begun(), all(300, 100), [encodeProposal(B)])
    state = times(policy.streak - 2, state, all(300, 100))
    expect(state).deep.include({ current: A, shadow: B, stage: 'shadow', streak: policy.streak - 1 })
    expect(height(state, all(300, 281))).deep.include({ current: A, streak: 0 })
    expect(height(state, all(300, 280))).deep.include({ current: B, before: A, stage: 'trial' })
  })

  it('one that disappoints goes, the one before is back, and the loop stops until the ledger resumes it', () => {
    let state = height(begun(), all(300, 100), [encodeProposal(B)])
    state = times(policy.streak - 1, state, all(300, 100))
    expect(state).deep.include({ current: B, stage: 'trial' })
    state = times(policy.streak, state, all(300))
    expect(state).deep.include({ current: A, before: NIL, stage: 'stopped' })
    expect(height(state, all(900, 0), [encodeProposal(C)])).deep.equal(state)
    expect(height(state, all(300), [encodeResume()])).deep.include({ stage: 'steady', changes: 0 })
  })

  it('stops by itself after so many changes', () => {
    let state = height(begun(), all(300, 100), [encodeProposal(B)])
    state = times(
      policy.streak - 1 + policy.trial,
      state,
      all(300, 100).map(([, good]) => [good, good]),
    )
    expect(state.current).equal(A)
    state = times(policy.streak, state, all(300, 100))
    state = times(policy.trial, state, all(100))
    expect(state).deep.include({ current: B, stage: 'stopped', changes: policy.changesMax })
  })

  it('asks for a new model when its error drifts, and not for less', () => {
    expect(times(9, begun(), all(320)).isWanted).equal('no')
    expect(times(policy.streak, begun(), all(321)).isWanted).equal('yes')
  })

  it('figures of another hash count for nothing', () => {
    const state = height(begun(), all(300, 300), [encodeProposal(B)])
    const said = five.map((_, member) => ({
      member,
      state: { current: A, currentError: 300, shadow: C, shadowError: 0 },
    }))
    expect(models.fold(state, said, foldContext(five), policy, {})).deep.equal(state)
  })

  it('liars below a third of the weight promote nothing worse and roll back nothing better', () => {
    const stories = fc.record({
      cluster: clusters,
      honest: fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 13, maxLength: 13 }),
      lies: fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: 13, maxLength: 13 }),
      isBetter: fc.boolean(),
    })
    holds(
      fc.property(stories, ({ cluster: { members, liars }, honest, lies, isBetter }) => {
        const gain = isBetter ? 100 : -1
        let state: ModelsState = {
          ...models.empty,
          ...(isBetter
            ? { current: B, before: A, stage: 'trial', baseline: 901 }
            : { current: A, shadow: B, stage: 'shadow' }),
        }
        for (let i = 0; i < 12; i += 1) {
          // one error for all honest members, who measure the same cases
          const error = honest[i]!
          state = height(
            state,
            members.map((_, member) => (member < liars ? lies[i]! : [error, error - gain])),
            [],
            members,
          )
          expect(state.current).equal(isBetter ? B : A)
        }
      }),
    )
  })

  it('takes any words and orders: canonical, in any order, and at most one change a height', () => {
    const word = fc.oneof(
      fc.constant(NO_MODELS),
      fc.record({
        current: fc.constantFrom(A, B, C),
        currentError: fc.nat(1000),
        shadow: fc.constantFrom(A, B, C),
        shadowError: fc.nat(1000),
      }),
    )
    const order = fc.oneof(
      fc.constantFrom(A, B, C).map(encodeProposal),
      fc.constant(encodeResume()),
      fc.uint8Array({ maxLength: 40 }),
    )
    const heights = fc.array(
      fc.record({ words: fc.array(word, { maxLength: 5 }), orders: fc.array(order, { maxLength: 2 }) }),
      { maxLength: 30 },
    )
    holds(
      fc.property(heights, (list) => {
        let state = models.empty
        for (const { words, orders } of list) {
          const news = orders.map((data, i) => ({ seq: i + 1, kind: 'posted' as const, data }))
          const said = words.map((one: ModelsObservation, member) => ({ member, state: one }))
          const context = foldContext(five, { news })
          const next = models.fold(state, said, context, policy, {})
          expect(models.fold(state, said.toReversed(), context, policy, {})).deep.equal(next)
          expect(models.state.decode(models.state.encode(next))).deep.equal(next)
          for (const { state: one } of said)
            expect(models.observation.decode(models.observation.encode(one))).deep.equal(one)
          const isResumed = orders.some((data) => data[0] === 0x21 && data.length === 1)
          if (!isResumed) expect(next.changes - state.changes).within(0, 1)
          expect(next.shadow !== NIL).equal(next.stage === 'shadow')
          state = next
        }
      }),
    )
  })
})
