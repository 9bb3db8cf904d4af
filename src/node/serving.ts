import type { Store, StoredHeight } from '../ports/store.ts'
import type { Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { CHECKS_BURST } from './admit.ts'
import type { MemberLink } from './member-link.ts'

/** Heights sent to a member that is behind, per request; fewer where that many hold more signatures than it checks. */
const SERVED_HEIGHTS_MAX = 8
/** States that go with them; what is missing then is asked for. */
const SERVED_BODY_BYTES_MAX = 256 * 1024

/** A decided height as it is sent to whoever is behind. */
interface Packed {
  readonly frames: readonly Uint8Array[]
  readonly bodyBytes: number
}

/** Gives members that are behind what only the store may still have. */
export class Serving {
  readonly #store: Store
  readonly #cluster: Digest
  readonly #link: MemberLink
  /** Heights packed last, whole: after a fault several members ask for the same page. */
  readonly #packed = new Map<number, Packed>()

  constructor(store: Store, cluster: Digest, link: MemberLink) {
    this.#store = store
    this.#cluster = cluster
    this.#link = link
  }

  /** Decided heights with the states behind them: who holds the votes only may find nobody else that has the states. */
  heights(to: MemberIndex, fromHeight: number): void {
    let room = SERVED_BODY_BYTES_MAX
    let checks = CHECKS_BURST
    for (const stored of this.#store.heights(this.#cluster, fromHeight, SERVED_HEIGHTS_MAX)) {
      const { decided } = stored
      // more signatures than that the other side would not check
      checks -= decided.confirms.length + 1 + decided.inputs.length
      if (checks < 0) return
      const whole = this.#packed.get(decided.height) ?? this.#pack(stored, SERVED_BODY_BYTES_MAX)
      this.#keep(decided.height, whole)
      const { frames, bodyBytes } = whole.bodyBytes <= room ? whole : this.#pack(stored, room)
      room -= bodyBytes
      this.#link.sendPacked(to, frames)
    }
  }

  #keep(height: number, packed: Packed): void {
    this.#packed.set(height, packed)
    const [oldest] = this.#packed.keys()
    if (this.#packed.size > SERVED_HEIGHTS_MAX && oldest !== undefined) this.#packed.delete(oldest)
  }

  /** A height with its state and those of its list, as many as there is room for, from the first. */
  #pack({ decided, state }: StoredHeight, room: number): Packed {
    const bodies = new Map([[decided.share.object.stateHash, state]])
    for (const { object } of decided.inputs) {
      const body = object.type === 'status' ? this.#store.body(this.#cluster, object.stateHash) : null
      if (object.type === 'status' && body !== null) bodies.set(object.stateHash, body)
    }
    const parts: Part[] = [{ kind: 'decided', decided }]
    let bodyBytes = 0
    for (const [hash, bytes] of bodies) {
      bodyBytes += bytes.length
      if (bodyBytes <= room) parts.push({ kind: 'body', hash, bytes })
    }
    return { frames: this.#link.pack(parts), bodyBytes }
  }

  bodies(to: MemberIndex, hashes: readonly Digest[]): void {
    const parts = hashes.flatMap((hash): Part[] => {
      const bytes = this.#store.body(this.#cluster, hash)
      return bytes === null ? [] : [{ kind: 'body', hash, bytes }]
    })
    if (parts.length > 0) this.#link.send(to, parts)
  }
}
