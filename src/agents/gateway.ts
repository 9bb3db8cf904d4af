import { Bucket } from '../adapters/wire/bucket.ts'
import { callDigest } from '../codec/gateway-call.ts'
import type { Clock } from '../ports/clock.ts'
import type { Admitted, Denial, Gateway, GatewayCall } from '../ports/gateway.ts'
import type { RecoverSigner } from '../ports/keyring.ts'
import type { Stores } from '../ports/stores.ts'
import type { Permit } from '../services/gateway/permits.ts'
import type { Verb } from '../types/gateway.ts'
import type { Address, Digest } from '../types/ids.ts'
import { RoutedAsks } from './routed-asks.ts'

export interface NodeGatewayInit {
  readonly key: Address
  readonly deploymentId: Digest
  readonly clock: Clock
  /** Unix time, ms. */
  readonly unixMs: () => number
  readonly recover: RecoverSigner
  readonly stores: Pick<Stores, 'ask'>
  readonly permitOf: (task: bigint, service: number, key: Address) => Permit | null
  /** Whether a copy of a gateway that calls the service is placed here. */
  readonly isPlaced: (task: bigint, service: number) => boolean
}

/** How far the clocks of a client and a gateway may be apart, ms. */
const CLOCKS_MS = 30_000
/** Longer than any signature is taken: from the moment that it is signed for, one span before and one after. */
const KEEP_MS = 2 * CLOCKS_MS + 1_000
/** Calls a second and at once from one address, before anything is known of who calls. */
const KNOCKS = { perSecond: 200, burst: 400 } as const
/** Addresses that are remembered, and keys. Beyond that the one that was quiet for longest is forgotten. */
const REMEMBERED_MAX = 4_096

/** The flow of a request from outside: authenticate, authorise, rate-limit; then it is processed by `RoutedAsks`. */
export class NodeGateway implements Gateway {
  readonly key: Address
  readonly deploymentId: Digest
  readonly #init: NodeGatewayInit
  readonly #asks: RoutedAsks
  readonly #knocks = new Map<string, Bucket>()
  readonly #rates = new Map<string, Bucket>()
  /** A call that was signed before was perhaps handled in an earlier life, of which nothing is known. */
  readonly #bornMs: number
  #latestMs = 0
  #admitted = 0

  constructor(init: NodeGatewayInit) {
    this.#init = init
    this.key = init.key
    this.deploymentId = init.deploymentId
    this.#asks = new RoutedAsks({ clock: init.clock, stores: init.stores, keepMs: KEEP_MS })
    this.#bornMs = init.unixMs()
  }

  /** Never falls: a clock that is set back would make old signatures good again, whose calls are forgotten. */
  now(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#init.unixMs())
    return this.#latestMs
  }

  /** Calls that were let in since the start. */
  get admitted(): number {
    return this.#admitted
  }

  admit({ from, headers, line, body, task, service, verb }: GatewayCall): ReturnType<Gateway['admit']> {
    const { recover, permitOf, isPlaced } = this.#init
    const { key: gateway, deploymentId } = this
    if (!this.#take(this.#knocks, from, KNOCKS.perSecond, KNOCKS.burst))
      return denied('crowd', 'too many calls from this address')
    const { atMs, patienceMs, priority, id, signature } = headers
    const nowMs = this.now()
    if (Math.abs(nowMs - atMs) > CLOCKS_MS || atMs < this.#bornMs)
      return denied('clock', `it was signed at ${atMs}, and here it is ${nowMs}: sign it again`)
    if (!isPlaced(task, service))
      return denied('no-gateway', 'no gateway of this service is placed here: ask another node')
    const digest = callDigest({ deploymentId, gateway, atMs, patienceMs, priority, id, line, body })
    const client = recover(digest, signature)
    const permit = client === null ? null : permitOf(task, service, client)
    if (client === null || permit === null || !mayAsk(permit.verbs, verb))
      return denied('forbidden', `the ledger permits no ${verb} to ${client ?? 'nobody'}`)
    const { perSecond } = permit
    if (!this.#take(this.#rates, `${task} ${service} ${client} ${perSecond}`, perSecond, perSecond))
      return denied('rate', `more than ${perSecond} requests a second`)
    this.#admitted += 1
    return this.#asks.for({ id: `${client} ${digest}`, priority, patienceMs })
  }

  /** Ends what is under way. */
  stop(): void {
    this.#asks.stop()
  }

  #take(of: Map<string, Bucket>, name: string, perSecond: number, burst: number): boolean {
    const bucket = of.get(name) ?? new Bucket(this.#init.clock, perSecond, burst)
    of.delete(name)
    of.set(name, bucket)
    const [oldest] = of.size > REMEMBERED_MAX ? of.keys() : []
    if (oldest !== undefined) of.delete(oldest)
    return bucket.take(1)
  }
}

/** A session is what puts and deletes of a strong store need to be applied once. */
function mayAsk(verbs: readonly Verb[], verb: GatewayCall['verb']): boolean {
  if (verb === 'session') return verbs.includes('put') || verbs.includes('delete')
  return verbs.includes(verb)
}

function denied(reason: Denial, why: string): Exclude<ReturnType<Gateway['admit']>, Admitted> {
  return { denied: reason, why }
}
