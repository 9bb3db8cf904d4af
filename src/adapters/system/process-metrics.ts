import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricSpecs } from '../../ports/metrics.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

/** Of the process, under the names that other programs give them. */
export const PROCESS_METRICS = {
  process_cpu_seconds_total: { kind: 'counter', help: 'CPU time of the process, user and system' },
  process_resident_memory_bytes: { kind: 'gauge', help: 'Memory of the process that is in RAM' },
  process_start_time_seconds: { kind: 'gauge', help: 'When the process was started, unix seconds' },
  nodejs_heap_used_bytes: { kind: 'gauge', help: 'Heap of JavaScript in use' },
  nodejs_eventloop_lag_p99_seconds: {
    kind: 'gauge',
    help: 'Delay of timers since the scrape before, 99th percentile',
  },
} as const satisfies MetricSpecs

const LAG_RESOLUTION_MS = 20
const NS = 1e-9

/** Reads them at every scrape. */
export function collectProcess(registry: MetricsRegistry<typeof PROCESS_METRICS>): void {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  lag.enable()
  registry.set('process_start_time_seconds', Date.now() / 1000 - process.uptime())
  registry.collect(() => {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    registry.count('process_cpu_seconds_total', (user + system) / 1e6)
    registry.set('process_resident_memory_bytes', rss)
    registry.set('nodejs_heap_used_bytes', heapUsed)
    const p99 = lag.percentile(99) * NS
    registry.set('nodejs_eventloop_lag_p99_seconds', Number.isFinite(p99) ? p99 : 0)
    lag.reset()
  })
}
