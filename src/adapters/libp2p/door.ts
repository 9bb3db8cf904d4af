import type { Clock } from '../../ports/clock.ts'
import { Bucket } from '../wire/bucket.ts'
import { THIS_MACHINE } from './host.ts'
import type { Host } from './host.ts'

/** Connections a second and at once: from one unknown host, from all of them together, from the host of a member. */
export const KNOCKS = {
  host: { perSecond: 4, burst: 16 },
  everybody: { perSecond: 128, burst: 256 },
  member: { perSecond: 32, burst: 64 },
} as const

/** Connections that have not proved an identity yet. */
export const WAITING_MAX = 128

/** Hosts whose rate is remembered; beyond, the one that was quiet for longest starts anew. */
export const HOSTS_MAX = 4_096

export interface DoorComponents {
  readonly clock: Clock
  /** Whether a member of an own cluster is reached there, or has proved itself from there. */
  readonly isMembers: (host: Host) => boolean
  /** Called for each connection that is turned away, or cut to make room. */
  readonly onCrowd: () => void
}

/**
 * Who may begin a handshake. Anybody can open a TCP connection and say nothing, for as long as the deadline of the
 * handshake allows; what is bounded for all together, one address would take for itself.
 *
 * - A host gets connections at a rate of its own. Hosts of members and this machine have one that a restart of a whole
 *   cluster fits into, and do not share in what is left to all others.
 * - There is always room for a newcomer: when `WAITING_MAX` wait, the host with the most of them loses its oldest. Members'
 *   hosts lose nothing while others wait. Whoever is honest proves itself in a few round trips and waits no more.
 */
export class Door {
  readonly #with: DoorComponents
  readonly #everybody: Bucket
  /** The one that knocked last is at the end. */
  readonly #rates = new Map<Host, Bucket>()
  readonly #waiting = new Map<Host, Map<string, () => void>>()
  #count = 0

  constructor(components: DoorComponents) {
    this.#with = components
    this.#everybody = bucket(components.clock, KNOCKS.everybody)
  }

  /** Connections that wait. */
  get waiting(): number {
    return this.#count
  }

  /**
   * Lets a connection begin, or says no.
   *
   * @param id names the connection until `leave`
   * @param cut called when it has to make room; it has left by then
   */
  enter(host: Host, id: string, cut: () => void): boolean {
    if (!this.#mayKnock(host)) {
      this.#with.onCrowd()
      return false
    }
    if (this.#count === WAITING_MAX) this.#makeRoom()
    const ids = this.#waiting.get(host) ?? new Map<string, () => void>()
    this.#waiting.set(host, ids.set(id, cut))
    this.#count += 1
    return true
  }

  /** The connection is complete, or gone. */
  leave(host: Host, id: string): void {
    const ids = this.#waiting.get(host)
    if (ids?.delete(id) !== true) return
    this.#count -= 1
    if (ids.size === 0) this.#waiting.delete(host)
  }

  #mayKnock(host: Host): boolean {
    const { clock } = this.#with
    const isApart = this.#isApart(host)
    const name = isApart ? `member ${host}` : host
    const rate = this.#rates.get(name) ?? bucket(clock, isApart ? KNOCKS.member : KNOCKS.host)
    this.#rates.delete(name)
    this.#rates.set(name, rate)
    if (this.#rates.size > HOSTS_MAX) this.#rates.delete([...this.#rates.keys()][0] ?? name)
    return rate.take(1) && (isApart || this.#everybody.take(1))
  }

  #makeRoom(): void {
    const hosts = [...this.#waiting].map(([host, ids]) => ({ host, ids, isApart: this.#isApart(host) }))
    const others = hosts.filter(({ isApart }) => !isApart)
    const [first, ...rest] = others.length > 0 ? others : hosts
    if (first === undefined) return
    let crowd = first
    for (const next of rest) if (next.ids.size > crowd.ids.size) crowd = next
    const [oldest] = crowd.ids
    if (oldest === undefined) return
    this.leave(crowd.host, oldest[0])
    this.#with.onCrowd()
    oldest[1]()
  }

  #isApart(host: Host): boolean {
    return host === THIS_MACHINE || this.#with.isMembers(host)
  }
}

function bucket(clock: Clock, rate: { readonly perSecond: number; readonly burst: number }): Bucket {
  return new Bucket(clock, rate.perSecond, rate.burst)
}
