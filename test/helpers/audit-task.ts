import type { Keyring } from '../../src/ports/keyring.ts'
import type { BatchHeight, HeadException, PublishedInput } from '../../src/codec/batch.ts'
import { encodeBatch, encodeExceptions, encodeInputs, inputsHashOf } from '../../src/codec/batch.ts'
import { bitmapOf } from '../../src/codec/bitmap.ts'
import { appendEvent } from '../../src/codec/events.ts'
import { concatHex, keccak, toHex } from '../../src/codec/hex.ts'
import { appendLog, epochOf, logStart } from '../../src/codec/log.ts'
import type { NotedEntry } from '../../src/codec/notes.ts'
import { encodeNote } from '../../src/codec/notes.ts'
import type { Domain } from '../../src/codec/objects.ts'
import { domainSeparator, hashObject, inputsRoot, signingDigest, valueHash } from '../../src/codec/objects.ts'
import { appendRoot, rootStart } from '../../src/codec/roots.ts'
import type { CallArgs } from '../../src/ports/history-events.ts'
import type { SharedStep } from '../../src/protocol/phase-log.ts'
import { sharedSteps } from '../../src/protocol/phase-log.ts'
import { TRANSITIONS } from '../../src/protocol/phases.ts'
import { rateLimitParamsCodec, rateLimitStateCodec } from '../../src/reducers/rate-limit-codec.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { LedgerEvent } from '../../src/types/ledger.ts'
import type { Address, Bitmap, Digest, Hex, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry, PhaseStatus } from '../../src/types/log.ts'
import { BARE_CONTEXT } from './context.ts'

/** 8 heights in two epochs of 4. */
export const HEIGHTS = 8
export const EPOCH_HEIGHTS = 4
/** Height 2 takes a second round. */
export const LATE_HEIGHT = 2
/** In height 3, member 2 is reset; in height 2 it had aggregated something else. */
export const RESET_HEIGHT = 3
export const RESET_MEMBER = 2
/** Heights from 3 on have seen the one ledger event. */
export const EVENT_HEIGHT = 3
/** Member 3 is not in the list of height 6 and does not sign the second checkpoint. */
export const SILENT_MEMBER = 3
export const SHORT_LIST_HEIGHT = 6

export const REDUCER_PARAMS: Hex = toHex(rateLimitParamsCodec.encode({ budget: 1_000n, demandMax: 5_000n }))
/** Budget 700 from the event on. */
export const EVENT_DATA: Hex = '0x00000000000002bc'

type Call = CallArgs['checkpoint']

/** Places in which a test can make the history wrong before it is signed. */
export interface Twist {
  readonly state?: (height: number, state: Uint8Array) => Uint8Array
  readonly list?: (height: number, list: PublishedInput[]) => PublishedInput[]
  readonly cut?: (height: number, cut: number) => number
  readonly hint?: (height: number, hint: number) => number
  readonly steps?: (
    member: MemberIndex,
    height: number,
    steps: readonly SharedStep[],
  ) => readonly SharedStep[]
  /** Entries as they are logged and signed. */
  readonly entry?: (member: MemberIndex, entry: LogEntry) => LogEntry
  readonly note?: (member: MemberIndex, note: Hex | null) => Hex | null
  readonly signers?: (batch: number, members: readonly MemberIndex[]) => readonly MemberIndex[]
  /** What is sent, after it was signed. */
  readonly call?: (batch: number, call: Call) => Call
}

export interface ScriptOptions {
  /** Who posts the ledger event. */
  readonly client: Address
  readonly taskId: bigint
  readonly cluster: Cluster
  /** By member. */
  readonly keys: readonly Keyring[]
  readonly domain: Domain
  readonly twist?: Twist
  /** Of the whole task, and of an epoch; default: 8 and 4. */
  readonly heights?: number
  readonly epochHeights?: number
  /** Heights per checkpoint; default: an epoch. */
  readonly batchHeights?: number
}

/** What a cluster would hand to the chain over a whole task, signed with real keys; no nodes are run. */
export interface Script {
  readonly calls: readonly Call[]
  readonly result: Hex
  readonly previousRoot: Digest
  readonly inputsRoot: Digest
  readonly inputs: Bitmap
  /** Every member's log, as it was signed. */
  readonly logs: ReadonlyMap<MemberIndex, readonly LogEntry[]>
}

interface Height extends BatchHeight {
  readonly parent: Digest
  readonly height: number
  readonly eventSeq: number
  readonly value: Digest
  readonly state: Uint8Array
  readonly list: readonly PublishedInput[]
}

export function scriptTask(options: ScriptOptions): Script {
  const heights = decideHeights(options)
  const logs = new Map<MemberIndex, LogEntry[]>(options.cluster.members.map(({ index }) => [index, []]))
  let root = rootStart(options.cluster.id)
  let previousRoot = root
  const calls: Call[] = []
  const batchHeights = options.batchHeights ?? options.epochHeights ?? EPOCH_HEIGHTS
  for (let first = 1; first <= heights.length; first += batchHeights) {
    const batch = heights.slice(first - 1, first - 1 + batchHeights)
    for (const { value } of batch) {
      previousRoot = root
      root = appendRoot(root, value)
    }
    const previous = heights[first - 2]?.value ?? NIL
    calls.push(makeCall(options, calls.length, batch, previous, root, logs))
  }
  const last = heights.at(-1)!
  return {
    calls,
    result: toHex(last.state),
    previousRoot,
    inputsRoot: last.inputsRoot,
    inputs: last.inputs,
    logs,
  }
}

function decideHeights({ cluster, client, twist = {}, heights: last = HEIGHTS }: ScriptOptions): Height[] {
  const data = new Uint8Array(Buffer.from(EVENT_DATA.slice(2), 'hex'))
  const event: LedgerEvent = { seq: 1, kind: 'posted', data }
  const eventsHashes = [NIL, appendEvent(NIL, { kind: 'posted', originator: client, data })]
  let parent = rootStart(cluster.id)
  const heights: Height[] = []
  let before = 0
  for (let height = 1; height <= last; height += 1) {
    const honest = cluster.members
      .filter(({ index }) => !(height === SHORT_LIST_HEIGHT && index === SILENT_MEMBER))
      .map(({ index }): PublishedInput => {
        const demand = BigInt(100 * ((index % 32) + 1) + 10 * (height % 100))
        const state = rateLimitStateCodec.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
        return { kind: 'status', member: index, eventSeq: height >= EVENT_HEIGHT ? 1 : 0, state }
      })
    const list = twist.list?.(height, honest) ?? honest
    const honestCut = height >= EVENT_HEIGHT ? 1 : 0
    const eventSeq = twist.cut?.(height, honestCut) ?? honestCut
    const inputs = list.flatMap((input) => (input.kind === 'status' ? [input] : []))
    const reduced = runReducer({
      reducer: 'rate-limit@1',
      params: REDUCER_PARAMS,
      context: { ...BARE_CONTEXT, seed: cluster.seed, events: eventSeq >= 1 ? [event] : [] },
      closing: list.length > inputs.length,
      inputs,
    })
    const computed = reduced.ok ? reduced.state : new Uint8Array(9)
    const state = twist.state?.(height, computed) ?? computed
    const hashes = list.map((input) =>
      hashObject(
        cluster.id,
        input.kind === 'close'
          ? { type: 'close' }
          : { type: 'status', height, parent, stateHash: keccak(input.state), eventSeq: input.eventSeq },
      ),
    )
    const listed = bitmapOf(list.map(({ member }) => member))
    const root = inputsRoot(listed, hashes)
    const stateHash = keccak(state)
    const hint = height === LATE_HEIGHT ? 1 : 0
    const eventsHash = eventsHashes[eventSeq] ?? NIL
    const value = valueHash({ stateHash, inputsRoot: root, inputs: listed, eventSeq, eventsHash })
    heights.push({
      height,
      hint,
      stateHash,
      inputsRoot: root,
      eventSeq,
      eventSeqDelta: eventSeq - before,
      inputs: listed,
      parent,
      value,
      state,
      list,
    })
    before = eventSeq
    parent = appendRoot(parent, value)
  }
  return heights
}

/** What a member logs in a height. */
function stepsOf(
  member: MemberIndex,
  { height, hint, value }: Height,
  previous: Digest,
  status: PhaseStatus,
) {
  const shared = sharedSteps(hint, value, previous, status)
  if (member !== RESET_MEMBER) return shared
  if (height === LATE_HEIGHT) {
    const own = keccak('0x6f776e')
    return shared.map((step): SharedStep =>
      step.round === 0 && (step.event === 't2' || step.event === 't4') ? { ...step, value: own } : step,
    )
  }
  if (height !== RESET_HEIGHT) return shared
  const opening: SharedStep = { event: 't3', round: 0, value: previous }
  const reset: SharedStep = { event: 'RESET', round: 0, value: previous }
  const again = shared.map((step): SharedStep => (step.event === 't3' ? { ...step, event: 't1' } : step))
  return [opening, reset, ...again]
}

function makeCall(
  options: ScriptOptions,
  index: number,
  batch: readonly Height[],
  previous: Digest,
  root: Digest,
  logs: Map<MemberIndex, LogEntry[]>,
): Call {
  const { cluster, twist = {}, taskId, epochHeights = EPOCH_HEIGHTS } = options
  const first = batch[0]!.height
  const { height } = batch.at(-1)!
  const valueOf = (at: number): Digest => (at < first ? previous : (batch[at - first]?.value ?? NIL))
  const heads = new Map<MemberIndex, { logSeq: number; logHead: Digest }>()
  const notes: Hex[] = []
  for (const { index: member } of cluster.members) {
    const log = logs.get(member)!
    const epoch = epochOf(first, epochHeights)
    const ofEpoch = (): LogEntry[] => log.filter((entry) => epochOf(entry.height, epochHeights) === epoch)
    const { entries, noted } = logBatch(options, member, batch, valueOf, log.at(-1) ?? null, ofEpoch().length)
    log.push(...entries)
    let logHead = logStart(cluster.id, epoch)
    for (const entry of ofEpoch()) logHead = appendLog(logHead, entry)
    heads.set(member, { logSeq: ofEpoch().length, logHead })
    const isException = member === RESET_MEMBER && noted.length > 0 && first <= RESET_HEIGHT
    const honest = isException ? encodeNote({ member, entries: noted }, { first, valueOf }) : null
    const note = twist.note === undefined ? honest : twist.note(member, honest)
    if (note !== null) notes.push(note)
  }
  const everybody = cluster.members.map(({ index: member }) => member)
  const honestSigners = index === 1 ? everybody.filter((member) => member !== SILENT_MEMBER) : everybody
  const signers = twist.signers?.(index, honestSigners) ?? honestSigners
  const shared = heads.get(0)!
  const exceptions = signers
    .map((member): HeadException => ({ member, ...heads.get(member)! }))
    .filter(({ logHead }) => logHead !== shared.logHead)
  const separator = domainSeparator(options.domain)
  const inputs = encodeInputs(batch.map(({ list }) => list))
  const inputsHash = inputsHashOf(inputs)
  const signatures = signers.map((member) => {
    const object = { type: 'checkpoint', height, root, ...heads.get(member)!, inputsHash } as const
    return options.keys[member]!.sign(signingDigest(separator, hashObject(cluster.id, object)))
  })
  const call: Call = {
    taskId,
    first: BigInt(first),
    batch: encodeBatch(
      batch.map((one) => ({ ...one, hint: twist.hint?.(one.height, one.hint) ?? one.hint })),
      cluster.members.length,
    ),
    bitmap: bitmapOf(signers),
    sharedSeq: BigInt(shared.logSeq),
    sharedHead: shared.logHead,
    exceptions: encodeExceptions(exceptions),
    notes: concatHex(...notes),
    inputs,
    signatures: concatHex(...signatures),
  }
  return twist.call?.(index, call) ?? call
}

/** The entries of one member over a batch, and those that a note has to name. */
function logBatch(
  { twist = {} }: ScriptOptions,
  member: MemberIndex,
  batch: readonly Height[],
  valueOf: (height: number) => Digest,
  before: LogEntry | null,
  seqBefore: number,
): { entries: LogEntry[]; noted: NotedEntry[] } {
  let status: PhaseStatus = before?.to ?? 'INITIAL'
  const entries: LogEntry[] = []
  const noted: NotedEntry[] = []
  for (const height of batch) {
    const previous = valueOf(height.height - 1)
    const honest = stepsOf(member, height, previous, status)
    const steps = twist.steps?.(member, height.height, honest) ?? honest
    const plain = sharedSteps(0, height.value, previous, status)
    if (JSON.stringify(steps) !== JSON.stringify(plain)) {
      noted.push(...steps.map((step) => ({ ...step, height: height.height })))
    }
    const closes = height.list.some(({ kind }) => kind === 'close')
    const closing: SharedStep[] = closes
      ? [
          { event: 't5', round: height.hint, value: height.value },
          { event: 't7', round: height.hint, value: height.value },
        ]
      : []
    for (const { event, round, value } of [...steps, ...closing]) {
      const to = event === 'RESET' ? 'INITIAL' : TRANSITIONS[event].to
      const seq = seqBefore + entries.length + 1
      const entry: LogEntry = { seq, from: status, event, to, height: height.height, round, value }
      const logged = twist.entry?.(member, entry) ?? entry
      entries.push(logged)
      status = logged.to
    }
  }
  return { entries, noted }
}
