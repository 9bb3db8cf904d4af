import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import { holdPort } from '../../src/cli/local/ports.ts'

/** Where Debian and RabbitMQ's own packages put the programs that do not change the user. */
const PROGRAMS = ['/usr/lib/rabbitmq/bin', '/usr/local/sbin', '/opt/rabbitmq/sbin']
const READY_MS = 120_000

/** A RabbitMQ of its own that a test may kill, block and start again; null where it is not installed. */
export class PrivateBroker {
  readonly url: string
  readonly #programs: string
  readonly #env: NodeJS.ProcessEnv
  readonly #folder: string
  #child: ChildProcess | null = null

  private constructor(programs: string, folder: string, port: number, distPort: number) {
    this.url = `amqp://guest:guest@127.0.0.1:${port}/`
    this.#programs = programs
    this.#folder = folder
    this.#env = {
      PATH: process.env['PATH'],
      HOME: folder,
      RABBITMQ_NODENAME: `rsdp-${port}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    }
    writeFileSync(join(folder, 'rabbitmq.conf'), `listeners.tcp.1 = 127.0.0.1:${port}\n`)
    writeFileSync(join(folder, 'plugins'), '[].\n')
  }

  static async create(): Promise<PrivateBroker | null> {
    const programs = PROGRAMS.find((path) => existsSync(join(path, 'rabbitmq-server')))
    if (programs === undefined) return null
    const folder = mkdtempSync(join(tmpdir(), 'rsdp-broker-'))
    const [clients, nodes] = [await holdPort(), await holdPort()]
    clients.release()
    nodes.release()
    return new PrivateBroker(programs, folder, clients.port, nodes.port)
  }

  /** Resolves when clients can connect. */
  async start(): Promise<void> {
    const child = spawn(join(this.#programs, 'rabbitmq-server'), {
      env: this.#env,
      stdio: 'ignore',
      detached: true,
    })
    this.#child = child
    const endMs = performance.now() + READY_MS
    while (!(await this.#takesClients())) {
      if (child.exitCode !== null) throw new Error(`the broker ended with ${child.exitCode}`)
      if (performance.now() > endMs) throw new Error(`the broker takes no clients after ${READY_MS} ms`)
      await sleep(100)
    }
  }

  /** At once, as by a power cut. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child?.pid === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    // the shell script and the Erlang machine under it
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }

  /** Blocks every connection that publishes, as a broker short of memory does, until `unblock`. */
  block(): Promise<void> {
    return this.#control('set_vm_memory_high_watermark', 'absolute', '1')
  }

  unblock(): Promise<void> {
    return this.#control('set_vm_memory_high_watermark', '0.4')
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #control(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(join(this.#programs, 'rabbitmqctl'), [...args], { env: this.#env })
  }

  async #takesClients(): Promise<boolean> {
    try {
      const model = await connect(this.url, { timeout: 2_000 })
      await model.close()
      return true
    } catch {
      return false
    }
  }
}
