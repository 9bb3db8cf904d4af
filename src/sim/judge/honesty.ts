import { broughtList } from '../../codec/claims.ts'
import type { BroughtList } from '../../codec/claims.ts'
import { accusedOf, convictingObject } from '../../codec/evidence.ts'
import { signingDigest, signOnceKey } from '../../codec/objects.ts'
import type { Kept } from '../../protocol/state.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import type { Share, Signed, SignedInput } from '../../types/objects.ts'
import { candidates } from './candidates.ts'
import type { JudgeInit } from './judge.ts'
import type { PhaseLogs } from './phase-logs.ts'
import { Transcript } from './transcript.ts'
import type { Verdicts } from './verdict.ts'

/**
 * All that honest keys ever signed, sent or not, over all lives of their machines: when a world is over, nothing in it may
 * convict them.
 */
export class Honesty {
  readonly transcript = new Transcript()
  readonly #init: JudgeInit
  readonly #logs: PhaseLogs
  readonly #verdicts: Verdicts
  /** What keys were asked to sign, by member. */
  readonly #digests = new Map<MemberIndex, Set<Digest>>()
  /** Lists that honest members voted for, by inputsRoot. */
  readonly #lists = new Map<Digest, readonly SignedInput[]>()
  readonly #bodies = new Map<Digest, Uint8Array>()

  constructor(init: JudgeInit, logs: PhaseLogs, verdicts: Verdicts) {
    this.#init = init
    this.#logs = logs
    this.#verdicts = verdicts
  }

  /** A key was used. */
  keyUsed(member: MemberIndex, digest: Digest): void {
    const used = this.#digests.get(member)
    if (used === undefined) this.#digests.set(member, new Set([digest]))
    else used.add(digest)
  }

  /** An object came to be, with what its signer keeps with it; whether it is ever stored or sent is another matter. */
  signed(signed: Signed, { list, bodies }: Kept): void {
    this.transcript.add(signed)
    const { object } = signed
    if (list !== null && object.type === 'share') this.#lists.set(object.inputsRoot, list.objects)
    for (const [hash, bytes] of bodies) this.#bodies.set(hash, bytes)
  }

  /** Judges every honest member by everything it signed. */
  close(): void {
    const { cluster, isHonest } = this.#init
    for (const { index } of cluster.members) {
      if (!isHonest(index)) continue
      this.#checkKey(index)
      this.#checkHeads(index)
      this.#checkLists(index)
      for (const evidence of this.proofsAgainst(index)) this.#try(evidence)
    }
  }

  /** Everything that could be a proof against a member, made of these objects: by default of what it signed as an honest one. */
  proofsAgainst(member: MemberIndex, objects = this.transcript.of(member)): Generator<Evidence> {
    return candidates({
      objects,
      epochHeights: this.#init.params.epochHeights,
      stretch: (height, after, upTo) => this.#logs.stretch(member, height, after, upTo),
      listOf: (share) => this.#listOf(share),
    })
  }

  #try(evidence: Evidence): void {
    const { count, violate } = this.#init
    count(`tried ${evidence.kind}`)
    const { byRules, byAuditor, because, isSigned } = this.#verdicts.of(evidence)
    const what = `${evidence.kind} against ${accusedOf(evidence)}, ${signOnceKey(convictingObject(evidence).object)}`
    if (byRules || byAuditor) violate('convictable', `${what}: ${because}`)
    if (byRules !== byAuditor || !isSigned)
      violate(
        'judges-differ',
        `${what}: the rules ${byRules ? 'convict' : 'do not'}, the auditor: ${because}`,
      )
  }

  /** The transcript is whole: it holds all that the key has signed, and each object took the key once. */
  #checkKey(member: MemberIndex): void {
    const { count, violate, separator } = this.#init
    const objects = this.transcript.of(member)
    const used = this.#digests.get(member) ?? new Set()
    count('objects of the honest', objects.length)
    if (used.size === objects.length) return
    const known = new Set(objects.map(({ hash }) => signingDigest(separator, hash)))
    for (const digest of used)
      if (!known.has(digest)) violate('signed-unseen', `${member} signed ${digest}, past its store`)
  }

  /** Every fresh vote is for a list that its signer has, with all states. */
  #checkLists(member: MemberIndex): void {
    for (const { object } of this.transcript.of(member)) {
      if (object.type !== 'share' || object.inputs === 0n || object.validRound !== -1) continue
      const list = this.#lists.get(object.inputsRoot)
      const isWhole = list?.every(
        ({ object: input }) => input.type !== 'status' || this.#bodies.has(input.stateHash),
      )
      if (isWhole !== true)
        this.#init.violate(
          'bad-list',
          `${member} at ${object.height}/${object.round}: a list that it does not have`,
        )
    }
  }

  /** Every signed head is one of the durable log. */
  #checkHeads(member: MemberIndex): void {
    for (const { object } of this.transcript.of(member)) {
      if (object.type !== 'checkpoint') continue
      if (!this.#logs.hadHead(member, object.height, object.logSeq, object.logHead))
        this.#init.violate('forked-log', `${member} signed a head at ${object.height} that its log never had`)
    }
  }

  /** The twin is not asked where a body is not known, nor about ledger events that do not exist. */
  #listOf({ inputsRoot, eventSeq }: Share): BroughtList | null {
    const list = this.#lists.get(inputsRoot)
    if (list === undefined || eventSeq > this.#init.events().length) return null
    return broughtList(list, (hash) => this.#bodies.get(hash) ?? null)
  }
}
