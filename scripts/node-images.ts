/**
 * Damages the store of real nodes in running tasks: four processes and a chain; one of them is killed with SIGKILL, its files
 * are damaged in a way and at a moment that are drawn, and it is started again. A recorder notes what each node receives.
 *
 *   ./rsdp --script scripts/node-images.ts 100 [first seed]
 *
 * Prints a row per way: images, keys signed twice, processes that stopped by themselves, nodes that sent a CONFIRM of their own
 * again, heights until then. Exit 1 if any key was signed twice or anybody was convicted. SIGTERM ends it early.
 */
import { rmSync } from 'node:fs'
import { askHealth } from '../src/cli/control/client.ts'
import { Random } from '../src/faults/random.ts'
import type { TaskHealth } from '../src/node/task-health.ts'
import type { Damage } from '../test/helpers/store-images.ts'
import { DAMAGES, imageOf } from '../test/helpers/store-images.ts'
import { sightings, signedTwice } from '../test/helpers/wire-recorder.ts'
import { RecordedNetwork } from '../test/helpers/wire-recorder-network.ts'
import type { RecordedNode } from '../test/helpers/wire-recorder-network.ts'

const HEIGHTS = 60
const PER_TASK = 10
/** The machine may be busy with other things. */
const WAIT_MS = 900_000
/** Heights that a task still has when the last image is played in it. */
const HEIGHTS_LEFT = 16

interface Played {
  readonly seed: number
  readonly damage: Damage
  readonly victim: RecordedNode
  /** Highest height decided when it was started again, and when that was. */
  readonly at: number
  readonly bornMs: number
  readonly isUp: boolean
}
interface Result extends Played {
  /** Heights that the others decided until its first CONFIRM of its own; null: it sent none. */
  readonly heights: number | null
}

const [count = '100', first = '1'] = process.argv.slice(2)
const damages = Object.keys(DAMAGES) as Damage[]
const results: Result[] = []
const twice: string[] = []
let convictions = 0
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

for (let done = 0; done < Number(count) && !stop.signal.aborted; done = results.length) {
  const network = await RecordedNetwork.create(4)
  try {
    await playTask(network, Math.min(PER_TASK, Number(count) - done), Number(first) + done)
  } finally {
    await network.close()
  }
}
print()
process.exit(twice.length === 0 && convictions === 0 ? 0 : 1)

/** One task, in which one node after another is damaged. */
async function playTask(network: RecordedNetwork, most: number, seed: number): Promise<void> {
  for (const node of network.nodes) node.start()
  const taskId = await network.runTask(HEIGHTS, {})
  const played: Played[] = []
  while (played.length < most && !stop.signal.aborted && top(network) < HEIGHTS - HEIGHTS_LEFT)
    played.push(await playImage(network, seed + played.length))
  const isAnchored = (): boolean => network.nodes.some(({ watch }) => watch.of('finalize.mined').length > 0)
  await network.until('the result on chain', isAnchored, WAIT_MS)
  const report = await network.audit(taskId)
  if (report.cluster === null) throw new Error('the task had a cluster')
  convictions += report.convictions.length
  const seen = sightings(network.frames(), report.cluster, network.connection.domain)
  twice.push(...signedTwice(seen))
  for (const one of played) {
    const { victim, bornMs, at } = one
    const votes = seen.flatMap(({ signer, from, atMs, object }) =>
      signer === victim.key &&
      from === victim.key &&
      atMs > bornMs &&
      object.type === 'confirm' &&
      object.height > at
        ? [object.height]
        : [],
    )
    const heights = votes.length === 0 ? null : Math.min(...votes) - at - 1
    results.push({ ...one, heights })
    console.log(`seed ${one.seed}  ${one.damage}  votes again after ${heights ?? 'no'} heights`)
  }
}

function top(network: RecordedNetwork): number {
  return Math.max(...network.nodes.map(({ height }) => height))
}

/**
 * One death of one node, and its next life until it may sign again. Nobody else is damaged before that: with two of four
 * members waiting there is no quorum, and both would wait for ever.
 */
async function playImage(network: RecordedNetwork, seed: number): Promise<Played> {
  const dice = new Random(seed)
  const damage = damages[(seed - 1) % damages.length] ?? 'nothing'
  const victim = network.nodes[dice.int(0, 3)]
  if (victim === undefined) throw new Error('there are four nodes')
  const { dataDir, key } = victim
  const { deploymentId } = network.connection.deployment
  // a store in use is not copied in one step: a copy that does not hold together is damage like any other
  const older = imageOf(dataDir)
  const endsAt = top(network) + dice.int(1, 2)
  await network.until('the task goes on', () => top(network) >= endsAt, WAIT_MS)
  await new Promise((resolve) => setTimeout(resolve, dice.int(0, 300)))
  await victim.kill()
  DAMAGES[damage]({ dataDir, dice, older, last: imageOf(dataDir), binding: { key, deploymentId } })
  for (const more of ['source', 'backup']) rmSync(`${dataDir}-${more}`, { recursive: true, force: true })
  const at = top(network)
  const bornMs = Date.now()
  victim.start()
  let mayAt: number | null = null
  await network.until(
    'the node may vote, or the task is over',
    () => {
      if (top(network) >= HEIGHTS) return true
      if (mayAt === null)
        void mayVote(dataDir, top(network)).then((may) => (may ? (mayAt ??= top(network)) : null))
      return mayAt !== null && top(network) > mayAt
    },
    WAIT_MS,
  )
  return { seed, damage, victim, at, bornMs, isUp: victim.isUp }
}

/** Whether the node on a data directory may sign the height in work. */
async function mayVote(dataDir: string, height: number): Promise<boolean> {
  const found = await askHealth(dataDir).catch(() => null)
  const tasks = (found?.health['tasks'] ?? []) as readonly TaskHealth[]
  return tasks.some(
    ({ signing: { state, upTo } }) =>
      state === 'proved' || (state === 'waiting' && height >= (upTo ?? Infinity)),
  )
}

function print(): void {
  console.log('damage | images | up at the end | votes again | heights until then')
  for (const damage of damages)
    line(
      damage,
      results.filter((one) => one.damage === damage),
    )
  line('all', results)
  console.log(`${twice.length} keys signed twice, ${convictions} convictions`)
}

function line(name: string, of: readonly Result[]): void {
  const waits = of.flatMap(({ heights }) => heights ?? []).sort((a, b) => a - b)
  const up = of.filter(({ isUp }) => isUp).length
  const median = waits[waits.length >> 1] ?? '-'
  console.log(`${name} | ${of.length} | ${up} | ${waits.length} | ${median} (at most ${waits.at(-1) ?? '-'})`)
}
