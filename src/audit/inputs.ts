import type { PublishedInput } from '../codec/batch.ts'
import { decodeInputs, encodeInputs } from '../codec/batch.ts'
import { bitmapOf } from '../codec/bitmap.ts'
import { fromHex, keccak, toHex } from '../codec/hex.ts'
import { hashObject, inputsRoot } from '../codec/objects.ts'
import type { HeightBodies } from '../ports/body-source.ts'
import { hasHonest, isQuorum, weightOf } from '../protocol/quorum.ts'
import type { AnyReducer } from '../reducers/catalog.ts'
import { isValidInput, runReducer } from '../reducers/run.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Bitmap, Digest, MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'
import type { AnchoredBatch, AnchoredHeight } from './checkpoints.ts'
import type { Judge } from './judge.ts'
import type { PostedEvent } from './ledger.ts'

/** What is needed to run the task's reducer again. */
export interface Reduction {
  readonly params: TaskParams
  readonly cluster: Cluster
  readonly events: readonly PostedEvent[]
  /** Null if this auditor does not have it. */
  readonly reducer: AnyReducer | null
  /** Bytes from whoever keeps them, in tasks that do not publish inputs: none of them is believed. */
  readonly bodiesOf: (height: number) => readonly HeightBodies[]
  /** The state before height 1, canonical bytes; null if it is not known. */
  readonly handedOver: Uint8Array | null
}

export interface RecomputedInputs {
  /** Heights whose aggregate came out as attested. */
  readonly recomputed: ReadonlySet<number>
  /** Heights whose list holds a CLOSE. */
  readonly closing: ReadonlySet<number>
  /** Bodies of heights that came out and are not on chain. */
  readonly bodies: ReadonlyMap<number, HeightBodies>
}

/** Lists, ledger cuts and aggregates again, from the inputs that were published or that members keep. */
export function checkInputs(
  judge: Judge,
  batches: readonly AnchoredBatch[],
  reduction: Reduction,
): RecomputedInputs {
  const recomputed = new Set<number>()
  const closing = new Set<number>()
  const bodies = new Map<number, HeightBodies>()
  const left = new Set<MemberIndex>()
  let cut = 0
  // null once a height did not come out
  let previous: Uint8Array | null = reduction.handedOver
  for (const batch of batches) {
    const lists = listsOf(batch, reduction)
    batch.heights.forEach((height, i) => {
      const list = lists[i]
      const state: Uint8Array | null =
        list === undefined
          ? null
          : new ListCheck(judge, batch, i, height, list, reduction).run(cut, left, previous)
      // behind a gap, what was attested is as good as what was recomputed
      previous = state ?? attestedState(height, reduction)
      if (list !== undefined) {
        if (state !== null) recomputed.add(height.height)
        if (state !== null && !reduction.params.calldataInputs)
          bodies.set(height.height, { inputs: encodeInputs([list]), state: toHex(state) })
        if (list.some(({ kind }) => kind === 'close')) closing.add(height.height)
      }
      cut = height.eventSeq
    })
  }
  return { recomputed, closing, bodies }
}

/** The lists of a batch, by place; undefined where nobody has the attested one. */
function listsOf(batch: AnchoredBatch, reduction: Reduction): readonly (List | undefined)[] {
  const { source, bench, heights } = batch
  const { params, cluster } = reduction
  if (!params.calldataInputs) {
    const lists = heights.map((height) => keptList(height, cluster.id, reduction))
    const missing = heights.filter((_, i) => lists[i] === undefined).map(({ height }) => height)
    if (missing.length > 0)
      bench.missing(
        'Checkpointed.inputs',
        `the task does not publish inputs, and nobody gave those of ${rangeOf(missing)}: its aggregates cannot be recomputed`,
      )
    return lists
  }
  const lists = decodeInputs(source.args.inputs)
  if (lists?.length === heights.length) return lists
  const why = 'docs/decisions.md, section 5'
  bench.mismatch('Checkpointed.inputs', `lists of ${heights.length} heights`, source.args.inputs, why)
  return []
}

type List = readonly PublishedInput[]

/** The first of the lists that sources have which is the attested one: nobody stands for the others. */
function keptList(height: AnchoredHeight, cluster: Digest, { bodiesOf }: Reduction): List | undefined {
  for (const { inputs } of bodiesOf(height.height)) {
    const lists = decodeInputs(inputs)
    const [list] = lists ?? []
    if (list === undefined || lists?.length !== 1) continue
    const { listed, root } = rootOf(height, cluster, list)
    if (listed === height.inputs && root === height.inputsRoot) return list
  }
  return undefined
}

function attestedState({ height, stateHash }: AnchoredHeight, { bodiesOf }: Reduction): Uint8Array | null {
  const states = bodiesOf(height).map(({ state }) => fromHex(state))
  return states.find((state) => keccak(state) === stateHash) ?? null
}

function rootOf(
  { height, parent }: AnchoredHeight,
  cluster: Digest,
  list: List,
): { readonly listed: Bitmap; readonly root: Digest } {
  const hashes = list.map((input): Digest => {
    if (input.kind === 'close') return hashObject(cluster, { type: 'close' })
    const { eventSeq, state } = input
    return hashObject(cluster, { type: 'status', height, parent, stateHash: keccak(state), eventSeq })
  })
  const listed = bitmapOf(list.map(({ member }) => member))
  return { listed, root: inputsRoot(listed, hashes) }
}

/** Heights for people, ascending. */
function rangeOf(heights: readonly number[]): string {
  const [first = 0, last = first] = [heights[0], heights.at(-1)]
  if (heights.length === 1) return `height ${first}`
  const isWhole = last - first === heights.length - 1
  return isWhole ? `heights ${first} to ${last}` : `${heights.length} of the heights ${first} to ${last}`
}

/** One height: list, cut, aggregate. */
class ListCheck {
  readonly #judge: Judge
  readonly #batch: AnchoredBatch
  readonly #field: string
  readonly #index: number
  readonly #height: AnchoredHeight
  readonly #list: readonly PublishedInput[]
  readonly #reduction: Reduction

  constructor(
    judge: Judge,
    batch: AnchoredBatch,
    index: number,
    height: AnchoredHeight,
    list: readonly PublishedInput[],
    reduction: Reduction,
  ) {
    this.#judge = judge
    this.#batch = batch
    this.#field = `Checkpointed.inputs[${index}]`
    this.#index = index
    this.#height = height
    this.#list = list
    this.#reduction = reduction
  }

  /** The aggregate of the list, if it is the attested one. */
  run(cutBefore: number, left: Set<MemberIndex>, previous: Uint8Array | null): Uint8Array | null {
    const isList = this.#checkMembers(left) && this.#checkRoot() && this.#checkCut(cutBefore)
    return isList ? this.#recompute(previous) : null
  }

  #checkMembers(left: Set<MemberIndex>): boolean {
    const { cluster } = this.#reduction
    let sound = true
    this.#list.forEach(({ member, kind }, j) => {
      if (cluster.members[member] !== undefined && !left.has(member)) return
      sound = false
      const why = left.has(member) ? `member ${member} has left` : 'no such seat'
      this.#mismatch(`${this.#field}[${j}].member`, 'a listed member', `${member} (${kind})`, why, member)
    })
    for (const { member, kind } of this.#list) if (kind === 'close') left.add(member)
    const members = this.#list.map(({ member }) => member)
    if (!isQuorum(cluster, weightOf(cluster, members))) {
      sound = false
      this.#mismatch(
        `${this.#field}.count`,
        'a list of quorum weight',
        members.join(', '),
        'weight above 2/3',
      )
    }
    return sound
  }

  #checkRoot(): boolean {
    const { inputs: attestedList, inputsRoot: attested } = this.#height
    const { listed, root } = rootOf(this.#height, this.#reduction.cluster.id, this.#list)
    if (listed !== attestedList || root !== attested) {
      this.#mismatch(
        this.#field,
        `inputs with root ${attested}`,
        `root ${root}`,
        'attested by the certificate',
      )
      return false
    }
    this.#judge.counts.inputs += this.#list.length
    return true
  }

  /** q(k) = max(q(k−1), the largest q such that members of more than W/3 in the list report ≥ q). */
  #checkCut(before: number): boolean {
    const { cluster } = this.#reduction
    const reports = this.#list.flatMap((input) => (input.kind === 'status' ? [input] : []))
    const isSupported = (seq: number): boolean => {
      const members = reports.filter(({ eventSeq }) => eventSeq >= seq).map(({ member }) => member)
      return hasHonest(cluster, weightOf(cluster, members))
    }
    const cut = Math.max(before, ...reports.map(({ eventSeq }) => eventSeq).filter(isSupported))
    if (cut === this.#height.eventSeq) return true
    const field = `Checkpointed.batch.eventSeqDelta[${this.#index}]`
    const actual = this.#height.eventSeq - before
    this.#mismatch(field, `${cut - before}`, `${actual}`, 'the ledger cut of the published list')
    return false
  }

  #recompute(previous: Uint8Array | null): Uint8Array | null {
    const { reducer, params, cluster, events } = this.#reduction
    const { height, stateHash, eventSeq } = this.#height
    if (reducer === null) {
      const why = `reducer ${params.reducer} is not known here`
      this.#batch.bench.missing('Checkpointed.batch.stateHash', why)
      return null
    }
    if (params.usesPrevious && previous === null) {
      const why = `the state of height ${height - 1} did not come out, and ${reducer.id} needs it`
      this.#batch.bench.missing('Checkpointed.batch.stateHash', why)
      return null
    }
    const options = { find: () => reducer, stateBytesMax: params.stateCap, inputBytesMax: params.inputCap }
    const inputs = this.#list.flatMap((input) => (input.kind === 'status' ? [input] : []))
    const refused = inputs.find(
      ({ state }) => !isValidInput(reducer.id, params.reducerParams, state, options),
    )
    if (refused !== undefined) {
      const field = `${this.#field}[${this.#list.indexOf(refused)}].state`
      this.#mismatch(field, 'an input that validate accepts', 'a refused one', reducer.id, refused.member)
      return null
    }
    const seen = events
      .filter(({ seq }) => seq <= eventSeq)
      .map(({ seq, kind, data }) => ({ seq, kind, data }))
    const { seed, members } = cluster
    const handed = params.usesPrevious ? previous : null
    const context = { seed, height, members, previous: handed, events: seen }
    const closing = inputs.length < this.#list.length
    const call = { reducer: reducer.id, params: params.reducerParams, context, closing, inputs }
    const result = runReducer(call, options)
    const actual = result.ok ? keccak(result.state) : result.code
    if (result.ok && actual === stateHash) {
      this.#judge.counts.aggregatesRecomputed += 1
      return result.state
    }
    const field = `Checkpointed.batch.stateHash[${this.#index}]`
    this.#mismatch(field, actual, stateHash, `${reducer.id} over the inputs of height ${height}`)
    return null
  }

  #mismatch(field: string, expected: string, actual: string, why: string, member?: MemberIndex): void {
    const about = { height: this.#height.height, ...(member === undefined ? {} : { member }) }
    this.#batch.bench.mismatch(field, expected, actual, why, about)
  }
}
