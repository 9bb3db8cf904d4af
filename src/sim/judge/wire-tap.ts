import type { RawFrame, RawPart, Unverified } from '../../codec/frames.ts'
import { membersOf } from '../../codec/bitmap.ts'
import { inputsRoot, hashObject, shareValue, signOnceKey } from '../../codec/objects.ts'
import type { Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Confirm, Hello, ProtocolObject, Share } from '../../types/objects.ts'
import type { JudgeInit } from './judge.ts'
import type { PhaseLogs } from './phase-logs.ts'

interface Votes {
  readonly shares: { readonly round: number; readonly value: Digest; readonly validRound: number }[]
  readonly confirms: { readonly round: number; readonly value: Digest }[]
}

/** Everything that honest members send: it may never convict them (E1, E1b, E2, E3). */
export class WireTap {
  /** First STATUS of each member at each height, by `member/height`, and when it was sent. */
  readonly openings = new Map<string, number>()
  readonly #init: JudgeInit
  readonly #logs: PhaseLogs
  /** By `member/key`. */
  readonly #signed = new Map<string, Digest>()
  /** By `member/height`. */
  readonly #votes = new Map<string, Votes>()
  /** STATUS hashes seen from each member, by `member/height`. */
  readonly #statuses = new Map<string, Set<Digest>>()
  /** Hash of a member's CLOSE: what may stand in a list instead of its STATUS. */
  readonly #closes = new Map<number, Digest>()

  constructor(init: JudgeInit, logs: PhaseLogs) {
    this.#init = init
    this.#logs = logs
  }

  sent(member: number, frame: RawFrame, nowMs: number): void {
    for (const part of frame.parts)
      for (const signed of objectsOf(part)) if (signed.member === member) this.#own(member, signed, nowMs)
  }

  #own(member: number, { object }: Unverified, nowMs: number): void {
    const key = `${member}/${signOnceKey(object)}`
    const hash = hashObject(this.#init.cluster.id, object)
    if (object.type === 'close') this.#closes.set(member, hash)
    if (object.type === 'status') this.#status(member, object.height, hash, nowMs)
    if (!this.#init.isHonest(member)) return
    const known = this.#signed.get(key)
    if (known === hash) return
    if (known !== undefined) this.#init.violate('signed-twice', `${member} sent two ${signOnceKey(object)}`)
    this.#signed.set(key, hash)
    this.#check(member, object)
  }

  #status(member: number, height: number, hash: Digest, nowMs: number): void {
    const key = `${member}/${height}`
    if (!this.openings.has(key)) this.openings.set(key, nowMs)
    const seen = this.#statuses.get(key)
    if (seen === undefined) this.#statuses.set(key, new Set([hash]))
    else seen.add(hash)
  }

  #check(member: number, object: ProtocolObject): void {
    switch (object.type) {
      case 'share':
        this.#share(member, object)
        break
      case 'confirm':
        this.#confirm(member, object)
        break
      case 'hello':
        this.#list(member, object)
        break
      case 'checkpoint':
        if (!this.#logs.hadHead(member, object.height, object.logSeq, object.logHead))
          this.#init.violate(
            'forked-log',
            `${member} signed a head at ${object.height} that its log never had`,
          )
        break
      case 'status':
      case 'close':
        break
    }
  }

  #share(member: number, share: Share): void {
    const value = shareValue(share)
    const votes = this.#votesOf(member, share.height)
    const { round, validRound } = share
    votes.shares.push({ round, value, validRound })
    if (value === NIL) return
    this.#list(member, share)
    for (const confirm of votes.confirms)
      this.#amnesia(member, share.height, confirm, { round, value, validRound })
  }

  #confirm(member: number, { height, round, value }: Confirm): void {
    const votes = this.#votesOf(member, height)
    votes.confirms.push({ round, value })
    for (const share of votes.shares) this.#amnesia(member, height, { round, value }, share)
  }

  /** E1b: CONFIRM(v, r), then SHARE(v′) in a later round that nothing since r justifies. */
  #amnesia(
    member: number,
    height: number,
    confirm: Votes['confirms'][number],
    share: Votes['shares'][number],
  ): void {
    const isPair =
      confirm.value !== NIL &&
      share.value !== NIL &&
      share.value !== confirm.value &&
      share.round > confirm.round &&
      share.validRound < confirm.round
    if (isPair)
      this.#init.violate(
        'amnesia',
        `${member} at ${height}: locked in ${confirm.round}, votes in ${share.round}`,
      )
  }

  /** E3: a list below quorum weight, of strangers, or not the one in its inputsRoot. */
  #list(member: number, object: Share | Hello): void {
    const { cluster, violate } = this.#init
    const listed = membersOf(object.inputs)
    const weight = listed.reduce((sum, index) => sum + (cluster.members[index]?.weight ?? 0), 0)
    const where = `${member} at ${object.height}/${object.round}`
    if (listed.some((index) => cluster.members[index] === undefined))
      violate('bad-list', `${where}: a stranger`)
    if (3 * weight <= 2 * cluster.totalWeight) violate('bad-list', `${where}: weight ${weight}`)
    let lists: (Digest | null)[][] = [[]]
    for (const index of listed) {
      const statuses = [...(this.#statuses.get(`${index}/${object.height}`) ?? [])]
      if (statuses.length > 1) return // an equivocator: which of them was meant cannot be told
      const close = this.#closes.get(index)
      // its own is signed, and perhaps not sent yet: a process that starts anew votes first
      const isUnsent = index === member && statuses.length === 0
      const entries = [...(isUnsent ? [null] : statuses), ...(close === undefined ? [] : [close])]
      lists = lists.flatMap((list) => entries.map((entry) => [...list, entry]))
    }
    const isRight = (list: readonly (Digest | null)[]): boolean =>
      !isWhole(list) || inputsRoot(object.inputs, list) === object.inputsRoot
    if (!lists.some(isRight)) violate('bad-list', `${where}: not the list in inputsRoot`)
  }

  #votesOf(member: number, height: number): Votes {
    const key = `${member}/${height}`
    const existing = this.#votes.get(key)
    if (existing !== undefined) return existing
    const created: Votes = { shares: [], confirms: [] }
    this.#votes.set(key, created)
    return created
  }
}

function isWhole(list: readonly (Digest | null)[]): list is readonly Digest[] {
  return list.every((entry) => entry !== null)
}

/** Signed objects in a part of a frame, whoever they are of. */
export function objectsOf(part: RawPart): readonly Unverified[] {
  switch (part.kind) {
    case 'object':
      return [part.signed]
    case 'decided':
      return [...part.confirms, part.share, ...part.inputs]
    case 'roundCertificate':
      return part.confirms
    case 'ask':
    case 'body':
    case 'seen':
    case 'get':
    case 'sync':
    case 'own':
    case 'at':
    case 'notes':
      return []
  }
}
