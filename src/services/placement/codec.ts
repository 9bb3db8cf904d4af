import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { MemberRow } from '../../reducers/fixed-width.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { oneOf, u16, u32, u48 } from '../fields.ts'
import { tablesCodec } from '../tables.ts'
import { specFields, TIERS } from './spec.ts'
import type { ServiceSpec, Tier } from './spec.ts'

/**
 * Where a service stands.
 *
 * - `placed`: it has the copies that it wants
 * - `short`: at least `copiesMin`, but fewer than it wants
 * - `full`: fewer than `copiesMin`; it waits for room
 * - `unfit`: no host is large enough, even an empty one
 */
export const STANDINGS = ['placed', 'short', 'full', 'unfit'] as const
export type Standing = (typeof STANDINGS)[number]

export interface ServiceRow extends ServiceSpec {
  /** Copies that the demand asks for, `copiesMin` … `copiesMax`. */
  readonly wanted: number
  readonly standing: Standing
  /** Seat of the copy that leads; NO_SEAT while there is none. */
  readonly primary: MemberIndex
}

/**
 * - `starting`: placed; the host has not said yet that it runs
 * - `running`: the host says that it runs
 * - `leaving`: it goes on running until its copy on `target` runs
 * - `failed`: the host has given up on it; the row keeps the host free of the service until the host says otherwise
 */
export const PHASES = ['starting', 'running', 'leaving', 'failed'] as const
export type Phase = (typeof PHASES)[number]

/** A copy of a service on a host. */
export interface InstanceRow extends MemberRow {
  readonly service: number
  readonly phase: Phase
  /** Agreed ms of its placement here. */
  readonly sinceMs: number
  /** Transactions per second that its host says it serves. */
  readonly load: number
  /** Where a leaving one goes; NO_SEAT otherwise. */
  readonly target: MemberIndex
}

/** What a host says of where it stands. */
export interface HostRow extends MemberRow {
  readonly tier: Tier
  readonly region: number
}

/** A move that the budget still counts. */
export interface MoveRow {
  readonly move: number
  readonly atMs: number
}

export interface PlacementState {
  /** Moves since the line began. */
  readonly moveCount: number
  /** Services that found no row since the line began; saturates. */
  readonly refused: number
  readonly hosts: readonly HostRow[]
  readonly services: readonly ServiceRow[]
  readonly instances: readonly InstanceRow[]
  readonly moves: readonly MoveRow[]
}

export const REPORTS = ['running', 'failed'] as const

/** What a host says of a copy that it was given. */
export interface Report {
  readonly service: number
  readonly report: (typeof REPORTS)[number]
  readonly load: number
}

export interface PlacementObservation {
  readonly tier: Tier
  readonly region: number
  readonly reports: readonly Report[]
}

export const STRATEGY_NAMES = [
  'resource-aware',
  'resource-aware-001',
  'weighted-round-robin',
  'least-connections',
  'power-of-two',
] as const
export type StrategyName = (typeof STRATEGY_NAMES)[number]

export interface PlacementPolicy {
  readonly strategy: StrategyName
  /** Use of a host from which on copies move away from it, ‰. */
  readonly threshold: number
  /** By how much the fuller end of a move has to get better, ‰. */
  readonly hysteresis: number
  /** Most moves in any `windowMs`. */
  readonly movesMax: number
  readonly windowMs: number
  /** How long a copy stays where it came, unless its host drains, fails or overflows. */
  readonly settleMs: number
  /** How often load is evened out and copies that nobody needs go. */
  readonly actMs: number
  /** Heights without its own word after which a host gets no new work. */
  readonly staleHeights: number
  /** Part of each host that is kept from a service of priority 0, ‰; less in proportion for higher ones. */
  readonly reserve: number
  /** Part of its `needs.transactions` that a copy should carry at most, ‰. */
  readonly targetLoad: number
}

export const NO_SEAT = 255
export const SERVICES_MAX = 64
export const INSTANCES_MAX = 256
export const MOVES_MAX = 32

export const placementPolicy = struct<PlacementPolicy>({
  strategy: oneOf(STRATEGY_NAMES),
  threshold: u16,
  hysteresis: u16,
  movesMax: u8,
  windowMs: u32,
  settleMs: u32,
  actMs: u32,
  staleHeights: u16,
  reserve: u16,
  targetLoad: u16,
})

/** What is divided by is not 0, a move has to gain something, and the budget fits its table. */
export function isPlacementPolicy(policy: PlacementPolicy): boolean {
  const { hysteresis, movesMax, actMs, reserve, targetLoad } = policy
  const parts = reserve <= 900 && targetLoad >= 1 && targetLoad <= 1000
  return hysteresis >= 1 && movesMax <= MOVES_MAX && actMs >= 1 && parts
}

type Tables = Pick<PlacementState, 'hosts' | 'services' | 'instances' | 'moves'>

export const placementState = tablesCodec<
  Omit<PlacementState, keyof Tables>,
  { hosts: HostRow; services: ServiceRow; instances: InstanceRow; moves: MoveRow }
>(struct<Omit<PlacementState, keyof Tables>>({ moveCount: u32, refused: u16 }), {
  hosts: {
    row: struct<HostRow>({ member: u8, tier: oneOf(TIERS), region: u8 }),
    rowsMax: MEMBERS_MAX,
    keyOf: ({ member }) => member,
  },
  services: {
    row: struct<ServiceRow>({ ...specFields, wanted: u8, standing: oneOf(STANDINGS), primary: u8 }),
    rowsMax: SERVICES_MAX,
    keyOf: ({ service }) => service,
  },
  instances: {
    row: struct<InstanceRow>({
      service: u16,
      member: u8,
      phase: oneOf(PHASES),
      sinceMs: u48,
      load: u16,
      target: u8,
    }),
    rowsMax: INSTANCES_MAX,
    keyOf: instanceKey,
  },
  moves: { row: struct<MoveRow>({ move: u32, atMs: u48 }), rowsMax: MOVES_MAX, keyOf: ({ move }) => move },
})

export const placementObservation = tablesCodec<Omit<PlacementObservation, 'reports'>, { reports: Report }>(
  struct<Omit<PlacementObservation, 'reports'>>({ tier: oneOf(TIERS), region: u8 }),
  {
    reports: {
      row: struct<Report>({ service: u16, report: oneOf(REPORTS), load: u16 }),
      rowsMax: SERVICES_MAX,
      keyOf: ({ service }) => service,
    },
  },
)

/** Order of instances: by service, then by seat. */
export function instanceKey({ service, member }: Pick<InstanceRow, 'service' | 'member'>): number {
  return service * 256 + member
}
