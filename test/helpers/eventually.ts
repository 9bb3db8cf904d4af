import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Returns as soon as the condition holds, asked every 5 ms; throws with its source text when the deadline passes. For
 * waiting on real I/O only: what runs on a virtual clock is stepped instead.
 */
export async function eventually(condition: () => boolean, deadlineMs = 45_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${condition.toString()}`)
    await sleep(5)
  }
}
