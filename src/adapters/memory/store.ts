import { evidenceId } from '../../codec/evidence.ts'
import { decodeEvidence, encodeEvidence } from '../../codec/evidence-bytes.ts'
import { signOnceKey } from '../../codec/objects.ts'
import type { Seal } from '../../codec/seal.ts'
import { chained, EMPTY_SEAL, marked, raised, verdictOf } from '../../codec/seal.ts'
import type {
  EvidenceStatus,
  OutboxEntry,
  SignRequest,
  Store,
  StoredCheckpoint,
  StoredEvidence,
  StoredHeight,
  StoredTask,
  StoreVerdict,
} from '../../ports/store.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { Checkpoint, Signed } from '../../types/objects.ts'
import type { Kept, OutboxRecord, TaskRecord } from './disk-record.ts'
import { copyOutbox, copyTasks, emptyTask, refill } from './disk-record.ts'
import { freshEntries } from './fresh-entries.ts'

interface Owner {
  readonly key: Address
  readonly deploymentId: Digest
}

/**
 * What one data directory holds, without a disk: it outlives the stores opened on it, as a directory outlives a
 * process. For the simulator and for tests.
 */
export class MemoryDisk {
  /** Set by whoever injects faults: writes throw E_STORE_WRITE, and the store stays unusable after that. */
  isFull = false
  /** @internal for the stores of this disk */
  readonly tasks = new Map<Digest, TaskRecord>()
  /** @internal Settled entries stay, marked. */
  readonly outbox: OutboxRecord = new Map()
  /** @internal */
  cursor: { readonly block: number; readonly hash: Digest } | null = null
  /** @internal */
  born: number | null = null
  /** @internal Null: what is missing is not known. */
  readonly marks = new Map<Digest, number | null>()
  /** @internal Objects signed, and their hash chain after each. */
  heads: Digest[] = []
  /** @internal What lies beside the store. Null: it is gone, or was copied from elsewhere. */
  seal: Seal | null = null
  #owner: Owner | null = null
  #openStore: MemoryStore | null = null

  /** @throws RsdpError E_LOCKED while a store of this disk is open, E_STORE_FOREIGN for another key or deployment. */
  open(owner: Owner): Store {
    if (this.#openStore !== null) throw failure('E_LOCKED', 'the disk is in use', EXIT.busy)
    this.#owner ??= { key: owner.key, deploymentId: owner.deploymentId }
    if (this.#owner.key !== owner.key || this.#owner.deploymentId !== owner.deploymentId)
      throw failure('E_STORE_FOREIGN', 'the disk belongs to another key or deployment', EXIT.precondition)
    const verdict = this.#judge()
    this.#openStore = new MemoryStore(this, verdict)
    return this.#openStore
  }

  /** What the disk holds now, to be put back later. */
  copy(): DiskCopy {
    const { tasks, outbox, cursor, born, marks, heads } = this
    return {
      tasks: copyTasks(tasks),
      outbox: copyOutbox(outbox),
      cursor,
      born,
      marks: new Map(marks),
      heads: [...heads],
    }
  }

  /** The disk is as it was; its seal is the newest (`kept`), or nobody's (`lost`). */
  rollBack(copy: DiskCopy, seal: 'kept' | 'lost'): void {
    refill(this.tasks, copyTasks(copy.tasks))
    refill(this.outbox, copyOutbox(copy.outbox))
    refill(this.marks, copy.marks)
    this.cursor = copy.cursor
    this.born = copy.born
    this.heads = [...copy.heads]
    if (seal === 'lost') this.seal = null
  }

  /** Log entries of all tasks. */
  log(): readonly LogEntry[] {
    return [...this.tasks.values()].flatMap(({ log }) => log)
  }

  /** As the store on disk does when it is opened. */
  #judge(): StoreVerdict {
    const { heads, seal } = this
    const isNew = seal === null && heads.length === 0 && this.born === null
    const headAt = (count: number): Digest | null => (count === 0 ? NIL : (heads[count - 1] ?? null))
    const verdict = isNew ? 'new' : verdictOf(seal, { count: heads.length, headAt })
    if (verdict === 'lost') {
      this.marks.clear()
      this.born = null
    }
    if (verdict === 'marked' && seal !== null) {
      for (const { cluster, height } of seal.marks) this.marks.set(cluster, height)
      this.born = seal.isCut ? null : seal.born
    }
    const known = verdict === 'lost' || seal === null ? EMPTY_SEAL : seal
    this.seal = { ...known, count: heads.length, head: headAt(heads.length) ?? NIL, born: this.born }
    return verdict
  }

  /** The process that had the disk open is gone, as after kill -9: its store is dead, what it wrote stays. */
  crash(): void {
    this.#openStore?.close()
  }

  /** @internal for the stores of this disk */
  release(store: Store): void {
    if (this.#openStore === store) this.#openStore = null
  }
}

/** A disk at one moment. */
export type DiskCopy = Pick<MemoryDisk, 'tasks' | 'outbox' | 'cursor' | 'born' | 'marks' | 'heads'>

/** Store on a MemoryDisk. Made by `MemoryDisk.open`. */
class MemoryStore implements Store {
  readonly verdict: StoreVerdict
  readonly #disk: MemoryDisk
  #state: 'open' | 'signing' | 'failed' | 'closed' = 'open'

  constructor(disk: MemoryDisk, verdict: StoreVerdict) {
    this.#disk = disk
    this.verdict = verdict
  }

  signOnce({ cluster, key, entries, proof, kept, sign }: SignRequest): Signed {
    this.#checkWritable()
    const task = this.#task(cluster)
    const fresh = freshEntries(task.log, entries)
    let stored = task.signed.get(key)
    if (stored === undefined) {
      const signed = this.#sign(sign)
      invariant(signOnceKey(signed.object) === key, `an object was signed for another key than ${key}`)
      stored = { signed, proof }
      task.signed.set(key, stored)
      this.#seal(cluster, key, signed)
      if ('height' in signed.object && isSomething(kept))
        task.kept.set(key, { height: signed.object.height, kept: copyKept(kept) })
      if ('height' in signed.object && kept.note !== null) task.notes.set(signed.object.height, kept.note)
    }
    task.log.push(...fresh)
    return stored.signed
  }

  #seal(cluster: Digest, key: string, { hash, object }: Signed): void {
    const { heads, seal } = this.#disk
    const head = chained(heads.at(-1) ?? NIL, cluster, key, hash)
    heads.push(head)
    const height = 'height' in object ? object.height : 0
    this.#disk.seal = { ...raised(seal ?? EMPTY_SEAL, cluster, height), count: heads.length, head }
  }

  find(cluster: Digest, key: string): Signed | null {
    this.#checkOpen()
    return this.#task(cluster).signed.get(key)?.signed ?? null
  }

  born(): number | null {
    this.#checkOpen()
    return this.#disk.born
  }

  setBorn(block: number): void {
    this.#checkWritable()
    this.#disk.born = block
    this.#disk.seal = { ...(this.#disk.seal ?? EMPTY_SEAL), born: block }
  }

  memory(cluster: Digest): ReturnType<Store['memory']> {
    this.#checkOpen()
    const mark = this.#disk.marks.get(cluster)
    if (mark === undefined) return null
    return mark === null ? { kind: 'lost' } : { kind: 'marked', mark }
  }

  setMemory(cluster: Digest, memory: NonNullable<ReturnType<Store['memory']>>): void {
    this.#checkWritable()
    const height = memory.kind === 'lost' ? null : memory.mark
    this.#disk.marks.set(cluster, height)
    this.#disk.seal = marked(this.#disk.seal ?? EMPTY_SEAL, { cluster, height })
  }

  append(cluster: Digest, entries: readonly LogEntry[]): void {
    this.#checkWritable()
    const { log } = this.#task(cluster)
    log.push(...freshEntries(log, entries))
  }

  decide(cluster: Digest, height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>): void {
    this.#checkWritable()
    const task = this.#task(cluster)
    const { decided, value } = height
    const known = task.heights.get(decided.height)
    invariant(
      known === undefined || known.value === value,
      `height ${decided.height} is decided with another value`,
    )
    for (const [key, kept] of task.kept) if (kept.height <= decided.height) task.kept.delete(key)
    if (known !== undefined) return
    task.decidedHeight = Math.max(task.decidedHeight, decided.height)
    task.heights.set(decided.height, { ...height, state: copy(height.state) })
    const listed = [[decided.share.object.stateHash, height.state] as const, ...bodies]
    for (const [hash, bytes] of listed) if (!task.bodies.has(hash)) task.bodies.set(hash, copy(bytes))
  }

  heights(cluster: Digest, fromHeight: number, count: number): StoredHeight[] {
    this.#checkOpen()
    const { heights, decidedHeight } = this.#task(cluster)
    const found: StoredHeight[] = []
    for (let at = fromHeight; at <= decidedHeight && found.length < count; at += 1) {
      const stored = heights.get(at)
      if (stored !== undefined) found.push({ ...stored, state: copy(stored.state) })
    }
    return found
  }

  states(cluster: Digest, fromHeight: number, count: number): ReturnType<Store['states']> {
    return this.heights(cluster, fromHeight, count).map(({ decided, state }) => ({
      height: decided.height,
      state,
    }))
  }

  body(cluster: Digest, hash: Digest): Uint8Array | null {
    this.#checkOpen()
    const bytes = this.#task(cluster).bodies.get(hash)
    return bytes === undefined ? null : copy(bytes)
  }

  checkpoint(cluster: Digest, height: number): StoredCheckpoint | null {
    this.#checkOpen()
    const { signed, notes } = this.#task(cluster)
    const found = signed.get(`checkpoint/${height}`)?.signed as Signed<Checkpoint> | undefined
    return found === undefined ? null : { signed: found, note: notes.get(height) ?? null }
  }

  log(cluster: Digest, first: number, last: number): LogEntry[] {
    this.#checkOpen()
    return this.#task(cluster).log.filter(({ height }) => height >= first && height <= last)
  }

  load(cluster: Digest): StoredTask {
    this.#checkOpen()
    const { log, signed, notes, kept, heights, decidedHeight } = this.#task(cluster)
    const isAbove = (object: Signed['object']): boolean => 'height' in object && object.height > decidedHeight
    const stored = [...signed.values()]
    return {
      entries: log.slice(
        Math.max(
          0,
          log.findLastIndex((entry) => entry.seq === 1),
        ),
      ),
      signed: stored
        .map((item) => item.signed)
        .filter(({ object }) => isAbove(object) || object.type === 'checkpoint' || object.type === 'close'),
      proofs: stored.flatMap((item) =>
        item.proof !== null && isAbove(item.signed.object) ? [item.proof] : [],
      ),
      notes: new Map(notes),
      kept: [...kept.values()]
        .filter(({ height }) => height > decidedHeight)
        .map((item) => copyKept(item.kept)),
      decidedHeight,
      history: [...heights.values()]
        .sort((a, b) => a.decided.height - b.decided.height)
        .map(({ decided, value }) => {
          const { stateHash, inputs, eventSeq } = decided.share.object
          return { height: decided.height, value, stateHash, inputs, eventSeq }
        }),
    }
  }

  keepEvidence(cluster: Digest, evidence: Evidence): boolean {
    this.#checkWritable()
    const { evidence: stored } = this.#task(cluster)
    const id = evidenceId(evidence)
    if (stored.has(id)) return false
    const copied = decodeEvidence(cluster, encodeEvidence(evidence))
    invariant(copied !== null, 'evidence can be read back')
    stored.set(id, { id, evidence: copied, status: 'found', tx: null })
    return true
  }

  markEvidence(cluster: Digest, id: Digest, status: EvidenceStatus, tx: Digest | null): void {
    this.#checkWritable()
    const { evidence } = this.#task(cluster)
    const known = evidence.get(id)
    if (known !== undefined) evidence.set(id, { ...known, status, tx })
  }

  evidence(cluster: Digest): StoredEvidence[] {
    this.#checkOpen()
    return [...this.#task(cluster).evidence.values()]
  }

  cursor(): ReturnType<Store['cursor']> {
    this.#checkOpen()
    return this.#disk.cursor
  }

  setCursor(block: number, hash: Digest): void {
    this.#checkWritable()
    this.#disk.cursor = { block, hash }
  }

  enqueue(entry: OutboxEntry): void {
    this.#checkWritable()
    if (this.#disk.outbox.get(entry.id)?.settled !== false)
      this.#disk.outbox.set(entry.id, { entry: { ...entry }, settled: false })
  }

  outbox(): OutboxEntry[] {
    this.#checkOpen()
    return [...this.#disk.outbox.values()].filter(({ settled }) => !settled).map(({ entry }) => entry)
  }

  settle(id: string): void {
    this.#checkWritable()
    const found = this.#disk.outbox.get(id)
    if (found !== undefined) found.settled = true
  }

  close(): void {
    this.#state = 'closed'
    this.#disk.release(this)
  }

  #task(cluster: Digest): TaskRecord {
    const existing = this.#disk.tasks.get(cluster)
    if (existing !== undefined) return existing
    const created = emptyTask()
    this.#disk.tasks.set(cluster, created)
    return created
  }

  #sign(sign: () => Signed): Signed {
    this.#state = 'signing'
    try {
      return sign()
    } finally {
      this.#state = 'open'
    }
  }

  #checkOpen(): void {
    invariant(this.#state !== 'closed', 'the store is closed')
  }

  #checkWritable(): void {
    this.#checkOpen()
    invariant(this.#state !== 'signing', 'the store was called from within its own transaction')
    if (this.#disk.isFull) this.#state = 'failed'
    if (this.#state === 'failed') throw failure('E_STORE_WRITE', 'the disk is full', EXIT.precondition)
  }
}

function isSomething({ admission, list, bodies }: Kept): boolean {
  return admission !== null || list !== null || bodies.size > 0
}

function copyKept(kept: Kept): Kept {
  return { ...kept, bodies: new Map([...kept.bodies].map(([hash, bytes]) => [hash, copy(bytes)])) }
}

function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function failure(
  code: 'E_LOCKED' | 'E_STORE_FOREIGN' | 'E_STORE_WRITE',
  message: string,
  exit: RsdpError['exit'],
): RsdpError {
  return new RsdpError({ code, message, hint: 'see the same code of the store on disk', exit })
}
