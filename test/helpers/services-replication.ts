import type { Verdict } from '../../src/services/health/codec.ts'
import { placement } from '../../src/services/placement/slice.ts'
import type { InstanceRow, Phase, PlacementState, ServiceRow } from '../../src/services/placement/codec.ts'
import { NO_SEAT } from '../../src/services/placement/codec.ts'
import type {
  GroupRow,
  ReplicaReport,
  ReplicationPolicy,
  ReplicationState,
} from '../../src/services/replication/codec.ts'
import { failoverEvents } from '../../src/services/replication/failover.ts'
import type { FailoverEvent } from '../../src/services/replication/failover.ts'
import { replication } from '../../src/services/replication/slice.ts'
import type { LedgerEvent } from '../../src/types/ledger.ts'
import { foldContext, membersOf } from './services-cluster.ts'
import { healthOf, IDLE, specOf } from './services-placement.ts'

export const REPLICATION: ReplicationPolicy = {
  ...{ generation: 0, leaseMs: 3000, watchMs: 5000, failoversMax: 8 },
}

/** A placement in which these seats have a copy of each of these stores. */
export function storesOn(
  copies: ReadonlyMap<number, Phase>,
  specs: readonly Partial<ServiceRow>[] = [{}],
): PlacementState {
  const services = specs.map((more, i): ServiceRow => ({
    ...specOf(i + 1, { kind: 'store', copiesMin: 3 }),
    ...{ wanted: 3, standing: 'placed', primary: [...copies.keys()][0] ?? NO_SEAT },
    ...more,
  }))
  const instances = services.flatMap(({ service }) =>
    [...copies].map(([member, phase]): InstanceRow => {
      return { service, member, phase, sinceMs: 0, load: 0, target: NO_SEAT }
    }),
  )
  return { ...placement.empty, services, instances }
}

export interface GroupStep {
  readonly passed?: number
  readonly verdicts?: ReadonlyMap<number, Verdict>
  readonly reports: ReadonlyMap<number, Omit<ReplicaReport, 'service'>>
  readonly placement: PlacementState
  readonly isCut?: boolean
  readonly news?: readonly LedgerEvent[]
}

/** The slice alone, height by height; what other slices say is told. */
export class GroupWorld {
  state: ReplicationState = replication.empty
  agreedMs = 0
  heights = 0
  readonly events: FailoverEvent[] = []
  readonly #n: number
  readonly #policy: ReplicationPolicy

  constructor(n: number, policy = REPLICATION) {
    this.#n = n
    this.#policy = policy
  }

  step({ passed = 1000, verdicts, reports, placement: where, isCut = false, news = [] }: GroupStep): this {
    const previousMs = this.agreedMs
    this.agreedMs += passed
    this.heights += 1
    const hosts = Array.from({ length: this.#n }, (_, seat) => {
      return { ...IDLE, verdict: verdicts?.get(seat) ?? 'up' }
    })
    const said = [...reports].map(([member, report]) => {
      const all = where.services.map(({ service }) => ({ ...report, service }))
      return { member, state: { reports: all } }
    })
    const context = { heights: this.heights, previousMs, agreedMs: this.agreedMs, news }
    const before = this.state
    this.state = replication.fold(
      before,
      said,
      foldContext(membersOf(hosts.map(() => 1)), context),
      this.#policy,
      { health: healthOf(hosts, isCut), placement: where },
    )
    this.events.push(...failoverEvents(before, this.state, this.agreedMs))
    return this
  }

  get row(): GroupRow {
    const [row] = this.state.groups
    if (row === undefined) throw new Error('no group')
    return row
  }

  /** What an able copy says: the primary serves, the others follow, all have the same entries. */
  word(seat: number, more: Partial<ReplicaReport> = {}): Omit<ReplicaReport, 'service'> {
    const { token, primary, successor } = this.state.groups[0] ?? {
      ...{ token: 0n, primary: NO_SEAT, successor: NO_SEAT },
    }
    const leads = successor === NO_SEAT ? 'serving' : 'released'
    const standing = seat === primary ? leads : 'following'
    return { token, epoch: token, index: this.heights, committed: this.heights, standing, ...more }
  }

  words(...seats: number[]): Map<number, Omit<ReplicaReport, 'service'>> {
    return new Map(seats.map((seat) => [seat, this.word(seat)]))
  }
}
