import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { encodeSigned } from '../../codec/frames.ts'
import { concatHex, fromHex, toHex } from '../../codec/hex.ts'
import type { SignRequest, StoredCheckpoint, StoredTask } from '../../ports/store.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Checkpoint, Signed } from '../../types/objects.ts'
import { readQuorum, readSigned, writeQuorum } from './records.ts'
import { seal } from './seal.ts'
import type { OpenRecord } from './seal.ts'

const signedKey = (cluster: Digest, key: unknown, height: unknown, position: unknown): string =>
  `signed/${cluster}/${String(key)}/${String(height)}/${String(position)}`
const noteKey = (cluster: Digest, height: unknown): string => `note/${cluster}/${String(height)}`
const proofKey = (cluster: Digest, key: unknown, height: unknown): string =>
  `proof/${cluster}/${String(key)}/${String(height)}`

/** Bytes of the hash chain in front of each object. */
const HEAD_BYTES = 32

/** Where an object stands among all that this store has, and the hash chain up to it. */
export interface ChainLink {
  readonly position: number
  readonly head: Digest
}

type Justification = Pick<SignRequest, 'proof' | 'kept'>

/** Own signed objects by sign-once key, with the SHARE quorums behind CONFIRMs and the notes to CHECKPOINTs. Nothing is ever changed or removed. */
export class SignedTable {
  readonly #open: OpenRecord
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #insertProof: StatementSync
  readonly #insertNote: StatementSync
  readonly #notes: StatementSync
  readonly #note: StatementSync
  readonly #unfinished: StatementSync
  readonly #proofs: StatementSync
  readonly #all: StatementSync
  readonly #highest: StatementSync

  constructor(database: DatabaseSync, open: OpenRecord) {
    this.#open = open
    this.#find = database.prepare('SELECT height, position, record FROM signed WHERE cluster = ? AND key = ?')
    this.#insert = database.prepare(
      'INSERT INTO signed (cluster, key, height, position, record) VALUES (?, ?, ?, ?, ?)',
    )
    this.#insertProof = database.prepare(
      'INSERT INTO proofs (cluster, key, height, record) VALUES (?, ?, ?, ?)',
    )
    this.#insertNote = database.prepare('INSERT INTO notes (cluster, height, record) VALUES (?, ?, ?)')
    this.#notes = database.prepare('SELECT height, record FROM notes WHERE cluster = ? ORDER BY height')
    this.#note = database.prepare('SELECT height, record FROM notes WHERE cluster = ? AND height = ?')
    // which checkpoints the chain has accepted is the chain's to say
    this.#unfinished = database.prepare(
      `SELECT key, height, position, record FROM signed
       WHERE cluster = ? AND (height > ? OR key = 'close' OR key LIKE 'checkpoint/%') ORDER BY height, key`,
    )
    this.#proofs = database.prepare(
      'SELECT key, height, record FROM proofs WHERE cluster = ? AND height > ? ORDER BY height, key',
    )
    this.#highest = database.prepare('SELECT cluster, MAX(height) AS height FROM signed GROUP BY cluster')
    this.#all = database.prepare('SELECT cluster, key, height, position, record FROM signed')
  }

  find(cluster: Digest, key: string): Signed | null {
    const row = this.#find.get(fromHex(cluster), key)
    if (row === undefined) return null
    return this.#open(signedKey(cluster, key, row['height'], row['position']), row['record'], (bytes) =>
      readSigned(cluster, bytes.subarray(HEAD_BYTES)),
    )
  }

  /** Within the caller's transaction; with its position among all objects, and their hash chain up to it. */
  insert(
    cluster: Digest,
    key: string,
    signed: Signed,
    { proof, kept }: Justification,
    { position, head }: ChainLink,
  ): void {
    const height = 'height' in signed.object ? signed.object.height : 0
    const id = fromHex(cluster)
    const record = fromHex(concatHex(head, toHex(encodeSigned(signed))))
    this.#insert.run(id, key, height, position, seal(signedKey(cluster, key, height, position), record))
    if (kept.note !== null) {
      const note = seal(noteKey(cluster, height), fromHex(kept.note))
      this.#insertNote.run(id, height, note)
    }
    if (proof === null) return
    this.#insertProof.run(id, key, height, seal(proofKey(cluster, key, height), writeQuorum(proof)))
  }

  /** Objects and proofs above `decidedHeight`, all CHECKPOINTs with their notes, and the CLOSE. */
  unfinished(cluster: Digest, decidedHeight: number): Pick<StoredTask, 'signed' | 'proofs' | 'notes'> {
    const id = fromHex(cluster)
    return {
      signed: this.#unfinished
        .all(id, decidedHeight)
        .map(({ key, height, position, record }) =>
          this.#open(signedKey(cluster, key, height, position), record, (bytes) =>
            readSigned(cluster, bytes.subarray(HEAD_BYTES)),
          ),
        ),
      proofs: this.#proofs
        .all(id, decidedHeight)
        .map(({ key, height, record }) =>
          this.#open(proofKey(cluster, key, height), record, (bytes) => readQuorum(cluster, bytes)),
        ),
      notes: new Map(
        this.#notes
          .all(id)
          .map(({ height, record }) => [Number(height), this.#readNote(cluster, height, record)]),
      ),
    }
  }

  /** Highest height of an object of each task. */
  highest(): [cluster: Digest, height: number][] {
    return this.#highest.all().map(({ cluster, height }) => [toHex(cluster as Uint8Array), Number(height)])
  }

  checkpoint(cluster: Digest, height: number): StoredCheckpoint | null {
    const signed = this.find(cluster, `checkpoint/${height}`) as Signed<Checkpoint> | null
    if (signed === null) return null
    const row = this.#note.get(fromHex(cluster), height)
    return { signed, note: row === undefined ? null : this.#readNote(cluster, height, row['record']) }
  }

  /**
   * Checks the sum of every object: a key that is not found because its row is damaged would be signed again. Gives the
   * number of rows, the highest position, and the hash chain there and at another position.
   */
  verify(at: number): { readonly rows: number; readonly last: ChainLink; readonly headAt: Digest | null } {
    let rows = 0
    let last: ChainLink = { position: 0, head: NIL }
    let headAt: Digest | null = at === 0 ? NIL : null
    for (const { cluster, key, height, position, record } of this.#all.iterate()) {
      const id = cluster instanceof Uint8Array ? toHex(cluster) : '0x'
      const place = Number(position)
      const head = this.#open(signedKey(id, key, height, position), record, (bytes) =>
        place >= last.position || place === at ? toHex(bytes.slice(0, HEAD_BYTES)) : NIL,
      )
      rows += 1
      if (place > last.position) last = { position: place, head }
      if (place === at) headAt = head
    }
    return { rows, last, headAt }
  }

  #readNote(cluster: Digest, height: unknown, record: unknown): Hex {
    return this.#open(noteKey(cluster, height), record, (bytes) => toHex(bytes))
  }
}
