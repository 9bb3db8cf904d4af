import { inputsHashOf } from '../codec/batch.ts'
import { epochOf } from '../codec/log.ts'
import { encodeNote } from '../codec/notes.ts'
import { signOnceKey } from '../codec/objects.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Checkpoint, Signed } from '../types/objects.ts'
import { accuse, forgetReports } from './accuse.ts'
import { accuseLog } from './member-log.ts'
import { noteHistory, noteParents } from './parents.ts'
import { sharedSteps } from './phase-log.ts'
import { isQuorum, weightOf } from './quorum.ts'
import { checkpointViews } from './seen.ts'
import { maySign, SIGN_NOTHING } from './standing.ts'
import type { CheckpointBox, EngineConfig, EpochRecord } from './state.ts'
import { emptyCheckpoint, KEPT_NOTHING } from './state.ts'
import type { Work } from './work.ts'
import { boxOf, emit, isOwned, own, record, setTimer } from './work.ts'

/** Largest note kept, ours or a peer's. A longer one is dropped: its signer is then shown as a gap. */
export const NOTE_BYTES_MAX = 8_192
/** Between two sends of a CHECKPOINT in share time-outs, and how often that doubles while nothing is heard. */
const SEND_PHASES = 5
const DOUBLINGS_MAX = 3
/** Epochs whose checkpoints are collected at a time. */
const BOXES_MAX = 4

/** Whether members sign a CHECKPOINT at this height: the end of an epoch or of the task. */
export function isCheckpointHeight(
  config: Pick<EngineConfig, 'heights' | 'epochHeights'>,
  height: number,
): boolean {
  return (
    height >= 1 &&
    height <= config.heights &&
    (height % config.epochHeights === 0 || height === config.heights)
  )
}

/**
 * After a decision: signs the history up to here, if a checkpoint is due that the chain has not accepted yet. In a provable
 * task whoever signs it answers for every height of it, so that the signature waits until all are vetted.
 */
export function signCheckpoint(w: Work): void {
  const { s } = w
  const { height, root } = s.chain
  if (!isCheckpointHeight(s.config, height) || height <= s.anchoredHeight) return
  const note = ownNote(s.config, s.epoch)
  const inputsHash = inputsHashOf(s.epoch.inputs)
  const head = { logSeq: s.log.seq, logHead: s.log.head }
  own(w, s, 'due').set(height, { object: { type: 'checkpoint', height, root, ...head, inputsHash }, note })
  signDue(w)
  const box = checkpointBox(w, height)
  if (box === null) return
  box.root = root
  box.inputsHash = inputsHash
  box.epoch = s.epoch
  for (const member of box.signed.keys()) accuseLog(w, box, member)
  // the own signature does it otherwise
  if (s.due.has(height)) announce(w, box)
  for (const signed of boxOf(w, height)?.checkpoints.values() ?? []) noteHistory(w, signed)
}

/** One more height is known to be right: what was due up to it is signed. */
export function onVetted(w: Work, height: number): void {
  const { s } = w
  if (height !== s.vetted + 1 || height > s.chain.height) return
  s.vetted = height
  signDue(w)
}

/**
 * Signs what is due, as soon as anything may be signed again, and in a provable task once its heights are vetted. The log of
 * a CHECKPOINT is that of the moment of its decision, however late it is signed.
 */
export function signDue(w: Work): void {
  const { s } = w
  if (s.fence === SIGN_NOTHING) return
  for (const [height, { object, note }] of s.due) {
    if (s.config.isProvable === true && s.vetted < height) continue
    own(w, s, 'due').delete(height)
    if (!maySign(s.fence, object) || height <= s.anchoredHeight) continue
    record(w, object, null, { ...KEPT_NOTHING, note })
    const box = checkpointBox(w, height)
    if (box !== null && note !== null) own(w, box, 'notes').set(s.config.self, note)
  }
}

/**
 * Sends the own signature, again until the chain has accepted the height. The pause doubles from the second time on, until
 * another CHECKPOINT is heard or signed.
 */
export function sendCheckpoints(w: Work): void {
  const { s } = w
  const doublings = Math.min(Math.max(0, s.checkpointsSent - 1), DOUBLINGS_MAX)
  s.checkpointsSent += 1
  for (const box of s.checkpoints.values()) {
    const own = box.signed.get(s.config.self)
    if (own === undefined) continue
    const note = box.notes.get(s.config.self)
    emit(w, {
      kind: 'broadcast',
      parts: [
        { kind: 'object', signed: own },
        ...(note === undefined
          ? []
          : [{ kind: 'notes', firstHeight: firstHeight(s.config, box.height), note } as const]),
        ...checkpointViews(w, box.height),
      ],
    })
    setTimer(w, 'checkpoint', SEND_PHASES * s.config.shareTicks * 2 ** doublings)
  }
}

/** Holds a CHECKPOINT against the one that its signer is known for: of a height that the chain has, too. */
function compare(w: Work, signed: Signed<Checkpoint>): void {
  const { member, object } = signed
  const box = boxOf(w, object.height)
  if (box === null) return
  const held = box.checkpoints.get(member)
  if (held === undefined) {
    own(w, box, 'checkpoints').set(member, signed)
    noteParents(w, signed)
    noteHistory(w, signed)
  } else if (held.hash !== signed.hash && accuse(w, { kind: 'E1', first: held, second: signed }))
    own(w, box, 'seconds').set(`${member}/${signOnceKey(object)}`, signed)
}

/** Keeps a CHECKPOINT signature, and tells the driver when they are of quorum weight for our root. */
export function keepCheckpoint(
  w: Work,
  signed: Signed<Checkpoint>,
  note: Hex | null,
): 'kept' | 'duplicate' | 'stale' {
  const { member, object } = signed
  compare(w, signed)
  const box = checkpointBox(w, object.height)
  if (box === null) return keepStray(w, signed)
  const held = box.signed.get(member)
  if (held !== undefined) {
    if (held.hash === signed.hash) return 'duplicate'
    accuse(w, { kind: 'E1', first: held, second: signed })
    return 'kept'
  }
  own(w, box, 'signed').set(member, signed)
  w.s.checkpointsSent = 0
  if (note !== null && note.length <= 2 + 2 * NOTE_BYTES_MAX) own(w, box, 'notes').set(member, note)
  accuseLog(w, box, member)
  announce(w, box)
  return 'kept'
}

/** A CHECKPOINT where nobody signs one is no use, but its log must be that of the one that ends the epoch. */
function keepStray(w: Work, signed: Signed<Checkpoint>): 'kept' | 'duplicate' | 'stale' {
  const { config } = w.s
  const { height } = signed.object
  const end = Math.min((epochOf(height, config.epochHeights) + 1) * config.epochHeights, config.heights)
  const box = height < 1 || height >= end ? null : checkpointBox(w, end)
  if (box === null) return 'stale'
  const held = box.strays.get(signed.member)
  if (held?.hash === signed.hash) return 'duplicate'
  if (held === undefined) {
    own(w, box, 'strays').set(signed.member, signed)
    accuseLog(w, box, signed.member)
  } else if (held.object.height === height) accuse(w, { kind: 'E1', first: held, second: signed })
  return 'kept'
}

/** Signatures of quorum weight for our own root and inputs are ready for the chain. */
export function announce(w: Work, box: CheckpointBox): void {
  const { config } = w.s
  const { root, inputsHash } = box
  if (root === null) return
  const isOurs = ({ object }: Signed<Checkpoint>): boolean =>
    object.root === root && object.inputsHash === inputsHash
  const agreed = new Map([...box.signed].filter(([, signed]) => isOurs(signed)))
  if (!isQuorum(config.cluster, weightOf(config.cluster, agreed.keys()))) return
  emit(w, { kind: 'certified', checkpoint: { ...box, signed: agreed, notes: new Map(box.notes) } })
}

/** The chain accepted everything up to `height`. */
export function onCheckpointed(w: Work, height: number): void {
  const { s } = w
  s.anchoredHeight = Math.max(s.anchoredHeight, height)
  for (const boxed of s.checkpoints.keys()) if (boxed <= height) own(w, s, 'checkpoints').delete(boxed)
  for (const due of s.due.keys()) if (due <= height) own(w, s, 'due').delete(due)
  if (s.checkpoints.size === 0) own(w, s, 'timers').delete('checkpoint')
  forgetReports(w)
}

/** The collection of a height for writing to; null for a height that has none. */
function checkpointBox(w: Work, height: number): CheckpointBox | null {
  const { s } = w
  const existing = s.checkpoints.get(height)
  if (existing !== undefined) return ownCheckpoint(w, existing)
  const tooFar = height > s.chain.height + BOXES_MAX * s.config.epochHeights
  if (!isCheckpointHeight(s.config, height) || height <= s.anchoredHeight || tooFar) return null
  return ownCheckpoint(w, emptyCheckpoint(height))
}

function ownCheckpoint(w: Work, box: CheckpointBox): CheckpointBox {
  const isKept = w.s.checkpoints.get(box.height) === box
  if (isKept && isOwned(w, box)) return box
  const copy = { ...box }
  w.owned?.add(copy)
  own(w, w.s, 'checkpoints').set(box.height, copy)
  return copy
}

function firstHeight(config: EngineConfig, height: number): number {
  return epochOf(height, config.epochHeights) * config.epochHeights + 1
}

/** The entries of every height in which the own log is not the shared log of round 0; null if there are none. */
export function ownNote(config: EngineConfig, epoch: Omit<EpochRecord, 'inputs'>): Hex | null {
  const valueOf = (height: number): Digest =>
    height < epoch.first ? epoch.previous : (epoch.values[height - epoch.first] ?? NIL)
  const differing = epoch.values.flatMap((value, offset) => {
    const height = epoch.first + offset
    const entries = epoch.entries.filter((entry) => entry.height === height)
    return isShared(entries, value, valueOf(height - 1)) ? [] : entries
  })
  if (differing.length === 0) return null
  if (differing.some((entry) => entry.round > 255)) return null // beyond what a note can say
  const note = encodeNote({ member: config.self, entries: differing }, { first: epoch.first, valueOf })
  return note.length <= 2 + 2 * NOTE_BYTES_MAX ? note : null
}

function isShared(entries: readonly LogEntry[], value: Digest, previous: Digest): boolean {
  const steps = sharedSteps(0, value, previous, entries[0]?.from ?? 'IDLE')
  return (
    steps.length === entries.length &&
    steps.every((step, i) => {
      const entry = entries[i]
      return entry?.event === step.event && entry.round === step.round && entry.value === step.value
    })
  )
}
