import type { Store } from '../ports/store.ts'
import type { Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { CHECKS_BURST } from './admit.ts'
import type { MemberLink } from './member-link.ts'

/** Heights sent to a member that is behind, per request; fewer where that many hold more signatures than it checks. */
const SERVED_HEIGHTS_MAX = 8
/** States that go with them; what is missing then is asked for. */
const SERVED_BODY_BYTES_MAX = 256 * 1024

/** Gives members that are behind what only the store may still have. */
export class Serving {
  readonly #store: Store
  readonly #cluster: Digest
  readonly #link: MemberLink

  constructor(store: Store, cluster: Digest, link: MemberLink) {
    this.#store = store
    this.#cluster = cluster
    this.#link = link
  }

  /** Decided heights with the states behind them: who holds the votes only may find nobody else that has the states. */
  heights(to: MemberIndex, fromHeight: number): void {
    let room = SERVED_BODY_BYTES_MAX
    let checks = CHECKS_BURST
    for (const { decided, state } of this.#store.heights(this.#cluster, fromHeight, SERVED_HEIGHTS_MAX)) {
      // more signatures than that the other side would not check
      checks -= decided.confirms.length + 1 + decided.inputs.length
      if (checks < 0) return
      const bodies = new Map([[decided.share.object.stateHash, state]])
      for (const { object } of decided.inputs) {
        const body = object.type === 'status' ? this.#store.body(this.#cluster, object.stateHash) : null
        if (object.type === 'status' && body !== null) bodies.set(object.stateHash, body)
      }
      const parts: Part[] = [{ kind: 'decided', decided }]
      for (const [hash, bytes] of bodies) {
        room -= bytes.length
        if (room >= 0) parts.push({ kind: 'body', hash, bytes })
      }
      this.#link.send(to, parts)
    }
  }

  bodies(to: MemberIndex, hashes: readonly Digest[]): void {
    const parts = hashes.flatMap((hash): Part[] => {
      const bytes = this.#store.body(this.#cluster, hash)
      return bytes === null ? [] : [{ kind: 'body', hash, bytes }]
    })
    if (parts.length > 0) this.#link.send(to, parts)
  }
}
