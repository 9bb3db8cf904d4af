import type { RawPart, RawFrame, Unverified } from '../codec/frames.ts'
import { hashObject, objectDigest, signOnceKey } from '../codec/objects.ts'
import type { RecoverSigner } from '../ports/keyring.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Confirm, ProtocolObject, Share, Signed, SignedInput } from '../types/objects.ts'
import { Isolation } from './isolation.ts'

/** Most verified objects remembered per task; the oldest go first. */
const REMEMBERED_MAX = 8_192
/** Signature checks that a peer can cause between two refills: for a decided height of 128 members, nearly for two. */
export const CHECKS_BURST = 512
/** What a wrong signature costs its sender, in checks: honest members relay only what they have checked. */
const WRONG_SIGNATURE_CHECKS = 32

/**
 * Different objects that a member may send for one sign-once key: the first counts, the second convicts. The quota is
 * for the signer's own frames; a list or certificate that others relay may rest on a third.
 */
const OBJECTS_PER_KEY_MAX = 2

/** Why a frame, or a part of it, did not get to the engine. */
export type RefusalCode = 'not-a-member' | 'bad-signature' | 'over-budget' | 'over-quota' | 'isolated'

export interface AdmitInit {
  readonly cluster: Cluster
  /** EIP-712 domain separator of the deployment. */
  readonly separator: Digest
  readonly recover: RecoverSigner
  readonly refused: (from: MemberIndex, code: RefusalCode) => void
  /** A member was isolated for breaking the quotas, or is released again. */
  readonly isolation: (from: MemberIndex, isolated: boolean) => void
}

/**
 * Turns decoded frames into authenticated parts. Each distinct object is checked once, however often and from whomever
 * it arrives. Flood control (paper, sections 2 and 5): a member that sends more than the protocol's objects, or what is
 * wrong, loses those parts, and is isolated for a while if it goes on.
 */
export class Admit {
  readonly #init: AdmitInit
  /** By hash, which a CONFIRM shares with those of all who agree, and by signer. */
  readonly #known = new Map<Digest, Map<MemberIndex, Signed>>()
  #knownCount = 0
  readonly #budget = new Map<MemberIndex, number>()
  /** Different objects heard from their signer, by signer and sign-once key. */
  readonly #perKey = new Map<string, { readonly height: number; readonly count: number }>()
  readonly #isolation: Isolation
  /** Signatures checked since start. */
  checks = 0

  constructor(init: AdmitInit) {
    this.#init = init
    this.#isolation = new Isolation(init.isolation)
  }

  /** Members whose frames are not looked at now. */
  get isolated(): readonly MemberIndex[] {
    return this.#isolation.members
  }

  /** Own objects need no check when they come back in a list or certificate. */
  remember(signed: Signed): void {
    const same = this.#known.get(signed.hash)
    if (same?.has(signed.member) !== true) this.#knownCount += 1
    if (same === undefined) this.#known.set(signed.hash, new Map([[signed.member, signed]]))
    else same.set(signed.member, signed)
    if (this.#knownCount <= REMEMBERED_MAX) return
    for (const [oldest, { size }] of this.#known) {
      this.#known.delete(oldest)
      this.#knownCount -= size
      return
    }
  }

  /** Nothing of heights below this one is needed any more: what comes of them again is checked again. */
  forget(below: number): void {
    for (const [hash, same] of this.#known) {
      const [first] = same.values()
      if (first === undefined || heightOf(first.object) >= below) continue
      this.#known.delete(hash)
      this.#knownCount -= same.size
    }
    for (const [key, { height }] of this.#perKey) if (height < below) this.#perKey.delete(key)
  }

  /** Refills every peer's budget; call once a second. */
  refill(): void {
    this.#budget.clear()
    this.#isolation.pass()
  }

  /** The parts of a frame whose signatures hold; others are dropped and counted. */
  frame(from: MemberIndex, frame: RawFrame): Part[] {
    if (this.#isolation.holds(from)) {
      this.#init.refused(from, 'isolated')
      return []
    }
    return frame.parts.flatMap((part) => this.#part(from, part) ?? [])
  }

  #refuse(from: MemberIndex, code: RefusalCode): null {
    this.#init.refused(from, code)
    // an exhausted budget costs nothing more until it is refilled
    if (code !== 'over-budget') this.#isolation.strike(from)
    return null
  }

  #part(from: MemberIndex, part: RawPart): Part | null {
    switch (part.kind) {
      case 'object': {
        const signed = this.#verify(from, part.signed)
        return signed === null ? null : { kind: 'object', signed }
      }
      case 'decided': {
        const confirms = this.#verifyAll(from, part.confirms)
        const share = this.#verify(from, part.share)
        const inputs = this.#verifyAll(from, part.inputs)
        if (confirms === null || share === null || inputs === null) return null
        if (confirms.some(({ object }) => object.type !== 'confirm') || share.object.type !== 'share')
          return null
        if (inputs.some(({ object }) => object.type !== 'status' && object.type !== 'close')) return null
        return {
          kind: 'decided',
          decided: {
            height: part.height,
            confirms: confirms as Signed<Confirm>[],
            share: share as Signed<Share>,
            inputs: inputs as SignedInput[],
          },
        }
      }
      case 'roundCertificate': {
        const confirms = this.#verifyAll(from, part.confirms)
        if (confirms === null || confirms.some(({ object }) => object.type !== 'confirm')) return null
        return {
          kind: 'roundCertificate',
          certificate: { height: part.height, round: part.round, confirms: confirms as Signed<Confirm>[] },
        }
      }
      case 'ask':
      case 'body':
      case 'seen':
      case 'get':
      case 'sync':
      case 'own':
      case 'at':
      case 'notes':
        return part
    }
  }

  /** All of them, or null at the first that fails: a bad certificate costs one check, not n. */
  #verifyAll(from: MemberIndex, objects: readonly Unverified[]): Signed[] | null {
    const verified: Signed[] = []
    for (const object of objects) {
      const signed = this.#verify(from, object)
      if (signed === null) return null
      verified.push(signed)
    }
    return verified
  }

  #verify(from: MemberIndex, unverified: Unverified): Signed | null {
    const { cluster, separator, recover } = this.#init
    const member = cluster.members[unverified.member]
    if (member === undefined) return this.#refuse(from, 'not-a-member')
    const hash = hashObject(cluster.id, unverified.object)
    const known = this.#known.get(hash)?.get(unverified.member)
    if (known !== undefined) return known
    const used = this.#budget.get(from) ?? 0
    if (used >= CHECKS_BURST) return this.#refuse(from, 'over-budget')
    if (from === unverified.member && !this.#withinQuota(unverified)) return this.#refuse(from, 'over-quota')
    this.#budget.set(from, used + 1)
    this.checks += 1
    const signer = recover(objectDigest(separator, cluster.id, unverified.object), unverified.signature)
    if (signer !== member.key) {
      this.#budget.set(from, used + WRONG_SIGNATURE_CHECKS)
      return this.#refuse(from, 'bad-signature')
    }
    const signed: Signed = { ...unverified, hash }
    this.remember(signed)
    if (from === unverified.member) this.#count(unverified)
    return signed
  }

  #withinQuota({ member, object }: Unverified): boolean {
    const counted = this.#perKey.get(`${member}/${signOnceKey(object)}`)?.count ?? 0
    return counted < OBJECTS_PER_KEY_MAX
  }

  #count({ member, object }: Unverified): void {
    const key = `${member}/${signOnceKey(object)}`
    this.#perKey.set(key, { height: heightOf(object), count: (this.#perKey.get(key)?.count ?? 0) + 1 })
    if (this.#perKey.size <= REMEMBERED_MAX) return
    for (const oldest of this.#perKey.keys()) {
      this.#perKey.delete(oldest)
      return
    }
  }
}

/** A CLOSE is of no height: it is never forgotten for being old. */
function heightOf(object: ProtocolObject): number {
  return 'height' in object ? object.height : Infinity
}
