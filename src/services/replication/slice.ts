import { uint } from '../../codec/hex.ts'
import type { Input } from '../../reducers/reducer.ts'
import { fencingToken } from '../../reducers/lease.ts'
import { seedRank } from '../../reducers/seed-order.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { seatsIn } from '../health/codec.ts'
import type { HealthState } from '../health/codec.ts'
import { primaryComponent } from '../health/reach.ts'
import { reseatSet } from '../health/slice.ts'
import { NO_SEAT } from '../placement/codec.ts'
import type { PlacementState, ServiceRow } from '../placement/codec.ts'
import { reseatOne } from '../placement/slice.ts'
import { orderIn } from '../placement/spec.ts'
import type { FoldContext, SeatMap, Slice } from '../slice.ts'
import { replicationObservation, replicationState } from './codec.ts'
import type {
  GroupRow,
  ReplicationObservation,
  ReplicationPolicy,
  ReplicationState,
  ReplicaReport,
} from './codec.ts'
import { Group } from './group.ts'
import type { Facts } from './group.ts'
import { turnStrong } from './strong.ts'
import { termsFor } from './terms-for.ts'
import { termsIn } from './terms.ts'
import type { TermsOrder } from './terms.ts'

export interface ReplicationNeeds {
  readonly health: HealthState
  readonly placement: PlacementState
}

/**
 * Which copies of a store hold its data, who of them may write, and until when.
 *
 * - A primary is replaced when health has a verdict against it, and for no other reason; not before its lease has run out.
 * - While nobody has a quorum of reach, and while heights stand still, nothing is granted, renewed or taken away.
 * - What a member says counts for its own copies only.
 */
export const replication: Slice<
  ReplicationState,
  ReplicationObservation,
  ReplicationPolicy,
  ReplicationNeeds
> = {
  state: replicationState,
  observation: replicationObservation,
  empty: { groups: [] },

  fold(previous, observations, context, policy, { health, placement }) {
    const services = new Map(placement.services.map((row) => [row.service, row]))
    const rows = withTerms(withServices(previous.groups, placement.services), context)
    const isOpen = primaryComponent(health.rows, context.members) !== null
    let replaced = 0
    const turned = rows.toSorted(byCriticality(services)).map((row): GroupRow => {
      const spec = services.get(row.service)
      if (spec === undefined) return row
      const facts = factsOf(spec, observations, context, policy, { health, placement })
      const group = new Group({ ...row, inSync: inSyncOf(row, facts) }, facts)
      if (!isOpen) return group.row
      if (row.consistency !== 'strong') return turnOpen(group).row
      const mayReplace = (): boolean => (replaced += 1) <= policy.failoversMax
      return { ...turnStrong(group, mayReplace).row, ...committedOf(group) }
    })
    return { groups: turned.sort((a, b) => a.service - b.service) }
  },

  reseat: ({ groups }, seatOf) => ({ groups: groups.map((row) => reseated(row, seatOf)) }),
}

/** A row for each store, and for nothing else. */
function withServices(groups: readonly GroupRow[], services: readonly ServiceRow[]): GroupRow[] {
  const known = new Map(groups.map((row) => [row.service, row]))
  return services
    .filter(({ kind }) => kind === 'store')
    .map((spec): GroupRow => {
      const { service, criticality } = spec
      return (
        known.get(service) ?? {
          ...{ service, ...termsFor('byzantine', 1000 * criticality) },
          ...{ stage: 'steady', token: 0n, primary: NO_SEAT, successor: NO_SEAT },
          ...{ members: 0n, absent: 0, inSync: 0n, leaseEndMs: 0, epoch: 0n, committed: 0 },
          ...{ sinceMs: 0, failed: NO_SEAT },
        }
      )
    })
}

/** Terms that were posted. Consistency stays as it is once a group has begun: its copies hold data of that kind. */
function withTerms(groups: readonly GroupRow[], { news }: FoldContext): GroupRow[] {
  const orders = news.flatMap((event) => termsOf(event) ?? [])
  return groups.map((row) =>
    orders
      .filter(({ service }) => service === row.service)
      .reduce<GroupRow>((last, { mode, consistency }) => {
        if (last.members !== 0n && consistency !== last.consistency) return last
        return { ...last, mode, consistency }
      }, row),
  )
}

/** Terms that an event puts with a store, or changes. */
function termsOf(event: LedgerEvent): TermsOrder | null {
  const order = orderIn(event)
  if (order?.order !== 'put' || order.terms === undefined) return termsIn(event)
  return { service: order.spec.service, ...order.terms }
}

/** Most critical first. */
function byCriticality(services: ReadonlyMap<number, ServiceRow>) {
  const worth = ({ service }: GroupRow): number => services.get(service)?.criticality ?? 0
  return (a: GroupRow, b: GroupRow): number => worth(b) - worth(a) || a.service - b.service
}

function factsOf(
  { service, copiesMin, primary }: ServiceRow,
  observations: readonly Input<ReplicationObservation>[],
  { agreedMs, heights, seed }: FoldContext,
  { generation, leaseMs, watchMs }: ReplicationPolicy,
  { health, placement }: ReplicationNeeds,
): Facts {
  const copies = placement.instances.filter((row) => row.service === service && row.phase !== 'failed')
  const hosts = new Set(copies.map(({ member }) => member))
  const said = observations.flatMap(({ member, state }): [MemberIndex, ReplicaReport][] => {
    const report = state.reports.find((one) => one.service === service)
    return report === undefined || !hosts.has(member) ? [] : [[member, report]]
  })
  return {
    ...{ agreedMs, leaseMs, watchMs, copiesMin, preferred: primary },
    token: fencingToken(BigInt(generation), 0, heights),
    copies: new Map(copies.map((row) => [row.member, row])),
    reports: new Map(said.toSorted(([a], [b]) => a - b)),
    verdicts: new Map(health.rows.map(({ member, verdict }) => [member, verdict])),
    tie: (seat) => seedRank(seed, `0x${uint(service, 2)}${uint(seat, 1)}`),
  }
}

/** Members that have what was committed a height ago. A silent copy is not in sync until it speaks. */
function inSyncOf(row: GroupRow, facts: Facts): bigint {
  const group = new Group(row, facts)
  return [...facts.reports.keys()]
    .filter((seat) => group.has(seat) && group.isInSync(seat))
    .reduce((set, seat) => set | (1n << BigInt(seat)), 0n)
}

/** What the primary reports as committed: it counts from the next height on, when others can have reported it, too. */
function committedOf({ word, row }: Group): Partial<GroupRow> {
  // entries of its own token: it has read what a majority had
  const isAhead = word !== null && word.standing === 'serving' && word.committed >= row.committed
  return isAhead ? { epoch: row.token, committed: word.committed } : {}
}

/** Copies of causal and eventual groups all write; there is nothing to lease. */
function turnOpen(group: Group): Group {
  const { copies, reports, preferred, token } = group.facts
  const isIn = (seat: MemberIndex): boolean => group.has(seat) || (reports.has(seat) && group.isUp(seat))
  const members = [...copies.keys()].filter(isIn).reduce((set, seat) => set | (1n << BigInt(seat)), 0n)
  if (members === 0n && group.row.members === 0n) return group
  return group.with({
    ...{ members, primary: preferred },
    token: members === group.row.members ? group.row.token : token,
  })
}

function reseated(row: GroupRow, seatOf: SeatMap): GroupRow {
  const members = reseatSet(row.members, seatOf)
  return {
    ...row,
    primary: reseatOne(row.primary, seatOf),
    successor: reseatOne(row.successor, seatOf),
    failed: reseatOne(row.failed, seatOf),
    members,
    // a majority counts them until a settled group leaves them out, one by one
    absent: Math.min(255, row.absent + countOf(row.members) - countOf(members)),
    inSync: reseatSet(row.inSync, seatOf),
  }
}

function countOf(set: bigint): number {
  return seatsIn(set, 128).length
}
