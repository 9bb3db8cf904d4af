import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../../../src/cli/environment.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))
const STOP_MS_MAX = 30_000
const TAIL_LINES = 12

/** Envelope of a command with `--json`, and how it ended. */
export interface Told {
  readonly code: number | null
  readonly data: Readonly<Record<string, unknown>>
  readonly error: { readonly code: string; readonly message: string } | null
  readonly stderr: string
}

export interface Running {
  readonly exited: Promise<number | null>
  stop(): Promise<number | null>
}

/** A folder with keys, data directories and journals of its own, in which commands run as processes. */
export class LifeDesk {
  readonly #dir = mkdtempSync(join(tmpdir(), 'rsdp-life-'))
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Set<Running>()

  constructor(rpcUrl: string) {
    this.#env = {
      ...environmentForChildren(),
      XDG_STATE_HOME: join(this.#dir, 'state'),
      RSDP_RPC_URL: rpcUrl,
      RSDP_DEPLOYMENT: this.file('deployment.json'),
    }
    writeFileSync(this.file('password'), 'a password of this desk\n', { mode: 0o600 })
  }

  file(name: string): string {
    return join(this.#dir, name)
  }

  /** Runs `rsdp … --json` to its end. */
  async run(...words: readonly string[]): Promise<Told> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, ...words, '--json'],
      {
        cwd: this.#dir,
        env: this.#env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const last = stdout.trim().split('\n').at(-1) ?? ''
    const { data = {}, error = null } = (last === '' ? {} : JSON.parse(last)) as Partial<Told>
    return { code, data, error, stderr: stderr + stdout }
  }

  /** Runs a command that has to end with this exit code. @throws with what it wrote */
  async must(exit: number, ...words: readonly string[]): Promise<Told['data']> {
    const told = await this.run(...words)
    if (told.code !== exit)
      throw new Error(`rsdp ${words.join(' ')}: exit ${String(told.code)}, not ${exit}: ${told.stderr}`)
    return told.data
  }

  /** Starts a node, whose log is in its data directory. */
  start(...words: readonly string[]): Running {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...words], {
      cwd: this.#dir,
      env: this.#env,
      stdio: 'ignore',
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const running: Running = {
      exited,
      stop: async () => {
        this.#running.delete(running)
        child.kill('SIGTERM')
        const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
        const code = await exited
        clearTimeout(kill)
        return code
      },
    }
    this.#running.add(running)
    return running
  }

  /** The last lines of a file, for who looks for a fault; nothing if it is not there. */
  tail(name: string): string {
    if (!existsSync(this.file(name))) return ''
    const lines = readFileSync(this.file(name), 'utf8').trim().split('\n')
    return lines.slice(-TAIL_LINES).join('\n')
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()))
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
