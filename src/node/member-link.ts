import type { Transport } from '../ports/transport.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Part } from '../types/frames.ts'
import type { MemberIndex } from '../types/ids.ts'
import { failPoint } from './failpoints.ts'
import { packFrames } from './frames.ts'

/** Frames of one cluster to its members, by seat. */
export class MemberLink {
  readonly #cluster: Cluster
  readonly #self: MemberIndex
  readonly #transport: Transport

  constructor(cluster: Cluster, self: MemberIndex, transport: Transport) {
    this.#cluster = cluster
    this.#self = self
    this.#transport = transport
  }

  /** Frames for parts that several members are going to get. */
  pack(parts: readonly Part[]): readonly Uint8Array[] {
    return packFrames(this.#cluster.id, parts)
  }

  sendPacked(to: MemberIndex, frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.#transmit(to, bytes)
  }

  send(to: MemberIndex, parts: readonly Part[]): void {
    this.sendPacked(to, this.pack(parts))
  }

  broadcast(parts: readonly Part[]): void {
    for (const bytes of this.pack(parts)) {
      for (const { index } of this.#cluster.members) if (index !== this.#self) this.#transmit(index, bytes)
    }
  }

  #transmit(to: MemberIndex, bytes: Uint8Array): void {
    const member = this.#cluster.members[to]
    if (member === undefined) return
    failPoint('send.before')
    this.#transport.send(member.key, bytes)
    failPoint('send.after')
  }
}
