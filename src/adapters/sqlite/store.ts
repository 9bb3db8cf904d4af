import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { hashObject, signOnceKey } from '../../codec/objects.ts'
import type { Seal } from '../../codec/seal.ts'
import type { Mark } from '../../codec/seal.ts'
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
import { mergeHeights } from '../../codec/signing-history.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { Signed } from '../../types/objects.ts'
import { isFileError, openDatabase } from './database.ts'
import type { Binding } from './database.ts'
import { corruptError, diskError, storeError } from './errors.ts'
import { EvidenceTable } from './evidence-table.ts'
import { HeightTable } from './height-table.ts'
import { KeptTable } from './kept-table.ts'
import { LogTable } from './log-table.ts'
import { NodeTables } from './node-tables.ts'
import { requireInUse } from './retired.ts'
import { fileNumbers, SealFile } from './seal-file.ts'
import { unseal } from './seal.ts'
import type { OpenRecord } from './seal.ts'
import type { ChainLink } from './signed-table.ts'
import { SignedTable } from './signed-table.ts'

/** Of rows, as SQLite takes it. */
const NO_LIMIT = -1

export interface StoreOptions extends Binding {
  readonly dataDir: string
}

/** A store with what only commands on a stopped node ask of it. */
export interface NodeStore extends Store {
  /** How high was signed in each task, as far as anybody knows; ascending by cluster. */
  marks(): Mark[]
  /** From here on nothing is signed up to these heights. All or nothing. */
  setMarks(marks: readonly Mark[]): void
  /** Writes a copy of the store to a path where nothing is. */
  copyTo(path: string): void
}

/**
 * Opens the node's store and locks its data directory (see `openDatabase` for what it refuses). Reads back every
 * signed object, so that a damaged record is found before it could let a key be signed a second time.
 */
export function openStore(options: StoreOptions): NodeStore {
  requireInUse(options.dataDir)
  return openRetired(options)
}

/** As `openStore`, also if the store signs no more: to read from it. */
export function openRetired({ dataDir, ...binding }: StoreOptions): NodeStore {
  const { database, path, isNew } = openDatabase(dataDir, binding)
  try {
    return new SqliteStore(database, path, binding, isNew)
  } catch (error) {
    database.close()
    throw isFileError(error) ? diskError(path, 'open', error) : storeError(error, path, 'open')
  }
}

/**
 * Store over SQLite. Each writing method is one transaction, on the disk when the method returns. After the first
 * error of the disk, in writing or reading, the store takes no writes any more and throws that error again: a node
 * that cannot trust its record must not sign.
 */
class SqliteStore implements NodeStore {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #signed: SignedTable
  readonly #kept: KeptTable
  readonly #log: LogTable
  readonly #heights: HeightTable
  readonly #evidence: EvidenceTable
  readonly #node: NodeTables
  readonly #sealFile: SealFile
  #seal: Seal
  #failure: RsdpError | null = null
  readonly verdict: StoreVerdict

  constructor(database: DatabaseSync, path: string, binding: Binding, isNew: boolean) {
    this.#database = database
    this.#path = path
    const open: OpenRecord = (key, record, read) => this.#openRecord(key, record, read)
    this.#signed = new SignedTable(database, open)
    this.#kept = new KeptTable(database, open)
    this.#log = new LogTable(database, open)
    this.#heights = new HeightTable(database, open)
    this.#evidence = new EvidenceTable(database, open)
    this.#node = new NodeTables(database)
    const sealPath = join(dirname(path), 'store.seal')
    const found = sealOf(sealPath, binding)
    const { rows, last, headAt } = this.#signed.verify(found.seal?.count ?? 0)
    if (rows !== last.position)
      throw corruptError(path, `${last.position - rows} of ${last.position} signed objects are missing`)
    const judged = verdictOf(found.seal, { count: rows, headAt: () => headAt })
    if (isNew) this.verdict = found.exists ? (judged === 'whole' ? 'marked' : judged) : 'new'
    else this.verdict = judged
    this.#seal = this.#write(() => this.#settleVerdict(found.seal, last))
    this.#sealFile = SealFile.create(sealPath, this.#seal, binding)
  }

  /** Writes down what follows from the verdict, first here and then into the seal: the process may end in between. */
  #settleVerdict(found: Seal | null, { position, head }: ChainLink): Seal {
    const known = { count: position, head }
    if (this.verdict === 'lost') {
      this.#node.forgetMarks()
      this.#node.setBorn(null)
    }
    if (found === null || this.verdict === 'lost') return { ...EMPTY_SEAL, ...known }
    if (this.verdict === 'marked') {
      for (const { cluster, height } of found.marks) this.#node.setMark(cluster, height)
      this.#node.setBorn(found.isCut ? null : found.born)
    }
    return { ...found, ...known, born: this.#node.born() }
  }

  signOnce({ cluster, key, entries, proof, kept, sign }: SignRequest): Signed {
    const { made, sealed } = this.#write((): { made: Signed; sealed: Seal | null } => {
      this.#log.append(cluster, entries)
      const stored = this.#signed.find(cluster, key)
      if (stored !== null) return { made: stored, sealed: null }
      const signed = sign()
      invariant(signOnceKey(signed.object) === key, `an object was signed for another key than ${key}`)
      invariant(
        hashObject(cluster, signed.object) === signed.hash,
        `the hash signed for ${key} is not its own`,
      )
      const count = this.#seal.count + 1
      const head = chained(this.#seal.head, cluster, key, signed.hash)
      this.#signed.insert(cluster, key, signed, { proof, kept }, { position: count, head })
      this.#kept.insert(cluster, key, signed.object, kept)
      const height = 'height' in signed.object ? signed.object.height : 0
      return { made: signed, sealed: { ...raised(this.#seal, cluster, height), count, head } }
    })
    if (sealed !== null) this.#writeSeal(sealed)
    return made
  }

  find(cluster: Digest, key: string): Signed | null {
    return this.#read(() => this.#signed.find(cluster, key))
  }

  born(): number | null {
    return this.#read(() => this.#node.born())
  }

  setBorn(block: number): void {
    this.#write(() => this.#node.setBorn(block))
    this.#writeSeal({ ...this.#seal, born: block })
  }

  memory(cluster: Digest): ReturnType<Store['memory']> {
    const mark = this.#read(() => this.#node.mark(cluster))
    if (mark === undefined) return null
    return mark === null ? { kind: 'lost' } : { kind: 'marked', mark }
  }

  setMemory(cluster: Digest, memory: NonNullable<ReturnType<Store['memory']>>): void {
    const height = memory.kind === 'lost' ? null : memory.mark
    this.#write(() => this.#node.setMark(cluster, height))
    this.#writeSeal(marked(this.#seal, { cluster, height }))
  }

  marks(): Mark[] {
    return this.#read(() => {
      const heights = new Map<Digest, number | null>(this.#signed.highest())
      for (const { cluster, height } of this.#node.marks())
        heights.set(cluster, mergeHeights(height, heights.get(cluster) ?? 0))
      return [...heights].map(([cluster, height]) => ({ cluster, height })).sort(byCluster)
    })
  }

  setMarks(marks: readonly Mark[]): void {
    this.#write(() => {
      for (const { cluster, height } of marks) this.#node.setMark(cluster, height)
    })
    this.#writeSeal(marks.reduce(marked, this.#seal))
  }

  copyTo(path: string): void {
    invariant(!existsSync(path), `${path} is there already`)
    this.#read(() => this.#database.prepare('VACUUM INTO ?').run(path))
  }

  append(cluster: Digest, entries: readonly LogEntry[]): void {
    this.#write(() => this.#log.append(cluster, entries))
  }

  decide(cluster: Digest, height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>): void {
    this.#write(() => {
      this.#heights.insert(cluster, height, bodies)
      this.#kept.prune(cluster, height.decided.height)
    })
  }

  heights(cluster: Digest, fromHeight: number, count: number): StoredHeight[] {
    return this.#read(() => this.#heights.range(cluster, fromHeight, count))
  }

  states(cluster: Digest, fromHeight: number, count: number): ReturnType<NodeStore['states']> {
    return this.#read(() => this.#heights.states(cluster, fromHeight, count))
  }

  body(cluster: Digest, hash: Digest): Uint8Array | null {
    return this.#read(() => this.#heights.body(cluster, hash))
  }

  checkpoint(cluster: Digest, height: number): StoredCheckpoint | null {
    return this.#read(() => this.#signed.checkpoint(cluster, height))
  }

  log(cluster: Digest, first: number, last: number): LogEntry[] {
    return this.#read(() => this.#log.heights(cluster, first, last))
  }

  load(cluster: Digest): StoredTask {
    return this.#read(() => {
      const history = this.#heights.history(cluster, 1, NO_LIMIT)
      const decidedHeight = history.at(-1)?.height ?? 0
      return {
        entries: this.#log.runningEpoch(cluster),
        ...this.#signed.unfinished(cluster, decidedHeight),
        kept: this.#kept.above(cluster, decidedHeight),
        decidedHeight,
        history,
      }
    })
  }

  keepEvidence(cluster: Digest, evidence: Evidence): boolean {
    return this.#write(() => this.#evidence.insert(cluster, evidence))
  }

  markEvidence(cluster: Digest, id: Digest, status: EvidenceStatus, tx: Digest | null): void {
    this.#write(() => this.#evidence.mark(cluster, id, status, tx))
  }

  evidence(cluster: Digest): StoredEvidence[] {
    return this.#read(() => this.#evidence.all(cluster))
  }

  cursor(): ReturnType<Store['cursor']> {
    return this.#read(() => this.#node.cursor())
  }

  setCursor(block: number, hash: Digest): void {
    this.#write(() => this.#node.setCursor(block, hash))
  }

  enqueue(entry: OutboxEntry): void {
    this.#write(() => this.#node.enqueue(entry))
  }

  outbox(): OutboxEntry[] {
    return this.#read(() => this.#node.pending())
  }

  settle(id: string): void {
    this.#write(() => this.#node.settle(id))
  }

  close(): void {
    if (!this.#database.isOpen) return
    this.#sealFile.close()
    this.#database.close()
  }

  /** Nothing is given out before the seal is on the disk. */
  #writeSeal(seal: Seal): void {
    try {
      this.#sealFile.write(seal)
      this.#seal = seal
    } catch (error) {
      throw this.#fail(diskError(this.#path, 'write', error))
    }
  }

  #write<T>(run: () => T): T {
    invariant(this.#database.isOpen, 'the store is closed')
    invariant(!this.#database.isTransaction, 'the store was called from within its own transaction')
    if (this.#failure !== null) throw this.#failure
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = run()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw this.#fault(error, 'write')
    }
  }

  #read<T>(run: () => T): T {
    invariant(this.#database.isOpen, 'the store is closed')
    try {
      return run()
    } catch (error) {
      throw this.#fault(error, 'read')
    }
  }

  #openRecord<T>(key: string, record: unknown, read: (bytes: Uint8Array) => T): T {
    const bytes = record instanceof Uint8Array ? unseal(key, record) : null
    try {
      if (bytes !== null) return read(bytes)
    } catch (cause) {
      throw this.#fail(corruptError(this.#path, `record ${key} cannot be read`, cause))
    }
    throw this.#fail(corruptError(this.#path, `record ${key} is not what was written`))
  }

  /** SQLite has often rolled back by itself, and a rollback may fail as the write did; nothing was committed then. */
  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch (error) {
      this.#fault(error, 'write')
    }
  }

  #fault(error: unknown, doing: 'read' | 'write'): unknown {
    const told = storeError(error, this.#path, doing)
    return told !== error && told instanceof RsdpError ? this.#fail(told) : told
  }

  /** From here on the store takes no writes. */
  #fail(error: RsdpError): RsdpError {
    this.#failure ??= error
    return error
  }
}

const byCluster = (a: Mark, b: Mark): number => (a.cluster < b.cluster ? -1 : 1)

/** The seal beside a store, if it is its own and lies where it was made: a copy's says nothing of what was signed since. */
function sealOf(path: string, { key, deploymentId }: Binding): { exists: boolean; seal: Seal | null } {
  const exists = existsSync(path)
  const found = exists ? SealFile.read(path) : null
  const isOwn = found?.place.key === key && found.place.deploymentId === deploymentId
  return { exists, seal: isOwn && found.place.file === fileNumbers(path) ? found.seal : null }
}
