import { connect, createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'

export interface TcpTarget {
  /** `ip4`, `ip6`, `dns`, … */
  readonly protocol: string
  readonly host: string
  readonly port: number
}

const DIAL_MS = 2_000

/** Host and port of a multiaddr; null if it is not one of TCP. */
export function tcpOf(text: string): TcpTarget | null {
  try {
    const parts = multiaddr(text).getComponents()
    const host = parts.find(({ name }) => /^(ip4|ip6|dns|dns4|dns6)$/.test(name))
    const port = Number(parts.find(({ name }) => name === 'tcp')?.value)
    if (host?.value === undefined || !Number.isInteger(port)) return null
    return { protocol: host.name, host: host.value, port }
  } catch {
    return null
  }
}

/** Code of the error with which the port cannot be listened on; null if it can. */
export function bindError({ host, port }: TcpTarget): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    server.listen(port, host, () => server.close(() => resolve(null)))
  })
}

export type Dialled = { readonly ms: number } | { readonly error: string }

/** Opens a TCP connection and closes it: how long that took, or the code of the error. Ends within two seconds. */
export function dialTcp({ host, port }: TcpTarget): Promise<Dialled> {
  return new Promise((resolve) => {
    const started = performance.now()
    const socket = connect({ host, port })
    // not the socket's own: it begins once the name is resolved
    const timer = setTimeout(() => end({ error: 'ETIMEDOUT' }), DIAL_MS)
    const end = (result: Dialled): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => end({ ms: performance.now() - started }))
    socket.once('error', (error: NodeJS.ErrnoException) => end({ error: error.code ?? 'error' }))
  })
}

/**
 * Dials an address of this machine while something listens on its port: the node itself if it runs, else a listener that
 * is there for the attempt only. Null if that got through.
 */
export async function dialSelf(target: TcpTarget): Promise<string | null> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => {
    // taken: by the node, or by something else that will not answer as the node later
    server.once('error', () => resolve())
    server.listen(target.port, () => resolve())
  })
  try {
    const dialled = await dialTcp(target)
    return 'error' in dialled ? dialled.error : null
  } finally {
    server.close()
  }
}
