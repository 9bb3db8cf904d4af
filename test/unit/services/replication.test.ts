import { expect } from 'chai'
import type { Verdict } from '../../../src/services/health/codec.ts'
import { NO_SEAT } from '../../../src/services/placement/codec.ts'
import type { Phase } from '../../../src/services/placement/codec.ts'
import { encodeOrder } from '../../../src/services/placement/spec.ts'
import { isReplicationPolicy, replicationObservation } from '../../../src/services/replication/codec.ts'
import { replication } from '../../../src/services/replication/slice.ts'
import { COPIES_OF_MODE, termsFor } from '../../../src/services/replication/terms-for.ts'
import { encodeTerms, termsIn } from '../../../src/services/replication/terms.ts'
import type { Mode } from '../../../src/services/replication/terms.ts'
import { groupView, isReplicaReady } from '../../../src/services/replication/view.ts'
import { membersOf } from '../../helpers/services-cluster.ts'
import { specOf } from '../../helpers/services-placement.ts'
import { GroupWorld, REPLICATION, storesOn } from '../../helpers/services-replication.ts'
import type { GroupStep } from '../../helpers/services-replication.ts'
import type { Consistency } from '../../../src/types/store-request.ts'

const on = (...seats: number[]): ReturnType<typeof storesOn> =>
  storesOn(new Map(seats.map((seat) => [seat, 'running'])))
const seatsOf = (...seats: number[]): bigint => seats.reduce((set, seat) => set | (1n << BigInt(seat)), 0n)
const down = (...seats: number[]): Map<number, Verdict> => new Map(seats.map((seat) => [seat, 'crash']))

/** Three copies that work: seats 0, 1, 2, seat 0 leads. */
function running(n = 5): GroupWorld {
  const world = new GroupWorld(n)
  world.step({ reports: world.words(0, 1, 2), placement: on(0, 1, 2) })
  return world.step({ reports: world.words(0, 1, 2), placement: on(0, 1, 2) })
}

describe('replication: terms', () => {
  it('refuses posts of others, cut ones and names that do not exist', () => {
    const data = encodeTerms({ service: 3, mode: 'n-way', consistency: 'causal' })
    const event = { seq: 1, kind: 'posted' as const, data }
    expect(termsIn(event)).deep.equal({ service: 3, mode: 'n-way', consistency: 'causal' })
    expect(termsIn({ ...event, kind: 'system' })).equal(null)
    for (const bytes of [
      [],
      [0x12],
      [0x10, 0, 3, 1, 1],
      [0x12, 0, 3, 9, 1],
      [0x12, 0, 3, 1, 9],
      [...data, 0],
    ])
      expect(termsIn({ ...event, data: Uint8Array.from(bytes) }), bytes.join()).equal(null)
  })

  it('refuses policies whose lease is no longer than its margins', () => {
    expect(isReplicationPolicy(REPLICATION)).equal(true)
    for (const bad of [{ leaseMs: 1999 }, { leaseMs: 60_001 }, { failoversMax: 0 }])
      expect(isReplicationPolicy({ ...REPLICATION, ...bad })).equal(false)
  })

  it('refuses a report of more committed entries than there are', () => {
    const report = { service: 1, token: 1n, epoch: 1n, index: 5, standing: 'serving' as const }
    const bytes = (committed: number): Uint8Array =>
      replicationObservation.encode({ reports: [{ ...report, committed }] })
    expect(replicationObservation.decode(bytes(6))).equal(null)
    expect(replicationObservation.decode(bytes(5))).not.equal(null)
  })

  it('the worst failure selects the consistency, and the risk the mode', () => {
    expect(
      ['crash', 'omission', 'byzantine'].map((one) => termsFor(one as 'crash', 0).consistency),
    ).deep.equal(['eventual', 'causal', 'strong'])
    const modes = [499_999, 500_000, 699_999, 700_000, 849_999, 850_000]
    expect(modes.map((score) => termsFor('omission', score).mode)).deep.equal([
      ...['active-passive', 'geographic', 'geographic', 'active-passive', 'active-passive', 'active-active'],
    ])
    expect(termsFor('byzantine', 850_000).mode).equal('n-way')
  })

  it('F11: n-way takes four copies for one liar, not three', () => {
    expect(COPIES_OF_MODE['n-way']).equal(3 * 1 + 1)
  })

  it('come with the store that they are for: its group begins on no others', () => {
    const terms = { mode: 'active-active', consistency: 'eventual' } as const
    const data = encodeOrder({ order: 'put', spec: specOf(1, { kind: 'store', criticality: 950 }), terms })
    const world = new GroupWorld(5)
    world.step({
      ...{ reports: world.words(0, 1, 2), placement: on(0, 1, 2) },
      news: [{ seq: 1, kind: 'posted' as const, data }],
    })
    expect(world.row).include({ ...terms, members: seatsOf(0, 1, 2), leaseEndMs: 0 })
  })

  it('change the mode of a group that has begun, not its consistency', () => {
    const world = new GroupWorld(5)
    const post = (mode: Mode, consistency: Consistency): GroupStep => ({
      ...{ reports: world.words(0, 1, 2), placement: on(0, 1, 2) },
      news: [{ seq: 1, kind: 'posted' as const, data: encodeTerms({ service: 1, mode, consistency }) }],
    })
    world.step({ ...post('geographic', 'causal'), reports: new Map() })
    expect(world.row).include({ mode: 'geographic', consistency: 'causal' })
    const strong = running()
    strong.step({ ...post('active-active', 'causal'), reports: strong.words(0, 1, 2) })
    expect(strong.row).include({ mode: 'geographic', consistency: 'strong' })
    strong.step({ ...post('active-active', 'strong'), reports: strong.words(0, 1, 2) })
    expect(strong.row).include({ mode: 'active-active', consistency: 'strong' })
  })
})

describe('replication: strong groups', () => {
  it('begin when copiesMin copies have a word, and only for stores', () => {
    const world = new GroupWorld(5)
    world.step({ reports: world.words(0, 1), placement: on(0, 1, 2) })
    expect(world.row).include({ primary: NO_SEAT, members: 0n, token: 0n })
    world.step({ reports: world.words(0, 1, 2), placement: on(0, 1, 2) })
    expect(world.row).include({ primary: 0, members: seatsOf(0, 1, 2), token: 2n, leaseEndMs: 5000 })
    const counter = storesOn(new Map([[0, 'running']]), [{ kind: 'counter' }])
    expect(new GroupWorld(5).step({ reports: new Map(), placement: counter }).state.groups).deep.equal([])
  })

  it('renew the lease by the word of the primary under its token, and by nothing else', () => {
    const world = running()
    const { leaseEndMs, token } = world.row
    world.step({ reports: world.words(1, 2), placement: on(0, 1, 2) })
    expect(world.row.leaseEndMs).equal(leaseEndMs)
    world.step({
      reports: world.words(0, 1, 2).set(0, world.word(0, { token: token - 1n })),
      placement: on(0, 1, 2),
    })
    expect(world.row.leaseEndMs).equal(leaseEndMs)
    world.step({ reports: world.words(0, 1, 2), placement: on(0, 1, 2) })
    expect(world.row).include({ leaseEndMs: world.agreedMs + 3000, token, stage: 'steady' })
  })

  it('keep a primary that is silent while health holds nothing against it', () => {
    const world = running()
    for (let i = 0; i < 20; i += 1) world.step({ reports: world.words(1, 2), placement: on(0, 1, 2) })
    expect(world.row).include({ primary: 0, stage: 'steady' })
  })

  it('fail over in eight steps, an event each, and not before the lease has run out', () => {
    const world = running()
    const { leaseEndMs, token } = world.row
    const where = on(0, 1, 2)
    while (world.agreedMs < leaseEndMs) {
      world.step({ verdicts: down(0), reports: world.words(1, 2), placement: where })
      expect(world.row.primary).equal(0)
    }
    world.step({ verdicts: down(0), reports: world.words(1, 2), placement: where })
    expect(world.agreedMs).least(leaseEndMs + 500)
    const { primary } = world.row
    expect(primary).oneOf([1, 2])
    expect(world.row.token > token).equal(true)
    const recovering = (): Map<number, ReturnType<GroupWorld['word']>> =>
      world.words(1, 2).set(primary, world.word(primary, { standing: 'recovering' }))
    world.step({ verdicts: down(0), reports: recovering(), placement: where })
    world.step({ verdicts: down(0), reports: world.words(1, 2), placement: where })
    for (let i = 0; i < 6; i += 1)
      world.step({ verdicts: down(0), reports: world.words(1, 2), placement: where })
    expect(world.events.map(({ step }) => step)).deep.equal([
      ...['detect', 'classify', 'isolate', 'select', 'migrate', 'update-registry', 'resume', 'watch'],
    ])
    expect(world.events.map(({ failed }) => failed)).deep.equal(Array(8).fill(0))
    expect(world.events.map((event) => event.primary)).deep.equal([
      0,
      0,
      0,
      ...Array<number>(5).fill(primary),
    ])
    expect(world.row).include({ stage: 'steady', failed: NO_SEAT })
  })

  it('wait for a member that has what was committed', () => {
    const world = running()
    const behind = (): ReturnType<GroupWorld['words']> =>
      new Map([1, 2].map((seat) => [seat, world.word(seat, { epoch: 0n, index: 1, committed: 1 })]))
    for (let i = 0; i < 8; i += 1)
      world.step({ verdicts: down(0), reports: behind(), placement: on(0, 1, 2) })
    expect(world.row).include({ stage: 'isolate', primary: 0, inSync: 0n })
    world.step({ verdicts: down(0), reports: behind().set(2, world.word(2)), placement: on(0, 1, 2) })
    expect(world.row).include({ stage: 'select', primary: 2 })
  })

  it('end a failover whose primary comes back in time', () => {
    const world = running()
    const { token } = world.row
    world.step({ verdicts: down(0), reports: world.words(1, 2), placement: on(0, 1, 2) })
    expect(world.row.stage).equal('classify')
    world.step({ reports: world.words(0, 1, 2), placement: on(0, 1, 2) })
    expect(world.row).include({ stage: 'steady', primary: 0, token, failed: NO_SEAT })
  })

  it('stand still while nobody has a quorum of reach', () => {
    const world = running()
    const before = world.row
    for (let i = 0; i < 9; i += 1)
      world.step({ verdicts: down(0), reports: world.words(0, 1, 2), placement: on(1, 2), isCut: true })
    expect({ ...world.row, inSync: before.inSync }).deep.equal(before)
  })

  it('replace the most critical primaries first, a few at a height', () => {
    const where = storesOn(new Map([0, 1, 2].map((seat) => [seat, 'running'])), [
      { criticality: 750 },
      { criticality: 950 },
      { criticality: 900 },
    ])
    const world = new GroupWorld(5, { ...REPLICATION, failoversMax: 1 })
    for (let i = 0; i < 2; i += 1) world.step({ reports: world.words(0, 1, 2), placement: where })
    for (let i = 0; i < 9; i += 1)
      world.step({ verdicts: down(0), reports: world.words(1, 2), placement: where })
    const order = world.events.filter(({ step }) => step === 'select').map(({ service }) => service)
    expect(order).deep.equal([2, 3, 1])
  })

  it('take a copy in that has caught up, and leave one out whose copy is gone, one at a time', () => {
    const world = running()
    const { token } = world.row
    world.step({
      reports: world.words(0, 1, 2).set(3, world.word(3, { epoch: 0n, index: 0, committed: 0 })),
      placement: on(0, 1, 2, 3),
    })
    expect(world.row).include({ members: seatsOf(0, 1, 2), token })
    world.step({ reports: world.words(0, 1, 2, 3), placement: on(0, 1, 2, 3) })
    expect(world.row).include({ members: seatsOf(0, 1, 2, 3), primary: 0 })
    expect(world.row.token > token).equal(true)
    // until the primary serves under the new token nothing changes
    const recovering = world.word(0, { standing: 'recovering' })
    world.step({ reports: world.words(0, 1, 2, 3).set(0, recovering), placement: on(0, 2) })
    expect(world.row.members).equal(seatsOf(0, 1, 2, 3))
    world.step({ reports: world.words(0, 2), placement: on(0, 2) })
    expect(world.row.members).equal(seatsOf(0, 2, 3))
    world.step({ reports: world.words(0, 2), placement: on(0, 2) })
    expect(world.row.members).equal(seatsOf(0, 2))
  })

  it('migrate a primary: prepare, transfer, handover; the old copy is there until the new one leads', () => {
    const world = running()
    const where = storesOn(
      new Map<number, Phase>([
        [0, 'leaving'],
        [1, 'running'],
        [2, 'running'],
        [3, 'starting'],
      ]),
      [{ primary: 3 }],
    )
    const ready = (): boolean => isReplicaReady(world.row, where.instances, 3)
    world.step({ reports: world.words(0, 1, 2, 3), placement: where })
    expect([world.row.members, ready()]).deep.equal([seatsOf(0, 1, 2, 3), false])
    world.step({ reports: world.words(0, 1, 2, 3), placement: where })
    expect([world.row.successor, ready()]).deep.equal([3, false])
    const { leaseEndMs } = world.row
    world.step({ reports: world.words(0, 1, 2, 3), placement: where })
    expect(world.row).include({ primary: 3, successor: NO_SEAT, stage: 'steady' })
    expect(world.agreedMs).below(leaseEndMs)
    expect(ready()).equal(true)
    world.step({ reports: world.words(1, 2, 3), placement: on(1, 2, 3) })
    expect(world.row.members).equal(seatsOf(1, 2, 3))
    expect(world.events).deep.equal([])
  })

  it('count members that left the cluster until a settled group leaves them out', () => {
    const world = running()
    const keys = membersOf([1, 1]).map(({ key }) => key)
    world.state = replication.reseat(world.state, (seat) => (seat === 0 ? 1 : null))
    expect(world.row).include({ members: seatsOf(1), absent: 2, primary: 1 })
    expect(groupView(world.row, [{ member: 0 }], keys)).include({ primary: keys[1], size: 3 })
    world.step({ reports: world.words(1), placement: on(1) })
    world.step({ reports: world.words(1), placement: on(1) })
    expect(world.row).include({ members: seatsOf(1), absent: 0 })
  })
})

describe('replication: causal and eventual groups', () => {
  it('have members and no lease, and a token for each change of members', () => {
    const world = new GroupWorld(5)
    const data = encodeTerms({ service: 1, mode: 'active-active', consistency: 'eventual' })
    const news = [{ seq: 1, kind: 'posted' as const, data }]
    world.step({ reports: world.words(0, 1), placement: on(0, 1, 2), news })
    expect(world.row).include({ members: seatsOf(0, 1), token: 1n, leaseEndMs: 0, primary: 0 })
    world.step({ reports: new Map(), placement: on(0, 1, 2) })
    expect(world.row).include({ members: seatsOf(0, 1), token: 1n })
    world.step({ reports: world.words(0, 2), placement: on(0, 2) })
    expect(world.row).include({ members: seatsOf(0, 2), token: 3n })
  })
})
