import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { environmentForChildren } from '../environment.ts'
import { MAIN_FILE } from './main-file.ts'

/** One line of a node's log: a stable event name and its facts. */
export interface NodeEvent {
  readonly event: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface NodeProcessInit {
  readonly name: string
  /** Absent: `node run`. */
  readonly command?: readonly string[]
  readonly args: readonly string[]
  /** Settings that no other user of the machine may see. */
  readonly env?: Readonly<Record<string, string>>
  readonly onEvent: (event: NodeEvent) => void
}

/** Lines of stderr kept for the message when a node dies. */
const STDERR_LINES = 20

/** A node as a process of its own: `rsdp node run …`, its log read line by line. */
export class NodeProcess {
  readonly name: string
  /** Exit code, or null while it runs. */
  exitCode: number | null = null
  readonly #child: ChildProcess
  readonly #stderr: string[] = []
  readonly #exited: Promise<number>

  constructor({ name, command = ['node', 'run'], args, env = {}, onEvent }: NodeProcessInit) {
    this.name = name
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN_FILE, ...command, ...args],
      // an own process group: a Ctrl-C in the terminal reaches the parent only, which stops its nodes in order
      // the channel carries nothing: its end tells the node that the parent is gone, however that ended
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        detached: true,
        env: { ...environmentForChildren(), ...env },
      },
    )
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.exitCode = code ?? (signal === null ? 1 : 128)
        resolve(this.exitCode)
      })
    })
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const parsed = parseLine(line)
        if (parsed !== null) onEvent(parsed)
      })
    }
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => {
        this.#stderr.push(line)
        if (this.#stderr.length > STDERR_LINES) this.#stderr.shift()
      })
    }
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Why it died, as far as it said so. */
  failure(): RsdpError {
    return new RsdpError({
      code: 'E_NODE_DIED',
      message: `node ${this.name} ended with exit code ${String(this.exitCode)}: ${this.#stderr.join(' | ')}`,
      hint: 'its log is in its data directory',
      exit: EXIT.precondition,
      details: { node: this.name, exitCode: this.exitCode },
    })
  }

  /** SIGTERM, then SIGKILL after `graceMs`. Resolves to the exit code. */
  async stop(graceMs: number): Promise<number> {
    if (this.exitCode !== null) return this.exitCode
    this.#child.kill('SIGTERM')
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    const code = await this.#exited
    clearTimeout(kill)
    return code
  }
}

/** A log line of ours, or null for anything else that a process prints. */
export function parseLine(line: string): NodeEvent | null {
  if (!line.startsWith('{')) return null
  try {
    const { event, ...facts } = JSON.parse(line) as Record<string, unknown>
    return typeof event === 'string' ? { event, facts } : null
  } catch {
    return null
  }
}
