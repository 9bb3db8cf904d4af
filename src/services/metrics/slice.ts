import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import { Observers } from '../observers.ts'
import type { Slice } from '../slice.ts'
import { reseatRows } from '../slice.ts'
import { metricsObservation, metricsState } from './codec.ts'
import type {
  Capacity,
  MetricsObservation,
  MetricsPolicy,
  MetricsRow,
  MetricsState,
  OwnSample,
  PeerSample,
} from './codec.ts'

/**
 * The cluster's table of metrics.
 *
 * - What a node alone can know (capacity, use of its processor, memory and network, transactions, lock contention) is its
 *   own word: capacity up to what the policy allows, use up to the capacity.
 * - Latency and loss are what others see of it: the weighted lower median over the observers. It changes only while the
 *   observers weigh more than twice what liars can weigh, so it is always between two honest measurements.
 * - Who says nothing keeps its row, which ages.
 */
export const metrics: Slice<MetricsState, MetricsObservation, MetricsPolicy> = {
  state: metricsState,
  observation: metricsObservation,
  empty: { rows: [] },

  fold(previous, observations, context, policy) {
    const before = new Map(previous.rows.map((row) => [row.member, row]))
    const observers = new Observers(observations, context)
    const said = new Map(observations.map(({ member, state }) => [member, state.own[0]]))
    const rows = context.members.flatMap((_, member): MetricsRow[] => {
      const last = before.get(member)
      const own = said.get(member)
      const seen = seenByOthers(observers, member)
      if (last === undefined && own === undefined && seen === null) return []
      const from = last ?? unmeasured(member)
      const sample = own === undefined ? from : clipped(own, policy)
      const age = own === undefined ? Math.min(from.age + 1, U16_MAX) : 0
      return [{ ...from, ...sample, ...seen, member, age }]
    })
    return { rows }
  },

  reseat: ({ rows }, seatOf) => ({ rows: reseatRows(rows, seatOf) }),
}

/** A row in which nothing is known. */
function unmeasured(member: MemberIndex): MetricsRow {
  const none = { cpu: 0, memory: 0, throughput: 0, transactions: 0 }
  const measures = { latency: U16_MAX, loss: U16_MAX, age: U16_MAX }
  return { member, capacity: none, ...none, lockContention: 0, ...measures }
}

/** What others measured of a node; nothing unless an honest majority of observers is certain. */
function seenByOthers(
  observers: Observers<PeerSample>,
  subject: MemberIndex,
): Pick<PeerSample, 'latency' | 'loss'> | null {
  const latency = observers.medianOf(subject, (sample) => sample.latency)
  const loss = observers.medianOf(subject, (sample) => sample.loss)
  return latency === null || loss === null ? null : { latency, loss }
}

/** Capacity as far as the policy believes it, and use as far as there is capacity. */
function clipped(own: OwnSample, policy: MetricsPolicy): OwnSample {
  const least = (a: Capacity, b: Omit<Capacity, 'cpu'> & { readonly cpu: number }): Capacity => ({
    cpu: Math.min(a.cpu, b.cpu),
    memory: Math.min(a.memory, b.memory),
    throughput: Math.min(a.throughput, b.throughput),
    transactions: Math.min(a.transactions, b.transactions),
  })
  const capacity = least(own.capacity, policy)
  return { ...own, ...least(capacity, own), cpu: own.cpu, capacity }
}
