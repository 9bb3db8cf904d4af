import type { ChainTask } from '../adapters/memory/chain-task.ts'
import { accusedOf, basePercent } from '../codec/evidence.ts'
import type { StoredEvidence } from '../ports/store.ts'
import type { Fault, ScenarioOptions } from './scenario.ts'
import { drawScenario } from './scenario.ts'
import { withAbsence } from './absence.ts'
import { Chaos } from './chaos.ts'
import type { Host } from './host.ts'
import type { MakeKeys } from './keys.ts'
import { noteKeys } from './keys.ts'
import { Random } from '../faults/random.ts'
import type { Violation } from './world.ts'
import { TASK_ID, World } from './world.ts'

export interface SeedOptions extends ScenarioOptions {
  readonly keys?: MakeKeys
  /** Told every line of the trace. */
  readonly tell?: (line: string) => void
  /** Given every frame on the wire, once for each receiver. */
  readonly wire?: (bytes: Uint8Array) => void
}

/** What became of one seed. */
export interface SeedReport {
  readonly seed: number
  readonly nodes: number
  readonly liars: readonly string[]
  /** Liars weigh less than a third: agreement, validity and progress were promised. */
  readonly isBelowThird: boolean
  /** Heights for which honest members decided two values, and the weight that what they heard convicts, in per cent. */
  readonly fork: { readonly heights: number; readonly convictedPercent: number } | null
  readonly faults: readonly Fault[]
  /** Heights that honest members decided. */
  readonly heights: number
  /** Heights by deciding round. */
  readonly rounds: Readonly<Record<number, number>>
  readonly frames: number
  /** Signed objects, and bytes, in all frames. */
  readonly objects: number
  readonly bytes: number
  readonly simulatedMs: number
  /** From the heal to the last honest decision of the last height. */
  readonly healedMs: number
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  readonly traceHash: string
  readonly events: number
  /** Per height: message delays from when all had opened to the last decision; only of calm seeds without busy liars. */
  readonly delays: readonly number[]
}

/** Blocks within which a cluster must be drawn. */
const FORMING_BLOCKS = 120
/** How long worlds are watched after the heal, and after the last decision, in which liars may stop everything. */
const UNPROMISED_MS = 20_000
/** No seed's chaos lasts long enough for rounds above this. */
const LATE_ROUND = 10
/** After so many resets an engine only listens, for so many SHARE time-outs; rounds grow meanwhile, up to a limit. */
const LISTENING = { resets: 5, phases: 600, lateRound: 20 } as const

/** Blocks within which all proofs are on chain, besides a turn of each member and re-orgs: what else they send comes first. */
const CONVICTION_BLOCKS = 16
/** What the dice that give a world re-orgs, or an absence, start from, besides its seed. */
const REORGS = 0x4e06
/** And a twin. */
const PROVABLE = 0x7714
const ABSENCE = 0xab5e

/** Runs one seed from the first block to the end, and judges it. */
export async function runSeed(seed: number, options: SeedOptions): Promise<SeedReport> {
  const { world, healedAt } = await play(seed, options)
  return report(seed, world, healedAt)
}

/** The world of a seed when all is over, and when its faults ended. */
export async function play(
  seed: number,
  options: SeedOptions,
): Promise<{ readonly world: World; readonly healedAt: number }> {
  const random = new Random(seed)
  // its own dice: a world without re-orgs is the same as before there were any
  const reorgs = options.reorgs ?? (options.calm !== true && new Random(seed ^ REORGS).chance(1 / 3))
  const provable = options.provable ?? (options.calm !== true && new Random(seed ^ PROVABLE).chance(1 / 3))
  const drawn = drawScenario(random, { ...options, reorgs, provable })
  const scenario = options.absence === true ? withAbsence(drawn, new Random(seed ^ ABSENCE)) : drawn
  const keys = (options.keys ?? noteKeys)(seed)
  const world = new World({ seed, scenario, random, keys, tell: options.tell ?? null })
  world.network.wire = options.wire ?? null
  world.start()
  await world.run(FORMING_BLOCKS * scenario.pace.blockMs, () => world.isFormed)
  if (!world.isFormed) world.violate('no-cluster', `none within ${FORMING_BLOCKS} blocks`)
  const chaos = new Chaos(world, random.fork())
  const healedAt = await throughChaos(world, chaos)
  if (world.violations.length === 0) await finish(world, healedAt)
  if (world.isFormed) world.judge.close()
  return { world, healedAt }
}

/** Faults, for as long as the scenario says. Returns when they ended. */
async function throughChaos(world: World, chaos: Chaos): Promise<number> {
  const endMs = world.queue.nowMs + world.scenario.chaosMs
  chaos.start()
  await world.run(endMs, () => false)
  chaos.heal()
  return world.queue.nowMs
}

/** Nothing is in the way any more: every honest node that is up must decide all heights, and the chain get them. */
async function finish(world: World, healedAt: number): Promise<void> {
  const { heights } = world.scenario.params
  const isPromised = world.scenario.isBelowThird
  const boundMs = isPromised ? livenessMs(world) : UNPROMISED_MS
  const isCoreDone = (): boolean => core(world).every((host) => decidedHeight(host) >= heights)
  if (!(await world.run(healedAt + boundMs, isCoreDone))) {
    if (world.violations.length > 0 || !isPromised) return
    const stuck = core(world).map((host) => `${host.index}:${decidedHeight(host)}`)
    world.violate('stuck', `heights decided ${livenessMs(world)} ms after the heal: ${stuck.join(' ')}`)
    return
  }
  if (!(await anchored(world)) || !isPromised) return
  await lastReorg(world)
  await convicted(world)
}

/** Whether the chain gets all heights and the result in time. */
async function anchored(world: World): Promise<boolean> {
  const { isBelowThird, params } = world.scenario
  const task = (): ChainTask | undefined => world.chain.tasks.get(TASK_ID)
  const untilMs = world.queue.nowMs + (isBelowThird ? anchoringMs(world) : UNPROMISED_MS)
  if (await world.run(untilMs, () => task()?.result !== null)) return true
  if (world.violations.length === 0 && isBelowThird)
    world.violate('not-anchored', `the chain has ${task()?.last ?? 0} of ${params.heights} heights`)
  return false
}

/** The blocks that hold the result are taken back, and with them perhaps the last checkpoint. */
async function lastReorg(world: World): Promise<void> {
  if (!world.scenario.reorgs) return
  world.reorgs.last()
  const { head } = world.chain
  await world.run(world.queue.nowMs + 2 * world.scenario.pace.blockMs, () => world.chain.head > head)
  if (!(await anchored(world))) return
  const blocks = 4 * world.chain.reorgDepth + world.hosts.length * world.scenario.params.turnBlocks
  const stay = new Set(core(world).map(({ member }) => `note ${member} `))
  const open = (): string[] =>
    world.reorgs.undone.filter((what) => {
      const [note] = / note \d+ /.exec(what) ?? []
      return note === undefined || stay.has(note.slice(1)) // who is gone publishes no note
    })
  await world.run(world.queue.nowMs + blocks * world.scenario.pace.blockMs, () => open().length === 0)
  for (const what of open()) world.violate('not-done-again', what)
}

/** Whoever an honest member that runs can prove something against is convicted of it. */
async function convicted(world: World): Promise<void> {
  const { chain, hosts } = world
  const open = (): StoredEvidence[] => {
    const { cluster, convictions } = chain.tasks.get(TASK_ID) ?? {}
    if (cluster === null || cluster === undefined) return []
    return world.honest
      .filter(({ isLost, index }) => !isLost && !world.scenario.leavers.has(index))
      .flatMap(({ life, member }) =>
        (life?.store.evidence(cluster.id) ?? []).filter(({ evidence }) => accusedOf(evidence) !== member),
      )
      .filter(({ evidence, status }) => {
        const percent = convictions?.get(accusedOf(evidence)) ?? 0
        // a proof is refused for one reason in a world with an absence: its window is over
        const isOpen = status !== 'refused' || world.scenario.absence !== null
        return isOpen && percent < basePercent(cluster, evidence)
      })
  }
  const blocks = hosts.length + 3 * chain.reorgDepth + CONVICTION_BLOCKS
  await world.run(world.queue.nowMs + blocks * world.scenario.pace.blockMs, () => open().length === 0)
  for (const host of world.honest)
    if (chain.tasks.get(TASK_ID)?.convictions.has(host.member) === true)
      world.violate('honest-convicted', `${host.index} is convicted on chain`)
  for (const { evidence } of open())
    world.violate(
      'not-convicted',
      `${accusedOf(evidence)} of ${evidence.kind}, ${blocks} blocks after the end`,
    )
}

/** Honest nodes that run and stay: of quorum weight, by construction. */
function core(world: World): Host[] {
  return world.honest.filter(
    (host) => !host.isLost && !host.isTooLate && !world.scenario.leavers.has(host.index),
  )
}

function decidedHeight(host: Host): number {
  return host.life === null ? 0 : host.decided
}

/**
 * Time within which a healed cluster must have decided everything. Of a height: every slot of the schedule once, and
 * rounds until all liars in a row have convened, and one honest member after them, and one more, each as long as its
 * number says. The height that was open at the heal may be in a late round already. Where an honest node has lost its
 * reducer so often that it only listens, the others may have to wait for it.
 */
function livenessMs(world: World): number {
  const { params, weights } = world.scenario
  const { tickMs, slotTicks, debateTicks, shareTicks, confirmTicks, helloTicks, heights } = params
  const n = weights.length
  const rounds = world.scenario.liars.size + 2
  const roundMs = (debateTicks + shareTicks + confirmTicks + helloTicks) * tickMs
  const heightMs = n * slotTicks * tickMs + ((rounds * (rounds + 1)) / 2) * roundMs
  const listens = core(world).some((host) => host.reducersLost >= LISTENING.resets)
  const slowest = Math.max(1, ...world.hosts.map(({ drift }) => drift))
  const listeningMs = listens
    ? LISTENING.phases * shareTicks * tickMs * slowest + LISTENING.lateRound * rounds * roundMs
    : 0
  return listeningMs + LATE_ROUND * rounds * roundMs + heights * heightMs
}

/** Time within which the chain must have the rest: per epoch everybody's turn once. */
function anchoringMs(world: World): number {
  const { params, weights, pace } = world.scenario
  const epochs = Math.ceil(params.heights / params.epochHeights) + 2
  return epochs * (weights.length * params.turnBlocks + 24) * pace.blockMs
}

function report(seed: number, world: World, healedAt: number): SeedReport {
  const { scenario } = world
  const decided = world.isFormed ? [...world.judge.decisions.byHeight.values()] : []
  const rounds: Record<number, number> = {}
  for (const { round } of decided) rounds[round] = (rounds[round] ?? 0) + 1
  return {
    seed,
    nodes: world.hosts.length,
    liars: [...scenario.liars.values()],
    isBelowThird: scenario.isBelowThird,
    fork: world.isFormed ? forkOf(world) : null,
    faults: [...scenario.faults],
    heights: decided.length,
    rounds,
    frames: world.network.frames,
    objects: world.objects,
    bytes: world.bytes,
    simulatedMs: world.queue.nowMs,
    healedMs: world.queue.nowMs - healedAt,
    counts: world.counts,
    violations: world.violations,
    traceHash: world.trace.hash,
    events: world.trace.events,
    delays: scenario.chaosMs === 0 ? delaysOf(world) : [],
  }
}

function forkOf({ judge, scenario }: World): SeedReport['fork'] {
  const heights = judge.decisions.forked.size
  const total = scenario.weights.reduce((sum, weight) => sum + weight, 0)
  return heights === 0 ? null : { heights, convictedPercent: (100 * judge.accountability.convicted) / total }
}

/** Of worlds in which nobody does more harm than to fall silent, from the height after that on. */
function delaysOf(world: World): number[] {
  const liars = [...world.scenario.liars.values()]
  if (!world.isFormed || liars.some((liar) => liar !== 'silent')) return []
  const { wire, decisions } = world.judge
  const first = liars.length === 0 ? 1 : 3
  return [...decisions.byHeight].flatMap(([height, { atMs }]) => {
    if (height < first) return []
    const opened = [...atMs.keys()].map((member) => wire.openings.get(`${member}/${height}`) ?? 0)
    return [(Math.max(...atMs.values()) - Math.max(...opened)) / world.scenario.delayMs.min]
  })
}
