/**
 * A metric as data. The values of each label are listed, so the number of series is known before any is counted; a value
 * that is not in the list counts as `other`, which every list must end with unless it is complete.
 */
export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** One sentence, without a full stop. */
  readonly help: string
  readonly labels?: Readonly<Record<string, readonly string[]>>
  /** Upper bounds of a histogram, ascending, without +Inf. */
  readonly buckets?: readonly number[]
}

/** Metrics by name. */
export type MetricSpecs = Readonly<Record<string, MetricSpec>>

export type Labels = Readonly<Record<string, string>>

/** Where a program counts. Never throws, never blocks. */
export interface Metrics<Name extends string = string> {
  /** Adds to a counter, `by` ≥ 0. */
  add(name: Name, by?: number, labels?: Labels): void
  /** Sets a gauge. */
  set(name: Name, value: number, labels?: Labels): void
  /** Puts a value into a histogram. */
  observe(name: Name, value: number, labels?: Labels): void
}
