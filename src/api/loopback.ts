import type { Server } from 'node:http'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** The interface that everything but a gateway listens on. */
export const HOST = '127.0.0.1'
/** Names under which a browser on this machine may ask: anything else is DNS rebinding. */
const HOSTS = new Set([HOST, 'localhost'])

/** Whether a request means this machine. @param host its `Host` header */
export function isLocalHost(host: string | undefined): boolean {
  return HOSTS.has((host ?? '').replace(/:\d+$/, ''))
}

/**
 * @param flag what chooses another port
 * @param host of a gateway alone: everything else is for this machine
 * @returns the port, which the system chose if 0 was asked
 * @throws RsdpError E_ADDR_IN_USE
 */
export function listen(server: Server, port: number, flag = '--api-port', host = HOST): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new RsdpError({
          code: 'E_ADDR_IN_USE',
          message: `cannot listen on ${host}:${port} (${cause.code ?? 'error'})`,
          hint: `stop what uses the port, or choose another with ${flag} (0 picks a free one)`,
          exit: EXIT.busy,
          cause,
        }),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Ends a server and every connection to it, open streams as well. */
export function closeAll(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Few headers, and none of them slow: what every server of this program allows. */
export function limitRequests(server: Server): void {
  server.maxHeadersCount = 32
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
}
