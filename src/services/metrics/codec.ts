import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { MemberRow } from '../../reducers/fixed-width.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import { u16 } from '../fields.ts'
import { NO_HEAD, tablesCodec } from '../tables.ts'

/** What a node has to give. */
export interface Capacity {
  /** Hundredths of a core. */
  readonly cpu: number
  /** Hundredths of a GB. */
  readonly memory: number
  /** Mbit/s. */
  readonly throughput: number
  /** Per second. */
  readonly transactions: number
}

/** What a node says of itself. */
export interface OwnSample {
  readonly capacity: Capacity
  /** Part of its own cores in use, ‰. */
  readonly cpu: number
  /** In use, hundredths of a GB. */
  readonly memory: number
  /** In use, Mbit/s. */
  readonly throughput: number
  /** Per second. */
  readonly transactions: number
  /** Part of lock requests that had to wait, ‰. */
  readonly lockContention: number
}

/** What a node has measured of a peer. */
export interface PeerSample extends MemberRow {
  /** Round trip, tenths of a millisecond. */
  readonly latency: number
  /** Unanswered, ‰. */
  readonly loss: number
}

/** The seven metrics of a node as the cluster agrees on them. 65,535: not measured yet. */
export interface MetricsRow extends OwnSample, PeerSample {
  /** Heights since the node said something of itself; saturates. */
  readonly age: number
}

export interface MetricsState {
  readonly rows: readonly MetricsRow[]
}

export interface MetricsObservation {
  /** None or one. */
  readonly own: readonly OwnSample[]
  /** By member; who was not measured is not in it. */
  readonly peers: readonly PeerSample[]
}

/** The most that a node may declare. */
export type MetricsPolicy = Capacity

export const PERMILLE = 1000

const capacity = struct<Capacity>({ cpu: u16, memory: u16, throughput: u16, transactions: u16 })
const ownSample = {
  capacity,
  cpu: u16,
  memory: u16,
  throughput: u16,
  transactions: u16,
  lockContention: u16,
}

export const metricsPolicy = capacity

export const metricsState = tablesCodec<object, { rows: MetricsRow }>(NO_HEAD, {
  rows: {
    row: struct<MetricsRow>({ member: u8, ...ownSample, latency: u16, loss: u16, age: u16 }),
    rowsMax: MEMBERS_MAX,
    keyOf: ({ member }) => member,
  },
})

export const metricsObservation = tablesCodec<object, { own: OwnSample; peers: PeerSample }>(
  NO_HEAD,
  {
    own: { row: struct<OwnSample>(ownSample), rowsMax: 1, keyOf: () => 0 },
    peers: {
      row: struct<PeerSample>({ member: u8, latency: u16, loss: u16 }),
      rowsMax: MEMBERS_MAX,
      keyOf: ({ member }) => member,
    },
  },
  ({ own, peers }) =>
    own.every(({ cpu, lockContention }) => cpu <= PERMILLE && lockContention <= PERMILLE) &&
    peers.every(({ member, loss }) => member < MEMBERS_MAX && loss <= PERMILLE),
)
