/** A cluster with one member that lies, and everything that this member really sent. */
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { decodeFrame } from '../../src/codec/frames.ts'
import type { RawPart } from '../../src/codec/frames.ts'
import { domainSeparator, hashObject, signingDigest } from '../../src/codec/objects.ts'
import { parseFaults } from '../../src/faults/parse.ts'
import { FaultyTransport } from '../../src/node/faults.ts'
import type { Transport } from '../../src/ports/transport.ts'
import type { Digest } from '../../src/types/ids.ts'
import type { ObjectType, ProtocolObject, Signed } from '../../src/types/objects.ts'
import type { RunnerClusterOptions } from './runner-cluster.ts'
import { DOMAIN, keyringOf, recordingLogger, RunnerCluster } from './runner-cluster.ts'

export type SignedAs<T extends ObjectType> = Signed<Extract<ProtocolObject, { type: T }>>

/** An object that the liar signed, and the member that it told. */
export interface Told<T extends ObjectType = ObjectType> {
  readonly to: number
  readonly signed: SignedAs<T>
}

export class LiarWorld {
  readonly world: RunnerCluster
  readonly liar: number
  /** Frames that left the liar, in order. */
  readonly sent: { readonly to: number; readonly parts: readonly RawPart[] }[] = []

  constructor(liar: number, faults: string, options: RunnerClusterOptions) {
    this.liar = liar
    const world: RunnerCluster = new RunnerCluster({
      ...options,
      isFaulty: (member) => member === liar,
      transport: (seat, link) => {
        if (seat.member !== liar) return link
        const faulty = new FaultyTransport({
          link: this.#recorded(link),
          strategies: parseFaults(faults),
          keyring: keyringOf(liar),
          domain: DOMAIN,
          store: seat.store!,
          clock: world.clock,
          logger: recordingLogger(seat.lines),
        })
        faulty.seated({ cluster: world.cluster, self: liar, params: world.params })
        return faulty
      },
    })
    this.world = world
  }

  /** Own objects of a type that the liar told in its own name: directly or in round certificates. */
  told<T extends ObjectType>(type: T): Told<T>[] {
    return this.sent.flatMap(({ to, parts }) =>
      parts.flatMap((part): Told<T>[] => {
        const signed =
          part.kind === 'object' ? [part.signed] : part.kind === 'roundCertificate' ? part.confirms : []
        return signed
          .filter(({ member, object }) => member === this.liar && object.type === type)
          .map((one) => ({ to, signed: this.#hashed(one) as SignedAs<T> }))
      }),
    )
  }

  /** Whether an object bears the liar's signature. */
  isSigned({ hash, signature }: Signed): boolean {
    return (
      recoverSigner(signingDigest(domainSeparator(DOMAIN), hash), signature) === keyringOf(this.liar).address
    )
  }

  /** Values that honest members have decided, by height. */
  decidedValues(): Digest[][] {
    const honest = this.world.seats.filter(({ member }) => member !== this.liar)
    return Array.from({ length: this.world.params.heights }, (_, i) => [
      ...new Set(
        honest.flatMap(({ store }) =>
          store!.heights(this.world.cluster.id, i + 1, 1).map(({ value }) => value),
        ),
      ),
    ])
  }

  #hashed(signed: Omit<Signed, 'hash'>): Signed {
    return { ...signed, hash: hashObject(this.world.cluster.id, signed.object) }
  }

  #recorded(link: Transport): Transport {
    return {
      key: link.key,
      addresses: () => link.addresses(),
      start: () => link.start(),
      stop: () => link.stop(),
      setPeers: (peers) => link.setPeers(peers),
      connected: () => link.connected(),
      onMessage: (receive) => link.onMessage(receive),
      counters: () => link.counters(),
      broadcast: (bytes) => link.broadcast(bytes),
      sendData: (to, bytes) => link.sendData(to, bytes),
      send: (to, bytes) => {
        const member = this.world.cluster.members.findIndex(({ key }) => key === to)
        this.sent.push({ to: member, parts: decodeFrame(bytes)?.parts ?? [] })
        link.send(to, bytes)
      },
    }
  }
}
