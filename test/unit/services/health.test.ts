import { expect } from 'chai'
import { healthObservation } from '../../../src/services/health/codec.ts'
import type {
  HealthObservation,
  HealthRow,
  HealthState,
  Suspicion,
} from '../../../src/services/health/codec.ts'
import { reliability } from '../../../src/services/health/history.ts'
import { components, connectivityOf, primaryComponent } from '../../../src/services/health/reach.ts'
import { routesFrom } from '../../../src/services/health/routes.ts'
import { health } from '../../../src/services/health/slice.ts'
import type { FoldContext } from '../../../src/services/slice.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'

const members = membersOf([1, 1, 1, 1, 1])
const policy = POLICY.health
type Said = Readonly<Record<number, Partial<Suspicion>>>

const ALIVE = { phi: 100, silenceMs: 500 }
const DEAD = { phi: 9000, silenceMs: 9000 }

/** What members say: all others are alive but those named. */
function say(listed: readonly number[], of: Said = {}): { member: number; state: HealthObservation }[] {
  return listed.map((member) => {
    const peers = members.flatMap((_, peer) =>
      peer === member ? [] : [{ member: peer, ...ALIVE, ...of[peer] }],
    )
    return { member, state: { incarnation: 1, isDraining: 'no' as const, peers } }
  })
}

function fold(
  before: HealthState,
  said: ReturnType<typeof say>,
  more: Partial<FoldContext> = {},
  losses: readonly number[] = [],
): HealthState {
  const own = { cpu: 0, memory: 0, throughput: 0, transactions: 0 }
  const rows = losses.map((loss, member) => ({
    member,
    capacity: own,
    ...own,
    lockContention: 0,
    latency: 1,
    loss,
    age: 0,
  }))
  return health.fold(before, said, foldContext(members, more), policy, { metrics: { rows } })
}
const verdicts = ({ rows }: HealthState): string[] => rows.map(({ verdict }) => verdict)
const repeat = (times: number, said: ReturnType<typeof say>, from = health.empty): HealthState =>
  Array.from({ length: times }).reduce<HealthState>(
    (state, _, i) => fold(state, said, { previousMs: 1000 * i, agreedMs: 1000 * (i + 1) }),
    from,
  )

describe('health slice', () => {
  it('refuses seats that do not exist', () => {
    const bytes = healthObservation.encode({
      incarnation: 0,
      isDraining: 'no',
      peers: [{ member: 128, ...ALIVE }],
    })
    expect(healthObservation.decode(bytes)).equal(null)
  })

  it('crashes a member that most have not heard for long, at the second height, and takes it back', () => {
    const silent = say([0, 1, 2, 3], { 4: DEAD })
    expect(verdicts(repeat(1, silent))[4]).equal('suspect')
    const down = repeat(2, silent)
    expect(verdicts(down)).deep.equal(['up', 'up', 'up', 'up', 'crash'])
    expect(verdicts(fold(down, say([0, 1, 2, 3, 4])))[4]).equal('up')
  })

  it('never crashes a member that is listed: what it signed is proof of life', () => {
    expect(verdicts(repeat(5, say([0, 1, 2, 4], { 4: DEAD })))[4]).equal('omission')
  })

  it('needs phi and silence', () => {
    expect(verdicts(repeat(5, say([0, 1, 2, 3], { 4: { phi: 9000, silenceMs: 2999 } })))[4]).equal('suspect')
    expect(verdicts(repeat(5, say([0, 1, 2, 3], { 4: { phi: 900, silenceMs: 9000 } })))[4]).equal('up')
  })

  it('changes nothing while too few observe', () => {
    const down = repeat(2, say([0, 1, 2, 3], { 4: DEAD }))
    expect(verdicts(fold(down, say([0, 1])))).deep.equal(verdicts(down))
    expect(verdicts(repeat(9, say([0, 1], { 4: DEAD })))[4]).equal('up')
    expect(verdicts(fold(down, say([4])))[4]).equal('up')
  })

  it('omission is high loss at a low phi', () => {
    expect(verdicts(fold(health.empty, say([0, 1, 2, 3]), {}, [0, 199, 200, 65_535]))).deep.equal([
      'up',
      'up',
      'omission',
      'up',
      'up',
    ])
    expect(
      verdicts(fold(health.empty, say([0, 1, 2, 3], { 4: { phi: 1500 } }), {}, [0, 0, 0, 0, 900]))[4],
    ).equal('suspect')
  })

  it('byzantine is a conviction, for good, whatever anybody says', () => {
    const news = [{ seq: 1, kind: 'system' as const, data: Uint8Array.of(3, 1, 100) }]
    const convicted = fold(health.empty, say([0, 1, 2, 3, 4]), { news })
    expect(verdicts(convicted)).deep.equal(['up', 'up', 'up', 'byzantine', 'up'])
    expect(verdicts(fold(convicted, say([0, 1, 2, 3, 4])))[3]).equal('byzantine')
    const posted = [{ seq: 1, kind: 'posted' as const, data: Uint8Array.of(3, 1, 100) }]
    expect(verdicts(fold(health.empty, say([0, 1, 2, 3, 4]), { news: posted }))[3]).equal('up')
    const empty = [{ seq: 1, kind: 'system' as const, data: new Uint8Array() }]
    expect(verdicts(fold(health.empty, say([0, 1, 2, 3, 4]), { news: empty }))).not.include('byzantine')
  })

  it('keeps the last word about draining and the largest incarnation', () => {
    const state = say([0])[0]!.state
    const drains = fold(health.empty, [{ member: 0, state: { ...state, isDraining: 'yes', incarnation: 7 } }])
    expect(drains.rows[0]).include({ isDraining: 'yes', incarnation: 7 })
    expect(fold(drains, say([1])).rows[0]).include({ isDraining: 'yes', incarnation: 7 })
    expect(fold(drains, say([0])).rows[0]).include({ isDraining: 'no', incarnation: 7 })
  })

  it('damps a member that fails twice, until the penalty has decayed', () => {
    const silent = say([0, 1, 2, 3], { 4: DEAD })
    let state = health.empty
    let at = 0
    const step = (said: typeof silent, passed = 1000): HealthRow => {
      state = fold(state, said, { previousMs: at, agreedMs: (at += passed) })
      return state.rows[4]!
    }
    step(silent)
    expect(step(silent)).include({ verdict: 'crash', penalty: 1000, isDamped: 'no', failures: 1 })
    step(say([0, 1, 2, 3, 4]))
    step(silent)
    expect(step(silent)).include({ verdict: 'crash', penalty: 2000, isDamped: 'yes', failures: 2 })
    expect(step(say([0, 1, 2, 3, 4]))).include({ verdict: 'up', isDamped: 'yes' })
    expect(step(say([0, 1, 2, 3, 4]), 60_000)).include({ penalty: 1000, isDamped: 'yes' })
    expect(step(say([0, 1, 2, 3, 4]), 60_000)).include({ penalty: 500, isDamped: 'no' })
  })
})

describe('reach', () => {
  const UNHEARD = { phi: 9000, silenceMs: 60_000 }
  /** Everybody is listed; the links named are cut both ways. */
  const cut = (links: readonly (readonly [number, number])[]): HealthState =>
    fold(
      health.empty,
      members.map((_, member) => {
        const of = Object.fromEntries(
          links.flatMap(([a, b]) => (a === member ? [[b, UNHEARD]] : b === member ? [[a, UNHEARD]] : [])),
        ) as Said
        return say([member], of)[0]!
      }),
    )

  it('one side that does not hear is enough to cut a link', () => {
    const said = members.map((_, member) => say([member], member === 1 ? { 2: UNHEARD } : {})[0]!)
    const { rows } = fold(health.empty, said)
    expect(rows.map(({ reach }) => reach)).deep.equal([0b11110n, 0b11001n, 0b11001n, 0b10111n, 0b01111n])
  })

  it('a link of two that are both not listed stays as it was', () => {
    const before = cut([[3, 4]])
    expect(fold(before, say([0, 1, 2])).rows[3]!.reach).equal(0b00111n)
    expect(fold(cut([]), say([0, 1, 2])).rows[3]!.reach).equal(0b10111n)
  })

  it('F9: a lost link between two that a third reaches is no partition; traffic goes through the third', () => {
    const { rows } = cut([[1, 2]])
    expect(connectivityOf(rows)).equal('relayed')
    expect(primaryComponent(rows, members)).deep.equal([0, 1, 2, 3, 4])
    const metrics = members.map((_, member) => {
      const none = { cpu: 0, memory: 0, throughput: 0, transactions: 0 }
      return {
        member,
        capacity: none,
        ...none,
        lockContention: 0,
        loss: 0,
        age: 0,
        latency: member === 3 ? 10 : 50,
      }
    })
    expect(routesFrom(1, rows, metrics).get(2)).deep.equal({ hops: [3, 2], cost: 120 })
  })

  it('a 4/1 cut leaves four that go on; a 3/2 cut leaves nobody', () => {
    const side = (group: readonly number[]): [number, number][] =>
      group.flatMap((a) => members.flatMap((_, b): [number, number][] => (group.includes(b) ? [] : [[a, b]])))
    const four = cut(side([4]))
    expect(connectivityOf(four.rows)).equal('parted')
    expect(primaryComponent(four.rows, members)).deep.equal([0, 1, 2, 3])
    const three = cut(side([3, 4]))
    expect(components(three.rows)).deep.equal([
      [0, 1, 2],
      [3, 4],
    ])
    expect(primaryComponent(three.rows, members)).equal(null)
  })

  it('whole without cuts; who is down does not count', () => {
    expect(connectivityOf(cut([]).rows)).equal('whole')
    const down = repeat(2, say([0, 1, 2, 3], { 4: DEAD }))
    expect(connectivityOf(down.rows)).equal('whole')
    expect(routesFrom(4, down.rows, []).size).equal(0)
  })
})

describe('reliability', () => {
  it('F18: repair of a node from its agreed history: up 70 s and 20 s, down 10 s', () => {
    const [row] = fold(health.empty, []).rows
    const back = { ...row!, upMs: 70_000, downMs: 10_000, failures: 1, sinceMs: 80_000 }
    expect(reliability(back, 100_000)).deep.equal({
      mtbfMs: 90_000,
      mttrMs: 10_000,
      availabilityPpm: 900_000,
    })
    const never = { ...row!, sinceMs: 0 }
    expect(reliability(never, 0)).deep.equal({ mtbfMs: null, mttrMs: null, availabilityPpm: 1_000_000 })
    const down = { ...row!, verdict: 'crash' as const, upMs: 60_000, failures: 1, sinceMs: 60_000 }
    expect(reliability(down, 120_000)).deep.equal({ mtbfMs: 60_000, mttrMs: null, availabilityPpm: 500_000 })
  })
})
