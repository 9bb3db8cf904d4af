/**
 * What simulated heights cost: frames, signed objects and bytes on the wire, and heights per second of processor time.
 *
 *   npm run cost:sim                                                    the table of docs/simulator.md
 *   ./rsdp --script scripts/sim-cost.ts --nodes 31 --seeds 2..4 --heights 6
 *   ./rsdp --script scripts/sim-cost.ts --beside ../before              the same worlds by another checkout
 *
 * All worlds have re-orgs. The two programs run one after the other for each cluster size, in processes of their own, so that
 * both meet the same neighbours on the machine. `trace` is one hash over all traces: equal ones mean equal worlds.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { cryptoFor as crypto } from '../src/cli/commands/sim-crypto.ts'
import type { runSeed as run, SeedReport } from '../src/sim/run-seed.ts'

/** Heights per second of processor time that are aimed at. */
const TARGETS: Readonly<Record<number, number>> = { 31: 4, 64: 0.5, 100: 0.15 }

const here = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '4,7,13,31,64' },
    seeds: { type: 'string', default: '2..4' },
    heights: { type: 'string', default: '6' },
    beside: { type: 'string' },
    /** A process of this script: one seed of one checkout. */
    root: { type: 'string' },
  },
})

interface Cost {
  readonly heights: number
  readonly frames: number
  readonly objects: number
  readonly bytes: number
  readonly cpuSeconds: number
  readonly violations: number
  readonly trace: string
}

const [first = 0, last = 0] = values.seeds.split('..').map(Number)
const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)

if (values.root !== undefined) console.log(JSON.stringify(await costOf(values.root)))
else table()

/** The worlds of all seeds, by the program in a folder. */
async function costOf(root: string): Promise<Cost[]> {
  const load = (path: string): Promise<unknown> => import(pathToFileURL(resolve(root, path)).href)
  const { runSeed } = (await load('src/sim/run-seed.ts')) as { runSeed: typeof run }
  const { cryptoFor } = (await load('src/cli/commands/sim-crypto.ts')) as { cryptoFor: typeof crypto }
  const costs: Cost[] = []
  for (const seed of seeds) {
    const before = process.cpuUsage()
    const nodes = Number(values.nodes)
    const options = { heights: Number(values.heights), nodes, reorgs: true, keys: cryptoFor(seed) }
    const report: SeedReport = await runSeed(seed, options)
    const { user, system } = process.cpuUsage(before)
    const { heights, frames, objects, bytes, violations, traceHash } = report
    const cpuSeconds = (user + system) / 1e6
    costs.push({
      heights,
      frames,
      objects,
      bytes,
      cpuSeconds,
      violations: violations.length,
      trace: traceHash,
    })
  }
  return costs
}

function table(): void {
  console.log(
    '| n | program | heights | frames | objects | kB | heights per CPU second | target | violations | trace |',
  )
  console.log('| ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- |')
  const programs = [...(values.beside === undefined ? [] : [values.beside]), here]
  for (const nodes of values.nodes.split(','))
    for (const root of programs) console.log(row(Number(nodes), root))
}

function row(nodes: number, root: string): string {
  const args = ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), '--root', root]
  const asked = ['--nodes', String(nodes), '--seeds', values.seeds, '--heights', values.heights]
  const costs = JSON.parse(
    execFileSync(process.execPath, [...args, ...asked], { encoding: 'utf8' }),
  ) as Cost[]
  const sum = (of: (cost: Cost) => number): number => costs.reduce((total, cost) => total + of(cost), 0)
  const heights = sum((cost) => cost.heights)
  /** An older program does not count everything. */
  const perHeight = (of: (cost: Cost) => number): string => {
    const count = sum(of) / heights
    return Number.isNaN(count) ? '–' : count.toFixed(0)
  }
  const rate = heights / sum((cost) => cost.cpuSeconds)
  const target = TARGETS[nodes]
  const cells = [
    nodes,
    root === here ? 'this one' : 'before',
    heights,
    perHeight((cost) => cost.frames),
    perHeight((cost) => cost.objects),
    perHeight((cost) => cost.bytes / 1_000),
    rate.toFixed(rate < 10 ? 2 : 0),
    target === undefined ? '' : `${target}: ${rate < target ? 'missed' : 'met'}`,
    sum((cost) => cost.violations),
    createHash('sha256')
      .update(costs.map(({ trace }) => trace).join())
      .digest('hex')
      .slice(0, 12),
  ]
  return `| ${cells.join(' | ')} |`
}
