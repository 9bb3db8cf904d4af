/**
 * Histories of the stock machines and of stores, checked for linearizability.
 *
 * Simulated ones are numbered worlds of faults and liars; a world counts if a fault struck while an operation was under way.
 * Real ones run on four processes, one of which is killed or stopped in each. Ends with exit code 1 if a history is wrong or
 * undecided.
 */
import { parseArgs } from 'node:util'
import { taskWork } from '../src/cli/app/task-work.ts'
import { cryptoFor } from '../src/cli/commands/sim-crypto.ts'
import { FaultyNetwork } from '../test/helpers/faulty-network.ts'
import { realHistory } from '../test/helpers/linearizability/real.ts'
import { runMachineSeed } from '../test/helpers/linearizability/simulated.ts'
import { runStoreSeed } from '../test/helpers/store/history.ts'
import { loadStoreMutant } from '../test/sim/mutants/load.ts'
import { STORE_MUTANTS } from '../test/sim/mutants/store.ts'
import type { WorkloadName } from '../test/helpers/linearizability/workloads.ts'
import { WORKLOADS } from '../test/helpers/linearizability/workloads.ts'

const USAGE = `Checks histories of the stock machines and of stores for linearizability.

  npm run histories -- --first 1 --count 170
  npm run histories -- --machine lock --first 171 --count 50
  npm run histories -- --real 50
  npm run histories -- --store --first 1 --count 200

  --machine NAME  kv, lock, leader or work (default: all)
  --store         copies of a strong store instead of machines
  --first N       number of the first simulated world (default 1): runs of adjoining ranges add up
  --count N       simulated worlds of each machine (default 20)
  --real N        so many histories on real processes instead
  --mutants       broken stores instead, each until a world shows it: 50 at most
  --json          the summary as JSON on stdout, progress on stderr
  --help`

const PROGRESS_MS = 15_000
const PARAMS = '{"minHeightTicks":2,"sessionIdleMs":60000,"generation":0}'
/** Heights of a machine open on demand; left alone, each second. */
const PACE = { slotTicks: 20, debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }
/** Real histories of one task: it must not come to its end. */
const HISTORIES_A_TASK = 10

interface Tally {
  worlds: number
  /** With a fault that struck during an operation. */
  counted: number
  operations: number
  /** Of which nobody knows the outcome. */
  open: number
  repeated: number
  liars: Record<string, number>
}

/** Worlds in which a broken store has to be seen. */
const MUTANT_WORLDS = 50

const { machines, kind, first, count, real, json } = options()
const say = (line: string): void => (json ? console.error(line) : console.log(line))
const failed: string[] = []
const start = performance.now()
const summary = await chosen()
for (const line of failed) say(`FAILED ${line}`)
const seconds = Math.round((performance.now() - start) / 1_000)
const data = { ...summary, failed: failed.length, seconds }
console.log(JSON.stringify(data, null, json ? 0 : 2))
process.exitCode = failed.length === 0 ? 0 : 1

function chosen(): Promise<object> {
  if (kind === 'store') return Promise.resolve({ store: storeOnes() })
  if (kind === 'mutants') return brokenOnes()
  return real > 0 ? realOnes() : simulatedOnes()
}

function storeOnes(): object {
  const tally = { worlds: 0, counted: 0, operations: 0, open: 0, tokens: 0, moves: 0 }
  for (let seed = first; seed < first + count; seed += 1) {
    const run = runStoreSeed(seed)
    tally.worlds += 1
    if (run.effective > 0) tally.counted += 1
    tally.operations += run.operations
    tally.open += run.open
    tally.tokens += run.tokens
    tally.moves += run.moves
    for (const problem of run.problems) failed.push(`store ${seed}: ${problem}`)
  }
  return tally
}

/** Number of the first world that shows each broken store. */
async function brokenOnes(): Promise<Record<string, number | null>> {
  const seenIn: Record<string, number | null> = {}
  for (const [name, mutant] of Object.entries(STORE_MUTANTS)) {
    const { runStoreSeed: run, remove } = await loadStoreMutant(mutant)
    const seeds = Array.from({ length: MUTANT_WORLDS }, (_, i) => i + 1)
    const seed = seeds.find((one) => run(one).problems.length > 0)
    remove()
    seenIn[name] = seed ?? null
    if (seed === undefined) failed.push(`${name}: nobody sees it`)
  }
  return seenIn
}

async function simulatedOnes(): Promise<Record<string, Tally>> {
  const tallies: Record<string, Tally> = {}
  let told = start
  for (const machine of machines) {
    const tally: Tally = { worlds: 0, counted: 0, operations: 0, open: 0, repeated: 0, liars: {} }
    tallies[machine] = tally
    for (let seed = first; seed < first + count; seed += 1) {
      const run = await runMachineSeed(machine, seed, { keys: cryptoFor(seed) })
      tally.worlds += 1
      if (run.effective > 0) tally.counted += 1
      tally.operations += run.operations
      tally.open += run.open
      tally.repeated += run.repeated
      for (const liar of new Set(run.liars)) tally.liars[liar] = (tally.liars[liar] ?? 0) + 1
      for (const problem of run.problems) failed.push(`${machine} ${seed}: ${problem}`)
      if (performance.now() - told < PROGRESS_MS) continue
      told = performance.now()
      say(`${machine}  ${tally.worlds} of ${count}, ${tally.counted} count, ${failed.length} problems`)
    }
  }
  return tallies
}

async function realOnes(): Promise<Record<string, number>> {
  const network = await FaultyNetwork.create(4)
  const tally = { histories: 0, counted: 0, operations: 0, again: 0, kills: 0, pauses: 0 }
  try {
    for (const node of network.nodes) network.start(node)
    let task = 0n
    for (let number = 1; tally.counted < real && number <= 2 * real; number += 1) {
      const place = number - 1
      const machine = machines[Math.floor(place / HISTORIES_A_TASK) % machines.length] ?? 'kv'
      if (place % HISTORIES_A_TASK === 0) {
        const work = await taskWork({ reducer: WORKLOADS[machine].reducer, params: PARAMS })
        task = await network.runTask(2_000, { ...work, ...PACE, epochHeights: 50 })
      }
      const fault = number % 2 === 0 ? 'kill' : 'pause'
      const run = await realHistory({ network, task, machine, number, fault })
      tally.histories += 1
      tally.operations += run.operations
      tally.again += run.again
      tally[fault === 'kill' ? 'kills' : 'pauses'] += 1
      if (run.isEffective) tally.counted += 1
      if (run.verdict.kind !== 'linearizable')
        failed.push(`${machine} ${number}: ${JSON.stringify(run.verdict)}\n${run.lines.join('\n')}`)
      say(
        `${machine} ${number}: ${fault}, ${run.operations} operations, ${run.again} asked again, ${run.verdict.kind}`,
      )
    }
  } finally {
    await network.close()
  }
  return tally
}

function options(): {
  machines: WorkloadName[]
  kind: 'machines' | 'store' | 'mutants'
  first: number
  count: number
  real: number
  json: boolean
} {
  const { values } = parseArgs({
    options: {
      machine: { type: 'string' },
      first: { type: 'string', default: '1' },
      count: { type: 'string', default: '20' },
      real: { type: 'string', default: '0' },
      store: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    console.log(USAGE)
    process.exit(0)
  }
  const all = Object.keys(WORKLOADS) as WorkloadName[]
  const wanted = all.filter((name) => values.machine === undefined || name === values.machine)
  const numbers = [values.first, values.count, values.real].map(Number)
  if (wanted.length === 0 || numbers.some((one) => !Number.isSafeInteger(one) || one < 0)) {
    console.error(`error[E_USAGE]: a machine or a number that is none -> see --help`)
    process.exit(2)
  }
  const [first = 1, count = 20, real = 0] = numbers
  const kind = values.mutants ? 'mutants' : values.store ? 'store' : 'machines'
  return { machines: wanted, kind, first, count, real, json: values.json }
}
