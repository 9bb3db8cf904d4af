import type { Peer } from './lead.ts'
import type { ReplicaLog } from './log.ts'
import { partOf } from './parts.ts'
import type { Address } from '../../types/ids.ts'
import type { Message, StoreEffects, StoreRecord, StoreReply } from './types.ts'
import type { StoreChange } from '../../types/store-request.ts'

/** Bytes of entries in one message. */
const BATCH_BYTES_MAX = 40_000

/** Entries behind an index, or the snapshot that stands for them. */
export function tailOf(log: ReplicaLog, token: bigint, after: number): Message {
  const previous = log.positionAt(after)
  if (previous === null) return snapshotPart(log, token, 0, 0)
  const { epoch, index } = previous
  const entries = log.after(after, BATCH_BYTES_MAX)
  return { kind: 'tail', token, previous: { epoch, index }, entries }
}

/** One part of the snapshot: of that up to `index`, or the first part of a later one. */
export function snapshotPart(log: ReplicaLog, token: bigint, index: number, part: number): Message {
  const { snapshot } = log
  const wanted = snapshot.index === index ? part : 0
  const last = { epoch: snapshot.epoch, index: snapshot.index }
  return { kind: 'snapshot', token, last, ...partOf(snapshot.data, wanted) }
}

/**
 * What a peer gets next, counted as sent; null: nothing.
 *
 * @param isBeat also if it has everything: whether it really has, it says then
 */
export function nextFor(log: ReplicaLog, token: bigint, peer: Peer, isBeat: boolean): Message | null {
  const previous = log.positionAt(peer.next - 1)
  // parts are asked for one by one
  if (previous === null) return isBeat ? snapshotPart(log, token, 0, 0) : null
  const entries = log.after(previous.index, BATCH_BYTES_MAX)
  if (entries.length === 0 && !isBeat) return null
  const { epoch, index } = previous
  peer.next = index + entries.length + 1
  return { kind: 'append', token, previous: { epoch, index }, entries, commit: log.committed }
}

/** What a step asks for, while it is made. */
export class Out implements StoreEffects {
  readonly records: StoreRecord[] = []
  readonly sends: { readonly to: Address; readonly message: Message }[] = []
  readonly replies: { readonly id: number; readonly reply: StoreReply }[] = []
  readonly changes: StoreChange[] = []
}
