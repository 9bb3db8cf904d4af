import { encodeCbor } from '../../codec/cbor.ts'
import type { DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import type { RecordJournal } from '../../ports/record-journal.ts'
import { byteString, count, decoded, list } from '../../services/store/read.ts'
import { outcomeIn, outcomeItem } from '../../services/transactions/store-message.ts'
import { PROTOCOLS, TX_CAUSES } from '../../types/transaction.ts'
import type { Outcome, Protocol, TxCause } from '../../types/transaction.ts'

/** A transaction that this node coordinates, as it is on disk. */
export interface BookRow {
  readonly number: number
  readonly task: bigint
  readonly protocol: Protocol
  /** Task of the agreed log; 0: none. */
  readonly log: bigint
  readonly services: readonly number[]
  readonly request: string | null
  readonly decided: Decided | null
  /** All stores are done with it: nobody asks any more. */
  readonly isOver: boolean
}

export interface Decided {
  readonly outcome: Outcome
  readonly cause: TxCause | null
  /** Whose doing it is; 0: nobody's. */
  readonly service: number
}

/** Those that are over are kept for clients that ask again. */
const KEPT_MAX = 1024
/** Records from which on the journal is written anew, beyond what is needed. */
const RECORDS_MAX = 4096

/**
 * What a coordinator has to find again: which transactions it has begun, and what it has decided. Each record is on the disk
 * when the call returns.
 */
export class Book {
  readonly #journal: RecordJournal
  readonly #rows = new Map<number, BookRow>()
  #records = 0
  #last = 0

  /** @throws Error for a record that is none, RsdpError E_RECORDS */
  constructor(journal: RecordJournal) {
    this.#journal = journal
    for (const bytes of journal.read()) {
      const row = decoded(bytes, rowIn)
      if (row === null) throw new Error('a record of no coordinator')
      this.#take(row)
      this.#records += 1
    }
  }

  get rows(): readonly BookRow[] {
    return [...this.#rows.values()]
  }

  row(number: number): BookRow | null {
    return this.#rows.get(number) ?? null
  }

  named(request: string): BookRow | null {
    return this.rows.find((row) => row.request === request) ?? null
  }

  /** A number that none had before. @param unixMs Unix time, ms */
  next(unixMs: number): number {
    return Math.max(this.#last + 1, Math.floor(unixMs))
  }

  /** @throws RsdpError E_RECORDS */
  write(row: BookRow): void {
    this.#journal.append([bytesOf(row)])
    this.#take(row)
    this.#records += 1
    this.#prune()
    if (this.#records < this.#rows.size + RECORDS_MAX) return
    this.#journal.replace(this.rows.map(bytesOf))
    this.#records = this.#rows.size
  }

  close(): void {
    this.#journal.close()
  }

  #take(row: BookRow): void {
    this.#last = Math.max(this.#last, row.number)
    this.#rows.set(row.number, row)
  }

  #prune(): void {
    if (this.#rows.size <= KEPT_MAX) return
    for (const { number, isOver } of this.#rows.values()) {
      if (this.#rows.size <= KEPT_MAX) return
      // the last number stays, so that none comes twice
      if (isOver && number !== this.#last) this.#rows.delete(number)
    }
  }
}

/** `[number, task, protocol, log, services, [request], [outcome, cause + 1, service], isOver]` */
function bytesOf({
  number,
  task,
  protocol,
  log,
  services,
  request,
  decided: known,
  isOver,
}: BookRow): Uint8Array {
  const cause = known?.cause ?? null
  return encodeCbor([
    ...[number, taskBytes(task), PROTOCOLS.indexOf(protocol), taskBytes(log), [...services]],
    request === null ? [] : [new TextEncoder().encode(request)],
    known === null
      ? []
      : [outcomeItem(known.outcome), cause === null ? 0 : TX_CAUSES.indexOf(cause) + 1, known.service],
    isOver ? 1 : 0,
  ])
}

function rowIn(value: DecodedCbor): BookRow {
  const [number, task, protocol, log, services, request, known, isOver] = list(value)
  const [outcome, cause, service] = list(known)
  const name = PROTOCOLS[count(protocol)]
  if (name === undefined) throw new Malformed()
  const [text] = list(request)
  return {
    ...{ number: count(number), task: taskIn(task), protocol: name, log: taskIn(log) },
    services: list(services).map(count),
    request: text === undefined ? null : new TextDecoder().decode(byteString(text)),
    decided:
      outcome === undefined
        ? null
        : {
            outcome: outcomeIn(outcome),
            cause: TX_CAUSES[count(cause) - 1] ?? null,
            service: count(service),
          },
    isOver: count(isOver) === 1,
  }
}

function taskBytes(task: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, task)
  return bytes
}

function taskIn(value: DecodedCbor | undefined): bigint {
  const bytes = byteString(value)
  if (bytes.length !== 8) throw new Malformed()
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
}
