import { basePercent } from '../../codec/evidence.ts'
import type { RawFrame } from '../../codec/frames.ts'
import { hashObject, signingDigest } from '../../codec/objects.ts'
import type { Member } from '../../types/cluster.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Honesty } from './honesty.ts'
import type { JudgeInit } from './judge.ts'
import { Transcript } from './transcript.ts'
import type { Verdicts } from './verdict.ts'
import { objectsOf } from './wire-tap.ts'

/** What honest members heard, all together: if they decided two values for one height, it convicts a third of the weight. */
export class Accountability {
  readonly transcript = new Transcript()
  /** Weight of those whose whole lock is lost by what was heard of them. Known when the world is over, if it forked. */
  convicted = 0
  readonly #init: JudgeInit
  readonly #verdicts: Verdicts

  constructor(init: JudgeInit, verdicts: Verdicts) {
    this.#init = init
    this.#verdicts = verdicts
  }

  /** A frame arrived at an honest member. */
  heard(frame: RawFrame): void {
    const { cluster, separator, recover } = this.#init
    for (const part of frame.parts) {
      for (const { object, member, signature } of objectsOf(part)) {
        const hash = hashObject(cluster.id, object)
        if (this.transcript.has(member, hash)) continue
        if (recover(signingDigest(separator, hash), signature) !== cluster.members[member]?.key) continue
        this.transcript.add({ object, member, hash, signature })
      }
    }
  }

  /** There was a fork. Quorums share a third of the weight if each has an honest member: liars are no quorum by themselves. */
  close(honesty: Honesty): void {
    const { cluster, isHonest, violate } = this.#init
    const convicted = cluster.members.filter(({ index }) =>
      [...honesty.proofsAgainst(index, this.transcript.of(index))].some((evidence) =>
        this.#takesAll(evidence),
      ),
    )
    this.convicted = sum(convicted)
    const liars = sum(cluster.members.filter(({ index }) => !isHonest(index)))
    if (3 * liars <= 2 * cluster.totalWeight && 3 * this.convicted < cluster.totalWeight)
      violate('fork-unproven', `what was heard convicts ${this.convicted} of ${cluster.totalWeight}`)
  }

  #takesAll(evidence: Evidence): boolean {
    if (basePercent(this.#init.cluster, evidence) < 100) return false
    const { byRules, byAuditor, because } = this.#verdicts.of(evidence)
    if (byRules !== byAuditor)
      this.#init.violate('judges-differ', `${evidence.kind}, the rules: ${byRules}, the auditor: ${because}`)
    return byRules
  }
}

function sum(members: readonly Member[]): number {
  return members.reduce((weight, member) => weight + member.weight, 0)
}
