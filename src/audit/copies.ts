import { fromHex } from '../codec/hex.ts'
import type { NotedEntry } from '../codec/notes.ts'
import { decodeNotes } from '../codec/notes.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { Reconciled } from './reconcile.ts'

/**
 * Everything that was published for the readers of a checkpoint, by its submitter and by others since. Nobody signed it:
 * a copy is right iff the signed head comes out, and one that is not right is noise and says nothing about anybody.
 */
export interface Copies {
  /** Deciding rounds by height of the batch, each sequence once, the batch's own first. */
  readonly hints: readonly (readonly number[])[]
  /** Notes by member, each once. */
  readonly notes: ReadonlyMap<MemberIndex, readonly (readonly NotedEntry[])[]>
}

/** The copies of a batch: its own, and those that `republish` brought for its last height. */
export function copiesOf(batch: AnchoredBatch, republished: readonly Reconciled<'Republished'>[]): Copies {
  const { source, first, previous, heights } = batch
  const last = BigInt(first + heights.length - 1)
  const valueOf = (height: number): Digest =>
    height < first ? previous : (heights[height - first]?.value ?? NIL)
  const own = { hints: heights.map(({ hint }) => hint), notes: source.args.notes }
  const others = republished
    .filter(({ args }) => args.height === last)
    .map(({ args }) => ({ hints: [...fromHex(args.hints)], notes: args.notes }))
  const hints = new Map<string, readonly number[]>()
  const packed = new Set<Hex>()
  for (const copy of [own, ...others]) {
    if (copy.hints.length === heights.length) hints.set(copy.hints.join(), copy.hints)
    packed.add(copy.notes)
  }
  const notes = new Map<MemberIndex, NotedEntry[][]>()
  for (const bytes of packed)
    for (const { member, entries } of decodeNotes(bytes, { first, valueOf }) ?? [])
      notes.set(member, [...(notes.get(member) ?? []), [...entries]])
  return { hints: [...hints.values()], notes }
}
