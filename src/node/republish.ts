import { decodeBatch } from '../codec/batch.ts'
import { membersOf } from '../codec/bitmap.ts'
import { concatHex, uint } from '../codec/hex.ts'
import { decodeNotes, encodeNote } from '../codec/notes.ts'
import type { ChainEvent, RepublishCall } from '../ports/chain.ts'
import type { Store, StoredHeight } from '../ports/store.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Hex, MemberIndex } from '../types/ids.ts'
import { hintOf, knownValues } from './checkpoint-call.ts'

/** A checkpoint as the chain tells of it. */
export type Checkpointed = Extract<ChainEvent, { kind: 'checkpointed' }>

export interface RepublishSeat {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly store: Store
}

/** Hints and notes of a checkpoint, as somebody published them. */
export interface Copy {
  readonly hints: Hex
  readonly notes: Hex
}

/**
 * What a member publishes again of a checkpoint that it signed: its note if its log is its own, else the hints that the
 * shared log follows. Null where a copy on chain has that already, and where the member did not sign this history.
 *
 * @param copies what others have published again
 */
export function republishOf(
  { taskId, cluster, self, store }: RepublishSeat,
  checkpoint: Checkpointed,
  copies: readonly Copy[],
): RepublishCall | null {
  const { first, height, root, bitmap, sharedSeq, sharedHead } = checkpoint
  const own = membersOf(bitmap).includes(self) ? store.checkpoint(cluster.id, height) : null
  if (own === null || own.signed.object.root !== root) return null
  const heights = store.heights(cluster.id, first, height - first + 1)
  const published = [{ hints: hintsIn(checkpoint, cluster), notes: checkpoint.notes }, ...copies]
  const { logSeq, logHead } = own.signed.object
  if (logSeq === sharedSeq && logHead === sharedHead) {
    const hints = concatHex(...heights.map((decided) => uint(hintOf(decided), 1)))
    return published.some((copy) => copy.hints === hints) ? null : { taskId, height, hints, notes: '0x' }
  }
  const { note } = own
  if (note === null) return null
  const before = first > 1 ? store.heights(cluster.id, first - 1, 1) : []
  const isThere = published.some(({ notes }) => noteIn(notes, self, [...before, ...heights], first) === note)
  return isThere ? null : { taskId, height, hints: '0x', notes: note }
}

function hintsIn({ batch }: Checkpointed, { members }: Cluster): Hex {
  return concatHex(...(decodeBatch(batch, members.length) ?? []).map(({ hint }) => uint(hint, 1)))
}

/** A member's note among those packed; null if there is none, or they cannot be read. */
function noteIn(
  packed: Hex,
  member: MemberIndex,
  heights: readonly StoredHeight[],
  first: number,
): Hex | null {
  const known = knownValues(heights, first)
  const note = decodeNotes(packed, known)?.find((one) => one.member === member)
  return note === undefined ? null : encodeNote(note, known)
}
