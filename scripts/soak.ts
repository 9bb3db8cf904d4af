/**
 * Runs a network for minutes or hours and prints what it costs and loses:
 *
 *   npm run soak -- --minutes 15 [--seed 1]
 *
 * Four nodes as processes on a local chain, tasks one after the other and overlapping, at twice the demo's rate. Every 30 s
 * something happens to one of two nodes: it is killed and started again or stopped for 5 s; the store of one of them is damaged, too.
 * Of four members no more than one may have lost what it signed: two would wait for each other by rule (docs/disks.md). The other
 * two are left alone. Printed at the end, of the two after a warm-up: what was left on the heap after each full collection and its
 * slope, which shows a leak; the slope of resident memory, in which garbage counts that is not collected yet; delay of their event loops;
 * tasks without a result, heights that are not on chain, convictions, keys signed twice. Exit 1 if anything was lost.
 */
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Random } from '../src/faults/random.ts'
import { TASK_STATUSES } from '../src/types/task.ts'
import type { Damage } from '../test/helpers/store-images.ts'
import { DAMAGES, imageOf } from '../test/helpers/store-images.ts'
import { sightings, signedTwice } from '../test/helpers/wire-recorder.ts'
import { RecordedNetwork } from '../test/helpers/wire-recorder-network.ts'
import type { RecordedNode } from '../test/helpers/wire-recorder-network.ts'

const HEIGHTS = 40
/** Stake stays locked long after a task: each takes little, so that it lasts for hundreds of tasks. */
const CHANGES = { stakePerNode: 10n ** 16n }
const FAULT_MS = 30_000
const SAMPLE_MS = 5_000
const PAUSE_MS = 5_000
/** Of the run, before memory is looked at. */
const WARM_UP = 0.2
/** A task is waited for so long after the end. */
const LAST_TASK_MS = 600_000
const PAGE_KIB = 4
const MIB = 2 ** 20
/** Of the series that is printed. */
const POINTS_MAX = 24
const damages = Object.keys(DAMAGES) as Damage[]

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' } },
})
const dice = new Random(Number(values.seed))
const start = performance.now()
const startedMs = Date.now()
const endMs = start + Number(values.minutes) * 60_000
const network = await RecordedNetwork.create(4)
const [alice, bob, carol, dave] = network.nodes as [RecordedNode, RecordedNode, RecordedNode, RecordedNode]
const samples = new Map<RecordedNode, { readonly minute: number; readonly mib: number }[]>([
  [alice, []],
  [bob, []],
])
const tasks: bigint[] = []
/** Tasks without a cluster: a member was away while they could be joined. Nothing is lost by that. */
let undrawn = 0
let faults = 0
for (const node of network.nodes) node.start()
tasks.push(await network.runTask(HEIGHTS, CHANGES))
await Promise.all([comeAndGo(), disturb(), sample()])
console.log('waiting for the last tasks …')
const deadline = performance.now() + LAST_TASK_MS
while (performance.now() < deadline && finished() < tasks.length) {
  await forgetUndrawn()
  await sleep(1_000)
}
const isGood = await report()
await network.close()
process.exit(isGood ? 0 : 1)

function isOver(): boolean {
  return performance.now() > endMs
}

/** Tasks of which anybody brought the result on chain. */
function finished(): number {
  const done = network.nodes.flatMap(({ watch }) =>
    watch.of('finalize.mined').map(({ facts }) => facts['task']),
  )
  return new Set(done).size
}

/** A new task whenever fewer than two are without a result. */
async function comeAndGo(): Promise<void> {
  while (!isOver()) {
    await forgetUndrawn()
    if (tasks.length - finished() < 2) tasks.push((await network.publish(HEIGHTS, CHANGES, 60)).taskId)
    await sleep(1_000)
  }
}

async function forgetUndrawn(): Promise<void> {
  for (const [at, taskId] of [...tasks.entries()].reverse()) {
    const isDrawn = network.nodes.some(({ watch }) =>
      watch.of('task.running').some(({ facts }) => facts['task'] === String(taskId)),
    )
    if (isDrawn) continue
    const status = await network.connection.contracts.board.statusOf(taskId)
    const name = TASK_STATUSES[Number(status[0])] ?? 'None'
    if (name !== 'Expired' && name !== 'NoQuorum') continue
    tasks.splice(at, 1)
    undrawn += 1
  }
}

async function disturb(): Promise<void> {
  while (!isOver()) {
    await sleep(FAULT_MS)
    const victim = dice.pick([carol, dave])
    const fault = dice.pick(
      victim === dave ? (['kill', 'pause', 'damage'] as const) : (['kill', 'pause'] as const),
    )
    faults += 1
    if (fault === 'pause') await pause(victim)
    else await restart(victim, fault === 'damage' ? dice.pick(damages) : null)
  }
}

async function pause({ pid }: RecordedNode): Promise<void> {
  if (pid === undefined) return
  process.kill(pid, 'SIGSTOP')
  await sleep(PAUSE_MS)
  process.kill(pid, 'SIGCONT')
}

async function restart(victim: RecordedNode, damage: Damage | null): Promise<void> {
  const { dataDir, key } = victim
  const older = imageOf(dataDir)
  await victim.kill()
  const binding = { key, deploymentId: network.connection.deployment.deploymentId }
  if (damage !== null) DAMAGES[damage]({ dataDir, dice, older, last: imageOf(dataDir), binding })
  for (const more of ['source', 'backup']) rmSync(`${dataDir}-${more}`, { recursive: true, force: true })
  victim.start()
}

async function sample(): Promise<void> {
  let told = 0
  while (!isOver()) {
    await sleep(SAMPLE_MS)
    const minute = (performance.now() - start) / 60_000
    for (const [{ pid }, list] of samples) if (pid !== undefined) list.push({ minute, mib: residentMib(pid) })
    if (minute < told + 1) continue
    told = Math.floor(minute)
    const memory = [...samples].map(([{ name }, list]) => `${name} ${list.at(-1)?.mib.toFixed(0)} MiB`)
    console.error(
      `minute ${told} of ${values.minutes}: ${finished()} of ${tasks.length} tasks, ${faults} faults, ${memory.join(', ')}`,
    )
  }
}

function residentMib(pid: number): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return (Number(pages) * PAGE_KIB) / 1_024
}

/** What was left on a node's heap after full collections. */
function heapOf(node: RecordedNode): { readonly minute: number; readonly mib: number }[] {
  return node
    .heapsLeft()
    .map(({ atMs, bytes }) => ({ minute: (atMs - startedMs) / 60_000, mib: bytes / MIB }))
}

/** Some of the points, evenly, as `minute:MiB`. */
function series(points: readonly { readonly minute: number; readonly mib: number }[]): string {
  const each = Math.max(1, Math.ceil(points.length / POINTS_MAX))
  const some = points.filter((_, at) => at % each === 0 || at === points.length - 1)
  return some.map(({ minute, mib }) => `${minute.toFixed(0)}:${mib.toFixed(1)}`).join(' ')
}

/** Least squares, MiB a minute; of one point there is none. */
function slope(points: readonly { readonly minute: number; readonly mib: number }[]): string {
  if (points.length < 2) return '–'
  const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length
  const [x, y] = [mean(points.map(({ minute }) => minute)), mean(points.map(({ mib }) => mib))]
  const above = points.reduce((sum, { minute, mib }) => sum + (minute - x) * (mib - y), 0)
  return (above / points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)).toFixed(3)
}

async function report(): Promise<boolean> {
  let [convictions, twice, unanchored] = [0, 0, 0]
  const frames = network.frames()
  for (const taskId of tasks) {
    const audited = await network.audit(taskId)
    convictions += audited.convictions.length
    unanchored += HEIGHTS - audited.heightsAnchored
    if (audited.cluster !== null)
      twice += signedTwice(sightings(frames, audited.cluster, network.connection.domain)).length
  }
  console.log(
    `${values.minutes} minutes, seed ${values.seed}: ${tasks.length} tasks of ${HEIGHTS} heights and ${undrawn} that were not drawn, ${faults} faults`,
  )
  for (const [node, all] of samples) {
    const heap = heapOf(node)
    const [points, warmHeap] = [all, heap].map((series) =>
      series.filter(({ minute }) => minute >= Number(values.minutes) * WARM_UP),
    ) as [typeof all, typeof all]
    const { p50, p99, max } = node.loopDelay()
    console.log(
      `${node.name}  heap after a full collection ${slope(warmHeap)} MiB a minute, ${heap.at(-1)?.mib.toFixed(1)} MiB at the end;` +
        ` resident ${slope(points)} MiB a minute, ${points.at(-1)?.mib.toFixed(0)} MiB at the end;` +
        ` event loop late by ${p50} ms (median), ${p99} ms (99 %), ${max} ms at most`,
    )
    console.log(`${' '.repeat(node.name.length)}  heap, minute:MiB  ${series(heap)}`)
  }
  console.log(
    `${tasks.length - finished()} tasks without a result, ${unanchored} heights not on chain, ${convictions} convictions, ${twice} keys signed twice`,
  )
  return finished() === tasks.length && unanchored === 0 && convictions === 0 && twice === 0
}
