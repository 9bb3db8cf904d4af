import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Something that keeps small values, under the same load as others. */
export interface System {
  readonly name: string
  /** What an acknowledged put has been through. */
  readonly promise: string
  /** Resolves once the put is acknowledged. Each client has one key. */
  put(client: number, value: Uint8Array): Promise<void>
  stop(): Promise<void>
}

/** Whether a program is on this machine. */
export function isInstalled(program: string): boolean {
  return spawnSync('which', [program], { stdio: 'ignore' }).status === 0
}

/** Ports of the loopback interface that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** A process without output. */
export function startQuietly(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' })
}

/** Ends a process and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}

/** Asks again until it does not reject, for a minute. */
export async function until<T>(what: string, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`${what} did not begin within 60 s`, { cause })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
