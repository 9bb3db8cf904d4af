import { encodeInputs, inputsHashOf, publishedInputs } from '../codec/batch.ts'
import { bitmapOf } from '../codec/bitmap.ts'
import { toHex } from '../codec/hex.ts'
import { appendLog, epochOf, logStart } from '../codec/log.ts'
import { appendRoot, rootStart } from '../codec/roots.ts'
import type { HeightBodies } from '../ports/body-source.ts'
import type { DecidedState } from '../ports/state-source.ts'
import type { HistoryEntry, Store } from '../ports/store.ts'
import { isCheckpointHeight, ownNote } from '../protocol/checkpoint.ts'
import type { RestoredTask } from '../protocol/restore.ts'
import type { DueCheckpoint, EngineConfig } from '../protocol/state.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Bitmap, Digest, Hex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Checkpoint } from '../types/objects.ts'
import { packedInputs } from './checkpoint-call.ts'

/** What the store knows of a task, in the form the engine is restored from. */
export function restoredTask(store: Store, cluster: Digest, config: EpochInputs): RestoredTask {
  const { entries, signed, proofs, notes, kept, history } = store.load(cluster)
  const decided = history.map((chain, i) => {
    if (chain.height !== i + 1) throw gap(cluster, `decided height ${i + 1}`)
    return { value: chain.value, chain }
  })
  const missing = entries.findIndex(({ seq }, i) => seq !== i + 1)
  if (missing >= 0) throw gap(cluster, `log entry ${missing + 1}`)
  const left = membersLeft(store, cluster, history)
  const vetted = config.isProvable === true ? lastSigned(store, cluster, config, history.length) : 0
  return {
    entries,
    signed,
    proofs,
    notes,
    kept,
    decided,
    left,
    inputs: inputsUpTo(store, cluster, config, history.length),
    vetted,
  }
}

type EpochInputs = Pick<EngineConfig, 'heights' | 'epochHeights' | 'publishesInputs' | 'isProvable'>

/** Height of the last own CHECKPOINT: it was signed because every height up to it was right. The others are looked at again. */
function lastSigned(store: Store, cluster: Digest, config: EpochInputs, decided: number): number {
  for (let height = decided; height > 0; height -= 1)
    if (isCheckpointHeight(config, height) && store.checkpoint(cluster, height) !== null) return height
  return 0
}

/** Rows that are whole, but not all of them: what is left must not be gone on with. */
function gap(cluster: Digest, what: string): RsdpError {
  return new RsdpError({
    code: 'E_STORE_CORRUPT',
    message: `the store lacks ${what} of the task with cluster ${cluster}`,
    hint: 'start the node again: it sets the damaged store aside (docs/disks.md)',
    exit: EXIT.precondition,
    details: { cluster, what },
  })
}

/** Packed inputs of a height and of those before it in its epoch. */
function inputsUpTo(
  store: Pick<Store, 'heights' | 'body'>,
  cluster: Digest,
  config: EpochInputs,
  height: number,
): Hex {
  if (config.publishesInputs !== true || height === 0) return '0x'
  const first = epochOf(height, config.epochHeights) * config.epochHeights + 1
  return packedInputs(store, cluster, store.heights(cluster, first, height - first + 1))
}

/**
 * Members whose CLOSE was in a decided list: the last entry that they have. Whoever has not left comes back
 * after a height missed, so only the last list of each member is read.
 */
function membersLeft(store: Store, cluster: Digest, history: readonly HistoryEntry[]): Bitmap {
  const lastLists = new Map<number, Bitmap>()
  let seen = 0n
  for (const { height, inputs } of history.toReversed()) {
    const fresh = inputs & ~seen
    if (fresh !== 0n) lastLists.set(height, fresh)
    seen |= inputs
  }
  let left = 0n
  for (const [height, fresh] of lastLists) {
    for (const { decided } of store.heights(cluster, height, 1)) {
      const leavers = decided.inputs.filter(({ object }) => object.type === 'close')
      left |= bitmapOf(leavers.map(({ member }) => member)) & fresh
    }
  }
  return left
}

/**
 * The CHECKPOINTs still to be signed, all after the last one that was: their heights were decided, but the process ended before
 * it had signed, or had vetted, the history up to there. Nobody asks for them again, and where members of a third lack one the
 * chain gets no more of the history. The log of each is that of its epoch, which is over.
 */
export function missingCheckpoints(
  store: Pick<Store, 'checkpoint' | 'heights' | 'body' | 'log'>,
  config: EngineConfig,
  task: RestoredTask,
): DueCheckpoint[] {
  const { id } = config.cluster
  const values = task.decided.map(({ value }) => value)
  const roots = [rootStart(id)]
  for (const value of values) roots.push(appendRoot(roots.at(-1) ?? NIL, value))
  const due: DueCheckpoint[] = []
  for (let height = values.length; height > 0; height -= 1) {
    if (!isCheckpointHeight(config, height)) continue
    if (store.checkpoint(id, height) !== null) break
    const epoch = epochOf(height, config.epochHeights)
    const first = epoch * config.epochHeights + 1
    const entries = store.log(id, first, height)
    const last = entries.at(-1)
    if (last?.height !== height) continue // only the log as of that decision has the head to sign
    const previous = values[first - 2] ?? NIL
    const note = ownNote(config, { first, previous, values: values.slice(first - 1, height), entries })
    const object: Checkpoint = {
      type: 'checkpoint',
      height,
      root: roots[height] ?? NIL,
      logSeq: last.seq,
      logHead: entries.reduce(appendLog, logStart(id, epoch)),
      inputsHash: inputsHashOf(inputsUpTo(store, id, config, height)),
    }
    due.unshift({ object, note })
  }
  return due
}

/** The listed states of a decided height, ascending by member; none if it is not decided here. */
export function decidedInputs(
  store: Store,
  cluster: Digest,
  height: number,
): NonNullable<DecidedState['inputs']> {
  const [stored] = store.heights(cluster, height, 1)
  return (stored?.decided.inputs ?? []).flatMap(({ member, object }) => {
    const state = object.type === 'status' ? store.body(cluster, object.stateHash) : null
    return state === null ? [] : [{ member, state }]
  })
}

/** What an auditor needs of a height whose inputs are not on chain; null if it is not decided here. */
export function decidedBodies(store: Store, cluster: Digest, height: number): HeightBodies | null {
  const [stored] = store.heights(cluster, height, 1)
  if (stored === undefined) return null
  const list = publishedInputs(stored.decided.inputs, (hash) => store.body(cluster, hash))
  return { inputs: encodeInputs([list]), state: toHex(stored.state) }
}
