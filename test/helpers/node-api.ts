import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RsdpClient } from '../../src/api/client.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'

const REPLY_MS = 15_000

/** The API of a node that runs as a process. */
export function clientOf({ dataDir }: Pick<LocalNode, 'dataDir'>): RsdpClient {
  const text = readFileSync(join(dataDir, 'control.json'), 'utf8')
  return new RsdpClient(JSON.parse(text) as { port: number; token: string }, REPLY_MS)
}

/** Waits until something holds that has to be asked for. */
export async function untilTrue(condition: () => Promise<boolean>, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${condition.toString()}`)
    await sleep(100)
  }
}
