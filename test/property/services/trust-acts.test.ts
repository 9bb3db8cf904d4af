import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '../../../src/codec/hex.ts'
import { LEVEL_MAX } from '../../../src/services/trust/codec.ts'
import type { TrustState } from '../../../src/services/trust/codec.ts'
import { hostsOf } from '../../../src/services/placement/hosts.ts'
import { instanceKey } from '../../../src/services/placement/codec.ts'
import type { PlacementState } from '../../../src/services/placement/codec.ts'
import { encodeOrder } from '../../../src/services/placement/spec.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { AGREED_PARTS, services } from '../../../src/services/services.ts'
import type { Agreed } from '../../../src/services/services.ts'
import { Trace } from '../../helpers/engine-cluster-trace.ts'
import { EngineCluster, makeCluster } from '../../helpers/engine-cluster.ts'
import { holds } from '../../helpers/holds.ts'
import { foldContext, membersOf, runHeight } from '../../helpers/services-cluster.ts'
import { observed, POLICY } from '../../helpers/services-inputs.ts'
import { healthOf, hostFacts, metricsOf, specs } from '../../helpers/services-placement.ts'

const levels = fc.integer({ min: 1, max: LEVEL_MAX })
const trusting = (list: readonly number[]): TrustState => ({
  rows: list.map((level, member) => ({ member, level, why: 'steady', cause: 'none' })),
})

describe('what trust acts on', () => {
  const worlds = fc.integer({ min: 4, max: 9 }).chain((n) =>
    fc.record({
      hosts: fc.array(hostFacts, { minLength: n, maxLength: n }),
      levels: fc.array(levels, { minLength: n, maxLength: n }),
      puts: fc.array(specs(5), { minLength: 1, maxLength: 5 }),
    }),
  )

  it('never excludes half of the hosts, and a host that others trust as much as most is trusted', () => {
    holds(
      fc.property(worlds, ({ hosts, levels: list }) => {
        const needs = {
          metrics: metricsOf(placement.empty, hosts),
          health: healthOf(hosts),
          trust: trusting(list),
        }
        const all = [...hostsOf([], needs, POLICY.placement).values()]
        const middle = list.toSorted((a, b) => a - b)[(list.length - 1) >> 1]!
        expect(2 * all.filter(({ isTrusted }) => isTrusted).length).least(all.length)
        for (const { member, isTrusted } of all) expect(isTrusted).equal(2 * list[member]! >= middle)
      }),
    )
  })

  it('gives a copy to a trusted host before any other, and leaves nothing without a place', () => {
    holds(
      fc.property(worlds, ({ hosts, levels: list, puts }) => {
        const [spec] = puts
        const news = [{ seq: 1, kind: 'posted' as const, data: encodeOrder({ order: 'put', spec: spec! }) }]
        const fold = (trust: TrustState): PlacementState =>
          placement.fold(
            placement.empty,
            hosts.flatMap(({ tier, region, isListed }, member) =>
              isListed ? [{ member, state: { tier, region, reports: [] } }] : [],
            ),
            foldContext(membersOf(hosts.map(() => 1)), { news }),
            POLICY.placement,
            { metrics: metricsOf(placement.empty, hosts), health: healthOf(hosts), trust },
          )
        const trusted = fold(trusting(list))
        const plain = fold({ rows: [] })
        // one service whose copies may not share a host: as many get a place as without trust
        if (spec!.spread === 'node') expect(trusted.instances.length).equal(plain.instances.length)
        expect(trusted.instances.length > 0).equal(plain.instances.length > 0)
        expect(trusted.services.length).equal(plain.services.length)
        const middle = list.toSorted((a, b) => a - b)[(list.length - 1) >> 1]!
        const isTrusted = (member: number): boolean => 2 * list[member]! >= middle
        if (spec!.spread === 'node' && trusted.instances.some(({ member }) => !isTrusted(member)))
          for (const { member } of plain.instances)
            if (isTrusted(member))
              expect(trusted.instances.map(instanceKey)).include(
                instanceKey({ service: spec!.service, member }),
              )
      }),
    )
  })
})

describe('what trust never acts on, in profile bft', () => {
  const n = 4
  const order = fc.array(levels, { minLength: n, maxLength: n })

  it('all parts of services@1 but trust and placement are the same bytes whatever is trusted', () => {
    holds(
      fc.property(order, order, fc.array(fc.nat(9000), { minLength: n, maxLength: n }), (a, b, clocks) => {
        const members = membersOf([1, 1, 1, 1])
        const inputs = (scores: readonly number[]) =>
          new Map(
            clocks.map((clockMs, seat) => [
              seat,
              observed({
                clock: { clockMs },
                trust: {
                  peers: scores.map((score, member) => ({ member, score, cause: 'outlier' as const })),
                },
              }),
            ]),
          )
        const run = (scores: readonly number[]): Agreed => {
          const after = (height: number, previous: Uint8Array): Agreed => {
            const result = runHeight({ members, height, previous }, inputs(scores), POLICY)
            if (!result.ok) throw new Error(result.code)
            return services.state.decode(result.state) as Agreed
          }
          const before = { ...after(1, new Uint8Array()), trust: trusting(scores) }
          const early = { ...before, header: { ...before.header, agreedMs: 0 } }
          return after(2, services.state.encode(early))
        }
        const [first, second] = [run(a), run(b)]
        for (const part of ['header', 'metrics', 'health', 'deadlock'] as const)
          expect(toHex(AGREED_PARTS[part].encode(first[part] as never)), part).equal(
            toHex(AGREED_PARTS[part].encode(second[part] as never)),
          )
      }),
      60,
    )
  })

  /**
   * The story of a cluster that agrees on `services@1`, as text: lists, rounds, conveners, votes, certificates. Hashes are
   * names in the order in which they appear, since the states differ by what is trusted.
   */
  function story(
    scores: readonly number[],
    lost: number,
  ): { readonly text: string; readonly states: string } {
    const cluster = makeCluster(n)
    const trace = new Trace()
    const states: Uint8Array[] = []
    const world = new EngineCluster({
      n,
      cluster,
      heights: 3,
      config: { isValidInput: () => true },
      // one frame in seven is lost
      fate: ({ from, to }, now) => ((now * 31 + from * 7 + to * 3 + lost) % 7 === 0 ? [] : [1]),
      state: (member, height) =>
        services.state.encode(
          observed({
            clock: { clockMs: 1000 * height + member },
            trust: {
              peers: scores.map((score, seat) => ({ member: seat, score, cause: 'silent' as const })),
            },
          }),
        ),
      reduce: (inputs, _, { height }) => {
        const result = runHeight(
          { members: cluster.members, height, previous: states[height - 1] ?? new Uint8Array() },
          new Map(inputs.map(({ member, state }) => [member, services.state.decode(state)!])),
          POLICY,
        )
        return result.ok ? result.state : null
      },
      onEffect: (tick, member, effect) => {
        trace.see(tick, member, effect)
        if (effect.kind === 'decided') states[effect.decided.height] = effect.state
      },
    }).start()
    world.run(3, 1000)
    return { text: trace.toString(), states: states.map(toHex).join() }
  }

  it('lists, rounds, conveners, votes and decisions are the same, tick by tick, whatever is trusted', () => {
    let different = 0
    holds(
      fc.property(order, order, fc.nat(6), (a, b, lost) => {
        const [first, second] = [story(a, lost), story(b, lost)]
        expect(first.text).match(/decide/i)
        expect(second.text).equal(first.text)
        if (first.states !== second.states) different += 1
      }),
      6,
    )
    expect(different, 'the levels do reach the state').above(0)
  })
})
