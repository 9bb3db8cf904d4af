import type { RawPart } from '../../codec/frames.ts'
import { encodeFrame } from '../../codec/frames.ts'
import { domainSeparator, hashObject, signingDigest } from '../../codec/objects.ts'
import { FRAME_BYTES_MAX } from '../../ports/transport.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { LIARS } from './catalog.ts'
import type { LiarName } from './catalog.ts'
import type { Heard, Liar, LiarContext } from './liar.ts'

/** Frames a liar remembers. */
const HEARD_MAX = 64

/** What stands between a liar's node and the network. */
export class Mouth {
  readonly #name: LiarName
  readonly #cluster: Cluster
  readonly #context: LiarContext
  readonly #heard: Heard[] = []
  readonly #count: (what: string) => void

  constructor(world: World, host: Host, name: LiarName, cluster: Cluster) {
    this.#name = name
    this.#cluster = cluster
    this.#count = (what) => world.count(what)
    const separator = domainSeparator(world.chain.domain)
    this.#context = {
      self: host.member,
      cluster,
      dice: host.chance.fork(),
      phaseMs: world.scenario.params.shareTicks * world.scenario.params.tickMs,
      heard: this.#heard,
      memory: new Map(),
      sign: (object) => {
        const digest = signingDigest(separator, hashObject(cluster.id, object))
        return { object, member: host.member, signature: host.keyring.sign(digest) }
      },
    }
  }

  hear(from: MemberIndex, parts: readonly RawPart[]): void {
    this.#heard.push({ from, parts })
    if (this.#heard.length > HEARD_MAX) this.#heard.shift()
  }

  /** The frames that really go out, each to one member. */
  speak(
    to: MemberIndex,
    parts: readonly RawPart[],
  ): { readonly to: MemberIndex; readonly bytes: Uint8Array; readonly delayMs: number }[] {
    const mail = { to, parts, delayMs: 0 }
    const liar: Liar = LIARS[this.#name]
    const said = liar.rewrite(mail, this.#context)
    if (said.length !== 1 || said[0] !== mail) this.#count(`lie: ${this.#name}`)
    return said.flatMap((out) => {
      if (out.parts.length === 0) return []
      const bytes = encodeFrame({ cluster: this.#cluster.id, parts: out.parts })
      return bytes.length > FRAME_BYTES_MAX ? [] : [{ to: out.to, bytes, delayMs: out.delayMs }]
    })
  }
}
