import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../../src/cli/environment.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** `rsdp dev` as a process of its own. */
export interface DevNetwork {
  readonly rpcUrl: string
  readonly deployment: string
  /** Address of its dashboard. */
  readonly dashboard: string
  /** The same for whoever may do something to the nodes. */
  readonly drills: string
  /** Ends it as Ctrl-C does. */
  close(): Promise<void>
}

/** Starts `rsdp dev` with a dashboard, on free ports, and waits until it is ready. */
export async function startDevNetwork(...args: readonly string[]): Promise<DevNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-dev-'))
  const deployment = join(folder, 'deployment.json')
  const places = [
    '--port',
    '0',
    '--ui-port',
    '0',
    '--data-dir',
    join(folder, 'data'),
    '--deployment',
    deployment,
  ]
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, 'dev', '--json', ...places, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: environmentForChildren() },
  )
  let [stdout, stderr] = ['', '']
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.stderr.on('data', (data: Buffer) => (stderr = (stderr + data.toString()).slice(-4_000)))
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString()
      if (stdout.includes('\n')) resolve()
    })
    void ended.then(() => reject(new Error(`rsdp dev ended: ${stderr}`)))
  })
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  await ready
  const { data } = JSON.parse(stdout) as {
    readonly data: { readonly rpcUrl: string; readonly dashboard: string; readonly drills: string }
  }
  return { rpcUrl: data.rpcUrl, dashboard: data.dashboard, drills: data.drills, deployment, close }
}
