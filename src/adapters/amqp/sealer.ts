import { EVERYBODY, encodeSealed, sealDigest } from '../../codec/sealed.ts'
import type { Sealed, SealedKind } from '../../codec/sealed.ts'
import type { Keyring, RecoverSigner } from '../../ports/keyring.ts'
import type { Address, Hex } from '../../types/ids.ts'

/** Seals the frames of one process and checks those of others, on one network. */
export class Sealer {
  /** 16 random bytes: the next process on this key has others. */
  readonly session: Hex
  readonly #keyring: Keyring
  readonly #recover: RecoverSigner
  readonly #network: string
  #sequence = 0n

  constructor(keyring: Keyring, recover: RecoverSigner, network: string, session: Hex) {
    this.#keyring = keyring
    this.#recover = recover
    this.#network = network
    this.session = session
  }

  /** The bytes of a frame with the next sequence number. `broadcast` is for everybody, all else for one. */
  seal(kind: SealedKind, receiver: Address, body: Uint8Array): Uint8Array {
    this.#sequence += 1n
    const { address: sender } = this.#keyring
    const frame = { kind, sender, session: this.session, sequence: this.#sequence, body }
    const signature = this.#keyring.sign(sealDigest(frame, { network: this.#network, receiver }))
    return encodeSealed({ ...frame, signature })
  }

  /** Whether the frame's sender sealed it, on this network, for this node or for everybody. */
  isAuthentic(frame: Sealed): boolean {
    const receiver = frame.kind === 'broadcast' ? EVERYBODY : this.#keyring.address
    const digest = sealDigest(frame, { network: this.#network, receiver })
    return this.#recover(digest, frame.signature) === frame.sender
  }
}
