import { FaultyNetwork } from '../../test/helpers/faulty-network.ts'
import { processorMs } from './processor.ts'
import type { RoundsRun, RoundsSystem } from './rounds.ts'

/** A tick is 10 ms, a slot a tick: the next height opens as soon as its owner may. Time-outs of a second are not met. */
const PACE = {
  ...{ tickMs: 10, slotTicks: 1 },
  ...{ debateTicks: 100, shareTicks: 100, confirmTicks: 300, helloTicks: 100 },
}
const CHECKPOINT_HEIGHTS = 32

export interface OursOptions {
  readonly members: number
  readonly transport: string
  /** Tasks beside each other. */
  readonly tasks: number
  /** Heights of each that are measured, and those before them, in which code is compiled. */
  readonly heights: number
  readonly warmUp: number
}

/** Heights of `rate-limit@1` on real processes, signed, on a chain of 250 ms: a round is a height that all members have decided. */
export async function startOursRounds(name: string, options: OursOptions): Promise<RoundsSystem> {
  const { members, transport } = options
  const network = await FaultyNetwork.create(members, transport)
  for (const node of network.nodes) network.start(node)
  const promise = `${String(members)} members of which ${String(Math.floor((members - 1) / 3))} may lie, signed, each object on disk before it leaves`
  return { name, promise, run: () => measure(network, options), stop: () => network.close() }
}

async function measure(
  network: FaultyNetwork,
  { members, tasks, heights, warmUp }: OursOptions,
): Promise<RoundsRun> {
  /** When the last member decided a height, by task; how many have. */
  const decided = new Map<string, Map<number, { members: number; atMs: number }>>()
  let processorFromMs = Number.NaN
  let processorToMs = Number.NaN
  network.heard = (_, { event, facts }) => {
    if (event !== 'height.decided') return
    const task = String(facts['task'])
    const height = Number(facts['height'])
    const known = decided.get(task) ?? new Map<number, { members: number; atMs: number }>()
    decided.set(task, known)
    known.set(height, { members: (known.get(height)?.members ?? 0) + 1, atMs: performance.now() })
    if (decided.size < tasks) return
    if (Number.isNaN(processorFromMs) && height === warmUp) processorFromMs = processorMs(network.pids)
    if (height === warmUp + heights) processorToMs = processorMs(network.pids)
  }
  const running: bigint[] = []
  for (let i = 0; i < tasks; i += 1)
    running.push(
      await network.runTask(warmUp + heights, {
        ...PACE,
        epochHeights: CHECKPOINT_HEIGHTS,
        calldataInputs: false,
      }),
    )
  const ends = (task: bigint): readonly number[] => {
    const known = decided.get(String(task)) ?? new Map<number, { members: number; atMs: number }>()
    return [...known]
      .filter(([height, { members: count }]) => height >= warmUp && count === members)
      .sort(([a], [b]) => a - b)
      .map(([, { atMs }]) => atMs)
  }
  await network.until('all heights are decided', () => running.every((task) => ends(task).length > heights))
  network.heard = () => undefined
  const all = running.map(ends)
  const roundMs = all.flatMap((times) => times.slice(1).map((atMs, i) => atMs - (times[i] ?? atMs)))
  const lastsMs =
    Math.max(...all.map((times) => times.at(-1) ?? 0)) - Math.min(...all.map(([first]) => first ?? 0))
  const rounds = heights * tasks
  return {
    roundMs,
    perSecond: (rounds * 1_000) / lastsMs,
    processorMs: (processorToMs - processorFromMs) / (rounds * members),
  }
}
