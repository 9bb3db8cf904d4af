import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '../../../src/codec/hex.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { findReducer } from '../../../src/reducers/catalog.ts'
import { COORDINATES_MAX, federatedMean } from '../../../src/services/sentinel/federated.ts'
import { NIL } from '../../../src/types/ids.ts'
import { STATE_BYTES_MAX } from '../../../src/reducers/run.ts'
import { holds } from '../../helpers/holds.ts'
import { membersOf } from '../../helpers/services-cluster.ts'

const context = { seed: NIL, height: 1, members: membersOf([1]), previous: new Uint8Array(), events: [] }
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

const rounds = fc
  .record({
    dimensions: fc.integer({ min: 1, max: 6 }),
    honest: fc.integer({ min: 1, max: 12 }),
    trim: fc.nat(4),
  })
  .chain(({ dimensions, honest, trim }) => {
    const update = fc.array(i32, { minLength: dimensions, maxLength: dimensions })
    return fc.record({
      dimensions: fc.constant(dimensions),
      trim: fc.constant(trim),
      clip: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      honest: fc.array(update, { minLength: honest, maxLength: honest }),
      // at most as many as are left out, and fewer than the honest ones
      false: fc.array(update, { maxLength: Math.min(trim, honest - 1) }),
    })
  })

const agreed = (
  updates: readonly (readonly number[])[],
  params: { dimensions: number; clip: number; trim: number },
): readonly number[] =>
  federatedMean.aggregateStatus(
    updates.map((coordinates, member) => ({ member, state: { coordinates } })),
    params,
    context,
  ).coordinates

describe('federated-mean@1', () => {
  it('refuses updates of other lengths, params out of range, and bytes that it would not write', () => {
    const params = { dimensions: 2, clip: 10, trim: 1 }
    expect(federatedMean.validate({ coordinates: [1] }, params)).equal(false)
    expect(federatedMean.validate({ coordinates: [1, 2] }, params)).equal(true)
    for (const wrong of [
      { dimensions: 0 },
      { dimensions: COORDINATES_MAX + 1 },
      { clip: 0 },
      { clip: 2 ** 31 },
    ])
      expect(
        federatedMean.params.decode(federatedMean.params.encode({ ...params, ...wrong })),
        JSON.stringify(wrong),
      ).equal(null)
    for (const bytes of [[], [0], [0, 1], [0, 1, 0, 0, 0], [0, 0, 0], [0xff, 0xff]])
      expect(federatedMean.state.decode(Uint8Array.from(bytes)), bytes.join()).equal(null)
    const longest = { coordinates: Array.from({ length: COORDINATES_MAX }, () => -1) }
    expect(federatedMean.state.encode(longest).length).most(STATE_BYTES_MAX)
  })

  it('poisoners no more than are left out move no coordinate out of the honest range', () => {
    holds(
      fc.property(rounds, ({ honest, false: poison, ...params }) => {
        const clip = (value: number): number => Math.max(-params.clip, Math.min(params.clip, value))
        agreed([...poison, ...honest], params).forEach((value, i) => {
          const own = honest.map((update) => clip(update[i]!))
          expect(value).within(Math.min(...own), Math.max(...own))
        })
      }),
      300,
    )
  })

  it('one poisoner more than are left out moves it', () => {
    const honest = [[1], [2], [3], [4], [5]]
    const params = { dimensions: 1, clip: 1000, trim: 1 }
    expect(agreed([...honest, [1000]], params)[0]).within(1, 5)
    expect(agreed([...honest, [1000], [1000]], params)[0]).above(5)
  })

  it('is the plain definition in exact integers, in any order, and takes its own state back', () => {
    holds(
      fc.property(rounds, ({ honest, false: poison, ...params }) => {
        const updates = [...honest, ...poison]
        const result = agreed(updates, params)
        expect(agreed(updates.toReversed(), params)).deep.equal(result)
        result.forEach((value, i) => {
          const sorted = updates
            .map((update) => BigInt(Math.max(-params.clip, Math.min(params.clip, update[i]!))))
            .sort((a, b) => (a < b ? -1 : 1))
          const out = Math.min(params.trim, Math.floor((sorted.length - 1) / 2))
          const kept = sorted.slice(out, sorted.length - out)
          expect(BigInt(value)).equal(kept.reduce((a, b) => a + b, 0n) / BigInt(kept.length))
        })
        const state = { coordinates: result }
        expect(federatedMean.state.decode(federatedMean.state.encode(state))).deep.equal(state)
      }),
      300,
    )
  })

  it('runs by name, bytes in and bytes out', () => {
    const params = toHex(federatedMean.params.encode({ dimensions: 1, clip: 100, trim: 1 }))
    const result = runReducer(
      {
        reducer: 'federated-mean@1',
        params,
        context: { ...context, members: membersOf([1, 1, 1, 1]) },
        inputs: [1, 2, 4, 99].map((value, member) => ({
          member,
          state: federatedMean.state.encode({ coordinates: [value] }),
        })),
      },
      { find: findReducer },
    )
    expect(result.ok && federatedMean.state.decode(result.state)).deep.equal({ coordinates: [3] })
  })
})
