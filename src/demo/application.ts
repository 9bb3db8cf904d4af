import { systemClock } from '../adapters/system/clock.ts'
import { fromHex } from '../codec/hex.ts'
import type { Application } from '../compose/create-node.ts'
import { rateLease } from '../reducers/rate-lease.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import type { Digest } from '../types/ids.ts'
import { ProviderClient } from './provider-client.ts'
import { ProviderSource, sessionName } from './provider-source.ts'
import { loadTrace } from './trace.ts'
import { requestsOfMember } from './traffic.ts'
import { RateLimitSource } from './workload.ts'

/** Where the node runs. */
export interface Place {
  readonly deploymentId: Digest
  /** Whether the chain is a development chain on this machine. */
  readonly isLocal: boolean
}

/**
 * A queue of LLM requests, in front of a provider that is replayed or real. Its requests are those of a recorded trace: off local
 * chains no node brings them to a task of somebody else, unless its operator names a provider for them.
 *
 * @param url of the provider; leases need one to lend from
 */
export function demoApplication(
  url: string | undefined,
  { deploymentId, isLocal }: Place,
): Application | null {
  if (url === undefined && !isLocal) return null
  const provider = url === undefined ? null : new ProviderClient(url)
  return {
    reducers: provider === null ? [rateLimit.id] : [rateLimit.id, rateLease.id],
    open: ({ reducer, taskId, params, self: member, members, decided }) => {
      const rows = loadTrace()
      const bytes = fromHex(params.reducerParams)
      if (reducer === rateLimit.id) {
        const demandMax = rateLimit.params.decode(bytes)?.demandMax
        return demandMax === undefined
          ? null
          : new RateLimitSource({ rows, member, members, demandMax, decided })
      }
      const lease = rateLease.params.decode(bytes)
      if (lease === null || provider === null) return null
      const { heights } = params
      const requests = requestsOfMember(rows, heights, member, members)
      const session = sessionName(deploymentId, taskId)
      const init = {
        ...{ provider, clock: systemClock, session, requests, heights, member, params: lease, decided },
      }
      const source = new ProviderSource(init)
      source.start()
      return source
    },
  }
}
