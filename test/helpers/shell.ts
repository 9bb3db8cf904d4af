import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { createInterface } from 'node:readline'
import { eventually } from './eventually.ts'

export interface Typed {
  readonly code: number
  /** What the command has written so far, both streams; one in the background may go on. */
  readonly output: () => string
}

/** For a network to stop its nodes and its chain. */
const GRACE_MS = 30_000

/** One shell that commands are typed into: variables and processes in the background stay. Their input is closed. */
export class Shell {
  readonly #process: ChildProcess
  readonly #cwd: string
  readonly #exits: AsyncIterator<string>
  #typed = 0

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#cwd = cwd
    // a group of its own: what was started in it ends with it
    this.#process = spawn('sh', [], {
      cwd,
      env,
      stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
      detached: true,
    })
    const exits = this.#process.stdio[3] as Readable
    this.#exits = createInterface({ input: exits })[Symbol.asyncIterator]()
  }

  async type(command: string): Promise<Typed> {
    const file = `.typed-${String(this.#process.pid)}-${String((this.#typed += 1))}`
    const stdin = this.#process.stdin as Writable
    stdin.write(`{ ${command}\n} < /dev/null > ${file} 2>&1; echo $? >&3\n`)
    const exit: IteratorResult<string, unknown> = await this.#exits.next()
    if (exit.done === true) throw new Error(`the shell ended at ${command}`)
    return { code: Number(exit.value), output: () => readFileSync(join(this.#cwd, file), 'utf8') }
  }

  /** Ends the shell and everything that was started in it: a network that is told to end stops its nodes first. */
  async close(): Promise<void> {
    const { pid } = this.#process
    if (pid === undefined) return
    const reach = (signal: NodeJS.Signals | 0): boolean => {
      try {
        return process.kill(-pid, signal)
      } catch {
        return false // nobody is left
      }
    }
    reach('SIGTERM')
    await eventually(() => !reach(0), GRACE_MS).catch(() => reach('SIGKILL'))
  }
}
