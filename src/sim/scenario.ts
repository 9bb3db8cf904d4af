import { isQuorum } from '../protocol/quorum.ts'
import type { TaskParams } from '../types/task.ts'
import type { LiarName } from '../faults/catalog.ts'
import { LIAR_NAMES } from '../faults/catalog.ts'
import { Random } from '../faults/random.ts'
import type { SimulatedApp } from './application.ts'
import { RATE_LIMIT_APP } from './application.ts'
import { TWIN } from './twin.ts'

/** Classes of faults; each seed draws which of them are on. */
export const FAULTS = [
  'loss',
  'spikes',
  'duplication',
  'reordering',
  'partition',
  'crash',
  'torn',
  'confirm-crash',
  'stop',
  'blackout',
  'stall',
  'slow',
  'disk-full',
  'rpc-down',
  'reducer-timeout',
  'clock-drift',
] as const
export type Fault = (typeof FAULTS)[number]

/** Ways to lie in a world. A `poisoned-input` follows the protocol, and brings the input that costs the application most. */
export type SimulatedLiar = LiarName | 'poisoned-input'

/** What a seed's world is like, before anything happens in it. */
export interface Scenario {
  /** Weights of the nodes, in order of registration. */
  readonly weights: readonly number[]
  /** Liars by node. */
  readonly liars: ReadonlyMap<number, SimulatedLiar>
  /** Liars weigh less than a third. */
  readonly isBelowThird: boolean
  readonly params: TaskParams
  readonly app: SimulatedApp
  readonly faults: ReadonlySet<Fault>
  /** Delay of a frame, without faults. */
  readonly delayMs: { readonly min: number; readonly max: number }
  /** Share of frames lost while faults are on. */
  readonly loss: number
  readonly duplication: number
  /** How long faults last, from when the task runs. */
  readonly chaosMs: number
  /** Mean time between two sudden faults. */
  readonly pauseMs: number
  /** Nodes that stay down after the heal: honest, and not needed for a quorum. */
  readonly lost: ReadonlySet<number>
  /** Honest nodes, not needed for a quorum either, that leave for good, and when they ask to: ms after the task runs. */
  readonly leavers: ReadonlyMap<number, number>
  /** Time between two ledger events; 0: there are none. */
  readonly eventMs: number
  /** The chain replaces its last blocks now and then, from the first sign-up until the result is there. */
  readonly reorgs: boolean
  /** Honest node whose disk goes back to an older copy, again and again; the others decide without it. Null: none. */
  readonly rolledBack: number | null
  /** Notes are gone from every checkpoint: somebody is quicker with the same call without them. */
  readonly areNotesStripped: boolean
  readonly pace: Pace
  /** Null: neither. */
  readonly absence: Absence | null
  /** Null: the task goes on from none. */
  readonly seam: Seam | null
}

/** The task goes on from another one. */
export interface Seam {
  /** Result of that task, canonical bytes. */
  readonly result: Uint8Array
  /** When it is put on chain, ms after the cluster was drawn; 0: before the task is published. */
  readonly lateMs: number
}

/** How fast a world's chain is, and how often nodes look at it. */
export interface Pace {
  readonly blockMs: number
  readonly pollMs: number
}

/** The chain stops once, and an honest node that no quorum needs is away once. Times from when the task runs. */
export interface Absence {
  readonly stopFromMs: number
  readonly stopMs: number
  readonly away: number | null
  readonly awayFromMs: number
  readonly awayMs: number
}

export interface PercentRange {
  readonly min: number
  readonly max: number
}

export interface ScenarioOptions {
  readonly heights: number
  /** Only these liars; null: drawn. */
  readonly liar?: SimulatedLiar | null
  /** Most weight that liars may have, in per cent of all: drawn between the two. Absent: less than a third. */
  readonly liarPercent?: PercentRange | null
  /** What the task computes; absent: the rate limit. */
  readonly app?: SimulatedApp
  /** No faults, all delays alike. */
  readonly calm?: boolean
  readonly nodes?: number
  /** Re-orgs of the chain; absent: in a third of the worlds, in none that is calm on purpose. */
  readonly reorgs?: boolean
  /** A disk goes back to an older copy; absent: none does. */
  readonly rollbacks?: boolean
  /** The task has a twin; absent: in a third of the worlds, in none that is calm on purpose. */
  readonly provable?: boolean
  /** The chain stops for six hours and a member is away for a day, in a world without other faults; absent: neither. */
  readonly absence?: boolean
  /** The task goes on from another one; absent: from none. */
  readonly seam?: Seam
}

/** A flatterer does harm only in company: it is drawn where liars may weigh more than a third. */
const BELOW_THIRD = LIAR_NAMES.filter((name) => name !== 'flatterer')
const SIZES = [4, 4, 4, 5, 5, 7, 7, 10, 13] as const
const PACE: Pace = { blockMs: 500, pollMs: 400 }
/** Blocks for which sign-up stays open: longer where re-orgs take sign-ups back. */
const JOIN_BLOCKS = { still: 6, reorgs: 30 } as const

export function drawScenario(random: Random, options: ScenarioOptions): Scenario {
  const app = options.app ?? RATE_LIMIT_APP
  const n = options.nodes ?? random.pick(SIZES)
  const weights = drawWeights(random, n)
  const isCalm = options.calm ?? random.chance(0.1)
  const liars = drawLiars(random, weights, options)
  // the others must be able to go on without the one whose disk goes back
  if (options.rollbacks === true && drawSpareNode(new Random(0), weights, liars) === null) liars.clear()
  const min = isCalm ? 50 : random.int(5, 60)
  const faults = new Set(isCalm ? [] : FAULTS.filter(() => random.chance(0.35)))
  const chaosMs = isCalm ? 0 : random.int(4_000, 20_000)
  const spare = isCalm || options.rollbacks === true ? new Set<number>() : drawSpare(random, weights, liars)
  const reorgs = options.reorgs === true
  const leavers = new Map(
    [...spare].filter(() => random.chance(0.6)).map((node) => [node, random.int(0, chaosMs / 2)]),
  )
  return {
    weights,
    liars,
    isBelowThird: 3 * sum([...liars.keys()].map((node) => weights[node] ?? 0)) < sum(weights),
    params: {
      ...drawParams(random, n, options.heights, JOIN_BLOCKS[reorgs ? 'reorgs' : 'still']),
      reducer: app.hash,
      reducerParams: app.params,
      usesPrevious: app.usesPrevious,
      stateCap: app.stateCapFor?.(n) ?? app.stateCap,
      inputCap: app.inputCap,
      predecessor: options.seam === undefined ? 0n : PREDECESSOR,
      twin: options.provable === true && app.bundle === null ? TWIN : NO_TWIN,
    },
    app,
    faults,
    delayMs: { min, max: isCalm ? min : min + random.int(0, 80) },
    loss: faults.has('loss') ? random.int(1, 30) / 100 : 0,
    duplication: faults.has('duplication') ? random.int(1, 30) / 100 : 0,
    chaosMs,
    pauseMs: random.int(300, 4_000),
    lost: new Set([...spare].filter((node) => !leavers.has(node))),
    leavers,
    eventMs: isCalm || random.chance(0.4) ? 0 : random.int(400, 6_000),
    reorgs,
    rolledBack: options.rollbacks === true ? drawSpareNode(random, weights, liars) : null,
    areNotesStripped: reorgs && random.chance(0.5),
    pace: PACE,
    absence: null,
    seam: options.seam ?? null,
  }
}

function drawWeights(random: Random, n: number): number[] {
  const equal = Array.from({ length: n }, () => 1)
  if (random.chance(0.6)) return equal
  for (let i = 0; i < 20; i += 1) {
    const weights = equal.map(() => random.int(1, 9))
    const total = sum(weights)
    if (weights.every((weight) => 3 * weight < total)) return weights
  }
  return equal
}

/** As many liars as fit below a third of the weight or into their share of it, or fewer. */
function drawLiars(
  random: Random,
  weights: readonly number[],
  { liar = null, liarPercent = null, calm = false }: ScenarioOptions,
): Map<number, SimulatedLiar> {
  const liars = new Map<number, SimulatedLiar>()
  if (liar === null && (calm || random.chance(0.15))) return liars
  const total = sum(weights)
  const percent = liarPercent === null ? null : random.int(liarPercent.min, liarPercent.max)
  const fits = (liarWeight: number): boolean =>
    percent === null ? 3 * liarWeight < total : 100 * liarWeight <= percent * total
  const one = drawKind(random, percent !== null)
  const most = percent !== null || random.chance(0.7) ? weights.length : 1
  let weight = 0
  for (const node of random.shuffled(weights.map((_, i) => i))) {
    const heavier = weight + (weights[node] ?? 0)
    if (!fits(heavier) || liars.size >= most) continue
    weight = heavier
    liars.set(node, liar ?? one ?? random.pick(BELOW_THIRD))
  }
  return liars
}

/** The kind that all liars of a world are of, if they are of one. */
function drawKind(random: Random, areMany: boolean): LiarName | null {
  if (areMany && random.chance(0.25)) return 'flatterer'
  return random.chance(0.5) ? random.pick(BELOW_THIRD) : null
}

/** Honest nodes without which the others still are a quorum. */
function drawSpare(
  random: Random,
  weights: readonly number[],
  liars: ReadonlyMap<number, SimulatedLiar>,
): Set<number> {
  const spare = new Set<number>()
  if (random.chance(0.4)) return spare
  const total = sum(weights)
  const members = weights.map((weight, index) => ({ index, weight, key: '0x', operator: '0x' }) as const)
  const cluster = { id: '0x', seed: '0x', members, totalWeight: total } as const
  let up = sum(weights.filter((_, node) => !liars.has(node)))
  for (const node of random.shuffled(weights.map((_, i) => i))) {
    const rest = up - (weights[node] ?? 0)
    if (liars.has(node) || !isQuorum(cluster, rest)) continue
    up = rest
    spare.add(node)
  }
  return spare
}

/** An honest node without which the honest ones still are a quorum. */
export function drawSpareNode(
  random: Random,
  weights: readonly number[],
  liars: ReadonlyMap<number, SimulatedLiar>,
): number | null {
  const up = weights.map((_, node) => node).filter((node) => !liars.has(node))
  const rest = (without: number): number =>
    sum(up.filter((node) => node !== without).map((node) => weights[node] ?? 0))
  const fit = up.filter((node) => 3 * rest(node) > 2 * sum(weights))
  return fit.length === 0 ? null : random.pick(fit)
}

/** Parameters that the application says. */
type OfApp = 'reducer' | 'reducerParams' | 'usesPrevious' | 'stateCap' | 'inputCap' | 'twin'

const NO_TWIN: TaskParams['twin'] = `0x${'00'.repeat(20)}`

/** The task of before, where there is one. */
export const PREDECESSOR = 900n

function drawParams(random: Random, n: number, heights: number, joinBlocks: number): Omit<TaskParams, OfApp> {
  const tickMs = 100
  // short phases fail more often, in worlds that are rough
  const phase = random.pick([3, 4, 6, 8, 10, 12])
  return {
    predecessor: 0n,
    minNodes: 4,
    maxNodes: n,
    heights,
    epochHeights: random.pick([1, 2, 3, 4, 5, 8]),
    calldataInputs: random.chance(0.7),
    stakePerNode: 1n,
    rewardPerHeight: 1_000n,
    checkpointFee: 1n,
    formGasPrice: 1n,
    joinDeadline: joinBlocks,
    ...{ joinTime: 0, endTime: 0, stallSeconds: 0 },
    endBlock: 1_000_000,
    stallBlocks: 1_000_000,
    turnBlocks: random.int(2, 6),
    maxEvents: 4_000,
    tickMs,
    debateTicks: phase,
    shareTicks: phase,
    confirmTicks: phase,
    helloTicks: phase,
    slotTicks: random.pick([4, 6, 10]),
    reporters: [],
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
