import type { Digest, MemberIndex } from '../../types/ids.ts'
import type { Signed } from '../../types/objects.ts'

/** Signed objects by who signed them, each once, in the order in which they came. */
export class Transcript {
  readonly #byMember = new Map<MemberIndex, Map<Digest, Signed>>()

  add(signed: Signed): void {
    const own = this.#byMember.get(signed.member)
    if (own === undefined) this.#byMember.set(signed.member, new Map([[signed.hash, signed]]))
    else if (!own.has(signed.hash)) own.set(signed.hash, signed)
  }

  has(member: MemberIndex, hash: Digest): boolean {
    return this.#byMember.get(member)?.has(hash) === true
  }

  of(member: MemberIndex): readonly Signed[] {
    return [...(this.#byMember.get(member)?.values() ?? [])]
  }
}
