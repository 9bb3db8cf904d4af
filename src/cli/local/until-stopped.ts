import type { NodeProcess } from './node-process.ts'

/** How often dead processes are looked for. */
const LOOK_MS = 200

/** Resolves when interrupted; throws when a node ends by itself. */
export async function untilStopped(nodes: readonly NodeProcess[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dead = nodes.find((node) => node.exitCode !== null)
    if (dead !== undefined) throw dead.failure()
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
