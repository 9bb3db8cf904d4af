import { Bucket } from '../adapters/wire/bucket.ts'
import { concatHex, fromHex, toHex } from '../codec/hex.ts'
import type { Bundles } from '../ports/bundles.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { Channel } from './channel.ts'

export interface BundleExchangeInit {
  readonly channel: Channel
  readonly clock: Clock
  readonly logger: Logger
  readonly bundles: Pick<Bundles, 'known' | 'missing' | 'add'>
  /** Members of those own clusters whose task has this reducer: nobody else is asked, and nobody else is answered. */
  readonly membersWith: (bundle: Digest) => ReadonlySet<Address>
  /** The bytes of a missing one are here, and run. */
  readonly found: (bundle: Digest) => void
}

/** A bundle on its way from one member. */
interface Fetch {
  readonly from: Address
  readonly parts: Uint8Array[]
  /** Time at which this member is given up. */
  deadlineMs: number
}

/** Bytes of a part, of which every one but the last has as many: those of one data contract. */
const PART_BYTES_MAX = 24_575
const PARTS_MAX = 4
/** How long a member may take for a part; then another one is asked. */
const PART_MS_MAX = 5_000
const LOOK_MS = 500
/** Pause before a bundle that this machine could not run is asked for again. */
const RETRY_MS = 60_000
/** Parts that one member is given at once: two whole bundles; then one in two seconds. */
const BUDGET = { burst: 2 * PARTS_MAX, perSecond: 0.5 }
const ID_BYTES = 32

/**
 * Bytes of bundles between members of one cluster. A node that was drawn for a task and has lost the bytes of its reducer asks the
 * other members, one after the other, part by part. Only the whole has a hash: who gave other bytes is not asked again, and
 * who is silent loses its turn. A liar costs time, and nothing else.
 *
 *   bundleAsk   bytes32 id ‖ u8 part
 *   bundlePart  bytes32 id ‖ u8 part ‖ u8 parts ‖ bytes
 */
export class BundleExchange {
  readonly #init: BundleExchangeInit
  readonly #fetches = new Map<Digest, Fetch>()
  /** Being evaluated. */
  readonly #adding = new Set<Digest>()
  /** By bundle: who gave other bytes for it. */
  readonly #liars = new Map<Digest, Set<Address>>()
  /** Who was asked last for a bundle. */
  readonly #last = new Map<Digest, Address>()
  readonly #budgets = new Map<Address, Bucket>()
  #stopLooking: (() => void) | null = null

  constructor(init: BundleExchangeInit) {
    this.#init = init
    init.channel.onTopic('bundleAsk', (from, body) => this.#asked(from, body))
    init.channel.onTopic('bundlePart', (from, body) => this.#given(from, body))
  }

  /** Looks for what is missing from now on. */
  start(): void {
    if (this.#init.bundles.missing.size > 0)
      this.#stopLooking ??= this.#init.clock.every(LOOK_MS, () => this.#look())
  }

  stop(): void {
    this.#stopLooking?.()
    this.#stopLooking = null
  }

  #look(): void {
    const { bundles, clock } = this.#init
    if (bundles.missing.size === 0) return this.stop()
    for (const id of bundles.missing) {
      const fetch = this.#fetches.get(id)
      if (this.#adding.has(id) || (fetch !== undefined && clock.nowMs() < fetch.deadlineMs)) continue
      this.#fetches.delete(id)
      this.#turnTo(id)
    }
  }

  /** The next member in reach, by the order of the cluster. */
  #turnTo(id: Digest): void {
    const { channel, clock, membersWith } = this.#init
    const liars = this.#liars.get(id)
    const connected = new Set(channel.connected())
    const members = [...membersWith(id)]
    const next = members.findIndex((key) => key === this.#last.get(id)) + 1
    const turns = [...members.slice(next), ...members.slice(0, next)]
    const from = turns.find((key) => connected.has(key) && liars?.has(key) !== true)
    if (from === undefined) return
    this.#last.set(id, from)
    this.#fetches.set(id, { from, parts: [], deadlineMs: clock.nowMs() + PART_MS_MAX })
    this.#ask(id, from, 0)
  }

  #ask(id: Digest, from: Address, part: number): void {
    this.#init.channel.sendTopic('bundleAsk', from, Uint8Array.of(...fromHex(id), part))
  }

  /** Another member has lost it. What it may not have, and what is asked for too often, is answered with nothing. */
  #asked(from: Address, body: Uint8Array): void {
    if (body.length !== ID_BYTES + 1) return
    const { bundles, channel, membersWith } = this.#init
    const id = toHex(body.subarray(0, ID_BYTES))
    const bytes = bundles.known.get(id)?.bytes
    const part = body[ID_BYTES] ?? 0
    const parts = Math.ceil((bytes?.length ?? 0) / PART_BYTES_MAX)
    if (bytes === undefined || part >= parts || !membersWith(id).has(from) || !this.#mayHave(from)) return
    const piece = bytes.subarray(part * PART_BYTES_MAX, (part + 1) * PART_BYTES_MAX)
    const answer = new Uint8Array(ID_BYTES + 2 + piece.length)
    answer.set(body)
    answer[ID_BYTES + 1] = parts
    answer.set(piece, ID_BYTES + 2)
    channel.sendTopic('bundlePart', from, answer)
  }

  #mayHave(from: Address): boolean {
    let budget = this.#budgets.get(from)
    if (budget === undefined) {
      budget = new Bucket(this.#init.clock, BUDGET.perSecond, BUDGET.burst)
      this.#budgets.set(from, budget)
    }
    return budget.take(1)
  }

  /** A part: the one that was asked for, from the member that was asked. */
  #given(from: Address, body: Uint8Array): void {
    const id = toHex(body.subarray(0, ID_BYTES))
    const [part = 0, count = 0] = body.subarray(ID_BYTES, ID_BYTES + 2)
    const piece = body.slice(ID_BYTES + 2)
    const fetch = this.#fetches.get(id)
    if (fetch?.from !== from || part !== fetch.parts.length) return
    const isLast = part === count - 1
    const isWhole = isLast
      ? piece.length > 0 && piece.length <= PART_BYTES_MAX
      : piece.length === PART_BYTES_MAX
    if (part >= count || count > PARTS_MAX || !isWhole) return this.#lied(id, from)
    fetch.parts.push(piece)
    if (isLast) {
      void this.#add(id, fetch)
      return
    }
    fetch.deadlineMs = this.#init.clock.nowMs() + PART_MS_MAX
    this.#ask(id, from, part + 1)
  }

  async #add(id: Digest, { from, parts }: Fetch): Promise<void> {
    const { bundles, clock, logger, found } = this.#init
    this.#fetches.delete(id)
    this.#adding.add(id)
    const added = await bundles.add(id, fromHex(concatHex(...parts.map(toHex))))
    if (added === 'unable') {
      logger.warn('bundle.not-run', { bundle: id })
      clock.after(RETRY_MS, () => void this.#adding.delete(id))
      return
    }
    this.#adding.delete(id)
    if (added === 'other') {
      this.#lied(id, from)
      return
    }
    logger.info('bundle.found', { bundle: id, from })
    found(id)
  }

  #lied(id: Digest, from: Address): void {
    this.#fetches.delete(id)
    this.#liars.set(id, (this.#liars.get(id) ?? new Set()).add(from))
    this.#init.logger.warn('bundle.refused', { bundle: id, from })
  }
}
