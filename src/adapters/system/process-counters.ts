import { availableParallelism } from 'node:os'
import type { Counters } from './counters.ts'

/** Of this process alone: its own processor time and memory. What it sends is not counted by the system. */
export function processReader(): Counters {
  const { user, system } = process.cpuUsage()
  return {
    cores: availableParallelism(),
    coreSeconds: (user + system) / 1e6,
    memoryBytes: process.constrainedMemory() || Number.MAX_SAFE_INTEGER,
    memoryUsedBytes: process.memoryUsage.rss(),
    linkMbits: null,
    networkBytes: 0,
  }
}
