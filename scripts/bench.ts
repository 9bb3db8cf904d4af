/**
 * Puts beside peers: the same closed loop of clients against each system in turn, several times, on this machine. A peer that is not
 * installed is named and left out. Prints a table; it is no test, and says nothing on a machine that has other work to do.
 */
import { parseArgs } from 'node:util'
import { table } from '../src/cli/output.ts'
import { startEtcd } from './bench/etcd.ts'
import { startOurs } from './bench/ours.ts'
import { startRedis } from './bench/redis.ts'
import type { System } from './bench/system.ts'
import { isInstalled } from './bench/system.ts'

const USAGE = `Acknowledged puts a second, beside peers on this machine.

  npm run bench
  npm run bench -- --rounds 10 --seconds 10

  --rounds N    times that each system gets the load, in turns (default 5)
  --seconds N   of each (default 10); the first second is not counted
  --clients N   each sends its next put once the last is acknowledged (default 64)
  --bytes N     of a value (default 256)
  --members N   of rsdp and etcd (default 4)
  --json        the figures as JSON on stdout, progress on stderr
  --help`

/** What others are compared with. */
const BASE = 'etcd'
const WARM_UP_MS = 1_000

interface Round {
  readonly putsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    clients: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '256' },
    members: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => (values.json ? console.error(line) : console.log(line))
if (values.help) console.log(USAGE)
else await bench()

async function bench(): Promise<void> {
  const [rounds, seconds, clients, bytes, members] = [
    values.rounds,
    values.seconds,
    values.clients,
    values.bytes,
    values.members,
  ].map(Number) as [number, number, number, number, number]
  const systems: System[] = []
  const measured = new Map<string, Round[]>()
  try {
    systems.push(await startOurs(members))
    if (isInstalled('etcd')) systems.push(await startEtcd(members))
    else say('skipped  etcd: not installed')
    if (isInstalled('redis-server')) systems.push(await startRedis(clients))
    else say('skipped  redis: not installed')
    for (const other of ['zookeeper', 'nats', 'rabbitmq']) say(`skipped  ${other}: nothing here asks it yet`)
    for (const { name, promise } of systems) say(`${name.padEnd(8)} ${promise}`)
    for (let round = 1; round <= rounds; round += 1) {
      for (const system of systems) {
        const result = await load(system, clients, bytes, seconds * 1_000)
        measured.set(system.name, [...(measured.get(system.name) ?? []), result])
        say(
          `round ${String(round)}  ${system.name.padEnd(6)} ${result.putsPerSecond.toFixed(0)}/s, p50 ${result.p50Ms.toFixed(1)} ms`,
        )
      }
    }
  } finally {
    for (const system of systems) await system.stop()
  }
  if (values.json) console.log(JSON.stringify(Object.fromEntries(measured)))
  else say(`\n${described(measured)}`)
}

/** A closed loop of clients for a while. */
async function load(system: System, clients: number, bytes: number, lastsMs: number): Promise<Round> {
  const start = performance.now()
  const latencies: number[] = []
  const client = async (number: number): Promise<void> => {
    for (let count = 0; performance.now() - start < lastsMs; count += 1) {
      const value = new Uint8Array(bytes).fill(count % 256)
      const askedMs = performance.now()
      await system.put(number, value)
      const nowMs = performance.now()
      if (askedMs - start >= WARM_UP_MS && nowMs - start < lastsMs) latencies.push(nowMs - askedMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return {
    putsPerSecond: (latencies.length * 1_000) / Math.max(1, lastsMs - WARM_UP_MS),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

/** Means over rounds; the ratio to the base is that of neighbouring rounds, with the least and the greatest. */
function described(measured: ReadonlyMap<string, readonly Round[]>): string {
  const base = measured.get(BASE) ?? []
  const mean = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0) / Math.max(1, of.length)
  return table(
    ['system', 'puts/s', 'p50 (ms)', 'p99 (ms)', `puts/s to ${BASE}’s, least … greatest round`],
    [...measured].map(([name, rounds]) => {
      const ratios = rounds.map(
        ({ putsPerSecond }, i) => putsPerSecond / (base[i]?.putsPerSecond ?? Number.NaN),
      )
      const text = (value: number, digits: number): string =>
        Number.isNaN(value) ? '-' : value.toFixed(digits)
      const ratio = [mean(ratios), Math.min(...ratios), Math.max(...ratios)].map((one) => text(one, 2))
      return [
        name,
        mean(rounds.map(({ putsPerSecond }) => putsPerSecond)).toFixed(0),
        text(mean(rounds.map(({ p50Ms }) => p50Ms)), 1),
        text(mean(rounds.map(({ p99Ms }) => p99Ms)), 1),
        `${ratio[0] ?? ''}, ${ratio[1] ?? ''} … ${ratio[2] ?? ''}`,
      ]
    }),
  )
}
