import type { Codec, Input, Reducer } from '../reducers/reducer.ts'
import { fixedCodec, struct } from '../reducers/fixed-width.ts'
import { agreedTime } from '../reducers/agreed-time.ts'
import { u48 } from './fields.ts'
import { EMPTY_HEADER, headerCodec, seatChanges } from './header.ts'
import type { Header } from './header.ts'
import { healthPolicy, isHealthPolicy } from './health/codec.ts'
import type { HealthObservation, HealthPolicy, HealthState } from './health/codec.ts'
import { health } from './health/slice.ts'
import { metricsPolicy } from './metrics/codec.ts'
import type { MetricsObservation, MetricsPolicy, MetricsState } from './metrics/codec.ts'
import { metrics } from './metrics/slice.ts'
import { isPlacementPolicy, placementPolicy } from './placement/codec.ts'
import type { PlacementObservation, PlacementPolicy, PlacementState } from './placement/codec.ts'
import { placement } from './placement/slice.ts'
import { isReplicationPolicy, replicationPolicy } from './replication/codec.ts'
import type { ReplicationObservation, ReplicationPolicy, ReplicationState } from './replication/codec.ts'
import { replication } from './replication/slice.ts'
import { faultWeightOf } from './slice.ts'
import type { FoldContext, SeatMap } from './slice.ts'
import { partsCodec, tablesCodec } from './tables.ts'
import { isModelsPolicy, models, modelsPolicy } from './sentinel/models.ts'
import type { ModelsObservation, ModelsPolicy, ModelsState } from './sentinel/models.ts'
import { deadlock, deadlockPolicy } from './transactions/slice.ts'
import type { DeadlockObservation, DeadlockPolicy, DeadlockState } from './transactions/slice.ts'
import { isTrustPolicy, trustPolicy } from './trust/codec.ts'
import type { TrustObservation, TrustPolicy, TrustState } from './trust/codec.ts'
import { trust } from './trust/slice.ts'

/** What the members of a cluster agree on about the services that they host. */
export interface Agreed {
  readonly kind: 'agreed'
  readonly header: Header
  readonly metrics: MetricsState
  readonly health: HealthState
  readonly trust: TrustState
  readonly placement: PlacementState
  readonly replication: ReplicationState
  readonly deadlock: DeadlockState
  readonly models: ModelsState
}

/** What one member brings to a height. */
export interface Observed {
  readonly kind: 'observed'
  readonly clock: Clock
  readonly metrics: MetricsObservation
  readonly health: HealthObservation
  readonly trust: TrustObservation
  readonly placement: PlacementObservation
  readonly replication: ReplicationObservation
  readonly deadlock: DeadlockObservation
  readonly models: ModelsObservation
}

export interface Clock {
  /** The member's clock, ms since 1970. */
  readonly clockMs: number
}

export interface ServicesPolicy {
  readonly metrics: MetricsPolicy
  readonly health: HealthPolicy
  readonly trust: TrustPolicy
  readonly placement: PlacementPolicy
  readonly replication: ReplicationPolicy
  readonly deadlock: DeadlockPolicy
  readonly models: ModelsPolicy
}

/** State and budget of each part, in the order of the folds. */
export const AGREED_PARTS = {
  header: headerCodec,
  metrics: metrics.state,
  health: health.state,
  trust: trust.state,
  placement: placement.state,
  replication: replication.state,
  deadlock: deadlock.state,
  models: models.state,
}
export const OBSERVED_PARTS = {
  clock: tablesCodec<Clock, object>(struct<Clock>({ clockMs: u48 }), {}),
  metrics: metrics.observation,
  health: health.observation,
  trust: trust.observation,
  placement: placement.observation,
  replication: replication.observation,
  deadlock: deadlock.observation,
  models: models.observation,
}

const agreedCodec = partsCodec<Omit<Agreed, 'kind'>>(AGREED_PARTS)
const observedCodec = partsCodec<Omit<Observed, 'kind'>>(OBSERVED_PARTS)

/** `u8 kind ‖ parts`; kind 0 is an input, 1 a state. */
const stateCodec: Codec<Agreed | Observed> = {
  encode(value) {
    const body = value.kind === 'agreed' ? agreedCodec.encode(value) : observedCodec.encode(value)
    return Uint8Array.of(value.kind === 'agreed' ? 1 : 0, ...body)
  },
  decode(bytes) {
    const body = bytes.subarray(1)
    if (bytes[0] === 1) {
      const parts = agreedCodec.decode(body)
      return parts === null ? null : { kind: 'agreed', ...parts }
    }
    const parts = bytes[0] === 0 ? observedCodec.decode(body) : null
    return parts === null ? null : { kind: 'observed', ...parts }
  },
}

const BEGINNING: Agreed = {
  kind: 'agreed',
  header: EMPTY_HEADER,
  metrics: metrics.empty,
  health: health.empty,
  trust: trust.empty,
  placement: placement.empty,
  replication: replication.empty,
  deadlock: deadlock.empty,
  models: models.empty,
}

/**
 * The control plane: one state for all services of a cluster, folded from the state of the height before, the members'
 * observations and the ledger's events, slice by slice. Each slice reads those before it.
 *
 * In a new task of the line rows follow their members to their new seats. A state before that does not decode counts as
 * none: it was decided by other rules.
 */
export const services: Reducer<Agreed | Observed, ServicesPolicy> = {
  id: 'services@1',
  state: stateCodec,
  params: fixedCodec(
    struct<ServicesPolicy>({
      metrics: metricsPolicy,
      health: healthPolicy,
      trust: trustPolicy,
      placement: placementPolicy,
      replication: replicationPolicy,
      deadlock: deadlockPolicy,
      models: modelsPolicy,
    }),
    ({ health, trust, placement, replication, models: loop }) =>
      isHealthPolicy(health) &&
      isTrustPolicy(trust) &&
      isPlacementPolicy(placement) &&
      isReplicationPolicy(replication) &&
      isModelsPolicy(loop),
  ),
  uses: ['previous'],

  validate: (input) => input.kind === 'observed',

  aggregateStatus(inputs, policy, context) {
    const decoded = stateCodec.decode(context.previous)
    const last = seated(decoded?.kind === 'agreed' ? decoded : BEGINNING, context.members)
    const observed = inputs
      .flatMap(({ member, state }) => (state.kind === 'observed' ? [{ member, state }] : []))
      .sort((a, b) => a.member - b.member)
    const fold = foldContext(last.header, observed, context)
    const header: Header = {
      agreedMs: fold.agreedMs,
      eventSeq: context.events.at(-1)?.seq ?? 0,
      heights: fold.heights,
      seats: context.members.map(({ key }, member) => ({ member, key })),
    }
    const of = <Name extends keyof Observed>(name: Name): Input<Observed[Name]>[] =>
      observed.map(({ member, state }) => ({ member, state: state[name] }))
    const table = metrics.fold(last.metrics, of('metrics'), fold, policy.metrics, {})
    const alive = health.fold(last.health, of('health'), fold, policy.health, { metrics: table })
    const trusted = trust.fold(last.trust, of('trust'), fold, policy.trust, { health: alive })
    const where = placement.fold(last.placement, of('placement'), fold, policy.placement, {
      metrics: table,
      health: alive,
      trust: trusted,
    })
    const groups = replication.fold(last.replication, of('replication'), fold, policy.replication, {
      health: alive,
      placement: where,
    })
    const stuck = deadlock.fold(last.deadlock, of('deadlock'), fold, policy.deadlock, {})
    const scored = models.fold(last.models, of('models'), fold, policy.models, {})
    return {
      ...{ kind: 'agreed', header, metrics: table, health: alive, trust: trusted },
      ...{ placement: where, replication: groups, deadlock: stuck, models: scored },
    }
  },

  /** Profile `bft` only: nothing is merged. */
  aggregateShare: (own) => own,

  /** Who leaves has drained before; from then on it is silent, like others who are not listed. */
  aggregateClose: (current) => current,
}

type Known = Parameters<typeof services.aggregateStatus>[2]

function foldContext(last: Header, observed: readonly Input<Observed>[], context: Known): FoldContext {
  const { seed, height, members, events } = context
  // each task counts its events from 1
  const seen = height === 1 ? 0 : last.eventSeq
  const clocks = observed.map(({ member, state }) => ({
    value: state.clock.clockMs,
    weight: members[member]?.weight ?? 0,
  }))
  return {
    seed,
    height,
    heights: last.heights + 1,
    members,
    faultWeight: faultWeightOf(members),
    agreedMs: agreedTime(last.agreedMs, clocks),
    previousMs: last.agreedMs,
    news: events.filter(({ seq }) => seq > seen),
  }
}

/** The state with its rows at the seats of these members. */
function seated(state: Agreed, members: Known['members']): Agreed {
  const seatOf: SeatMap | null = seatChanges(state.header.seats, members)
  if (seatOf === null) return state
  return {
    ...state,
    metrics: metrics.reseat(state.metrics, seatOf),
    health: health.reseat(state.health, seatOf),
    trust: trust.reseat(state.trust, seatOf),
    placement: placement.reseat(state.placement, seatOf),
    replication: replication.reseat(state.replication, seatOf),
    deadlock: deadlock.reseat(state.deadlock, seatOf),
  }
}
