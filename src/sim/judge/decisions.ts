import type { AcceptedCheckpoint } from '../../adapters/memory/chain-task.ts'
import { membersOf } from '../../codec/bitmap.ts'
import { keccak, toHex } from '../../codec/hex.ts'
import { hashObject, inputsRoot, signingDigest, valueHash } from '../../codec/objects.ts'
import { appendRoot, rootStart } from '../../codec/roots.ts'
import type { StoredHeight } from '../../ports/store.ts'
import type { Digest } from '../../types/ids.ts'
import type { Signed } from '../../types/objects.ts'
import type { JudgeInit } from './judge.ts'

/** s* of listed states with the events up to a cut, as hex; null if the reducer has none. */
export type Reduce = (
  height: number,
  inputs: readonly { readonly member: number; readonly state: Uint8Array }[],
  eventSeq: number,
  /** The list holds a CLOSE. */
  closing: boolean,
) => Uint8Array | null

/** When honest members decided a height, and what. */
export interface Decided {
  readonly value: Digest
  readonly eventSeq: number
  readonly round: number
  /** By member. */
  readonly atMs: Map<number, number>
}

/** Agreement and validity of everything that honest members decide, and of what the chain accepts. */
export class Decisions {
  readonly byHeight = new Map<number, Decided>()
  /** Heights for which honest members decided two values. */
  readonly forked = new Set<number>()
  readonly #init: JudgeInit
  readonly #bodies = new Map<Digest, Uint8Array>()
  readonly #roots: Digest[]
  readonly #checked = new Set<string>()
  readonly #anchored: AcceptedCheckpoint[] = []
  /** Height whose list held a member's CLOSE. */
  readonly #leftAt = new Map<number, number>()

  constructor(init: JudgeInit) {
    this.#init = init
    this.#roots = [rootStart(init.cluster.id)]
  }

  /** States as they went over the wire: what inputs are re-computed from. */
  sawBody(hash: Digest, bytes: Uint8Array): void {
    if (!this.#bodies.has(hash)) this.#bodies.set(hash, bytes)
  }

  take(member: number, stored: StoredHeight, nowMs: number): void {
    const { violate, isBelowThird } = this.#init
    const { height } = stored.decided
    const { eventSeq } = stored.decided.share.object
    const first = this.byHeight.get(height)
    if (first !== undefined && first.value !== stored.value) {
      this.forked.add(height)
      if (isBelowThird)
        violate('disagreement', `${member} decided ${stored.value} at ${height}, others ${first.value}`)
    }
    const isNew = first === undefined && isBelowThird
    const fault = this.#certificateFault(stored) ?? (isNew ? this.#valueFault(stored) : null)
    if (fault !== null) violate('invalid-decision', `${member} at ${height}: ${fault}`)
    const known = first ?? {
      value: stored.value,
      eventSeq,
      round: stored.round,
      atMs: new Map<number, number>(),
    }
    this.byHeight.set(height, known)
    if (!known.atMs.has(member)) known.atMs.set(member, nowMs)
    this.#extendRoots()
  }

  anchored(accepted: AcceptedCheckpoint): void {
    const weight = this.#weight(accepted.signers)
    if (3 * weight <= 2 * this.#init.cluster.totalWeight)
      this.#init.violate('weak-checkpoint', `heights up to ${accepted.last} with weight ${weight}`)
    this.#anchored.push(accepted)
    this.#compare(accepted)
  }

  #compare(accepted: AcceptedCheckpoint): void {
    if (!this.#init.isBelowThird) return
    accepted.roots.forEach((root, i) => {
      const own = this.#roots[accepted.first + i]
      if (own !== undefined && own !== root)
        this.#init.violate('wrong-root', `the chain has another root at height ${accepted.first + i}`)
    })
  }

  #extendRoots(): void {
    const length = this.#roots.length
    for (
      let next = this.byHeight.get(length);
      next !== undefined;
      next = this.byHeight.get(this.#roots.length)
    )
      this.#roots.push(appendRoot(this.#roots.at(-1) as Digest, next.value))
    if (this.#roots.length > length) for (const accepted of this.#anchored) this.#compare(accepted)
  }

  #weight(members: Iterable<number>): number {
    let weight = 0
    for (const member of new Set(members)) weight += this.#init.cluster.members[member]?.weight ?? 0
    return weight
  }

  /** The CONFIRMs must be of quorum weight, for this value, of one round, and really signed. */
  #certificateFault({ decided, value, round }: StoredHeight): string | null {
    const { confirms, height } = decided
    const weight = this.#weight(confirms.map(({ member }) => member))
    if (3 * weight <= 2 * this.#init.cluster.totalWeight) return `CONFIRMs of weight ${weight}`
    for (const signed of confirms) {
      const { object } = signed
      if (object.height !== height || object.round !== round || object.value !== value)
        return 'a CONFIRM says something else'
      if (!this.#isSigned(signed)) return `the CONFIRM of ${signed.member} is not signed`
    }
    return null
  }

  /** The value must be the reducer's over signed inputs of quorum weight and ledger events that exist. */
  #valueFault({ decided, value, state }: StoredHeight): string | null {
    const { share, inputs, height } = decided
    const { object } = share
    if (!this.#isSigned(share)) return 'the SHARE is not signed'
    if (valueHash(object) !== value) return 'the SHARE is for another value'
    const listed = membersOf(object.inputs)
    if (listed.length !== inputs.length || !inputs.every(({ member }, i) => member === listed[i]))
      return 'the inputs are not those listed'
    if (3 * this.#weight(listed) <= 2 * this.#init.cluster.totalWeight)
      return 'the list is below quorum weight'
    if (!inputs.every((input) => this.#isSigned(input))) return 'an input is not signed'
    if (!this.#mayBeListed(inputs, height)) return 'who has left is listed'
    const root = inputsRoot(
      object.inputs,
      inputs.map(({ hash }) => hash),
    )
    if (root !== object.inputsRoot) return 'the inputs do not hash to inputsRoot'
    const before = this.byHeight.get(height - 1)?.eventSeq ?? 0
    if (object.eventSeq < before) return 'the ledger cut falls'
    if (object.eventSeq > this.#init.events().length) return `event ${object.eventSeq} does not exist`
    if (keccak(state) !== object.stateHash) return 'the stored state is another one'
    return this.#reductionFault(height, inputs, object.eventSeq, state)
  }

  /** Who had its CLOSE in a list is in no later one. */
  #mayBeListed(inputs: readonly Signed[], height: number): boolean {
    for (const { object, member } of inputs)
      if (object.type === 'close' && !this.#leftAt.has(member)) this.#leftAt.set(member, height)
    return inputs.every(({ member }) => (this.#leftAt.get(member) ?? height) >= height)
  }

  #reductionFault(
    height: number,
    inputs: readonly Signed[],
    eventSeq: number,
    state: Uint8Array,
  ): string | null {
    const states: { member: number; state: Uint8Array }[] = []
    for (const { object, member } of inputs) {
      if (object.type !== 'status') continue
      const body = this.#bodies.get(object.stateHash)
      if (body === undefined) return `nobody ever sent the state of ${member}`
      states.push({ member, state: body })
    }
    const result = this.#init.reduce(height, states, eventSeq, states.length < inputs.length)
    return result !== null && toHex(result) === toHex(state) ? null : 'the state is not the reducer’s'
  }

  #isSigned(signed: Signed): boolean {
    const { cluster, separator, recover } = this.#init
    const key = `${signed.member}/${signed.hash}/${signed.signature}`
    if (this.#checked.has(key)) return true
    const hash = hashObject(cluster.id, signed.object)
    const isRight =
      hash === signed.hash &&
      recover(signingDigest(separator, hash), signed.signature) === cluster.members[signed.member]?.key
    if (isRight) this.#checked.add(key)
    return isRight
  }
}
