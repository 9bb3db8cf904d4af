/**
 * What a copy of a service has to find again, in order. Each write has reached the disk when the call returns. A write that
 * fails throws RsdpError E_RECORDS, and the journal takes no more.
 */
export interface RecordJournal {
  /** All records, oldest first. */
  read(): readonly Uint8Array[]
  /** All or none of them. */
  append(records: readonly Uint8Array[]): void
  /** These take the place of all that are there, or nothing changes. */
  replace(records: readonly Uint8Array[]): void
  /** May be called twice. */
  close(): void
}
