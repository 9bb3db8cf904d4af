/**
 * Heights beside rounds of others: all members contribute, and a round is over when all know all of it. Each system in turn, several
 * times, on this machine. A peer that is not installed is named and left out. It is no test, and says nothing on a machine that has
 * other work to do.
 */
import { parseArgs } from 'node:util'
import { table } from '../src/cli/output.ts'
import { findBroker } from '../test/helpers/broker.ts'
import { startEtcdRounds } from './bench/rounds-etcd.ts'
import { startOursRounds } from './bench/rounds-ours.ts'
import type { RoundsRun, RoundsSystem } from './bench/rounds.ts'
import { percentile } from './bench/rounds.ts'
import { isInstalled } from './bench/system.ts'

const USAGE = `Heights beside rounds of etcd, on this machine.

  npm run bench:rounds
  npm run bench:rounds -- --members 7 --alternations 5

  --members N        of each system (default 4)
  --alternations N   times that each system runs, in turns (default 5)
  --heights N        that are measured each time (default 400); 200 before them are dropped
  --tasks N          tasks beside each other (default 1)
  --bytes N          that each client of etcd puts in a round (default 256)
  --json             the figures as JSON on stdout, progress on stderr
  --help`

/** What others are compared with. */
const BASE = 'etcd'
/** Code is compiled in them. */
const WARM_UP = 200
/** What the ratio of p50 and the processor time of a member should be at most, by members. */
const TARGETS: Readonly<Record<number, { readonly ratio: number; readonly processorMs: number }>> = {
  4: { ratio: 2.5, processorMs: 5 },
  7: { ratio: 5, processorMs: 8 },
}

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '4' },
    alternations: { type: 'string', default: '5' },
    heights: { type: 'string', default: '400' },
    tasks: { type: 'string', default: '1' },
    bytes: { type: 'string', default: '256' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => (values.json ? console.error(line) : console.log(line))
if (values.help) console.log(USAGE)
else await bench()

async function bench(): Promise<void> {
  const [members, alternations, heights, tasks, bytes] = [
    values.members,
    values.alternations,
    values.heights,
    values.tasks,
    values.bytes,
  ].map(Number) as [number, number, number, number, number]
  const systems: RoundsSystem[] = []
  const measured = new Map<string, RoundsRun[]>()
  const ours = { members, tasks, heights, warmUp: WARM_UP }
  try {
    systems.push(await startOursRounds('libp2p', { ...ours, transport: 'libp2p' }))
    const broker = await findBroker()
    if (broker === null) say('skipped  amqp: no RabbitMQ at 127.0.0.1:5672')
    else systems.push(await startOursRounds('amqp', { ...ours, transport: broker }))
    if (isInstalled('etcd'))
      systems.push(await startEtcdRounds({ members, bytes, rounds: heights, warmUp: WARM_UP }))
    else say('skipped  etcd: not installed')
    for (const { name, promise } of systems) say(`${name.padEnd(8)} ${promise}`)
    for (let turn = 1; turn <= alternations; turn += 1)
      for (const system of systems) {
        const run = await system.run()
        measured.set(system.name, [...(measured.get(system.name) ?? []), run])
        say(
          `turn ${String(turn)}  ${system.name.padEnd(6)} p50 ${percentile(run.roundMs, 0.5).toFixed(1)} ms, ${run.perSecond.toFixed(0)}/s, ${run.processorMs.toFixed(1)} ms of processor time for each member and round`,
        )
      }
  } finally {
    for (const system of systems) await system.stop()
  }
  if (values.json) console.log(JSON.stringify(Object.fromEntries(measured)))
  else say(`\n${described(measured)}\n${verdicts(measured, members).join('\n')}`)
}

function mean(of: readonly number[]): number {
  return of.reduce((a, b) => a + b, 0) / Math.max(1, of.length)
}

function p50s(runs: readonly RoundsRun[]): number[] {
  return runs.map(({ roundMs }) => percentile(roundMs, 0.5))
}

/** Ratio of neighbouring turns to those of another: mean, least, greatest. */
function ratiosTo(figures: readonly number[], base: readonly number[]): [number, number, number] {
  const ratios = figures.map((figure, i) => figure / (base[i] ?? Number.NaN))
  return [mean(ratios), Math.min(...ratios), Math.max(...ratios)]
}

function described(measured: ReadonlyMap<string, readonly RoundsRun[]>): string {
  const base = measured.get(BASE) ?? []
  const text = (value: number, digits: number): string => (Number.isNaN(value) ? '-' : value.toFixed(digits))
  const ratio = (figures: readonly number[], to: readonly number[]): string => {
    const [middle, least, greatest] = ratiosTo(figures, to)
    return `${text(middle, 2)}, ${text(least, 2)} … ${text(greatest, 2)}`
  }
  return table(
    [
      'system',
      'p50 (ms)',
      'p95 (ms)',
      'p99 (ms)',
      `p50 to ${BASE}’s`,
      'rounds/s',
      `to ${BASE}’s`,
      'processor (ms)',
    ],
    [...measured].map(([name, runs]) => {
      const at = (share: number): string =>
        text(mean(runs.map(({ roundMs }) => percentile(roundMs, share))), 1)
      const speeds = runs.map(({ perSecond }) => perSecond)
      return [
        ...[name, at(0.5), at(0.95), at(0.99), ratio(p50s(runs), p50s(base)), mean(speeds).toFixed(0)],
        ratio(
          speeds,
          base.map(({ perSecond }) => perSecond),
        ),
        text(mean(runs.map(({ processorMs }) => processorMs)), 1),
      ]
    }),
  )
}

/** What was aimed at, and what came. */
function verdicts(measured: ReadonlyMap<string, readonly RoundsRun[]>, members: number): string[] {
  const target = TARGETS[members]
  const ours = measured.get('libp2p') ?? []
  const lines: string[] = []
  const judge = (what: string, figure: number, most: number): void => {
    if (!Number.isNaN(figure))
      lines.push(
        `${figure <= most ? 'met   ' : 'missed'}  ${what} ${figure.toFixed(2)}, at most ${String(most)}`,
      )
  }
  const [toEtcd] = ratiosTo(p50s(ours), p50s(measured.get(BASE) ?? []))
  const [toAmqp] = ratiosTo(p50s(ours), p50s(measured.get('amqp') ?? []))
  if (target !== undefined) {
    judge(`p50 to ${BASE}’s`, toEtcd, target.ratio)
    judge(
      'processor time for each member and height (ms)',
      mean(ours.map((run) => run.processorMs)),
      target.processorMs,
    )
  }
  judge('p50 over libp2p to that over AMQP', toAmqp, 1.1)
  return lines
}
