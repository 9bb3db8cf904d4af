import { z } from 'zod'
import { PROTOCOLS } from '../types/transaction.ts'
import { KINDS, SPREADS, TIERS } from '../services/placement/spec.ts'
import { STRATEGY_NAMES } from '../services/placement/codec.ts'
import { CLUSTERS } from './queue/cluster.ts'
import { BALANCERS } from './queue/balancers.ts'
import { FAULT_KINDS } from './queue/faults.ts'
import { MODES } from '../services/replication/terms.ts'
import { CONSISTENCIES } from '../types/store-request.ts'
import { CUTS, STORE_FAULTS } from './store/cuts.ts'
import { DEATHS } from './commit/deaths.ts'
import { QUORUM_RULES } from './votes/rules.ts'

/** What a scenario is played in, and its file. Each has a row in `models.ts`. */
export const MODEL_FILES = {
  queue: 'queue/play',
  'break-point': 'queue/break-point',
  years: 'years/play',
  votes: 'votes/play',
  commits: 'commit/play',
  cascade: 'cascade/play',
  forecast: 'forecast/play',
  drill: 'drill/play',
  effect: 'effect/play',
  curve: 'curve/play',
  day: 'day/play',
  scaling: 'scaling/play',
  vertical: 'scaling/vertical',
  store: 'store/play',
  // the simulator's, which the laboratory may not import: the command plays it
  frames: '../cli/lab/frames',
} as const
export const MODELS = Object.keys(MODEL_FILES) as (keyof typeof MODEL_FILES)[]

const part = z.number().min(0).max(1)
const permille = z.int().min(0).max(65_535)
const ms = z.number().min(0).max(1e9)
const seconds = z.number().min(0).max(1e6)

const service = z.strictObject({
  id: z.int().min(1).max(64),
  kind: z.enum(KINDS).default('counter'),
  tier: z.enum(TIERS).default('any'),
  spread: z.enum(SPREADS).default('node'),
  priority: z.int().min(0).max(10).default(5),
  copies: z.tuple([z.int().min(1).max(16), z.int().min(1).max(16)]).default([1, 1]),
  criticality: permille.default(500),
  calls: z.array(z.int().min(1).max(64)).max(4).default([]),
  /** Part of all requests. */
  share: part,
})

const fault = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** Number of the node, from 0. */
  node: z.int().min(0).max(127),
  /** Seconds after the warm-up. */
  at: seconds,
  for: seconds,
  drop: part.default(0.2),
  slowness: z.number().min(1).max(100).default(4),
})

const drawn = z.strictObject({
  count: z.int().min(0).max(1000).default(0),
  kinds: z
    .array(z.enum(FAULT_KINDS))
    .min(1)
    .default([...FAULT_KINDS]),
  for_s: z.tuple([seconds, seconds]).default([5, 15]),
  correlated: part.default(0.1),
})

/** A scenario without its factors: one cell. */
export const cellSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  title: z.string().max(200).default(''),
  /** What the scenario leaves out or does otherwise than the definitions ask. */
  remarks: z.array(z.string()).default([]),
  model: z.enum(MODELS),
  seeds: z.int().min(1).max(100_000),
  warmup: seconds.default(2),
  duration: seconds.default(10),
  cluster: z
    .strictObject({
      preset: z.enum(CLUSTERS).default('C10'),
      nodes: z.int().min(1).max(128).optional(),
      links: z.enum(['A', 'B']).default('B'),
      scale: z
        .strictObject({
          cpu: z.number().positive().default(1),
          memory: z.number().positive().default(1),
          network: z.number().positive().default(1),
        })
        .prefault({}),
    })
    .prefault({}),
  workload: z
    .strictObject({
      arrivals: z.enum(['trace', 'poisson']).default('trace'),
      /** Part of the cluster's processors that the requests ask for. */
      load: z.number().min(0).max(5).default(0.5),
      /** From this second on another load. */
      step: z.strictObject({ at: seconds, load: z.number().min(0).max(5) }).optional(),
      /** A recorded day of which `load` is the mean, seen at so many looks of equal length. */
      looks: z.int().min(1).max(288).optional(),
      mix: z.strictObject({ cpu: part, memory: part, io: part }).default({ cpu: 0.6, memory: 0.2, io: 0.2 }),
    })
    .prefault({}),
  services: z.array(service).max(64).default([]),
  balancer: z.enum(BALANCERS).default('resource-aware'),
  mechanisms: z
    .strictObject({
      redundancy: z.boolean().default(true),
      detection: z.boolean().default(true),
      adaptability: z.boolean().default(true),
    })
    .prefault({}),
  placement: z
    .strictObject({
      strategy: z.enum(STRATEGY_NAMES).optional(),
      threshold: permille.optional(),
      hysteresis: permille.optional(),
      movesMax: z.int().min(0).max(32).optional(),
      settleMs: ms.optional(),
      actMs: ms.optional(),
      reserve: permille.optional(),
      targetLoad: permille.optional(),
    })
    .prefault({}),
  health: z
    .strictObject({
      detectionMs: permille.optional(),
      phiSuspect: permille.optional(),
      crashHeights: z.int().optional(),
    })
    .prefault({}),
  slo: z
    .strictObject({ p95_ms: z.number().positive().default(100), errors: part.default(0.005) })
    .prefault({}),
  /** Search for the highest load within the objective. */
  search: z
    .strictObject({
      from: z.number().default(0.02),
      to: z.number().default(1.2),
      step: z.number().positive().default(0.02),
    })
    .prefault({}),
  faults: z.array(fault).default([]),
  random_faults: drawn.prefault({}),
  /** Processor time that a height costs each node, ms, by members: a + b n. */
  height_cpu_ms: z
    .strictObject({ fixed: z.number().min(0).default(0), per_member: z.number().min(0).default(0) })
    .prefault({}),
  /** Model `curve`: the loads, ascending. */
  curve: z
    .strictObject({
      loads: z
        .array(z.number().positive().max(5))
        .min(1)
        .max(20)
        .default([0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3]),
    })
    .prefault({}),
  /** Model `store`: copies of one store, clients beside each node, and what befalls them. */
  store: z
    .strictObject({
      copies: z.int().min(1).max(16).default(3),
      consistency: z.enum(CONSISTENCIES).default('strong'),
      mode: z.enum(MODES).default('active-passive'),
      /** How long a disk takes, and how many steps one sync covers; 0: all that wait. */
      sync_ms: ms.default(3),
      batch: z.int().min(0).max(1000).default(0),
      /** Clients beside each node, and how long each waits between two writes. */
      clients: z.int().min(1).max(64).default(1),
      think_ms: ms.default(50),
      /** What befalls the primary, or the first copy of a store without one. */
      fault: z.enum(STORE_FAULTS).default('none'),
      cut: z.enum(CUTS).default('none'),
      /** Seconds after the warm-up, and how long it lasts. */
      at: seconds.default(10),
      for: seconds.default(30),
      /** `omission`: part of the messages that are lost. */
      drop: part.default(0.3),
    })
    .prefault({}),
  /** Model `scaling`: sizes of the cluster, ascending. */
  scaling: z
    .strictObject({ nodes: z.array(z.int().min(1).max(128)).min(1).max(10).default([5, 10, 15, 20]) })
    .prefault({}),
  /** Model `vertical`: how much more of a resource each node gets, as a part of what it has. */
  vertical: z.strictObject({ more: z.number().min(0).max(10).default(0.5) }).prefault({}),
  /** Model `day`: virtual machines, the part of the cores that they order, and how far they follow the record. */
  day: z
    .strictObject({
      machines: z.int().min(1).max(64).default(60),
      fill: z.number().positive().max(1).default(0.5),
      swing: part.default(1),
    })
    .prefault({}),
  /** Model `years`: failures and repairs of nodes. */
  years: z
    .strictObject({
      span: z.number().positive().max(1000).default(20),
      services: z.int().min(1).max(64).default(10),
      replicas: z.int().min(1).max(16).default(2),
      /** Mean time between failures of a node, hours. */
      mtbf_h: z.number().positive().default(720),
      /** How fast the hazard rises with use above 0.8; 0: not at all. */
      beta: z.number().min(0).max(100).default(0),
      correlated: part.default(0.1),
      /** From the loss of a copy until another serves. */
      failover_s: z.tuple([seconds, seconds]).default([5, 10]),
      requests_per_s: z.number().min(0).default(10),
      cost_per_minute: z.number().min(0).default(100),
      cost_per_request: z.number().min(0).default(0.01),
      cost_per_copy_year: z.number().min(0).default(0),
    })
    .prefault({}),
  /** Model `votes`: two votes among members, some of whom lie. */
  votes: z
    .strictObject({
      members: z.int().min(1).max(128).default(4),
      liars: z.int().min(0).max(128).default(0),
      rule: z.enum(QUORUM_RULES).default('protocol'),
      heights: z.int().min(1).max(100_000).default(200),
    })
    .prefault({}),
  /** Model `commits`: transactions whose coordinator dies. */
  commits: z
    .strictObject({
      count: z.int().min(1).max(100_000).default(50),
      participants: z.int().min(1).max(8).default(3),
      /** Chance that a participant cannot commit. */
      contention: part.default(0),
      death: z.enum(DEATHS).default('never'),
      repair_ms: ms.default(5000),
      delay_ms: z.tuple([ms, ms]).default([2, 10]),
      height_ms: z.number().min(1).default(50),
    })
    .prefault({}),
  protocol: z.enum(PROTOCOLS).default('agreed'),
  /** Broken on purpose, by name: what the laboratory must see. */
  broken: z.enum(['weights-ignored', 'shedding-upside-down', 'no-fence']).optional(),
  /** Model `cascade`: load of each node as a part of what it can carry, and whether anybody intervenes. */
  cascade: z
    .strictObject({
      headroom: part.default(0.2),
      prevention: z.boolean().default(true),
      copies: z.int().min(1).max(8).default(2),
    })
    .prefault({}),
  /** Model `drill`: the control plane through the loss of nodes. */
  drill: z
    .strictObject({
      services: z.int().min(1).max(64).default(10),
      /** Part of the cluster's processors that the services take. */
      fill: part.default(0.5),
      losses: z.int().min(0).max(128).default(1),
      /** Heights until the lost nodes are back; 0: they do not come back. */
      repair: z.int().min(0).max(10_000).default(0),
      /** Services below this priority have a copy to spare. */
      spare_below: z.int().min(0).max(11).default(0),
      /** Heights for which the primary of service 1 is paused; 0: nodes are lost instead. */
      pause: z.int().min(0).max(1000).default(0),
      /** How far a node's use is off what its services were given, at most. */
      noise: part.default(0),
      heights: z.int().min(1).max(10_000).default(30),
    })
    .prefault({}),
  /** Model `forecast`: how uses really spread around what was forecast. */
  forecast: z
    .strictObject({
      spread: permille.default(100),
      shared: part.default(0),
      repetitions: z.int().min(1).default(20),
    })
    .prefault({}),
})
export type Cell = z.infer<typeof cellSchema>

const value = z.union([z.string(), z.number(), z.boolean()])
const level = z.union([value, z.strictObject({ label: z.string(), set: z.record(z.string(), z.unknown()) })])

/** How treatments of a factor are compared. */
const comparison = z.strictObject({
  factor: z.string(),
  measures: z.array(z.string()).min(1),
  baseline: z.union([z.string(), z.number(), z.boolean()]),
})

export const claimSchema = z.strictObject({
  id: z.string(),
  says: z.string(),
  measure: z.string(),
  /** Cells as `factor=value` words: the figure of a, or the mean of a − b over pairs of seeds. */
  a: z.string(),
  b: z.string().optional(),
  /** Two differences: (a − b) − (c − d). */
  c: z.string().optional(),
  d: z.string().optional(),
  is: z.enum(['above', 'below', 'at-least', 'no-effect']),
  than: z.number().default(0),
})

export const scenarioSchema = cellSchema.extend({
  /** By dotted path in the cell, or by a name of its own where each level sets several paths. */
  factors: z.record(z.string(), z.array(level).min(1)).default({}),
  measures: z.array(z.string()).min(1),
  compare: z.array(comparison).default([]),
  /** Which cells no other dominates: measures of which more, less and less is better. */
  frontier: z.strictObject({ throughput: z.string(), latency: z.string(), cost: z.string() }).optional(),
  claims: z.array(claimSchema).default([]),
})
export type Scenario = z.infer<typeof scenarioSchema>
export type Claim = z.infer<typeof claimSchema>
