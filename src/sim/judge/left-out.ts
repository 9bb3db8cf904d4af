import { membersOf } from '../../codec/bitmap.ts'
import { PATIENCE } from '../../protocol/awaited.ts'
import type { StoredHeight } from '../../ports/store.ts'
import type { Digest } from '../../types/ids.ts'
import type { Share, Signed } from '../../types/objects.ts'
import type { JudgeInit } from './judge.ts'

/** Clocks run up to so much fast, and the first tick of a phase is not a whole one. */
const FASTEST = 0.85

export type LeftOutInit = Pick<JudgeInit, 'cluster' | 'params' | 'isHonest' | 'violate' | 'count'>

/** What one life of a node has heard. */
interface Ear {
  /** It runs the task: it has sent an object of its own in this life. */
  isUp: boolean
  /** When a member was first heard while the node was in a height, by `other/height`. */
  readonly heard: Map<string, number>
}

/**
 * No honest member that votes in round 0 ends DEBATE before its time-out without an honest member that it has heard in
 * that height or the one before, unless it has waited for that one in vain `PATIENCE` times, or that one follows another
 * history, which takes liars of a third.
 */
export class LeftOut {
  readonly #init: LeftOutInit
  readonly #shortestMs: number
  readonly #ears = new Map<number, Ear>()
  /** Last height that a member's disk has. */
  readonly #decided = new Map<number, number>()
  /** When a member signed its STATUS of a height, by `member/height`. */
  readonly #opened = new Map<string, number>()
  /** When a member first called its reducer for a height: DEBATE is over and the list is fixed; by `member/height`. */
  readonly #reduced = new Map<string, number>()
  /** Time-outs of one member for another, by `member/other`: never forgiven here. */
  readonly #vain = new Map<string, number>()
  /** Members that want to leave, or may not sign for a while. */
  readonly #excused = new Set<number>()
  readonly #lists = new Map<number, ReadonlySet<number>>()
  /** What a member has decided, by `height/member`. */
  readonly #values = new Map<string, Digest>()

  constructor(init: LeftOutInit) {
    this.#init = init
    const { debateTicks, tickMs } = init.params
    this.#shortestMs = (debateTicks - 1) * tickMs * FASTEST
  }

  /** A process begins: what it has heard is gone with the one before. */
  booted(member: number): void {
    this.#ears.set(member, { isUp: false, heard: new Map() })
  }

  sent(member: number): void {
    const ear = this.#ears.get(member)
    if (ear !== undefined) ear.isUp = true
  }

  /** A frame of `from` arrived, in which it has signed something for `height`; 0: nothing for any. */
  heard(member: number, from: number, height: number, nowMs: number): void {
    const ear = this.#ears.get(member)
    const running = (this.#decided.get(member) ?? 0) + 1
    const key = `${from}/${running}`
    if (ear?.isUp === true && height >= Math.max(1, running - 2) && !ear.heard.has(key))
      ear.heard.set(key, nowMs)
  }

  /** A member calls its reducer. */
  reduced(member: number, height: number, nowMs: number): void {
    const key = `${member}/${height}`
    if (!this.#reduced.has(key)) this.#reduced.set(key, nowMs)
  }

  /** From here on nobody is blamed for leaving this member out. */
  excuse(member: number): void {
    this.#excused.add(member)
  }

  signed({ member, object }: Signed, nowMs: number): void {
    if (object.type === 'close') this.#excused.add(member)
    if (object.type === 'status') this.#opened.set(`${member}/${object.height}`, nowMs)
    if (object.type === 'share' && object.round === 0) this.#share(member, object, nowMs)
  }

  /**
   * DEBATE may have run to its time-out, for anybody, and no list tells for whom: the reducer failed, or its list could not be
   * aggregated.
   */
  waited(member: number, height: number): void {
    for (const { index } of this.#init.cluster.members) this.#waitedFor(member, index, height)
  }

  /** It cost one time-out, and the other must be heard again before it is waited for. */
  #waitedFor(member: number, other: number, height: number): void {
    const key = `${member}/${other}`
    this.#vain.set(key, (this.#vain.get(key) ?? 0) + 1)
    const heard = this.#ears.get(member)?.heard
    heard?.delete(`${other}/${height - 1}`)
    heard?.delete(`${other}/${height}`)
  }

  decided(member: number, { decided, value }: StoredHeight): void {
    const { height, share } = decided
    this.#decided.set(member, height)
    this.#values.set(`${height}/${member}`, value)
    if (this.#lists.has(height)) return
    const listed = new Set(membersOf(share.object.inputs))
    this.#lists.set(height, listed)
    for (const index of this.#others(listed)) {
      this.#init.count('left out')
      if (this.#lists.get(height - 1)?.has(index) === false) this.#init.count('left out once more')
    }
  }

  #share(member: number, share: Share, nowMs: number): void {
    const { height } = share
    const ear = this.#ears.get(member)
    const endedMs = this.#reduced.get(`${member}/${height}`) ?? nowMs
    const tookMs = nowMs - (this.#opened.get(`${member}/${height}`) ?? 0)
    const isLate = tookMs >= this.#shortestMs
    if (share.inputs === 0n) {
      if (isLate) this.waited(member, height)
      return
    }
    for (const other of this.#others(new Set(membersOf(share.inputs)))) {
      const vain = this.#vain.get(`${member}/${other}`) ?? 0
      const heardMs = [`${other}/${height - 1}`, `${other}/${height}`].map(
        (at) => ear?.heard.get(at) ?? nowMs,
      )
      if (isLate) this.#waitedFor(member, other, height)
      else if (Math.min(...heardMs) < endedMs && vain < PATIENCE && !this.#areApart(member, other, height))
        this.#init.violate(
          'left-out',
          `${member} at ${height}: a list without ${other}, which it had heard, after ${tookMs} ms`,
        )
    }
  }

  /** Whether two members have decided differently before a height. */
  #areApart(one: number, other: number, before: number): boolean {
    return Array.from({ length: before - 1 }, (_, at) => at + 1).some((height) => {
      const [first, second] = [one, other].map((member) => this.#values.get(`${height}/${member}`))
      return first !== undefined && second !== undefined && first !== second
    })
  }

  /** Honest members that stay, and are not listed. */
  #others(listed: ReadonlySet<number>): number[] {
    const { cluster, isHonest } = this.#init
    return cluster.members
      .map(({ index }) => index)
      .filter((index) => isHonest(index) && !listed.has(index) && !this.#excused.has(index))
  }
}
