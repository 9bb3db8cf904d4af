import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { NIL } from '../../../src/types/ids.ts'
import { INSTANCES_MAX, NO_SEAT, SERVICES_MAX } from '../../../src/services/placement/codec.ts'
import type { InstanceRow, PlacementPolicy, PlacementState } from '../../../src/services/placement/codec.ts'
import { isPlacementPolicy } from '../../../src/services/placement/codec.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { encodeOrder, orderIn } from '../../../src/services/placement/spec.ts'
import type { ServiceSpec } from '../../../src/services/placement/spec.ts'
import { scoresOf } from '../../../src/services/placement/strategies.ts'
import { hostsOf } from '../../../src/services/placement/hosts.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'
import { healthOf, IDLE, metricsOf, reportsOf, specOf } from '../../helpers/services-placement.ts'
import type { HostFacts } from '../../helpers/services-placement.ts'

const policy: PlacementPolicy = { ...POLICY.placement, strategy: 'weighted-round-robin', settleMs: 5000 }
const FIVE: readonly HostFacts[] = Array.from({ length: 5 }, () => IDLE)
const but = (seat: number, more: Partial<HostFacts>, from = FIVE): readonly HostFacts[] =>
  from.map((host, i) => (i === seat ? { ...host, ...more } : host))

/** A placement that goes on height by height, one second each unless told otherwise. */
class World {
  state: PlacementState = placement.empty
  agreedMs = 0
  hosts: readonly HostFacts[]
  readonly #policy: PlacementPolicy

  constructor(hosts: readonly HostFacts[], more: Partial<PlacementPolicy> = {}) {
    this.hosts = hosts
    this.#policy = { ...policy, ...more }
  }

  height(puts: readonly ServiceSpec[] = [], passed = 1000, load = 0): PlacementState {
    const previousMs = this.agreedMs
    this.agreedMs += passed
    const news = puts.map((spec, i) => {
      return { seq: i + 1, kind: 'posted' as const, data: encodeOrder({ order: 'put', spec }) }
    })
    const said = this.hosts.flatMap((host, member) => {
      const reports = reportsOf(this.state, member, host, () => load)
      return host.isListed ? [{ member, state: { tier: host.tier, region: host.region, reports } }] : []
    })
    this.state = placement.fold(
      this.state,
      said,
      foldContext(membersOf(this.hosts.map(() => 1)), { previousMs, agreedMs: this.agreedMs, news }),
      this.#policy,
      { metrics: metricsOf(this.state, this.hosts), health: healthOf(this.hosts), trust: { rows: [] } },
    )
    return this.state
  }

  rows(service: number): readonly InstanceRow[] {
    return this.state.instances.filter((row) => row.service === service)
  }

  seats(service: number): number[] {
    return this.rows(service).map(({ member }) => member)
  }

  standing(service: number): string | undefined {
    return this.state.services.find((row) => row.service === service)?.standing
  }

  primary(service: number): number | undefined {
    return this.state.services.find((row) => row.service === service)?.primary
  }
}

describe('orders of the ledger', () => {
  it('refuse specs that cannot be meant', () => {
    const put = (more: Partial<ServiceSpec>): Uint8Array =>
      encodeOrder({ order: 'put', spec: specOf(1, more) })
    const read = (data: Uint8Array): unknown => orderIn({ seq: 1, kind: 'posted', data })
    expect(read(put({}))).deep.equal({ order: 'put', spec: specOf(1) })
    for (const more of [
      { service: 0 },
      { copiesMin: 0 },
      { copiesMin: 3, copiesMax: 2 },
      { copiesMax: 17 },
      { priority: 11 },
      { criticality: 1001 },
    ])
      expect(read(put(more)), JSON.stringify(more)).equal(null)
    expect(orderIn({ seq: 1, kind: 'system', data: put({}) })).equal(null)
    for (const data of [[], [0x10], [0x11], [0x11, 1], [0x11, 0, 1, 0], [0x12, 0, 1]])
      expect(read(Uint8Array.from(data)), data.join()).equal(null)
  })

  it('put a store together with its terms; no other kind has any', () => {
    const read = (data: Uint8Array): unknown => orderIn({ seq: 1, kind: 'posted', data })
    const terms = { mode: 'geographic', consistency: 'causal' } as const
    const order = { order: 'put' as const, spec: specOf(1, { kind: 'store' }), terms }
    const data = encodeOrder(order)
    expect(read(data)).deep.equal(order)
    expect(read(encodeOrder({ ...order, spec: specOf(1, { kind: 'counter' }) }))).equal(null)
    expect(read(data.subarray(0, data.length - 1))).equal(null)
    expect(read(Uint8Array.of(...data, 0))).equal(null)
    expect(read(Uint8Array.of(...data.subarray(0, data.length - 1), 9))).equal(null)
  })

  it('refuse more services than the table has rows, and none that runs makes room', () => {
    const world = new World(but(0, { capacity: { cpu: 9999, memory: 9999, transactions: 9999 } }))
    const many = Array.from({ length: SERVICES_MAX }, (_, i) => specOf(i + 1, { priority: 0 }))
    world.height([...many, specOf(900, { priority: 10 }), specOf(901)])
    expect(world.state).include({ refused: 2 })
    expect(world.state.services.map(({ service }) => service)).deep.equal(many.map(({ service }) => service))
  })

  it('remove a service with its copies', () => {
    const world = new World(FIVE)
    world.height([specOf(1), specOf(2)])
    const data = encodeOrder({ order: 'remove', service: 1 })
    const after = placement.fold(
      world.state,
      [],
      foldContext(membersOf([1, 1, 1, 1, 1]), { news: [{ seq: 3, kind: 'posted', data }] }),
      policy,
      { metrics: metricsOf(world.state, FIVE), health: healthOf(FIVE), trust: { rows: [] } },
    )
    expect(after.services.map(({ service }) => service)).deep.equal([2])
    expect(after.instances.map(({ service }) => service)).deep.equal([2])
  })
})

describe('policy of placement', () => {
  it('refuses what would divide by zero, move for nothing or outgrow its table', () => {
    expect(isPlacementPolicy(policy)).equal(true)
    for (const more of [
      { hysteresis: 0 },
      { movesMax: 33 },
      { actMs: 0 },
      { reserve: 901 },
      { targetLoad: 0 },
      { targetLoad: 1001 },
    ])
      expect(isPlacementPolicy({ ...policy, ...more }), JSON.stringify(more)).equal(false)
  })
})

describe('admission', () => {
  it('places copies on different hosts and names one that runs as primary', () => {
    const world = new World(FIVE)
    world.height([specOf(1, { copiesMin: 3, copiesMax: 3 })])
    expect(new Set(world.seats(1)).size).equal(3)
    expect([world.standing(1), world.primary(1)]).deep.equal(['placed', NO_SEAT])
    world.height()
    expect(world.rows(1).map(({ phase }) => phase)).deep.equal(['running', 'running', 'running'])
    expect(world.seats(1)).include(world.primary(1))
  })

  it('lets a service wait as full, and as unfit if no empty host could take it', () => {
    const world = new World(FIVE)
    world.height([
      specOf(1, { copiesMin: 5, copiesMax: 5, needs: { cpu: 90, memory: 1, transactions: 1 } }),
      specOf(2, { priority: 1, needs: { cpu: 90, memory: 1, transactions: 1 } }),
      specOf(3, { needs: { cpu: 101, memory: 1, transactions: 1 } }),
      specOf(4, { tier: 'cloud' }),
    ])
    expect([1, 2, 3, 4].map((service) => world.standing(service))).deep.equal([
      'placed',
      'full',
      'unfit',
      'unfit',
    ])
  })

  it('copies above the fewest of a less urgent service make room, and no others', () => {
    const half = { cpu: 60, memory: 1, transactions: 1 }
    const world = new World(FIVE)
    world.height([specOf(1, { priority: 2, copiesMin: 4, copiesMax: 5, needs: half })])
    // each copy serves more than it should: five are wanted
    world.height([], 1000, 100)
    expect(world.seats(1)).deep.equal([0, 1, 2, 3, 4])
    world.height([specOf(2, { priority: 2, needs: half })], 1000, 100)
    expect([world.seats(1).length, world.standing(2)]).deep.equal([5, 'full'])
    world.height([specOf(3, { priority: 3, needs: half })], 1000, 100)
    expect([world.seats(1).length, world.standing(1), world.standing(3)]).deep.equal([4, 'short', 'placed'])
    world.height([specOf(4, { priority: 9, needs: half })], 1000, 100)
    expect([world.seats(1).length, world.standing(4)]).deep.equal([4, 'full'])
  })

  it('keeps the reserve from services in proportion to how little urgent they are', () => {
    const needs = { cpu: 81, memory: 1, transactions: 1 }
    const world = new World(FIVE, { reserve: 200 })
    world.height([specOf(1, { priority: 0, needs }), specOf(2, { priority: 10, needs })])
    expect([world.standing(1), world.standing(2)]).deep.equal(['unfit', 'placed'])
  })

  it('counts what others use, and what was placed and is not yet measured', () => {
    const background = { cpu: 50, memory: 0, transactions: 0 }
    const needs = { cpu: 30, memory: 1, transactions: 1 }
    const world = new World(FIVE.map((host) => ({ ...host, background })))
    world.height(Array.from({ length: 6 }, (_, i) => specOf(i + 1, { needs })))
    expect(world.state.instances.map(({ member }) => member)).have.members([0, 1, 2, 3, 4])
    expect(world.standing(6)).equal('full')
  })

  it('counts a copy that has just begun to run, although the measurement is older than it', () => {
    const background = { cpu: 30, memory: 0, transactions: 0 }
    const needs = { cpu: 40, memory: 1, transactions: 1 }
    const world = new World(FIVE.map((host) => ({ ...host, background })))
    world.height(Array.from({ length: 5 }, (_, i) => specOf(i + 1, { needs })))
    world.height([specOf(6, { needs })])
    expect(world.standing(6)).equal('full')
  })

  it('spreads over regions when told to', () => {
    const world = new World(FIVE.map((host, i) => ({ ...host, region: i < 3 ? 1 : 2 })))
    world.height([specOf(1, { spread: 'region', copiesMin: 3, copiesMax: 3 })])
    expect(world.seats(1).map((seat) => (seat < 3 ? 1 : 2))).have.members([1, 2])
    expect(world.standing(1)).equal('full')
  })

  it('makes room in the table for an urgent service, of copies above the fewest', () => {
    const large = { cpu: 60_000, memory: 60_000, transactions: 60_000 }
    const world = new World(Array.from({ length: 16 }, () => ({ ...IDLE, capacity: large })))
    const greedy = Array.from({ length: 16 }, (_, i) =>
      specOf(i + 1, { copiesMax: 16, copiesMin: 1, needs: { cpu: 1, memory: 1, transactions: 1 } }),
    )
    world.height(greedy)
    world.height([], 1000, 60_000)
    expect(world.state.instances.length).equal(INSTANCES_MAX)
    world.height([specOf(99, { priority: 9 })], 1000, 60_000)
    expect(world.state.instances.length).equal(INSTANCES_MAX)
    expect(world.standing(99)).equal('placed')
  })
})

describe('scaling', () => {
  it('adds copies as the load grows, and takes one away each time it acts', () => {
    const world = new World(FIVE)
    world.height([specOf(1, { copiesMax: 4 })])
    world.height([], 1000, 8)
    expect(world.seats(1).length).equal(1)
    world.height([], 1000, 9)
    expect(world.seats(1).length).equal(2)
    world.height([], 1000, 9)
    expect(world.seats(1).length).equal(3)
    world.height([], 1000, 0)
    expect(world.seats(1).length).equal(3)
    world.height([], 60_000, 0)
    expect(world.seats(1).length).equal(2)
    expect(world.seats(1)).include(world.primary(1))
    world.height([], 60_000, 0)
    world.height([], 60_000, 0)
    expect(world.seats(1).length).equal(1)
  })

  it('takes none away while the host of a copy is silent', () => {
    const world = new World(FIVE)
    world.height([specOf(1, { copiesMax: 2 })])
    world.height([], 1000, 9)
    world.height([], 1000, 9)
    const [first] = world.seats(1)
    world.hosts = but(first!, { isListed: false })
    world.height([], 60_000, 0)
    expect(world.seats(1).length).equal(2)
    world.hosts = FIVE
    world.height([], 60_000, 0)
    expect(world.seats(1).length).equal(1)
  })
})

describe('failures', () => {
  it('a crashed host loses its copies when others have taken their place, and a convicted one at once', () => {
    const full = { cpu: 60, memory: 1, transactions: 1 }
    for (const verdict of ['crash', 'byzantine'] as const) {
      const world = new World(FIVE)
      world.height([specOf(1, { copiesMin: 5, copiesMax: 5, needs: full })])
      world.height()
      world.hosts = but(2, { verdict, isListed: false })
      world.height()
      expect(world.seats(1)).deep.equal(verdict === 'crash' ? [0, 1, 2, 3, 4] : [0, 1, 3, 4])
      expect(world.standing(1)).equal('full')
    }
    const world = new World(FIVE)
    world.height([specOf(1, { copiesMin: 2, copiesMax: 2 })])
    world.height()
    const dead = world.primary(1)!
    world.hosts = but(dead, { verdict: 'crash', isListed: false })
    world.height()
    expect(world.seats(1)).not.include(dead)
    expect(world.seats(1).length).equal(2)
    expect(world.primary(1)).not.equal(dead).not.equal(NO_SEAT)
  })

  it('a copy of a store stays on a crashed host until another one runs, and is there if the host comes back before', () => {
    const seven = [...FIVE, IDLE, IDLE]
    const world = new World(seven)
    world.height([specOf(1, { kind: 'store', copiesMin: 3, copiesMax: 3 })])
    world.height()
    const [dead, other] = world.seats(1) as [number, number]
    const down = (...seats: readonly number[]): readonly HostFacts[] =>
      seven.map((host, seat) =>
        seats.includes(seat) ? { ...host, verdict: 'crash', isListed: false } : { ...host, starting },
      )
    // new copies have not got the data yet
    let starting = [1]
    world.hosts = down(dead, other)
    for (let i = 0; i < 3; i += 1) world.height()
    expect(world.seats(1)).include.members([dead, other]).length(5)
    starting = []
    world.hosts = down(dead)
    for (let i = 0; i < 2; i += 1) world.height()
    expect(world.seats(1)).include(other).not.include(dead)
  })

  it('a copy that its host has given up on starts elsewhere, and the host stays free of it until it forgets', () => {
    const world = new World(FIVE)
    world.height([specOf(1)])
    world.height()
    const [seat] = world.seats(1)
    world.hosts = but(seat!, { refuses: [1] })
    world.height()
    const failed = world.rows(1).filter(({ phase }) => phase === 'failed')
    expect(failed.map(({ member }) => member)).deep.equal([seat])
    expect(world.seats(1).length).equal(2)
    world.hosts = FIVE
    world.height()
    expect(world.seats(1)).not.include(seat)
  })

  it('hosts that are damped, draining, silent too long or of ill repute get nothing new', () => {
    for (const more of [
      { isDamped: true },
      { isDraining: true },
      { verdict: 'suspect' as const },
      { verdict: 'omission' as const },
    ]) {
      const world = new World([0, 1, 2, 3].reduce((hosts, seat) => but(seat, more, hosts), FIVE))
      world.height([specOf(1, { copiesMin: 2, copiesMax: 2 })])
      expect(world.seats(1), JSON.stringify(more)).deep.equal([4])
    }
    const world = new World(but(4, { isListed: false }), { staleHeights: 0 })
    world.height([specOf(1, { copiesMin: 5, copiesMax: 5 })])
    expect(world.seats(1)).deep.equal([0, 1, 2, 3])
  })
})

describe('moves', () => {
  it('a draining host gives its copies away: the old one goes when the new one runs, and the primary with it', () => {
    const world = new World(FIVE)
    world.height([specOf(1)])
    world.height()
    const from = world.primary(1)!
    world.hosts = but(from, { isDraining: true })
    world.height()
    expect(world.rows(1).map(({ phase }) => phase)).have.members(['leaving', 'starting'])
    expect(world.primary(1)).equal(from)
    const to = world.rows(1).find(({ phase }) => phase === 'leaving')!.target
    world.height()
    expect(world.seats(1)).deep.equal([to])
    expect(world.primary(1)).equal(to)
  })

  it('after a move the new copy is primary, although others run', () => {
    for (const service of [1, 2, 3, 4]) {
      const world = new World(FIVE)
      world.height([specOf(service, { copiesMin: 4, copiesMax: 4 })])
      world.height()
      const from = world.primary(service)!
      world.hosts = but(from, { isDraining: true })
      world.height()
      const to = world.rows(service).find(({ phase }) => phase === 'leaving')!.target
      world.height()
      expect(world.primary(service)).equal(to)
    }
  })

  it('a move whose target crashes or fails is given back', () => {
    for (const more of [{ verdict: 'crash' as const, isListed: false }, { refuses: [1] }]) {
      const world = new World(FIVE)
      world.height([specOf(1)])
      world.height()
      const from = world.primary(1)!
      world.hosts = but(from, { isDraining: true })
      world.height()
      const to = world.rows(1).find(({ phase }) => phase === 'leaving')!.target
      world.hosts = but(to, more)
      world.height()
      expect(world.rows(1).find(({ member }) => member === from)?.phase).equal('running')
      expect(world.primary(1)).equal(from)
      expect(world.rows(1).filter(({ member, phase }) => member === to && phase !== 'failed')).deep.equal([])
    }
  })

  it('a host that has less than it has promised gives copies away, the least urgent first, until the rest fits', () => {
    const needs = { cpu: 30, memory: 1, transactions: 1 }
    const none = { cpu: 0, memory: 0, transactions: 0 }
    const alone = FIVE.map((host, i) => (i === 0 ? host : { ...host, capacity: none }))
    const world = new World(alone)
    world.height([1, 2, 3].map((service) => specOf(service, { priority: service, needs })))
    world.height()
    expect([1, 2, 3].map((service) => world.seats(service))).deep.equal([[0], [0], [0]])
    // 50 of 90 left: two have to go, and only host 1 has room
    world.hosts = but(0, { capacity: { cpu: 50, memory: 100, transactions: 100 } }, but(1, IDLE, alone))
    world.height()
    world.height()
    expect([1, 2, 3].map((service) => world.seats(service))).deep.equal([[1], [1], [0]])
  })

  it('where nothing has room copies above the fewest go, and the rest stays on a host that is too full', () => {
    const needs = { cpu: 50, memory: 1, transactions: 1 }
    const world = new World(FIVE)
    world.height([
      specOf(1, { copiesMin: 5, copiesMax: 5, needs }),
      specOf(2, { copiesMin: 4, copiesMax: 5, needs }),
    ])
    world.height([], 1000, 1)
    world.height([], 1000, 1)
    expect(world.seats(2).length).equal(5)
    world.hosts = FIVE.map((host) => ({ ...host, capacity: { cpu: 40, memory: 100, transactions: 100 } }))
    world.height([], 1000, 1)
    expect([world.seats(1).length, world.seats(2).length]).deep.equal([5, 4])
    world.height([], 1000, 1)
    expect([world.seats(1).length, world.seats(2).length]).deep.equal([5, 4])
  })

  /** Both services on host 0; then host 1 has room too. */
  const crowded = (more: Partial<PlacementPolicy> = {}): World => {
    const none = { cpu: 0, memory: 0, transactions: 0 }
    const alone = FIVE.map((host, i) => (i === 0 ? host : { ...host, capacity: none }))
    const world = new World(alone, more)
    const needs = { cpu: 45, memory: 1, transactions: 1 }
    world.height([specOf(1, { needs }), specOf(2, { needs })])
    world.height([], 58_000)
    world.hosts = but(1, IDLE, alone)
    return world
  }

  it('evens out above the threshold, each time it acts, and then no more', () => {
    const world = crowded()
    world.height([], 500)
    expect(world.state.moveCount).equal(0)
    world.height([], 500)
    expect(world.state.moveCount).equal(1)
    world.height()
    expect([...world.seats(1), ...world.seats(2)]).have.members([0, 1])
    world.height([], 120_000)
    expect(world.state.moveCount).equal(1)
  })

  it('evens out at no more and no less than the hysteresis asks for', () => {
    // 900 ‰ before, 450 ‰ after: the gain is 450
    for (const [hysteresis, moves] of [
      [449, 1],
      [450, 0],
    ] as const) {
      const world = crowded({ hysteresis })
      world.height([], 60_000)
      expect(world.state.moveCount, `${hysteresis}`).equal(moves)
    }
  })

  it('leaves below the threshold alone', () => {
    const world = crowded({ threshold: 900 })
    world.height([], 60_000)
    expect(world.state.moveCount).equal(0)
  })

  it('does not move again for balance what has not been there for settleMs', () => {
    const early = crowded({ settleMs: 119_000 })
    early.height([], 60_000)
    expect(early.state.moveCount).equal(0)
    const late = crowded({ settleMs: 118_000 })
    late.height([], 60_000)
    expect(late.state.moveCount).equal(1)
  })

  it('prefers of equal steps the one that the seed orders first, whatever the order of hosts', () => {
    const world = crowded()
    world.hosts = FIVE
    world.height([], 60_000)
    const [first] = [1, 2]
      .flatMap((service) => [1, 2, 3, 4].map((target) => ({ service, target })))
      .map((step) => ({ step, rank: keccak(`${NIL}000${step.service}0${step.target}`) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    const moved = world.state.instances.filter(({ phase }) => phase === 'leaving')
    expect(moved.map(({ service, target }) => ({ service, target }))).deep.equal([first!.step])
  })

  it('spends no more than the budget', () => {
    const world = new World(FIVE, { movesMax: 2 })
    world.height([1, 2, 3, 4, 5].map((service) => specOf(service)))
    world.height()
    world.hosts = FIVE.map((host, i) => ({ ...host, isDraining: i < 4 }))
    world.height()
    expect(world.state.moves.length).equal(2)
    world.height([], 59_999)
    expect(world.state.moveCount).equal(2)
    world.height([], 1)
    expect(world.state.moveCount).equal(4)
  })
})

describe('scores of the document', () => {
  // 001: latency ms, throughput Mbit/s, cpu %, memory GB, transactions per second
  const TABLE = [
    ['Edge1', 12, 500, 45, 8, 150],
    ['Edge2', 15, 470, 50, 4.5, 100],
    ['Core1', 8, 1000, 60, 12, 250],
    ['Core2', 10, 950, 55, 10, 200],
    ['Cloud1', 22, 1250, 72, 16, 300],
  ] as const

  it('F6: the sample scores do not follow from the formula: Edge2 wins, not Core1', () => {
    const none = { cpu: 0, memory: 0, transactions: 0 }
    const rows = TABLE.map(([, latency, throughput, cpu, memory, transactions], member) => ({
      member,
      capacity: { cpu: 100, memory: 1600, transactions: 300, throughput },
      cpu: cpu * 10,
      memory: memory * 100,
      transactions,
      throughput,
      latency: latency * 10,
      lockContention: 0,
      loss: 0,
      age: 0,
    }))
    const hosts = hostsOf([], { metrics: { rows }, health: healthOf(FIVE), trust: { rows: [] } }, policy)
    const all = [...hosts.values()].map((host) => ({ host, used: host.measured, copies: 0, load: 0 }))
    const scores = scoresOf('resource-aware-001', all, specOf(1, { priority: 5, needs: none }))
    const expected = [
      ['Edge2', 428_775],
      ['Edge1', 374_500],
      ['Core2', 314_000],
      ['Core1', 258_500],
      ['Cloud1', 134_245],
    ] as const
    expect(scores.map(({ member }) => TABLE[member]![0])).deep.equal(expected.map(([name]) => name))
    scores.forEach(({ score }, i) => expect(score).closeTo(expected[i]![1], 3))
  })
})
