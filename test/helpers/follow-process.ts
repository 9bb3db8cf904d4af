import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../../src/cli/environment.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A line that `rsdp audit follow --json` wrote. */
export type FollowLine = Readonly<Record<string, unknown>> & { readonly type: string }

/** A watcher as its user runs it. */
export class FollowProcess {
  readonly lines: FollowLine[] = []
  /** Exit code; the process has ended and all that it wrote is in `lines`. */
  readonly exited: Promise<number | null>
  stderr = ''
  readonly #child: ChildProcess

  /** @param stateHome where what was told is kept */
  constructor(args: readonly string[], stateHome: string) {
    const env = { ...environmentForChildren(), XDG_STATE_HOME: stateHome }
    const argv = ['--disable-warning=ExperimentalWarning', MAIN, 'audit', 'follow', ...args, '--json']
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let rest = ''
    child.stdout.on('data', (data: Buffer) => {
      const parts = (rest + data.toString()).split('\n')
      rest = parts.pop() ?? ''
      this.lines.push(...parts.map((line) => JSON.parse(line) as FollowLine))
    })
    child.stderr.on('data', (data: Buffer) => (this.stderr += data.toString()))
    this.exited = new Promise((resolve) => child.once('close', resolve))
  }

  of(type: string): FollowLine[] {
    return this.lines.filter((line) => line.type === type)
  }

  /** Where it serves its metrics, once it has said so. */
  get metricsUrl(): string | null {
    return /metrics (http:\S+)/.exec(this.stderr)?.[1] ?? null
  }

  stop(): void {
    this.#child.kill('SIGTERM')
  }
}
