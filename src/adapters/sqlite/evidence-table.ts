import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { accusedOf, evidenceId, heightOf } from '../../codec/evidence.ts'
import { decodeEvidence, encodeEvidence } from '../../codec/evidence-bytes.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import type { EvidenceStatus, StoredEvidence } from '../../ports/store.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Digest } from '../../types/ids.ts'
import { BadRecord } from './records.ts'
import { seal } from './seal.ts'
import type { OpenRecord } from './seal.ts'

const evidenceKey = (cluster: Digest, id: Digest): string => `evidence/${cluster}/${id}`

/** Evidence about the members of each cluster. Never removed: a proof that was submitted is not submitted again. */
export class EvidenceTable {
  readonly #open: OpenRecord
  readonly #insert: StatementSync
  readonly #mark: StatementSync
  readonly #all: StatementSync

  constructor(database: DatabaseSync, open: OpenRecord) {
    this.#open = open
    this.#insert = database.prepare(
      `INSERT INTO evidence (cluster, id, height, member, record) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    )
    this.#mark = database.prepare('UPDATE evidence SET status = ?, tx = ? WHERE cluster = ? AND id = ?')
    this.#all = database.prepare(
      'SELECT id, status, tx, record FROM evidence WHERE cluster = ? ORDER BY position',
    )
  }

  /** Within the caller's transaction. False if it is there already. */
  insert(cluster: Digest, evidence: Evidence): boolean {
    const id = evidenceId(evidence)
    const record = seal(evidenceKey(cluster, id), encodeEvidence(evidence))
    const { changes } = this.#insert.run(
      fromHex(cluster),
      fromHex(id),
      heightOf(evidence),
      accusedOf(evidence),
      record,
    )
    return changes === 1
  }

  mark(cluster: Digest, id: Digest, status: EvidenceStatus, tx: Digest | null): void {
    this.#mark.run(status, tx === null ? null : fromHex(tx), fromHex(cluster), fromHex(id))
  }

  all(cluster: Digest): StoredEvidence[] {
    return this.#all.all(fromHex(cluster)).map((row) => {
      const id = digestOf(row['id'])
      const evidence = this.#open(evidenceKey(cluster, id), row['record'], (bytes) => {
        const found = decodeEvidence(cluster, bytes)
        if (found === null) throw new BadRecord('evidence')
        return found
      })
      const tx = row['tx'] === null ? null : digestOf(row['tx'])
      return { id, evidence, status: row['status'] as EvidenceStatus, tx }
    })
  }
}

function digestOf(column: unknown): Digest {
  return toHex(column instanceof Uint8Array ? column : new Uint8Array())
}
