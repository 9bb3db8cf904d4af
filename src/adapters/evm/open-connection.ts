import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { Connection } from './connection.ts'
import type { Deployment } from './deployment.ts'
import { Endpoint } from './endpoints/endpoint.ts'
import { forkError } from './endpoints/faults.ts'
import { agreedHead } from './endpoints/judge.ts'
import type { OnEndpoint } from './endpoints/pool.ts'
import { EndpointPool } from './endpoints/pool.ts'
import type { HttpLimits } from './http-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from './http-rpc.ts'
import { nodePost } from './node-post.ts'
import { parseRpcUrls } from './rpc-url.ts'

export interface ConnectionOptions {
  /** One endpoint, or several by order of preference, separated by spaces. */
  readonly rpcUrl: string
  readonly deployment: Deployment
  readonly http?: Partial<HttpLimits>
  readonly onEndpoint?: OnEndpoint
}

/** Of one endpoint among several: the others can answer meanwhile. */
const TIMEOUT_MS = 10_000

/**
 * A connection whose endpoints have all been checked. Of several, those that do not answer are left out as long as one does;
 * one that serves another chain or deployment is a mistake of whoever named it.
 *
 * @throws RsdpError E_RPC_URL, E_NO_ARTIFACTS, E_RPC_FORK and those of `Connection.verify`
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { deployment, http, onEndpoint } = options
  const urls = parseRpcUrls(options.rpcUrl)
  const limits = { ...HTTP_LIMITS, ...(urls.length > 1 ? { timeoutMs: TIMEOUT_MS } : {}), ...http }
  const rpcs = urls.map((url) => new HttpRpc(url, limits, nodePost))
  const shown = rpcs.map((rpc) => rpc.shown)
  const endpoints = rpcs.map((rpc, at) => {
    // two of one host differ in what is not shown: their path
    const isUnique = shown.filter((other) => other === rpc.shown).length === 1
    return new Endpoint(isUnique ? rpc.shown : `${rpc.shown} (${at + 1})`, new Connection(deployment, rpc))
  })
  const [only] = endpoints
  const pool = new EndpointPool(rpcs, endpoints, onEndpoint)
  const connection =
    only !== undefined && endpoints.length === 1 ? only.connection : new Connection(deployment, pool)
  try {
    await verifyAll(connection.pool)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Checks each endpoint, and that those which have a block in common that should be final show the same. */
async function verifyAll(pool: EndpointPool): Promise<void> {
  if (pool.all.length === 1) {
    await pool.all[0]?.connection.verify()
    return
  }
  const answers = await Promise.all(
    pool.all.map(async (endpoint) => {
      try {
        await endpoint.connection.verify()
        return { endpoint, head: await endpoint.head() }
      } catch (error) {
        if (!(error instanceof RsdpError) || error.exit !== EXIT.unreachable) throw error
        pool.note(endpoint, { kind: 'down', text: error.message })
        return error
      }
    }),
  )
  const up = answers.flatMap((one) => (one instanceof RsdpError ? [] : [one]))
  const [failure] = answers.filter((one) => one instanceof RsdpError)
  if (up.length === 0 && failure !== undefined) throw failure
  await requireOneHistory(pool, new Map(up.map(({ endpoint, head }) => [endpoint, head])))
}

async function requireOneHistory(pool: EndpointPool, heads: ReadonlyMap<Endpoint, number>): Promise<void> {
  const [first] = heads.keys()
  const depth = first?.connection.deployment.windows.reorgDepth ?? 0
  const head = agreedHead([...heads.values()], depth)
  const late = [...heads].filter(([, own]) => head - own > depth)
  for (const [endpoint, own] of late)
    pool.note(endpoint, { kind: 'behind', text: `is at block ${own}, ${head - own} blocks behind` })
  const common = Math.max(0, Math.min(...heads.values()) - depth)
  const hashes = new Map(
    await Promise.all(
      [...heads.keys()].map(async (one) => [one.name, (await one.block(common)).hash] as const),
    ),
  )
  if (new Set(hashes.values()).size > 1) throw forkError(common, hashes)
}
