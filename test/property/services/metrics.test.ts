import { expect } from 'chai'
import fc from 'fast-check'
import { agreedTime, weightedLowerMedian } from '../../../src/reducers/agreed-time.ts'
import { metricsObservation, metricsState } from '../../../src/services/metrics/codec.ts'
import { metrics } from '../../../src/services/metrics/slice.ts'
import { resourceWeights } from '../../../src/services/metrics/weights.ts'
import { services } from '../../../src/services/services.ts'
import { holds } from '../../helpers/holds.ts'
import { metricsObservations, ownSamples } from '../../helpers/services-arbitraries.ts'
import { clusters, foldContext, plainMedian, u16s } from '../../helpers/services-cluster.ts'

const weighted = fc.array(fc.record({ value: u16s, weight: fc.integer({ min: 1, max: 5 }) }), {
  maxLength: 12,
})
const policies = fc.record({ cpu: u16s, memory: u16s, throughput: u16s, transactions: u16s })
const heights = clusters.chain(({ members, liars }) =>
  fc.record({
    members: fc.constant(members),
    liars: fc.constant(liars),
    policy: policies,
    heights: fc.array(fc.array(metricsObservations(members.length), { maxLength: members.length }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
)

describe('agreed time', () => {
  it('the weighted lower median is that of values written out as often as they weigh', () => {
    holds(
      fc.property(weighted, (values) => {
        expect(weightedLowerMedian(values) ?? undefined).equal(plainMedian(values))
      }),
      1000,
    )
  })

  it('lies within the honest clocks or stands still while liars weigh less than a third and the list more than two', () => {
    holds(
      fc.property(
        clusters,
        fc.array(u16s, { minLength: 13, maxLength: 13 }),
        u16s,
        ({ members, liars }, clocks, before) => {
          const said = members.map(({ weight }, i) => ({ value: clocks[i]!, weight }))
          const honest = said.slice(liars).map(({ value }) => value)
          // the lightest honest members are missing as far as the rest is a quorum
          const total = members.reduce((sum, { weight }) => sum + weight, 0)
          const listed = said.filter((_, i) => i < liars)
          for (const one of said.slice(liars).sort((a, b) => b.weight - a.weight))
            if (3 * listed.reduce((sum, { weight }) => sum + weight, 0) <= 2 * total) listed.push(one)
          const time = agreedTime(before, listed)
          expect(time).least(before)
          if (time > before) expect(time).within(Math.min(...honest), Math.max(...honest))
        },
      ),
      1000,
    )
  })
})

describe('metrics', () => {
  it('P1: every row lies within the declared capacity of its node, which lies within the policy', () => {
    holds(
      fc.property(heights, ({ members, policy, heights: all }) => {
        const context = foldContext(members)
        let state = metrics.empty
        for (const said of all) {
          const observations = said.map((one, member) => ({ member, state: one }))
          state = metrics.fold(state, observations, context, policy, {})
          expect(metricsState.decode(metricsState.encode(state))).deep.equal(state)
          for (const row of state.rows) {
            for (const name of ['memory', 'throughput', 'transactions'] as const)
              expect(row[name]).most(row.capacity[name])
            for (const name of ['cpu', 'memory', 'throughput', 'transactions'] as const)
              expect(row.capacity[name]).most(policy[name])
            expect(Math.max(row.cpu, row.lockContention)).most(1000)
          }
        }
      }),
      1000,
    )
  })

  it('P12: whatever liars say, latency and loss stay between two honest measurements, and own words are untouched', () => {
    const cases = clusters.chain(({ members, liars }) =>
      fc.record({
        members: fc.constant(members),
        liars: fc.constant(liars),
        said: fc.array(metricsObservations(members.length), {
          minLength: members.length,
          maxLength: members.length,
        }),
        policy: policies,
      }),
    )
    holds(
      fc.property(cases, ({ members, liars, said, policy }) => {
        const observations = said.map((one, member) => ({ member, state: one }))
        const { rows } = metrics.fold(metrics.empty, observations, foldContext(members), policy, {})
        const honest = observations.slice(liars)
        for (const row of rows) {
          const seen = honest.flatMap(({ member, state }) =>
            member === row.member ? [] : state.peers.filter((peer) => peer.member === row.member),
          )
          for (const name of ['latency', 'loss'] as const) {
            if (row[name] === 65_535) continue
            const values = seen.map((peer) => peer[name])
            expect(row[name]).within(Math.min(...values), Math.max(...values))
          }
        }
        // lies about others leave what an honest member says of itself
        const alone = metrics.fold(metrics.empty, honest, foldContext(members), policy, {}).rows
        for (const { member, capacity, cpu, memory } of alone)
          if (honest.some((one) => one.member === member && one.state.own.length > 0))
            expect(rows.find((row) => row.member === member)).deep.include({ capacity, cpu, memory })
      }),
      1000,
    )
  })

  it('equals a table worked out cell by cell, and does not depend on the order of observations', () => {
    holds(
      fc.property(heights, ({ members, policy, heights: [said = []] }) => {
        const context = foldContext(members)
        const observations = said.map((one, member) => ({ member, state: one }))
        const state = metrics.fold(metrics.empty, observations, context, policy, {})
        expect(metrics.fold(metrics.empty, observations.toReversed(), context, policy, {})).deep.equal(state)
        members.forEach((_, subject) => {
          const votes = observations
            .filter(({ member }) => member !== subject)
            .flatMap(({ member, state: { peers } }) =>
              peers
                .filter((peer) => peer.member === subject)
                .map(({ latency }) => ({ value: latency, weight: members[member]!.weight })),
            )
          const weight = votes.reduce((sum, vote) => sum + vote.weight, 0)
          const row = state.rows.find(({ member }) => member === subject)
          const isSeen = weight > 2 * context.faultWeight
          if (isSeen) expect(row?.latency).equal(plainMedian(votes))
          else if (row !== undefined) expect(row.latency).equal(65_535)
          expect(row !== undefined).equal(isSeen || (said[subject]?.own.length ?? 0) > 0)
        })
      }),
      500,
    )
  })

  it('resource weights are positive, and no smaller for more capacity', () => {
    holds(
      fc.property(fc.array(ownSamples, { minLength: 1, maxLength: 13 }), (samples) => {
        const rows = samples.map((own, member) => ({ member, ...own, latency: 0, loss: 0, age: 0 }))
        const weights = resourceWeights(rows)
        weights.forEach(({ weight }, i) => {
          expect(weight).within(1, 1001)
          weights.forEach((other, j) => {
            const [a, b] = [rows[i]!.capacity, rows[j]!.capacity]
            if (a.cpu >= b.cpu && a.memory >= b.memory && a.throughput >= b.throughput)
              expect(weight).least(other.weight)
          })
        })
      }),
      300,
    )
  })
})

describe('codecs of services@1', () => {
  it('take any bytes without a throw, and have one encoding per value', () => {
    const said = metricsObservations(5).map((one) => metricsObservation.encode(one))
    const mutated = fc.tuple(said, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
      const index = at % bytes.length
      bytes[index] = bytes[index]! ^ flip
      return bytes
    })
    holds(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        for (const codec of [metricsObservation, metricsState, services.state]) {
          const value = codec.decode(bytes)
          if (value !== null) expect((codec.encode as (from: unknown) => Uint8Array)(value)).deep.equal(bytes)
        }
      }),
      1000,
    )
  })
})
