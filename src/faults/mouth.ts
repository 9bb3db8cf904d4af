import type { RawPart } from '../codec/frames.ts'
import { encodeFrame } from '../codec/frames.ts'
import { hashObject, shareValue, signingDigest } from '../codec/objects.ts'
import { FRAME_BYTES_MAX } from '../ports/transport.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Heard, Liar, LiarContext, Mail } from './liar.ts'
import type { Random } from './random.ts'

/** Frames a liar remembers. */
const HEARD_MAX = 64
/** Lies that a peer can ask back for. */
const TOLD_MAX = 64

/** A behaviour, and the heights about which it lies. */
export interface Strategy {
  readonly name: string
  readonly liar: Liar
  readonly isActive: (height: number) => boolean
}

export interface MouthInit {
  readonly self: MemberIndex
  readonly cluster: Cluster
  /** EIP-712 domain separator of the deployment. */
  readonly separator: Digest
  /** The bare key. */
  readonly sign: (digest: Digest) => Hex
  readonly dice: Random
  /** Time-out of a phase. */
  readonly phaseMs: number
  /** R: heights per epoch. */
  readonly epochHeights: number
  /** Its own honest log of the running epoch. */
  readonly log: () => readonly LogEntry[]
  readonly strategies: readonly Strategy[]
  /** Something else than the node's frame goes out; with the height that the frame is about, 0 if none. */
  readonly onLie: (name: string, height: number) => void
}

/** A frame that really goes out. */
export interface Spoken {
  readonly to: MemberIndex
  readonly bytes: Uint8Array
  readonly delayMs: number
}

/** What stands between a liar's node and the network. */
export class Mouth {
  readonly #init: MouthInit
  readonly #contexts: ReadonlyMap<Strategy, LiarContext>
  readonly #heard: Heard[] = []
  readonly #encoded = new WeakMap<readonly RawPart[], Uint8Array>()
  /** What peers were told that the node behind knows nothing of, by peer and digest. */
  readonly #told = new Map<MemberIndex, Map<Digest, RawPart>>()
  /** Height of which it last spoke. */
  #height = 0

  constructor(init: MouthInit) {
    this.#init = init
    const { self, cluster, dice, phaseMs, epochHeights, log, separator } = init
    const shared = { self, cluster, dice, phaseMs, epochHeights, log, heard: this.#heard }
    this.#contexts = new Map(
      init.strategies.map((strategy) => [
        strategy,
        {
          ...shared,
          isActive: strategy.isActive,
          memory: new Map<string, unknown>(),
          sign: (object) => {
            const digest = signingDigest(separator, hashObject(cluster.id, object))
            return { object, member: self, signature: init.sign(digest) }
          },
        },
      ]),
    )
  }

  /** Takes a frame in. What a peer asks for that only the lie to it has is answered here: the node knows nothing of it. */
  hear(from: MemberIndex, parts: readonly RawPart[]): Spoken[] {
    this.#heard.push({ from, parts })
    if (this.#heard.length > HEARD_MAX) this.#heard.shift()
    const told = this.#told.get(from)
    const asked = parts.flatMap((part) => (part.kind === 'get' ? part.hashes : []))
    const answer = asked.flatMap((hash) => told?.get(hash) ?? [])
    return this.#encode({ to: from, parts: answer, delayMs: 0 })
  }

  /** The frames that really go out, each to one member. */
  speak(to: MemberIndex, parts: readonly RawPart[]): Spoken[] {
    const heights = this.#ownHeights(parts)
    this.#height = Math.max(this.#height, ...heights)
    let mails: readonly Mail[] = [{ to, parts, delayMs: 0 }]
    for (const [strategy, context] of this.#contexts) {
      mails = mails.flatMap((mail) => this.#rewrite(strategy, context, mail))
    }
    for (const mail of mails) this.#remember(mail, parts)
    return mails.flatMap((mail) => this.#encode(mail))
  }

  #rewrite({ name, liar, isActive }: Strategy, context: LiarContext, mail: Mail): readonly Mail[] {
    const heights = this.#ownHeights(mail.parts)
    const about = heights.length > 0 ? heights : [this.#height]
    const height = about.find(isActive)
    if (height === undefined) return [mail]
    const said = liar.rewrite(mail, context)
    if (said.length !== 1 || said[0] !== mail) this.#init.onLie(name, height)
    return said
  }

  /** Heights of the own objects in a frame. */
  #ownHeights(parts: readonly RawPart[]): number[] {
    return parts.flatMap((part) =>
      part.kind === 'object' && part.signed.member === this.#init.self && 'height' in part.signed.object
        ? [part.signed.object.height]
        : [],
    )
  }

  #remember({ to, parts }: Mail, honest: readonly RawPart[]): void {
    for (const part of parts) {
      const key = honest.includes(part) ? null : keyOf(part, this.#init.self)
      if (key === null) continue
      const told = this.#told.get(to) ?? new Map<Digest, RawPart>()
      this.#told.set(to, told.set(key, part))
      const [oldest] = told.keys()
      if (told.size > TOLD_MAX && oldest !== undefined) told.delete(oldest)
    }
  }

  #encode({ to, parts, delayMs }: Mail): Spoken[] {
    if (parts.length === 0) return []
    // what is said to all alike is the same bytes
    const bytes = this.#encoded.get(parts) ?? encodeFrame({ cluster: this.#init.cluster.id, parts })
    this.#encoded.set(parts, bytes)
    return bytes.length > FRAME_BYTES_MAX ? [] : [{ to, bytes, delayMs }]
  }
}

/** The digest with which a peer asks for a part: that of a state, or of the value an own SHARE votes for. */
function keyOf(part: RawPart, self: MemberIndex): Digest | null {
  if (part.kind === 'body') return part.hash
  if (part.kind !== 'object' || part.signed.member !== self || part.signed.object.type !== 'share')
    return null
  return shareValue(part.signed.object)
}
