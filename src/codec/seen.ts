import type { Seen, SeenKind } from '../types/frames.ts'
import { SEEN_KINDS } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import type { CborValue } from './cbor.ts'
import { digestOf, integer, list, Malformed } from './fields.ts'

/**
 * What was seen, as fields of a frame: per kind a list of [hashStruct, members …]. Members that agree sign the same SHARE
 * and CONFIRM, so that a digest travels once, and not once for each of 128.
 */
export function encodeSeen(seen: readonly Seen[]): CborValue[] {
  return SEEN_KINDS.map((kind) => {
    const members = new Map<Digest, MemberIndex[]>()
    for (const { member, [kind]: hash } of seen) {
      if (hash !== null) members.set(hash, [...(members.get(hash) ?? []), member])
    }
    return [...members].map(([hash, signers]) => [hash, ...signers])
  })
}

/**
 * What was seen, by member. Throws for fields that `encodeSeen` would not have written: groups come by their first
 * member, members ascend, and each kind names a digest and a member once.
 */
export function readSeen(fields: readonly unknown[]): Seen[] {
  const rows = new Map<MemberIndex, Record<SeenKind, Digest | null>>()
  SEEN_KINDS.forEach((kind, i) => readKind(rows, kind, list(fields[i], MEMBERS_MAX)))
  return [...rows].sort(([a], [b]) => a - b).map(([member, row]) => ({ member, ...row }))
}

function readKind(
  rows: Map<MemberIndex, Record<SeenKind, Digest | null>>,
  kind: SeenKind,
  groups: readonly unknown[],
): void {
  const hashes = new Set<Digest>()
  let firstAllowed = 0
  for (const group of groups) {
    const [bytes, ...signers] = list(group, MEMBERS_MAX + 1)
    const hash = digestOf(bytes)
    if (signers.length === 0 || hashes.has(hash)) throw new Malformed()
    hashes.add(hash)
    firstAllowed = integer(signers[0], firstAllowed, MEMBERS_MAX - 1) + 1
    let lowestAllowed = 0
    for (const signer of signers) {
      const member = integer(signer, lowestAllowed, MEMBERS_MAX - 1)
      lowestAllowed = member + 1
      const row = rows.get(member) ?? {
        status: null,
        hello: null,
        share: null,
        confirm: null,
        checkpoint: null,
      }
      if (row[kind] !== null) throw new Malformed()
      row[kind] = hash
      rows.set(member, row)
    }
  }
}
