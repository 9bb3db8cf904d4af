import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from 'ethers'
import { invariant, RsdpError } from '../../../types/errors.ts'
import { EXIT } from '../../../types/exit-codes.ts'
import type { Rpc } from '../http-rpc.ts'
import type { Trouble as Refused } from '../trouble.ts'
import { troubleOf } from '../trouble.ts'
import type { Endpoint, EndpointTrouble } from './endpoint.ts'

/** Refusals that another endpoint may not share. */
const ELSEWHERE: ReadonlySet<Refused> = new Set(['method', 'params', 'state', 'behind', 'auth'])

/** For people and for health. */
export interface EndpointStatus {
  readonly name: string
  /** Null: nothing is wrong with it. */
  readonly trouble: EndpointTrouble | null
  /** Times that something was wrong. */
  readonly troubles: number
}

/** Told of every change: null, all is well again. */
export type OnEndpoint = (name: string, trouble: EndpointTrouble | null) => void

/**
 * Several endpoints as one. A request goes to the first with which nothing is wrong, and to the next if that gives no
 * answer. One that gives none is left out until it serves the deployment again.
 */
export class EndpointPool implements Rpc {
  readonly #rpcs: readonly Rpc[]
  readonly #endpoints: readonly Endpoint[]
  readonly #troubles = new Map<Endpoint, Map<string, number>>()
  readonly #probes = new Set<Endpoint>()
  readonly #onEndpoint: OnEndpoint
  #isClosed = false

  /**
   * @param rpcs by order of preference
   * @param endpoints each with a connection over the one of `rpcs` at its place
   */
  constructor(
    rpcs: readonly Rpc[],
    endpoints: readonly Endpoint[],
    onEndpoint: OnEndpoint = () => undefined,
  ) {
    this.#rpcs = rpcs
    this.#endpoints = endpoints
    this.#onEndpoint = onEndpoint
  }

  get shown(): string {
    return this.#rpcs.map(({ shown }) => shown).join(', ')
  }

  /** Each endpoint is verified again by itself. */
  get outages(): number {
    return 0
  }

  get all(): readonly Endpoint[] {
    return this.#endpoints
  }

  status(): EndpointStatus[] {
    return this.#endpoints.map((endpoint) => ({
      name: endpoint.name,
      trouble: endpoint.trouble,
      troubles: [...(this.#troubles.get(endpoint)?.values() ?? [])].reduce((sum, count) => sum + count, 0),
    }))
  }

  /** Those that answer; all of them if none does. The others are tried again meanwhile. */
  answering(): readonly Endpoint[] {
    const up = this.#endpoints.filter(({ trouble }) => trouble?.kind !== 'down')
    if (up.length === 0) return this.#endpoints
    for (const endpoint of this.#endpoints) if (endpoint.trouble?.kind === 'down') this.#probe(endpoint)
    return up
  }

  /** Notes what is wrong with an endpoint, or that nothing is. Told at the 1st, 10th, 100th … time of each kind. */
  note(endpoint: Endpoint, trouble: EndpointTrouble | null): void {
    const before = endpoint.trouble
    endpoint.trouble = trouble
    const kind = trouble?.kind ?? before?.kind
    if (before?.kind === trouble?.kind || kind === undefined || this.#isClosed) return
    const counts = this.#troubles.get(endpoint) ?? new Map<string, number>()
    const count = (counts.get(kind) ?? 0) + (trouble === null ? 0 : 1)
    this.#troubles.set(endpoint, counts.set(kind, count))
    if (/^10*$/.test(String(count))) this.#onEndpoint(endpoint.name, trouble)
  }

  /** What an endpoint answers; its error, and it counts as down, if it does not. @throws whatever is no fault of an endpoint */
  async attempt<T>(endpoint: Endpoint, ask: () => Promise<T>): Promise<T | RsdpError> {
    try {
      return await ask()
    } catch (error) {
      // an only endpoint that serves another chain or deployment is the operator's mistake
      if (!(error instanceof RsdpError)) throw error
      if (error.exit !== EXIT.unreachable && this.#endpoints.length === 1) throw error
      this.note(endpoint, { kind: 'down', text: error.message })
      return error
    }
  }

  async request(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    let refusal: JsonRpcError | null = null
    let failure: RsdpError | null = null
    for (const at of this.#order()) {
      const rpc = this.#rpcs[at]
      invariant(rpc !== undefined, 'every endpoint has a transport')
      try {
        const answer = await rpc.request(payload)
        if (!('error' in answer) || !isElsewhere(payload, answer)) return answer
        refusal ??= answer
      } catch (error) {
        if (!(error instanceof RsdpError)) throw error
        failure ??= error
        const endpoint = this.#endpoints[at]
        if (endpoint !== undefined) this.note(endpoint, { kind: 'down', text: error.message })
      }
    }
    if (refusal !== null) return refusal
    throw failure ?? new Error('there is no endpoint')
  }

  close(): void {
    this.#isClosed = true
    for (const rpc of this.#rpcs) rpc.close()
  }

  /** Those with which nothing is wrong first, then those that answer. */
  #order(): number[] {
    const rank = (at: number): number => {
      const kind = this.#endpoints[at]?.trouble?.kind
      return kind === undefined ? 0 : kind === 'down' ? 2 : 1
    }
    return [...this.#rpcs.keys()].sort((a, b) => rank(a) - rank(b) || a - b)
  }

  #probe(endpoint: Endpoint): void {
    if (this.#probes.has(endpoint)) return
    this.#probes.add(endpoint)
    void endpoint.connection
      .verify()
      .then(
        () => this.note(endpoint, null),
        (error: unknown) => {
          const text = error instanceof Error ? error.message : String(error)
          this.note(endpoint, { kind: 'down', text })
        },
      )
      .finally(() => this.#probes.delete(endpoint))
  }
}

function isElsewhere({ method }: JsonRpcPayload, { error }: JsonRpcError): boolean {
  const { code, message = '' } = error
  const data = error.data as unknown
  return ELSEWHERE.has(troubleOf({ method, status: 200, code, message, data }))
}
