import { appendLog, epochOf, logStart } from '../codec/log.ts'
import { appendRoot } from '../codec/roots.ts'
import type { Bitmap, Digest, Hex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent } from '../types/log.ts'
import type { Checkpoint, Close, Confirm, Hello, Share, Signed, Status } from '../types/objects.ts'
import { createEngine } from './create.ts'
import { append } from './phase-log.ts'
import { keepQuorum } from './share.ts'
import type { ChainState, DueCheckpoint, EngineConfig, EngineState, Kept, ShareQuorum } from './state.ts'
import { emptyBox, emptyCheckpoint } from './state.ts'
import type { Work } from './work.ts'
import { own, ownRound, setTimer, workOn } from './work.ts'

/** What a log may say of a height before anything is signed in it: RESET after a restart, and the opening of one that leaves. */
const OPENING: ReadonlySet<PhaseEvent> = new Set(['RESET', 't1', 't3'])

/** What the store still knows of a task: enough to go on without ever signing a second object for a key. */
export interface RestoredTask {
  /** Own log entries since the start of the last entry's epoch, in order. */
  readonly entries: readonly LogEntry[]
  /** Own objects of heights above the last decided one, and CHECKPOINTs. */
  readonly signed: readonly Signed[]
  readonly proofs: readonly ShareQuorum[]
  /** What was kept with the objects of the height in work. */
  readonly kept?: readonly Kept[]
  /** Notes to own CHECKPOINTs, by height. */
  readonly notes?: ReadonlyMap<number, Hex>
  /** Decided heights, ascending from 1. */
  readonly decided: readonly { readonly value: Digest; readonly chain: Omit<ChainState, 'root'> }[]
  /** CHECKPOINTs of decided heights that were not signed before the process ended, ascending. */
  readonly due?: readonly DueCheckpoint[]
  /** Bitmap of members whose CLOSE was in a decided list. */
  readonly left?: Bitmap
  /** Packed inputs of the last decided height and of those before it in its epoch; absent if none are published. */
  readonly inputs?: Hex
  /** Height up to which the states are known to be what the twin gives. */
  readonly vetted?: number
}

/**
 * The engine of a node that was running this task before: highest round signed, lock = highest CONFIRM ≠ NIL, proofs
 * from the record. Its log goes on with RESET; what was signed is sent again, never signed again.
 */
export function restoreEngine(config: EngineConfig, task: RestoredTask): EngineState {
  const s = createEngine(config)
  let { root } = s.chain
  for (const height of task.decided) {
    root = appendRoot(root, height.value)
    s.chain = { ...height.chain, root }
  }
  s.left = task.left ?? 0n
  const next = s.chain.height + 1
  s.box = emptyBox(next)
  s.next = emptyBox(next + 1)
  restoreEpoch(s, task)
  restoreLog(s, task.entries)
  const w = workOn(s)
  s.vetted = task.vetted ?? 0
  for (const signed of task.signed) restoreObject(w, signed, task.notes ?? new Map())
  for (const due of task.due ?? []) restoreDue(w, due)
  for (const proof of task.proofs) {
    if (proof.shares[0]?.object.height === next) keepQuorum(w, proof)
  }
  for (const kept of task.kept ?? []) restoreKept(w, kept)
  // a log that has gone through this height without an own object: it was adopted, so it is decided elsewhere, and not to be opened
  const isPast = task.entries.some(({ height, event }) => height === next && !OPENING.has(event))
  s.observing = isPast && !hasOwn(s)
  resetLog(s)
  return s
}

/** Whether a STATUS of the height in work is signed, or a vote: whoever has signed a CLOSE signs no STATUS. */
function hasOwn({ box, config: { self } }: EngineState): boolean {
  return (
    box.inputs.has(self) ||
    [...box.rounds.values()].some(({ shares, confirms }) => shares.has(self) || confirms.has(self))
  )
}

function restoreEpoch(s: EngineState, task: RestoredTask): void {
  const { config, chain } = s
  const valueAt = (height: number): Digest => task.decided[height - 1]?.value ?? NIL
  const first = epochOf(chain.height + 1, config.epochHeights) * config.epochHeights + 1
  const values = task.decided.slice(first - 1).map((height) => height.value)
  s.epoch = {
    first,
    previous: valueAt(first - 1),
    values,
    entries: task.entries.filter((entry) => entry.height >= first),
    inputs: first > chain.height ? '0x' : (task.inputs ?? '0x'),
  }
}

/** Folds the stored entries: recovery is the same hash chain as normal work. */
function restoreLog(s: EngineState, entries: readonly LogEntry[]): void {
  const { cluster, epochHeights } = s.config
  const last = entries.at(-1)
  if (last === undefined) return
  const epoch = epochOf(last.height, epochHeights)
  let head = logStart(cluster.id, epoch)
  for (const entry of entries) head = appendLog(head, entry)
  s.log = { status: last.to, epoch, seq: last.seq, head, height: last.height, round: last.round }
  // a round may have been entered, and the one before left for good, without an object of it
  if (last.height === s.box.height) s.round = last.round
}

function restoreObject(w: Work, signed: Signed, notes: ReadonlyMap<number, Hex>): void {
  const { s } = w
  const { object } = signed
  if (object.type === 'checkpoint') {
    const box = emptyCheckpoint(object.height)
    if (object.height <= s.chain.height) {
      box.root = object.root
      box.inputsHash = object.inputsHash
    }
    own(w, box, 'signed').set(signed.member, signed as Signed<Checkpoint>)
    const note = notes.get(object.height)
    if (note !== undefined) own(w, box, 'notes').set(signed.member, note)
    own(w, s, 'checkpoints').set(object.height, box)
    setTimer(w, 'checkpoint', 1)
    return
  }
  if (object.type === 'close') {
    own(w, s, 'closes').set(signed.member, signed as Signed<Close>)
    return
  }
  if (object.height !== s.box.height) return
  if (object.type === 'status') {
    own(w, s.box, 'inputs').set(signed.member, signed as Signed<Status>)
    return
  }
  s.round = Math.max(s.round, object.round)
  const box = ownRound(w, s.box, object.round)
  if (object.type === 'hello') box.hello = signed as Signed<Hello>
  if (object.type === 'share') own(w, box, 'shares').set(signed.member, signed as Signed<Share>)
  if (object.type === 'confirm') {
    own(w, box, 'confirms').set(signed.member, signed as Signed<Confirm>)
    const { value, round } = object
    if (value !== NIL && (s.lock === null || round > s.lock.round)) s.lock = { value, round }
  }
}

function restoreDue(w: Work, due: DueCheckpoint): void {
  const { height, root, inputsHash } = due.object
  own(w, w.s, 'due').set(height, due)
  own(w, w.s, 'checkpoints').set(height, { ...emptyCheckpoint(height), root, inputsHash })
}

function restoreKept(w: Work, kept: Kept): void {
  const { s } = w
  const { admission, list, bodies } = kept
  for (const [hash, bytes] of bodies) own(w, s, 'bodies').set(hash, bytes)
  if (admission?.height === s.box.height) {
    const confirms = own(w, ownRound(w, s.box, admission.round), 'confirms')
    for (const signed of admission.confirms)
      if (!confirms.has(signed.member)) confirms.set(signed.member, signed)
  }
  if (list === null) return
  ownRound(w, s.box, list.round).list ??= list
  for (const input of list.objects)
    if (!s.box.inputs.has(input.member)) own(w, s.box, 'inputs').set(input.member, input)
}

/** RESET: from whatever status to INITIAL, at the height and round in work. */
function resetLog(s: EngineState): void {
  if (s.log.seq === 0 && s.log.height === 1) return
  const height = Math.min(Math.max(s.box.height, s.log.height), s.config.heights)
  const round = height === s.log.height ? Math.max(s.round, s.log.round) : s.round
  const where = { cluster: s.config.cluster.id, epochHeights: s.config.epochHeights }
  const { log, entry } = append(s.log, where, 'RESET', { height, round, value: s.chain.value })
  s.log = log
  s.unrecorded = [...s.unrecorded, entry]
  s.epoch = { ...s.epoch, entries: [...s.epoch.entries, entry] }
}
