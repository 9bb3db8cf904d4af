import type { SeedReport } from './run-seed.ts'

/** What many seeds came to. */
export interface Summary {
  seeds: number
  heights: number
  frames: number
  objects: number
  bytes: number
  simulatedMs: number
  /** Events in all traces. */
  events: number
  /** Heights by deciding round. */
  readonly rounds: Record<number, number>
  /** Heights by number of nodes. */
  readonly sizes: Record<number, number>
  /** Faults, lies and ledger events that happened, by kind. */
  readonly counts: Record<string, number>
  /** Seeds by liar. */
  readonly liars: Record<string, number>
  /** Seeds in which liars weigh a third or more: neither agreement nor progress is promised. */
  unpromised: number
  /** Seeds in which honest members decided two values for a height. */
  readonly forks: {
    seeds: number
    heights: number
    /** Least weight convicted, per cent. */ convictedPercentMin: number
  }
  /** Longest time from a heal to the end, simulated. */
  healedMsMax: number
  /** Message delays to a decision, over calm seeds: how many heights took how many. */
  readonly delays: Record<string, number>
  readonly failed: FailedSeed[]
}

export interface FailedSeed {
  readonly seed: number
  readonly violations: SeedReport['violations']
}

export function emptySummary(): Summary {
  return {
    seeds: 0,
    heights: 0,
    frames: 0,
    objects: 0,
    bytes: 0,
    simulatedMs: 0,
    events: 0,
    rounds: {},
    sizes: {},
    counts: {},
    liars: {},
    unpromised: 0,
    forks: { seeds: 0, heights: 0, convictedPercentMin: 100 },
    healedMsMax: 0,
    delays: {},
    failed: [],
  }
}

/** Adds one seed. */
export function addReport(summary: Summary, report: SeedReport): void {
  summary.seeds += 1
  summary.heights += report.heights
  summary.frames += report.frames
  summary.objects += report.objects
  summary.bytes += report.bytes
  summary.simulatedMs += report.simulatedMs
  summary.events += report.events
  if (!report.isBelowThird) summary.unpromised += 1
  if (report.fork !== null) addFork(summary.forks, report.fork)
  summary.healedMsMax = Math.max(summary.healedMsMax, report.healedMs)
  add(summary.sizes, report.nodes, report.heights)
  for (const [round, heights] of Object.entries(report.rounds)) add(summary.rounds, Number(round), heights)
  for (const [what, count] of Object.entries(report.counts)) add(summary.counts, what, count)
  for (const liar of new Set(report.liars)) add(summary.liars, liar, 1)
  for (const delay of report.delays) add(summary.delays, delay.toFixed(2), 1)
  if (report.violations.length > 0) summary.failed.push({ seed: report.seed, violations: report.violations })
}

function addFork(forks: Summary['forks'], fork: NonNullable<SeedReport['fork']>): void {
  forks.seeds += 1
  forks.heights += fork.heights
  forks.convictedPercentMin = Math.min(forks.convictedPercentMin, fork.convictedPercent)
}

function add<K extends string | number>(counts: Record<K, number>, what: K, count: number): void {
  counts[what] = ((counts[what] as number | undefined) ?? 0) + count
}
