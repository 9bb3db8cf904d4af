import { encodeBatch, encodeExceptions, encodeInputs, publishedInputs } from '../codec/batch.ts'
import type { HeadException } from '../codec/batch.ts'
import { bitmapOf } from '../codec/bitmap.ts'
import { concatHex } from '../codec/hex.ts'
import { appendRoot, rootStart } from '../codec/roots.ts'
import { epochOf } from '../codec/log.ts'
import { decodeNotes } from '../codec/notes.ts'
import type { KnownValues } from '../codec/notes.ts'
import type { CheckpointCall } from '../ports/chain.ts'
import type { Store, StoredHeight } from '../ports/store.ts'
import { append, emptyLog, sharedSteps } from '../protocol/phase-log.ts'
import type { LogState } from '../protocol/phase-log.ts'
import type { CheckpointBox } from '../protocol/state.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

export interface CheckpointSources {
  readonly taskId: bigint
  readonly cluster: Digest
  /** n. */
  readonly members: number
  readonly params: TaskParams
  readonly store: Store
}

/** Heights read from the store at a time. */
const PAGE = 256
/** Deciding rounds above this cannot be hinted; their signers' logs then go into notes. */
const HINT_MAX = 255

/**
 * A checkpoint call for the heights after `last` up to the checkpoint's, from the store and the signatures collected.
 * Null if the store does not reach that far or the range is not one epoch.
 */
export function checkpointCall(
  sources: CheckpointSources,
  box: CheckpointBox,
  last: number,
): CheckpointCall | null {
  const { cluster, params, store, taskId } = sources
  const first = last + 1
  const epoch = epochOf(box.height, params.epochHeights)
  if (first > box.height || epochOf(first, params.epochHeights) !== epoch) return null
  const heights = store.heights(cluster, first, box.height - last)
  if (heights.length !== box.height - last) return null
  const shared = sharedLog(sources, epoch * params.epochHeights + 1, box.height)
  if (shared === null) return null
  const signers = [...box.signed.values()].sort((a, b) => a.member - b.member)
  const exceptions: HeadException[] = signers
    .filter(({ object }) => object.logSeq !== shared.seq || object.logHead !== shared.head)
    .map(({ member, object }) => ({ member, logSeq: object.logSeq, logHead: object.logHead }))
  const known = knownValues([...(first > 1 ? store.heights(cluster, last, 1) : []), ...heights], first)
  const notes = exceptions.flatMap(({ member }) => readableNote(box, member, known) ?? [])
  return {
    taskId,
    first,
    batch: encodeBatch(
      heights.map((height, i) => batchHeight(height, previousSeq(store, cluster, heights, i, last))),
      sources.members,
    ),
    bitmap: bitmapOf(signers.map(({ member }) => member)),
    sharedSeq: shared.seq,
    sharedHead: shared.head,
    exceptions: encodeExceptions(exceptions),
    notes: concatHex(...notes),
    inputs: params.calldataInputs ? packedInputs(store, cluster, heights) : '0x',
    signatures: concatHex(...signers.map(({ signature }) => signature)),
  }
}

/** root_{height−1}: what `finalize` needs to prove which state is the last. The heights before must be decided. */
export function rootBefore(store: Store, cluster: Digest, height: number): Digest {
  let root = rootStart(cluster)
  for (let first = 1; first < height; first += PAGE) {
    const page = store.heights(cluster, first, Math.min(PAGE, height - first))
    for (const { value } of page) root = appendRoot(root, value)
  }
  return root
}

/** What a batch says of the deciding round. */
export function hintOf({ round }: Pick<StoredHeight, 'round'>): number {
  return Math.min(round, HINT_MAX)
}

function batchHeight(height: StoredHeight, previous: number): Parameters<typeof encodeBatch>[0][number] {
  const { stateHash, inputsRoot, inputs, eventSeq } = height.decided.share.object
  return {
    hint: hintOf(height),
    stateHash,
    inputsRoot,
    eventSeqDelta: eventSeq - previous,
    inputs,
  }
}

function previousSeq(
  store: Store,
  cluster: Digest,
  heights: readonly StoredHeight[],
  i: number,
  last: number,
): number {
  const before = i > 0 ? heights[i - 1] : last > 0 ? store.heights(cluster, last, 1)[0] : undefined
  return before?.decided.share.object.eventSeq ?? 0
}

/** The log that undisturbed members have at `height`: folded over the epoch's deciding rounds. */
function sharedLog(sources: CheckpointSources, first: number, height: number): LogState | null {
  const { cluster, store, params } = sources
  const where = { cluster, epochHeights: params.epochHeights }
  let previous: Digest = NIL
  if (first > 1) {
    const before = store.heights(cluster, first - 1, 1)[0]
    if (before === undefined) return null
    previous = before.value
  }
  let log: LogState =
    first === 1 ? emptyLog(cluster) : { ...emptyLog(cluster), status: 'IDLE', height: first - 1 }
  for (const { decided, round, value } of store.heights(cluster, first, height - first + 1)) {
    for (const step of sharedSteps(hintOf({ round }), value, previous, log.status)) {
      log = append(log, where, step.event, {
        height: decided.height,
        round: step.round,
        value: step.value,
      }).log
    }
    previous = value
  }
  return log
}

/** Decided values of a batch and of the height before it. */
export function knownValues(heights: readonly StoredHeight[], first: number): KnownValues {
  const values = new Map(heights.map(({ decided, value }) => [decided.height, value]))
  return { first, valueOf: (height) => values.get(height) ?? NIL }
}

/** A signer's note, if it is one: notes are unsigned, and one that cannot be read would spoil those behind it. */
function readableNote(box: CheckpointBox, member: MemberIndex, known: KnownValues): Hex | null {
  const note = box.notes.get(member)
  if (note === undefined) return null
  const [own, ...others] = decodeNotes(note, known) ?? []
  const isOwn = own?.member === member && others.length === 0
  return isOwn && own.entries.every(({ height }) => height <= box.height) ? note : null
}

/** Inputs of decided heights as a checkpoint publishes them. */
export function packedInputs(
  store: Pick<Store, 'body'>,
  cluster: Digest,
  heights: readonly StoredHeight[],
): Hex {
  const bodyOf = (hash: Digest): Uint8Array | null => store.body(cluster, hash)
  return encodeInputs(heights.map(({ decided }) => publishedInputs(decided.inputs, bodyOf)))
}
