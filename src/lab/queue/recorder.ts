import { balanceOf } from '../../services/placement/balance.ts'
import { Histogram } from '../histogram.ts'
import { mean, quantile } from '../statistics/summary.ts'
import type { Fault } from './faults.ts'
import type { Machine } from './node.ts'

export interface Slo {
  readonly p95Ms: number
  /** Part of the requests. */
  readonly errors: number
}

/** One second of one service. */
interface Second {
  good: number
  late: number
  failed: number
}

/** Part of a second's requests that may be late or fail before the second counts as bad. */
const BAD = 0.05
/** Length of the windows of the load balance index. */
const BALANCE_SECONDS = 10
const WINDOW_MS = 60_000

/** What happened in the measured part of a run. Times from its begin, ms. */
export class Recorder {
  readonly latency = new Histogram()
  readonly #slo: Slo
  readonly #measuredMs: number
  /** By service, then by second. */
  readonly #seconds = new Map<number, Second[]>()
  readonly #moves: number[] = []
  #latencyMs = 0
  /** By second, then by node: parts in use. */
  readonly #uses: { readonly cpu: number[]; readonly memory: number[]; readonly disk: number[] }[] = []
  #heights = 0
  #undecided = 0

  constructor(slo: Slo, measuredMs: number) {
    this.#slo = slo
    this.#measuredMs = measuredMs
  }

  /** A request has come to its end. @param atMs its arrival; @param latencyMs null: it failed */
  answered(service: number, atMs: number, latencyMs: number | null): void {
    if (atMs < 0 || atMs >= this.#measuredMs) return
    const second = this.#secondOf(service, Math.floor(atMs / 1000))
    if (latencyMs === null) second.failed += 1
    else {
      this.latency.add(1000 * latencyMs)
      this.#latencyMs += latencyMs
      if (latencyMs <= this.#slo.p95Ms) second.good += 1
      else second.late += 1
    }
  }

  moved(atMs: number, count: number): void {
    for (let i = 0; i < count; i += 1) if (atMs >= 0) this.#moves.push(atMs)
  }

  height(isDecided: boolean): void {
    this.#heights += 1
    if (!isDecided) this.#undecided += 1
  }

  used(atMs: number, cpu: number[], memory: number[], disk: number[]): void {
    if (atMs > 0 && atMs <= this.#measuredMs) this.#uses.push({ cpu, memory, disk })
  }

  /** Every figure of the run, by name. */
  figures(machines: readonly Machine[], faults: readonly Fault[]): Record<string, number> {
    const seconds = [...this.#seconds.values()].flatMap((list) => list.filter((one) => total(one) > 0))
    const sum = (of: (second: Second) => number): number => seconds.reduce((all, one) => all + of(one), 0)
    const all = sum(total)
    const cores = machines.map(({ spec }) => spec.cores)
    const memories = machines.map(({ spec }) => spec.memoryMb)
    const balance = this.#balances()
    const bad = this.#badRuns()
    return {
      requests: all,
      goodput: (1000 * sum(({ good }) => good)) / this.#measuredMs,
      errors: all === 0 ? 0 : sum(({ failed }) => failed) / all,
      late: all === 0 ? 0 : sum(({ late }) => late) / all,
      // of none: no figure
      latency_mean: this.#latencyMs / this.latency.total,
      ...spreadOf('cpu', this.#uses),
      ...spreadOf('memory', this.#uses),
      ...spreadOf('disk', this.#uses),
      cpu: weighted(
        this.#uses.map(({ cpu }) => cpu),
        cores,
      ),
      memory: weighted(
        this.#uses.map(({ memory }) => memory),
        memories,
      ),
      disk: weighted(
        this.#uses.map(({ disk }) => disk),
        machines.map(({ spec }) => spec.iops),
      ),
      lbi: mean(balance.map(({ lbi }) => lbi / 1000)),
      lbi_p5: quantile(
        balance.map(({ lbi }) => lbi / 1000).sort((a, b) => a - b),
        0.05,
      ),
      cv: mean(balance.map(({ cv }) => cv / 1000)),
      jain: mean(balance.map(({ jain }) => jain / 1000)),
      migrations_per_min: this.#movesPerMinute(),
      migrations: this.#moves.length,
      availability:
        seconds.length === 0
          ? 1
          : 1 - seconds.filter(({ good, late }) => good + late === 0).length / seconds.length,
      recovery_s: bad.length === 0 ? 0 : Math.max(...bad),
      bad_s: bad.reduce((run, length) => run + length, 0),
      masked: this.#masked(faults),
      undecided: this.#heights === 0 ? 0 : this.#undecided / this.#heights,
    }
  }

  /** Parts in use over time: the mean of each 10 s, by node. */
  cpuByWindow(): number[][] {
    const windows: number[][] = []
    for (let i = 0; i < this.#uses.length; i += BALANCE_SECONDS) {
      const part = this.#uses.slice(i, i + BALANCE_SECONDS)
      windows.push((part[0]?.cpu ?? []).map((_, node) => mean(part.map(({ cpu }) => cpu[node] ?? 0))))
    }
    return windows
  }

  #balances(): ReturnType<typeof balanceOf>[] {
    return this.cpuByWindow().map((window) => balanceOf(window.map((use) => Math.round(1_000_000 * use))))
  }

  #secondOf(service: number, second: number): Second {
    let list = this.#seconds.get(service)
    if (list === undefined) {
      list = []
      this.#seconds.set(service, list)
    }
    while (list.length <= second) list.push({ good: 0, late: 0, failed: 0 })
    return list[second] as Second
  }

  #movesPerMinute(): number {
    return this.#moves.reduce((most, at, i) => {
      const inWindow = this.#moves.slice(i).filter((other) => other < at + WINDOW_MS).length
      return Math.max(most, inWindow)
    }, 0)
  }

  /** Lengths of the runs of bad seconds, of all services. */
  #badRuns(): number[] {
    const runs: number[] = []
    for (const list of this.#seconds.values()) {
      let length = 0
      for (const second of [...list, { good: 1, late: 0, failed: 0 }]) {
        const isBad = total(second) > 0 && second.late + second.failed > BAD * total(second)
        if (isBad) length += 1
        else if (length > 0) {
          runs.push(length)
          length = 0
        }
      }
    }
    return runs
  }

  /** Part of the faults in whose time no request failed and no second was bad. */
  #masked(faults: readonly Fault[]): number {
    if (faults.length === 0) return 1
    const isMasked = ({ atMs, forMs }: Fault): boolean =>
      [...this.#seconds.values()].every((list) =>
        list
          .slice(Math.floor(atMs / 1000), Math.ceil((atMs + forMs) / 1000))
          .every((second) => second.failed === 0 && second.late <= BAD * total(second)),
      )
    return faults.filter(isMasked).length / faults.length
  }
}

function total({ good, late, failed }: Second): number {
  return good + late + failed
}

/** Use of a resource by node and second, of which 5, 50 and 95 % are no greater. */
function spreadOf(
  resource: 'cpu' | 'memory' | 'disk',
  uses: readonly Readonly<Record<'cpu' | 'memory' | 'disk', readonly number[]>>[],
): Record<string, number> {
  const sorted = uses.flatMap((use) => use[resource]).sort((a, b) => a - b)
  return Object.fromEntries([5, 50, 95].map((part) => [`${resource}_p${part}`, quantile(sorted, part / 100)]))
}

function weighted(uses: readonly (readonly number[])[], weights: readonly number[]): number {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return mean(uses.map((use) => use.reduce((sum, one, i) => sum + one * (weights[i] ?? 0), 0) / all))
}
