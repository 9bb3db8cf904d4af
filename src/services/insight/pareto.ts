/** A way to run the system. */
export interface Configuration {
  /** Mbit/s; more is better. */
  readonly throughput: number
  /** ms; less is better. */
  readonly latency: number
  /** Any unit; less is better. */
  readonly cost: number
}

/** Whether a is at least as good as b in everything, and better in something. */
export function dominates(a: Configuration, b: Configuration): boolean {
  const isNoWorse = a.throughput >= b.throughput && a.latency <= b.latency && a.cost <= b.cost
  return isNoWorse && (a.throughput > b.throughput || a.latency < b.latency || a.cost < b.cost)
}

/** The configurations that no other dominates, in the order given. */
export function paretoFrontier<One extends Configuration>(all: readonly One[]): One[] {
  return all.filter((one) => !all.some((other) => dominates(other, one)))
}
