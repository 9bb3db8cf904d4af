import { weightedLowerMedian } from '../reducers/agreed-time.ts'
import type { Input } from '../reducers/reducer.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { FoldContext } from './slice.ts'

/** What the observations of a height say about each member, in the words of the others. */
export class Observers<Said extends { readonly member: MemberIndex }> {
  readonly #context: FoldContext
  /** By subject. */
  readonly #said = new Map<MemberIndex, { readonly said: Said; readonly weight: number }[]>()

  /** Nobody's word about itself counts, nor a word about a seat that does not exist. */
  constructor(inputs: readonly Input<{ readonly peers: readonly Said[] }>[], context: FoldContext) {
    this.#context = context
    for (const { member, state } of inputs) {
      const weight = context.members[member]?.weight ?? 0
      for (const said of state.peers) {
        if (said.member === member) continue
        const list = this.#said.get(said.member)
        if (list === undefined) this.#said.set(said.member, [{ said, weight }])
        else list.push({ said, weight })
      }
    }
  }

  /** Whether those who speak of a member weigh more than twice what liars can: then most of them by weight are honest. */
  isCertain(subject: MemberIndex): boolean {
    const weight = (this.#said.get(subject) ?? []).reduce((sum, one) => sum + one.weight, 0)
    return weight > 2 * this.#context.faultWeight
  }

  /** The weighted lower median of one figure; null unless certain. */
  medianOf(subject: MemberIndex, figure: (said: Said) => number): number | null {
    if (!this.isCertain(subject)) return null
    const list = this.#said.get(subject) ?? []
    return weightedLowerMedian(list.map(({ said, weight }) => ({ value: figure(said), weight })))
  }
}
