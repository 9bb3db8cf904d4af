import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { System } from './system.ts'
import { end, freePorts, startQuietly, until } from './system.ts'

/** One Redis that writes its log with an fsync for each group of commands; a connection per client. */
export async function startRedis(clients: number): Promise<System> {
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-bench-redis-'))
  const [port = 0] = await freePorts(1)
  const child = startQuietly('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', scratch],
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
  ])
  const sockets: Socket[] = []
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await end(child)
    rmSync(scratch, { recursive: true, force: true })
  }
  const put = (client: number, value: Uint8Array): Promise<void> => {
    const socket = sockets[client]
    if (socket === undefined) return Promise.reject(new Error('no connection'))
    const key = `bench-${String(client)}`
    const head = `*3\r\n$3\r\nSET\r\n$${String(key.length)}\r\n${key}\r\n$${String(value.length)}\r\n`
    return new Promise((resolve, reject) => {
      socket.once('data', (answer) => {
        if (answer.toString() === '+OK\r\n') resolve()
        else reject(new Error(`redis answers ${answer.toString().trim()}`))
      })
      socket.write(Buffer.concat([Buffer.from(head), value, Buffer.from('\r\n')]))
    })
  }
  try {
    for (let i = 0; i < clients; i += 1) sockets.push(await until('redis', () => dial(port)))
  } catch (error) {
    await stop()
    throw error
  }
  return { name: 'redis', promise: 'one process, fsync', put, stop }
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    socket.setNoDelay()
  })
}
