import { decodeExceptions, inputsHashOf } from '../codec/batch.ts'
import { membersOf } from '../codec/bitmap.ts'
import { rootAfter } from '../codec/claims.ts'
import { byteLength } from '../codec/hex.ts'
import { hashObject, signingDigest, valueHash } from '../codec/objects.ts'
import { appendRoot } from '../codec/roots.ts'
import type { Chain, CheckpointCall } from '../ports/chain.ts'
import type { RecoverSigner } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Claim, Evidence } from '../types/evidence.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import type { Checkpoint, Signed } from '../types/objects.ts'
import type { HandedOn, OpenedHeight } from './opened.ts'
import { openHeight } from './opened.ts'

export interface ChallengerInit {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly separator: Digest
  readonly recover: RecoverSigner
  readonly store: Store
  readonly chain: Pick<Chain, 'checkpointSent'>
  readonly logger: Logger
  readonly handed: HandedOn
  /** Height up to which the own history is right. */
  readonly vetted: () => number
  readonly keep: (evidence: Evidence) => void
}

/** A checkpoint that the chain has taken. */
export interface AcceptedCheckpoint {
  readonly block: number
  readonly height: number
  readonly root: Digest
}

/** A CHECKPOINT over another history than the decided one, and what its last height is there. */
interface Other {
  readonly checkpoint: Signed<Checkpoint>
  readonly claim: Claim
}

const SIGNATURE = 65
/** Other histories that wait for the own one to be vetted. */
const OTHERS_MAX = 64

/**
 * What follows from a decided height that is wrong: everybody who signed a history with it can be shown to have done so, with
 * the CHECKPOINTs that this node has heard, and with those in the calldata of accepted ones. And what follows from a decided
 * height that is right: whoever signed a history in which that height has another state.
 */
export class Challenger {
  readonly #init: ChallengerInit
  #wrong: OpenedHeight | null = null
  /** Accepted checkpoints whose signers are not accused yet. */
  #accepted: readonly AcceptedCheckpoint[] = []
  readonly #heard: Signed<Checkpoint>[] = []
  #others: readonly Other[] = []
  #busy = false

  constructor(init: ChallengerInit) {
    this.#init = init
  }

  /** The first wrong height. */
  refuted(opened: OpenedHeight): void {
    this.#wrong = opened
    for (const signed of this.#heard.splice(0)) this.#accuse(opened, signed)
  }

  /** CHECKPOINTs that others signed and this node has not: of a history that is not vetted. */
  heard(checkpoints: Iterable<Signed<Checkpoint>>): void {
    for (const signed of checkpoints) {
      if (signed.member === this.#init.self) continue
      if (this.#wrong !== null) this.#accuse(this.#wrong, signed)
      else if (!this.#heard.some(({ hash, member }) => hash === signed.hash && member === signed.member))
        this.#heard.push(signed)
    }
  }

  /** The history up to here is right: nobody can be accused of it. */
  vetted(height: number): void {
    const isOpen = (one: { readonly height: number }): boolean => one.height > height
    this.#accepted = this.#accepted.filter(isOpen)
    const open = this.#heard.filter(({ object }) => isOpen(object))
    this.#heard.splice(0, this.#heard.length, ...open)
    const others = this.#others
    this.#others = []
    for (const { checkpoint, claim } of others) this.otherHistory(checkpoint, claim)
  }

  /** The same height with the same list and events, and another state than the one that is right: its signer answers for it. */
  otherHistory(checkpoint: Signed<Checkpoint>, claim: Claim): void {
    const { store, cluster, handed, vetted, keep } = this.#init
    if (vetted() < claim.height) {
      if (this.#others.length < OTHERS_MAX) this.#others = [...this.#others, { checkpoint, claim }]
      return
    }
    const opened = openHeight(store, cluster.id, claim.height, handed)
    if (opened === null || opened.claim.stateHash === claim.stateHash) return
    const other = { ...opened.claim, stateHash: claim.stateHash }
    if (valueHash(other) === valueHash(claim) && other.parent === claim.parent)
      keep({ kind: 'E5', checkpoint, later: [], ...opened, claim })
  }

  accepted({ block, height, root }: AcceptedCheckpoint): void {
    this.#accepted = [...this.#accepted, { block, height, root }]
  }

  /** Accuses the signers of accepted checkpoints. Asks the chain only if there is something to accuse of. */
  async poll(): Promise<void> {
    const wrong = this.#wrong
    if (wrong === null || this.#busy) return
    this.#busy = true
    try {
      for (const checkpoint of this.#accepted) {
        await this.#accuseSigners(wrong, checkpoint)
        this.#accepted = this.#accepted.filter((one) => one !== checkpoint)
      }
    } finally {
      this.#busy = false
    }
  }

  async #accuseSigners(wrong: OpenedHeight, { block, height, root }: AcceptedCheckpoint): Promise<void> {
    const { chain, taskId, cluster, separator, recover, self } = this.#init
    if (height < wrong.claim.height) return
    const sent = await chain.checkpointSent(taskId, block, height)
    if (sent === null) return
    for (const signed of signersOf(cluster, sent, { height, root })) {
      const key = cluster.members[signed.member]?.key
      const isSigned = recover(signingDigest(separator, signed.hash), signed.signature) === key
      if (isSigned && signed.member !== self) this.#accuse(wrong, signed)
    }
  }

  #accuse(wrong: OpenedHeight, checkpoint: Signed<Checkpoint>): void {
    const { store, cluster, keep } = this.#init
    const { height, root } = checkpoint.object
    const count = height - wrong.claim.height
    if (count < 0) return
    const later = store.heights(cluster.id, wrong.claim.height + 1, count).map(({ value }) => value)
    if (later.length !== count || later.reduce(appendRoot, rootAfter(wrong.claim)) !== root) return
    keep({ kind: 'E5', checkpoint, later, ...wrong })
  }
}

/** The CHECKPOINTs behind a call; their signatures are still to be checked. */
function signersOf(
  { id }: Cluster,
  { bitmap, exceptions: packed, sharedSeq, sharedHead, signatures, inputs }: CheckpointCall,
  { height, root }: Pick<AcceptedCheckpoint, 'height' | 'root'>,
): Signed<Checkpoint>[] {
  const exceptions = decodeExceptions(packed) ?? []
  const members = membersOf(bitmap)
  if (byteLength(signatures) !== SIGNATURE * members.length) return []
  return members.map((member, i) => {
    const own = exceptions.find((exception) => exception.member === member)
    const log = { logSeq: own?.logSeq ?? sharedSeq, logHead: own?.logHead ?? sharedHead }
    const object = { type: 'checkpoint', height, root, ...log, inputsHash: inputsHashOf(inputs) } as const
    const at = 2 + 2 * SIGNATURE * i
    const signature: Hex = `0x${signatures.slice(at, at + 2 * SIGNATURE)}`
    return { object, member, hash: hashObject(id, object), signature }
  })
}
