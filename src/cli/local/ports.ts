import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** A TCP port of the loopback interface that nothing else takes until it is released. */
export interface HeldPort {
  readonly port: number
  /** Just before a process of ours listens there. May be called twice. */
  readonly release: () => void
}

const HOST = '127.0.0.1'
/** Services have the ports below. */
const PORT_MIN = 10_000
/** Where no system says otherwise, outgoing connections begin here. */
const OUTGOING_MIN = 32_768
const ATTEMPTS_MAX = 200

/**
 * Holds a free port of those that the system gives to no outgoing connection: between its release and the start of a
 * node, only a program that asks for this very port can take it.
 */
export async function holdPort(): Promise<HeldPort> {
  const max = outgoingMin()
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = PORT_MIN + Math.floor(Math.random() * (max - PORT_MIN))
    const server = await listen(port)
    if (server !== null) return { port, release: () => void server.close() }
  }
  throw new RsdpError({
    code: 'E_ADDR_IN_USE',
    message: `no free port was found from ${PORT_MIN} to ${max - 1}`,
    hint: 'stop other programs that listen there',
    exit: EXIT.busy,
  })
}

/** First port that the system gives to outgoing connections, if that leaves any below. */
function outgoingMin(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
    return first > PORT_MIN + 1_000 ? first : OUTGOING_MIN
  } catch {
    return OUTGOING_MIN
  }
}

/** Null if the port is taken. */
function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    // whoever connects before a node is there finds nobody
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(null))
    server.listen(port, HOST, () => resolve(server.unref()))
  })
}
