import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

export interface ProviderProcess {
  readonly url: string
  stop(): Promise<void>
}

const SCRIPT = fileURLToPath(new URL(`./provider${extname(import.meta.url)}`, import.meta.url))
const listening = z.object({ event: z.literal('provider.listening'), url: z.string() })

/**
 * Starts a provider as a process of its own, on a free port.
 *
 * @throws RsdpError E_PROVIDER_DIED
 */
export async function startProviderProcess(
  budget: number,
  windowMs: number,
  tokenFile: string,
): Promise<ProviderProcess> {
  const options = ['--port', '0', '--budget', String(budget), '--window-ms', String(windowMs)]
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', SCRIPT, ...options, '--token-file', tokenFile],
    // an own process group: a Ctrl-C in the terminal reaches the parent only, which still reads the counters
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await Promise.race([firstLine(child), exited.then(() => null)])
  if (url === null) {
    throw new RsdpError({
      code: 'E_PROVIDER_DIED',
      message: `the provider ended with exit code ${String(child.exitCode)} before it listened`,
      hint: 'see above for why',
      exit: EXIT.precondition,
    })
  }
  return {
    url,
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

/** Where it listens, as it says in its first line; null if that is something else. */
function firstLine(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    if (child.stdout === null) return resolve(null)
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve(listening.parse(JSON.parse(line)).url)
    })
  })
}
