import { availableParallelism, freemem } from 'node:os'

/**
 * What one node takes, measured: its share of the resident memory (PSS). 31 idle nodes took 159 MiB each, 4 in a task 207
 * MiB.
 */
const NODE_BYTES = 210 * 1_048_576
/** Nodes that one core keeps up with at the pace of the demo. */
const NODES_PER_CORE = 8
const GIB = 1_073_741_824

/** Why so many nodes may be too many for this machine; null if they are not. */
export function machineWarning(
  nodes: number,
  machine = { cores: availableParallelism(), freeBytes: freemem() },
): string | null {
  const needsBytes = nodes * NODE_BYTES
  const needsCores = Math.ceil(nodes / NODES_PER_CORE)
  if (needsBytes <= machine.freeBytes && needsCores <= machine.cores) return null
  return (
    `${nodes} nodes take about ${(needsBytes / GIB).toFixed(1)} GiB of memory and ${needsCores} cores;` +
    ` ${(machine.freeBytes / GIB).toFixed(1)} GiB and ${machine.cores} are free here: expect missed rounds`
  )
}
