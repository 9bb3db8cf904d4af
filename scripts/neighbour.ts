/**
 * What a task loses by a neighbour that burns its fuel: four nodes run a task of a stock reducer, a task of a bundle, and a
 * task of a second bundle, whose inputs cost in turn nearly nothing and nearly all the fuel of a call. Counts heights.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildBundle } from '../src/adapters/esbuild/build-bundle.ts'
import { RsdpClient } from '../src/api/client.ts'
import type { LocalNode } from '../src/cli/local/register-nodes.ts'
import { toHex } from '../src/codec/hex.ts'
import { reducerHash } from '../src/reducers/catalog.ts'
import { median } from '../src/reducers/median.ts'
import { FUEL } from '../src/sandbox/profile.ts'
import { invariant } from '../src/types/errors.ts'
import type { Digest } from '../src/types/ids.ts'
import { BARE_CONTEXT } from '../test/helpers/context.ts'
import { FaultyNetwork } from '../test/helpers/faulty-network.ts'
import spinning from '../test/helpers/spinning-reducer.ts'
import { openBundle, stockBundle } from '../test/helpers/stock-bundles.ts'

const NODES = 4
/** Of the fuel of a call: what an input of the neighbour costs while it burns. */
const BURNT = 0.9
const PACE = { debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }
/** Fuel takes a second or two. */
const BURNING_PACE = { slotTicks: 20, debateTicks: 60, shareTicks: 200, confirmTicks: 400, helloTicks: 60 }

const USAGE = `Counts heights of tasks beside a bundle that burns its fuel, and beside the same bundle while it does not.

  npm run bench:neighbour -- --pairs 6 --seconds 15

  --pairs N     windows of each kind, in turn (default 6)
  --seconds N   length of a window (default 15)
  --help`

const NAMES = ['stock', 'foreign', 'burning'] as const
type Heights = Record<(typeof NAMES)[number], number>
const NOTHING: Heights = { stock: 0, foreign: 0, burning: 0 }

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const [pairs, seconds] = [Number(values.pairs), Number(values.seconds)]

const params = toHex(spinning.params.encode({ max: 2n ** 40n }))
const scripts = {
  median: await stockBundle(median.id),
  spin: await buildBundle(fileURLToPath(new URL('../test/helpers/spinning-reducer.ts', import.meta.url))),
}
const [medianBundle, spin] = [openBundle(scripts.median), openBundle(scripts.spin)]
const dear = costingFuel(BURNT * Number(FUEL.aggregate)) / BigInt(NODES)

const network = await FaultyNetwork.create(NODES)
try {
  const bundles = network.file('bundles')
  mkdirSync(bundles)
  for (const [name, bytes] of Object.entries(scripts)) writeFileSync(join(bundles, `${name}.js`), bytes)
  const fed = [median.id, medianBundle.id, spin.id]
  network.also = () => ['--feed', ...fed, '--bundles', bundles]
  for (const node of network.nodes) network.start(node)
  const reading = toHex(median.state.encode({ median: 0n, rows: [{ member: 0, value: 7n }] }))
  const victim = (reducer: Digest) => ({
    ...{ reducer, reducerParams: toHex(median.params.encode({ min: 0n, max: 100n })) },
    ...{ stateCap: 256, inputCap: 64, slotTicks: 10, epochHeights: 100, ...PACE },
  })
  const stock = await network.runTask(60_000, victim(reducerHash(median.id)))
  const foreign = await network.runTask(60_000, victim(medianBundle.id))
  const burning = await network.runTask(60_000, {
    ...{ reducer: spin.id, reducerParams: params, stateCap: 8, inputCap: 8, epochHeights: 100 },
    ...BURNING_PACE,
  })
  await bring(stock, reading)
  await bring(foreign, reading)
  const tasks = { stock, foreign, burning }
  const sums = { calm: { ...NOTHING }, burning: { ...NOTHING } }
  for (let window = 0; window < 2 * pairs; window += 1) {
    const kind = window % 2 === 0 ? 'calm' : 'burning'
    await bring(burning, toHex(spinning.state.encode({ loops: kind === 'calm' ? 1n : dear })))
    // what was brought before is on its way for a height or two
    await sleep(4_000)
    const before = await heightsOf(tasks)
    await sleep(seconds * 1_000)
    const after = await heightsOf(tasks)
    for (const name of NAMES) sums[kind][name] += after[name] - before[name]
    console.log(kind, NAMES.map((name) => `${name} ${after[name] - before[name]}`).join('  '))
  }
  for (const name of ['stock', 'foreign'] as const)
    console.log(
      `${name}: ${sums.burning[name]} heights beside ${sums.calm[name]}: ${(sums.burning[name] / sums.calm[name]).toFixed(2)}`,
    )
} finally {
  await network.close()
}

/** How many loops cost so much fuel. */
function costingFuel(fuel: number): bigint {
  const loops = 1_000_000n
  const inputs = [{ member: 0, state: spinning.state.encode({ loops }) }]
  const once = spin.reduce({ reducer: spin.id, params, context: BARE_CONTEXT, inputs }).fuel
  return (BigInt(Math.floor(fuel)) * loops) / once
}

function clientOf({ dataDir }: LocalNode): RsdpClient {
  const text = readFileSync(join(dataDir, 'control.json'), 'utf8')
  return new RsdpClient(JSON.parse(text) as { port: number; token: string }, 30_000)
}

async function bring(task: bigint, input: `0x${string}`): Promise<void> {
  for (const node of network.nodes) await clientOf(node).setInput(task, input)
}

/** The heights that the first node has decided. */
async function heightsOf(tasks: Readonly<Record<keyof Heights, bigint>>): Promise<Heights> {
  const [node] = network.nodes
  invariant(node !== undefined, 'the network has nodes')
  const of = async (task: bigint): Promise<number> => {
    const decided = await clientOf(node)
      .state(task)
      .catch(() => null)
    return decided?.height ?? 0
  }
  return { stock: await of(tasks.stock), foreign: await of(tasks.foreign), burning: await of(tasks.burning) }
}
