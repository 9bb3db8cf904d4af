import type { OutboxEntry, SignRequest, StoredEvidence, StoredHeight } from '../../ports/store.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { Signed } from '../../types/objects.ts'

type Proof = NonNullable<SignRequest['proof']>
export type Kept = SignRequest['kept']

/** One task's share of a disk. */
export interface TaskRecord {
  /** By sign-once key. */
  readonly signed: Map<string, { readonly signed: Signed; readonly proof: Proof | null }>
  /** With objects of heights that are not decided; by sign-once key. */
  readonly kept: Map<string, { readonly height: number; readonly kept: Kept }>
  readonly log: LogEntry[]
  readonly heights: Map<number, StoredHeight>
  readonly bodies: Map<Digest, Uint8Array>
  /** To own CHECKPOINTs, by height. */
  readonly notes: Map<number, Hex>
  readonly evidence: Map<Digest, StoredEvidence>
  decidedHeight: number
}

/** What was to be sent, by id; settled entries stay, marked. */
export type OutboxRecord = Map<string, { readonly entry: OutboxEntry; settled: boolean }>

/** Of a task of which nothing is stored yet. */
export function emptyTask(): TaskRecord {
  return {
    signed: new Map(),
    kept: new Map(),
    log: [],
    heights: new Map(),
    bodies: new Map(),
    notes: new Map(),
    evidence: new Map(),
    decidedHeight: 0,
  }
}

/** The same, for a copy of the disk: objects that never change are shared. */
export function copyTasks(tasks: ReadonlyMap<Digest, TaskRecord>): Map<Digest, TaskRecord> {
  return new Map(
    [...tasks].map(([cluster, task]) => [
      cluster,
      {
        signed: new Map(task.signed),
        kept: new Map(task.kept),
        log: [...task.log],
        heights: new Map(task.heights),
        bodies: new Map(task.bodies),
        notes: new Map(task.notes),
        evidence: new Map(task.evidence),
        decidedHeight: task.decidedHeight,
      },
    ]),
  )
}

export function copyOutbox(outbox: OutboxRecord): OutboxRecord {
  return new Map([...outbox].map(([id, kept]) => [id, { ...kept }]))
}

/** Makes a map hold these entries and no others. */
export function refill<K, V>(map: Map<K, V>, entries: ReadonlyMap<K, V>): void {
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}
