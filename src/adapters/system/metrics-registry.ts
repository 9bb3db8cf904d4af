import type { Labels, Metrics, MetricSpec, MetricSpecs } from '../../ports/metrics.ts'
import { invariant } from '../../types/errors.ts'

/** Content type of `text()`. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const NAME = /^[a-z_][a-z0-9_]*$/
const OTHER = 'other'

interface Series {
  readonly labels: Labels
  value: number
  /** Of a histogram: values per bucket, not summed up; the last is +Inf. */
  readonly counts: number[]
}

/**
 * Counts in memory and writes the Prometheus text format 0.0.4. Series without labels are there from the start, with 0, so
 * that a rate over them is defined; so are all series of counters and gauges whose labels are listed.
 */
export class MetricsRegistry<Specs extends MetricSpecs> implements Metrics<Extract<keyof Specs, string>> {
  readonly #specs: ReadonlyMap<string, MetricSpec>
  readonly #series = new Map<string, Map<string, Series>>()
  readonly #collectors: (() => void)[] = []

  constructor(specs: Specs) {
    this.#specs = new Map(Object.entries<MetricSpec>(specs))
    for (const [name, spec] of this.#specs) {
      check(name, spec)
      this.#series.set(name, new Map())
      for (const labels of combinations(spec.labels ?? {})) this.#at(name, spec, labels)
    }
  }

  add(name: Extract<keyof Specs, string>, by = 1, labels: Labels = {}): void {
    if (by >= 0) this.#find(name, 'counter', labels).value += by
  }

  set(name: Extract<keyof Specs, string>, value: number, labels: Labels = {}): void {
    this.#find(name, 'gauge', labels).value = value
  }

  observe(name: Extract<keyof Specs, string>, value: number, labels: Labels = {}): void {
    const series = this.#find(name, 'histogram', labels)
    if (Number.isNaN(value)) return
    series.value += value
    const bounds = this.#specs.get(name)?.buckets ?? []
    const at = bounds.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? bounds.length : at
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
  }

  /** Sets a counter to what somebody else has counted since the start. */
  count(name: Extract<keyof Specs, string>, total: number, labels: Labels = {}): void {
    this.#find(name, 'counter', labels).value = total
  }

  /** Called before every scrape: for gauges that are read, not kept. What throws is left out. */
  collect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** All metrics in the order of their definitions. */
  text(): string {
    for (const collector of this.#collectors) {
      try {
        collector()
      } catch {
        // a node that is stopping: its last values stand
      }
    }
    const lines = [...this.#specs].flatMap(([name, spec]) => [
      `# HELP ${name} ${escapeHelp(spec.help)}`,
      `# TYPE ${name} ${spec.kind}`,
      ...[...(this.#series.get(name)?.values() ?? [])].flatMap((series) => write(name, spec, series)),
    ])
    return `${lines.join('\n')}\n`
  }

  #find(name: string, kind: MetricSpec['kind'], labels: Labels): Series {
    const spec = this.#specs.get(name)
    invariant(spec !== undefined && spec.kind === kind, `${name} is no ${kind}`)
    const known: Record<string, string> = {}
    for (const [label, values] of Object.entries(spec.labels ?? {})) {
      const value = labels[label] ?? OTHER
      known[label] = values.includes(value) ? value : OTHER
    }
    return this.#at(name, spec, known)
  }

  #at(name: string, spec: MetricSpec, labels: Labels): Series {
    const all = this.#series.get(name) ?? new Map<string, Series>()
    const key = JSON.stringify(Object.keys(spec.labels ?? {}).map((label) => labels[label]))
    const found = all.get(key)
    if (found !== undefined) return found
    const series = { labels, value: 0, counts: Array<number>((spec.buckets?.length ?? -1) + 1).fill(0) }
    all.set(key, series)
    return series
  }
}

/** Most series that definitions can have, each bucket counted: what a scrape can cost. */
export function seriesMax(specs: MetricSpecs): number {
  return Object.values<MetricSpec>(specs).reduce((sum, { kind, labels = {}, buckets = [] }) => {
    // a list that does not name `other` may still get it
    const all = Object.values(labels).reduce(
      (product, values) => product * new Set([...values, OTHER]).size,
      1,
    )
    return sum + all * (kind === 'histogram' ? buckets.length + 3 : 1)
  }, 0)
}

function check(name: string, { kind, labels = {}, buckets = [] }: MetricSpec): void {
  invariant(NAME.test(name), `${name} is no name of a metric`)
  invariant(
    (kind === 'counter') === name.endsWith('_total'),
    `${name}: counters end in _total, and nothing else`,
  )
  invariant(
    buckets.every((bound, i) => i === 0 || bound > (buckets[i - 1] ?? bound)),
    `${name}: buckets must ascend`,
  )
  invariant((kind === 'histogram') === buckets.length > 0, `${name}: a histogram has buckets, others none`)
  for (const label of Object.keys(labels))
    invariant(NAME.test(label) && label !== 'le', `${name}: label ${label}`)
}

function combinations(labels: Readonly<Record<string, readonly string[]>>): Labels[] {
  return Object.entries(labels).reduce<Labels[]>(
    (all, [label, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  )
}

function write(
  name: string,
  { kind, buckets = [] }: MetricSpec,
  { labels, value, counts }: Series,
): string[] {
  if (kind !== 'histogram') return [`${name}${labelled(labels)} ${number(value)}`]
  let sum = 0
  return [
    ...counts.map((count, i) => {
      sum += count
      return `${name}_bucket${labelled({ ...labels, le: number(buckets[i] ?? Infinity) })} ${sum}`
    }),
    `${name}_sum${labelled(labels)} ${number(value)}`,
    `${name}_count${labelled(labels)} ${sum}`,
  ]
}

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function number(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')
